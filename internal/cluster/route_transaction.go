package cluster

import "github.com/afkak-go/afkak/protocol"

// transactionRoutes are the requests for a transaction's coordinator, and
// those of transactions that belong elsewhere.
var transactionRoutes = map[protocol.APIKey]*route{
	protocol.KeyInitProducerID:     initProducerIDRoute(),
	protocol.KeyAddPartitionsToTxn: addPartitionsRoute(),
	protocol.KeyAddOffsetsToTxn: to(func(q *protocol.AddOffsetsToTxnRequest) target {
		return toCoordinator(TransactionKey, q.TransactionalID)
	}),
	protocol.KeyEndTxn: to(func(q *protocol.EndTxnRequest) target {
		return toCoordinator(TransactionKey, q.TransactionalID)
	}),
	protocol.KeyTxnOffsetCommit: txnOffsetCommitRoute(),
	protocol.KeyDescribeTransactions: split(elements(
		func(q *protocol.DescribeTransactionsRequest) *[]string { return &q.TransactionalIDs }, itself, toTransaction,
		func(r *protocol.DescribeTransactionsResponse) *[]protocol.DescribeTransactionsResponseTransactionState {
			return &r.TransactionStates
		},
		func(t *protocol.DescribeTransactionsResponseTransactionState) (string, int16) {
			return t.TransactionalID, t.ErrorCode
		},
	)),
}

// initProducerIDRoute: without a transactional ID every broker hands out
// producer IDs.
func initProducerIDRoute() *route {
	return to(func(q *protocol.InitProducerIDRequest) target {
		if q.TransactionalID == nil {
			return target{place: anyBroker}
		}
		return toCoordinator(TransactionKey, *q.TransactionalID)
	})
}

// addPartitionsRoute serves both forms: one transaction (to version 3), which
// is what clients send, or many (from version 4, Kafka 3.5, KIP-890), which
// brokers send each other.
func addPartitionsRoute() *route {
	many := elements(
		func(q *protocol.AddPartitionsToTxnRequest) *[]protocol.AddPartitionsToTxnRequestTransaction {
			return &q.Transactions
		},
		func(t *protocol.AddPartitionsToTxnRequestTransaction) string { return t.TransactionalID },
		func(t *protocol.AddPartitionsToTxnRequestTransaction) target {
			return toCoordinator(TransactionKey, t.TransactionalID)
		},
		func(r *protocol.AddPartitionsToTxnResponse) *[]protocol.AddPartitionsToTxnResponseResultsByTransaction {
			return &r.ResultsByTransaction
		},
		func(t *protocol.AddPartitionsToTxnResponseResultsByTransaction) (string, int16) {
			return t.TransactionalID, firstCode(t)
		},
	)
	one := whole{func(req protocol.Request) target {
		return toCoordinator(TransactionKey, req.(*protocol.AddPartitionsToTxnRequest).V3AndBelowTransactionalID)
	}}
	isMany := func(req protocol.Request) bool {
		return len(req.(*protocol.AddPartitionsToTxnRequest).Transactions) > 0
	}
	r := &route{splitter: func(req protocol.Request) splitter {
		if isMany(req) {
			return many
		}
		return one
	}}
	return within(r, func(q *protocol.AddPartitionsToTxnRequest) (int16, int16) {
		if isMany(q) {
			return 4, anyVersion
		}
		return anyVersion, 3
	})
}

// txnOffsetCommitRoute: offsets of a transaction are kept by the group's
// coordinator, not the transaction's.
func txnOffsetCommitRoute() *route {
	r := to(func(q *protocol.TxnOffsetCommitRequest) target { return toCoordinator(GroupKey, q.GroupID) })
	return within(r, func(q *protocol.TxnOffsetCommitRequest) (int16, int16) {
		return namesUntil(5, q.Topics, func(t *protocol.TxnOffsetCommitRequestTopic) (string, protocol.UUID) { return t.Name, t.TopicID })
	})
}
