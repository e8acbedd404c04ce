package broker

import (
	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

// Kinds of coordinator keys. Kafka has a third one, of share groups.
const (
	groupKey       = 0
	transactionKey = 1
)

func (b *Broker) handleFindCoordinator(req *request, message *protocol.FindCoordinatorRequest) (protocol.Response, error) {
	keys := message.CoordinatorKeys
	if req.version < 4 { // one key to a request before KIP-699
		keys = []string{message.CoordinatorKey}
	}
	resp := new(protocol.FindCoordinatorResponse)
	for _, key := range keys {
		resp.Coordinators = append(resp.Coordinators, b.coordinatorOf(key, message.KeyType))
	}
	if req.version >= 4 {
		return resp, nil
	}
	only := resp.Coordinators[0]
	resp.Coordinators = nil // a field of version 4
	resp.ErrorCode, resp.ErrorMessage = only.ErrorCode, only.ErrorMessage
	resp.NodeID, resp.Host, resp.Port = only.NodeID, only.Host, only.Port
	return resp, nil
}

// coordinatorOf names this broker for every key of a kind that it coordinates.
func (b *Broker) coordinatorOf(key string, kind int8) protocol.FindCoordinatorResponseCoordinator {
	if kind != groupKey && kind != transactionKey {
		code := kerr.InvalidRequest
		return protocol.FindCoordinatorResponseCoordinator{
			Key: key, ErrorCode: code.Code(), ErrorMessage: text("coordinator keys are of type 0 (group) or 1 (transaction) here"), NodeID: -1, Port: -1,
		}
	}
	return protocol.FindCoordinatorResponseCoordinator{Key: key, NodeID: b.cfg.NodeID, Host: b.host, Port: b.port, ErrorMessage: text("NONE")}
}

// text returns a nullable string, null for an empty one.
func text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
