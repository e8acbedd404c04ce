package afkak

import (
	"context"
	"fmt"
	"runtime"
	"testing"

	"github.com/afkak-go/afkak/internal/accum"
	"github.com/afkak-go/afkak/internal/compress"
	"github.com/afkak-go/afkak/internal/metadata"
	"github.com/afkak-go/afkak/internal/record"
)

// sendOff takes, seals and answers everything that waits, as a sender does.
func (p *Producer) sendOff(tb testing.TB) {
	p.eachPartition(func(part *producerPartition) {
		part.Close()
		for b := part.Take(p.now()); b != nil; b = part.Take(p.now()) {
			if _, err := b.Seal(record.Seal{Magic: 2, Codec: compress.None}); err != nil {
				tb.Fatal(err)
			}
			part.Answer(p.now(), b, accum.Answer{Offset: 1, LogAppendTime: -1})
		}
	})
}

// BenchmarkProducerPartitions is what a record costs when so many partitions
// are written to in turn, from Send to its result, without requests.
func BenchmarkProducerPartitions(b *testing.B) {
	for _, n := range []int{12, 1000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			p := sinkProducer(b, WithPartitioner(RoundRobin()))
			p.addKnownTopic("many", n)
			rec := Record{Topic: "many", Key: []byte("customer"), Value: make([]byte, 92)}
			ctx := context.Background()
			b.SetBytes(100)
			b.ReportAllocs()
			for i := 1; b.Loop(); i++ {
				p.Send(ctx, rec)
				if i%(1<<18) == 0 { // half of the buffer
					p.sendOff(b)
				}
			}
		})
	}
}

func TestHundredThousandIdlePartitionsTakeAtMost400BytesEach(t *testing.T) {
	const partitions, most = 100_000, 400
	p := sinkProducer(t)
	found := &metadata.Topic{Name: "many", Partitions: make([]metadata.Partition, partitions)} // the client's, not the producer's
	topic := &producerTopic{name: "many", settings: p.settingsOf("many")}
	goroutines, before := runtime.NumGoroutine(), heapBytes()
	topic.view.Store(p.viewOf(topic, p.client.cluster.Picture(), found, nil))
	each := (heapBytes() - before) / partitions
	if each > most {
		t.Errorf("an idle partition takes %d bytes, want at most %d", each, most)
	}
	if n := runtime.NumGoroutine(); n > goroutines {
		t.Errorf("%d goroutines, %d before", n, goroutines)
	}
	runtime.KeepAlive(topic)
}

func heapBytes() int {
	var mem runtime.MemStats
	runtime.GC()
	runtime.GC() // what has a finalizer goes with the second
	runtime.ReadMemStats(&mem)
	return int(mem.HeapAlloc)
}
