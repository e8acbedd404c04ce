package afkak

import (
	"cmp"
	"slices"
	"sync/atomic"
	"time"

	"github.com/afkak-go/afkak/protocol"
)

// ProducerStats is what a [Producer] holds at one moment, and what it has done
// since it was made. What was done between two moments [ProducerStats.Since]
// says.
type ProducerStats struct {
	// Held at the moment.
	BufferedRecords int // without a result, in flight included
	BufferedBytes   int // memory in use for them, and for those whose callbacks have not run, of WithBufferBytes
	InFlight        int // batches that were sent and not answered

	// Done, in records.
	Sent    int64 // stored, or with AcksNone written
	Retried int64 // each time that a record is sent again
	Failed  int64 // accepted and not stored

	// Done, in batches: those that all of Sent were in, and what they had.
	Batches    int64
	BatchBytes int64 // before compression
	WireBytes  int64 // as sent: after compression
	Splits     int64 // times that a batch was cut in two, because it was too large for the broker or had headers that it has no place for

	// Latency is that of all brokers together, see ProducerBrokerStats.
	Latency Latency

	// Throttled is that of all brokers together, see ProducerBrokerStats.
	Throttled time.Duration

	// Brokers are those that the producer has sent something to, in the order
	// of their numbers.
	Brokers []ProducerBrokerStats

	room int64 // what Batches would have had in BatchBytes, had they been full
}

// ProducerBrokerStats is what went on between a [Producer] and one broker.
type ProducerBrokerStats struct {
	Broker int32  // its number
	Addr   string // host and port as last heard of, empty if the cluster does not have it any more

	InFlight int   // produce requests without an answer at the moment; a request has a batch each of several partitions
	Lost     int64 // produce requests that got none: the broker was not reached, the connection ended, or the time was up

	// Latency is how long produce requests took from being handed to the
	// connection to their answer, whatever that said. Those with AcksNone, which
	// get none, and Lost ones are not in it.
	Latency Latency

	// Throttled is the sum of the delays that the broker's answers name because
	// the client went over a quota (KIP-13, KIP-219). Requests that were in flight
	// together may name the same time.
	Throttled time.Duration
}

// Stats returns the producer's statistics as they are now: a record whose
// result is known is counted. It may be called at any time, after Close too, and
// holds nothing up; but it looks at every partition that was written to, so
// once a second is fine and once a record is not.
func (p *Producer) Stats() ProducerStats {
	stats := ProducerStats{
		BufferedBytes: p.memory.inUse(),
		Sent:          p.gauge.Stored(),
		Retried:       p.gauge.Retried(),
		Failed:        p.gauge.Failed(),
		Batches:       p.gauge.Batches(),
		BatchBytes:    p.gauge.RawBytes(),
		WireBytes:     p.gauge.WireBytes(),
		Splits:        p.gauge.Splits(),
		Brokers:       p.brokerStats(),
		room:          p.gauge.LimitBytes(),
	}
	for i := range stats.Brokers {
		stats.Latency = stats.Latency.combine(stats.Brokers[i].Latency, 1)
		stats.Throttled += stats.Brokers[i].Throttled
	}
	p.eachPartition(func(part *producerPartition) {
		held := part.Held()
		stats.BufferedRecords += held.Records
		stats.InFlight += held.InFlight
	})
	return stats
}

func (p *Producer) brokerStats() []ProducerBrokerStats {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := make([]ProducerBrokerStats, 0, len(p.senders))
	for _, s := range p.senders {
		all = append(all, ProducerBrokerStats{
			Broker:    s.broker,
			Addr:      s.addr(),
			InFlight:  int(s.unanswered.Load()),
			Lost:      s.stats.lost.Load(),
			Latency:   s.stats.latency.latency(),
			Throttled: time.Duration(s.stats.throttled.Load()),
		})
	}
	slices.SortFunc(all, func(a, b ProducerBrokerStats) int { return cmp.Compare(a.Broker, b.Broker) })
	return all
}

// RecordsPerBatch returns how many records a stored batch had on average, 0 if
// there is none.
func (s ProducerStats) RecordsPerBatch() float64 { return ratio(s.Sent, s.Batches) }

// BatchFill returns how full stored batches were on average, of what they might
// have had before compression: see [WithBatchBytes]. 0 is that there is none.
func (s ProducerStats) BatchFill() float64 { return ratio(s.BatchBytes, s.room) }

// CompressionRatio returns how many times as large batches were before
// compression as after it, 0 if none is stored. Without compression it is 1, or
// nearly so where a broker before 0.11 wants another format than that of
// BatchBytes.
func (s ProducerStats) CompressionRatio() float64 { return ratio(s.BatchBytes, s.WireBytes) }

func ratio(a, b int64) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}

// Since returns what was done after an earlier moment of the same producer, for
// figures of the last minute instead of all time. What is held stays that of s.
func (s ProducerStats) Since(earlier ProducerStats) ProducerStats {
	s.Sent -= earlier.Sent
	s.Retried -= earlier.Retried
	s.Failed -= earlier.Failed
	s.Batches -= earlier.Batches
	s.BatchBytes -= earlier.BatchBytes
	s.WireBytes -= earlier.WireBytes
	s.Splits -= earlier.Splits
	s.Latency = s.Latency.Since(earlier.Latency)
	s.Throttled -= earlier.Throttled
	s.room -= earlier.room
	s.Brokers = slices.Clone(s.Brokers)
	for i := range s.Brokers {
		for _, before := range earlier.Brokers {
			if b := &s.Brokers[i]; before.Broker == b.Broker {
				b.Lost -= before.Lost
				b.Latency = b.Latency.Since(before.Latency)
				b.Throttled -= before.Throttled
			}
		}
	}
	return s
}

// senderStats counts the requests of one sender. Safe for concurrent use.
type senderStats struct {
	latency   latencyRecorder
	lost      atomic.Int64
	throttled atomic.Int64 // nanoseconds
}

// ended counts a request that took this long; without acks it has neither
// answer nor error.
func (s *senderStats) ended(took time.Duration, answer *protocol.ProduceResponse, err error) {
	switch {
	case err != nil:
		s.lost.Add(1)
	case answer != nil:
		s.latency.record(took)
		s.throttled.Add(int64(max(answer.ThrottleTimeMs, 0)) * int64(time.Millisecond))
	}
}
