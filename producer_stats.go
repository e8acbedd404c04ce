package afkak

// ProducerStats is what a [Producer] holds and has done, in records unless it
// says otherwise.
type ProducerStats struct {
	BufferedRecords int // without a result, in flight included
	BufferedBytes   int // memory in use for them, of WithBufferBytes
	InFlight        int // batches without an answer

	Sent    int64 // stored, or with AcksNone written
	Retried int64 // each time that a record is sent again
	Failed  int64 // accepted and not stored
}

// Stats returns the producer's statistics as they are now: a record whose
// result is known is counted. It looks at every partition, so once a second is
// fine and once a record is not.
func (p *Producer) Stats() ProducerStats {
	stats := ProducerStats{
		BufferedBytes: p.memory.inUse(),
		Sent:          p.gauge.Stored(),
		Retried:       p.gauge.Retried(),
		Failed:        p.gauge.Failed(),
	}
	p.eachPartition(func(part *producerPartition) {
		held := part.Held()
		stats.BufferedRecords += held.Records
		stats.InFlight += held.InFlight
	})
	return stats
}
