package broker

import (
	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

func (b *Broker) handleCreatePartitions(req *request, message *protocol.CreatePartitionsRequest) (protocol.Response, error) {
	times := make(map[string]int)
	for _, asked := range message.Topics {
		times[asked.Name]++
	}
	resp := new(protocol.CreatePartitionsResponse)
	for _, asked := range message.Topics {
		if times[asked.Name] == 0 {
			continue // answered already
		}
		err := requestErrorf(kerr.InvalidRequest, "topic %s is named more than once in the request", asked.Name)
		if times[asked.Name] == 1 {
			err = b.createPartitions(asked, message.ValidateOnly)
		}
		times[asked.Name] = 0
		result := protocol.CreatePartitionsResponseResult{Name: asked.Name}
		if err != nil {
			result.ErrorCode, result.ErrorMessage = err.code.Code(), text(err.message)
		}
		resp.Results = append(resp.Results, result)
	}
	return resp, nil
}

func (b *Broker) createPartitions(asked protocol.CreatePartitionsRequestTopic, validateOnly bool) *requestError {
	for _, assignment := range asked.Assignments {
		if reason := b.checkAssignment(assignment.BrokerIDs); reason != "" {
			return requestErrorf(kerr.InvalidReplicaAssignment, "%s", reason)
		}
	}
	assigned := -1
	if asked.Assignments != nil {
		assigned = len(asked.Assignments)
	}
	return b.topics.addPartitions(asked.Name, asked.Count, assigned, validateOnly)
}
