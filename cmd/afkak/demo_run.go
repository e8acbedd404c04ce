package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/afkak-go/afkak"
)

// demoPatience is how long the demo waits for a record that does not come.
const demoPatience = 30 * time.Second

// demo is one run: every line goes through the producer, comes back through a
// consumer per partition, and is struck off the ledger.
type demo struct {
	input *demoInput
	topic *demoTopic
	wire  *wireCounter
	books *ledger

	acknowledged latencies
	processed    latencies
	backBytes    atomic.Int64 // of the lines that came back
	elapsed      time.Duration
	wireBytes    int64
}

func newDemo(input *demoInput, topic *demoTopic, wire *wireCounter) *demo {
	return &demo{input: input, topic: topic, wire: wire, books: newLedger(), acknowledged: newLatencies(), processed: newLatencies()}
}

// run sends everything and returns when everything has come back, when ctx ends,
// or when nothing has moved for demoPatience.
func (d *demo) run(ctx context.Context, sending, receiving *afkak.Client, codec afkak.Codec, board board) error {
	sent, back := board.stage("sent", d.input.records()), board.stage("processed", d.input.records())
	defer board.close()

	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	consumers, wait, err := d.consume(ctx, cancel, receiving, back)
	if err != nil {
		return err
	}
	start, wireBefore := time.Now(), d.wire.written.Load()
	err = d.produce(ctx, sending, codec, sent)
	d.wireBytes = d.wire.written.Load() - wireBefore
	sent.finish(err == nil)
	if err == nil {
		err = d.await(ctx, sending, consumers)
	}
	d.elapsed = time.Since(start)
	back.finish(err == nil && d.books.verdict().clean())
	if cause := context.Cause(ctx); cause != nil && err != nil {
		err = cause
	}
	cancel(nil)
	wait()
	return err
}

func (d *demo) produce(ctx context.Context, client *afkak.Client, codec afkak.Codec, sent stage) error {
	producer, err := afkak.NewProducer(client, afkak.WithCompression(codec))
	if err != nil {
		return err
	}
	var mu sync.Mutex
	var first error
	for range d.input.repeat {
		for _, line := range d.input.lines {
			if ctx.Err() != nil {
				producer.Abort()
				return ctx.Err()
			}
			at := time.Now()
			d.books.sent(line.key, line.value, at)
			producer.Send(ctx, afkak.Record{Topic: d.topic.name, Key: line.key, Value: line.value}).Then(func(_ afkak.Result, err error) {
				if err != nil {
					mu.Lock()
					first = cmp.Or(first, err)
					mu.Unlock()
					return
				}
				d.acknowledged.add(time.Since(at))
				sent.add(1)
			})
		}
	}
	err = producer.Close(ctx)
	mu.Lock()
	defer mu.Unlock()
	if first != nil {
		return first
	}
	return err
}

// consume starts a consumer for each partition; a failing one ends ctx with its
// error. wait returns when all have ended.
func (d *demo) consume(ctx context.Context, cancel context.CancelCauseFunc, client *afkak.Client, back stage) (consumers []*afkak.Consumer, wait func(), err error) {
	var running sync.WaitGroup
	for partition, start := range d.topic.starts {
		consumer, err := afkak.NewConsumer(client, d.topic.name, int32(partition), afkak.StartAt(afkak.Offset(start)))
		if err != nil {
			return nil, nil, err
		}
		consumers = append(consumers, consumer)
		running.Go(func() {
			if err := consumer.Process(ctx, d.processor(back)); err != nil && ctx.Err() == nil {
				cancel(err)
			}
		})
	}
	return consumers, running.Wait, nil
}

func (d *demo) processor(back stage) func(context.Context, []afkak.Record) error {
	return func(_ context.Context, recs []afkak.Record) error {
		for i := range recs {
			rec := &recs[i]
			where := fmt.Sprintf("%s/%d@%d", rec.Topic, rec.Partition, rec.Offset)
			if sentAt, ok := d.books.back(rec.Key, rec.Value, where); ok {
				d.processed.add(time.Since(sentAt))
				d.backBytes.Add(int64(len(rec.Value)))
			}
		}
		back.add(int64(len(recs)))
		return nil
	}
}

