package broker

import (
	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

// doomed is a topic to delete, by name or by id.
type doomed struct {
	name string
	id   protocol.UUID
	byID bool // since version 6, KIP-516
}

func (b *Broker) handleDeleteTopics(req *request, message *protocol.DeleteTopicsRequest) (protocol.Response, error) {
	asked := topicsToDelete(message)
	times := make(map[doomed]int)
	for _, d := range asked {
		times[d]++
	}
	resp := new(protocol.DeleteTopicsResponse)
	for _, d := range asked {
		switch times[d] {
		case 0: // answered already
		case 1:
			resp.Responses = append(resp.Responses, b.deleteTopic(d))
		default:
			times[d] = 0
			resp.Responses = append(resp.Responses, d.answer(requestErrorf(kerr.InvalidRequest, "a topic is named more than once in the request")))
		}
	}
	return resp, nil
}

func topicsToDelete(message *protocol.DeleteTopicsRequest) []doomed {
	var all []doomed
	for _, name := range message.TopicNames {
		all = append(all, doomed{name: name})
	}
	for _, topic := range message.Topics {
		if topic.Name != nil {
			all = append(all, doomed{name: *topic.Name})
		} else {
			all = append(all, doomed{id: topic.TopicID, byID: true})
		}
	}
	return all
}

func (b *Broker) deleteTopic(d doomed) protocol.DeleteTopicsResponseResponse {
	topic, code := b.topics.lookup(d.name, d.id, d.byID)
	if code != kerr.None {
		return d.answer(requestErrorf(code, "there is no such topic"))
	}
	d.name, d.id = topic.name, topic.id
	if !b.topics.delete(topic) { // somebody else was faster
		return d.answer(requestErrorf(kerr.UnknownTopicOrPartition, "there is no such topic"))
	}
	b.groups.deleteTopic(topic.name)
	b.logger.Info("topic deleted", "topic", topic.name)
	return d.answer(nil)
}

func (d doomed) answer(err *requestError) protocol.DeleteTopicsResponseResponse {
	resp := protocol.DeleteTopicsResponseResponse{Name: text(d.name), TopicID: d.id}
	if err != nil {
		resp.ErrorCode, resp.ErrorMessage = err.code.Code(), text(err.message)
	}
	return resp
}
