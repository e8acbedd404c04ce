package broker

import (
	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

// maxTransactionTimeoutMs is Kafka's default of transaction.max.timeout.ms.
const maxTransactionTimeoutMs = 15 * 60 * 1000

func (b *Broker) handleInitProducerID(req *request, message *protocol.InitProducerIDRequest) (protocol.Response, error) {
	identity, code := b.initProducer(message)
	if code != kerr.None {
		identity = producerIdentity{noProducer, noProducer}
	}
	return &protocol.InitProducerIDResponse{ErrorCode: code.Code(), ProducerID: identity.id, ProducerEpoch: identity.epoch}, nil
}

func (b *Broker) initProducer(message *protocol.InitProducerIDRequest) (producerIdentity, kerr.Error) {
	if message.TransactionalID == nil {
		return b.producers.fresh(), kerr.None
	}
	if *message.TransactionalID == "" {
		return producerIdentity{}, kerr.InvalidRequest
	}
	if timeout := message.TransactionTimeoutMs; timeout <= 0 || timeout > maxTransactionTimeoutMs {
		return producerIdentity{}, kerr.InvalidTransactionTimeout
	}
	if (message.ProducerID == noProducer) != (message.ProducerEpoch == noProducer) {
		return producerIdentity{}, kerr.InvalidRequest
	}
	return b.producers.forTransactions(*message.TransactionalID, producerIdentity{message.ProducerID, message.ProducerEpoch})
}