// await returns when every consumer stands at the end of its partition, so that
// a record that is there twice has been seen twice.
func (d *demo) await(ctx context.Context, client *afkak.Client, consumers []*afkak.Consumer) error {
	partitions := make([]int32, len(consumers))
	for i := range partitions {
		partitions[i] = int32(i)
	}
	ends, err := listOffsets(ctx, client, d.topic.name, partitions, afkak.Latest)
	if err != nil {
		return err
	}
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	position, moved := int64(-1), time.Now()
	for {
		behind, sum := 0, int64(0)
		for i, consumer := range consumers {
			at := consumer.Position()
			if at < ends[i] {
				behind++
			}
			sum += at
		}
		if behind == 0 {
			return nil
		}
		if sum != position {
			position, moved = sum, time.Now()
		} else if time.Since(moved) > demoPatience {
			return nil // the ledger knows what is missing
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// summary prints how it went, and fails unless every record came back once and in order.
func (d *demo) summary(w io.Writer, codec string, runErr error) error {
	v := d.books.verdict()
	d.printFigures(w, codec, v)
	switch {
	case runErr != nil:
		fmt.Fprintf(w, "interrupted: %s had come back, the rest was not waited for\n", plural(int64(v.returned), "record", "records"))
		return runErr
	case !v.clean():
		for _, fault := range v.faults {
			fmt.Fprintln(w, fault)
		}
		return fmt.Errorf("of %s records %s are missing, %s came back more than once, %s out of order",
			count(d.input.records()), count(int64(v.missing)), count(int64(v.repeated)), count(int64(v.disorder)))
	}
	order := " and in order per key"
	if d.input.keys == 0 {
		order = ""
	}
	fmt.Fprintf(w, "every record came back once%s\n", order)
	return nil
}

func (d *demo) printFigures(w io.Writer, codec string, v verdict) {
	seconds, backBytes := d.elapsed.Seconds(), d.backBytes.Load()
	t := newTable(w)
	t.AppendRow(table.Row{"records", fmt.Sprintf("%s with %s, through %s", count(int64(v.returned)),
		plural(int64(d.input.keys), "key", "keys"), plural(int64(len(d.topic.starts)), "partition", "partitions"))})
	if v.missing == 0 { // else what went over the wire is not what came back
		t.AppendRow(table.Row{"input", size(backBytes)})
		t.AppendRow(table.Row{"on the wire", fmt.Sprintf("%s, %.0f %% of the input (codec: %s)", size(d.wireBytes), 100*float64(d.wireBytes)/float64(max(backBytes, 1)), codec)})
	}
	t.AppendRow(table.Row{"rate", fmt.Sprintf("%s records/s, %s/s there and back", count(int64(float64(v.returned)/seconds)), size(int64(float64(backBytes)/seconds)))})
	t.AppendRow(table.Row{"Send to acknowledgement", d.acknowledged.String()})
	t.AppendRow(table.Row{"Send to processor", d.processed.String()})
	t.Render()
}

// latencies collects durations up to a minute, to three digits. Safe for concurrent use.
type latencies struct {
	mu   *sync.Mutex
	hist *hdrhistogram.Histogram
}

func newLatencies() latencies {
	return latencies{&sync.Mutex{}, hdrhistogram.New(1, time.Minute.Microseconds(), 3)}
}

func (l latencies) add(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	_ = l.hist.RecordValue(min(d.Microseconds(), time.Minute.Microseconds()))
}

func (l latencies) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := func(percent float64) string {
		return latency(time.Duration(l.hist.ValueAtPercentile(percent)) * time.Microsecond)
	}
	return fmt.Sprintf("p50 %s, p99 %s", at(50), at(99))
}

// wireCounter counts the bytes written to all connections that it dials.
type wireCounter struct {
	dialer  net.Dialer
	written atomic.Int64
}

func (c *wireCounter) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	conn, err := c.dialer.DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	return countedConn{conn, &c.written}, nil
}

type countedConn struct {
	net.Conn
	written *atomic.Int64
}

func (c countedConn) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	c.written.Add(int64(n))
	return n, err
}
