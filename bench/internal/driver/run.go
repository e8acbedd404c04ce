package driver

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"
)

// Run says what to run.
type Run struct {
	Client   Client
	Workload Workload
	Addr     string
	Topic    string        // exists, with the workload's partitions; full, for Consume
	Time     time.Duration // how long to send; with Records, when to give up
	Records  int64         // how many to send; 0: as many as Time allows
	Ends     []int64       // for Consume: see ConsumerConfig
}

// patience is how long a run may go on after the last record was handed over.
const patience = time.Minute

// Do runs it in this process.
func (r Run) Do(ctx context.Context) (Measure, error) {
	m := Measure{Client: r.Client.Name, Workload: r.Workload.Name, Version: version(r.Client.Module), Setup: r.Client.Setup}
	var tally Tally
	var times latencies
	var ends closers
	records := NewRecords(r.Workload.ValueBytes)
	ctx, cancel := context.WithTimeout(ctx, r.Time+patience)
	defer cancel()

	flood, err := r.prepare(records)
	if err != nil {
		return m, err
	}
	watch, err := startWatch()
	if err != nil {
		return m, err
	}
	switch r.Workload.Kind {
	case Consume:
		tally, err = r.consume(ctx, &ends)
	case Paced:
		tally, err = r.paced(ctx, records, &times)
	case Produce:
		tally, err = r.produce(ctx, records, flood)
	}
	if err := errors.Join(err, watch.stop(&m), ends.close()); err != nil {
		return m, err
	}
	m.Records, m.Failed, m.Latencies = tally.Records, tally.Failed, times.percentiles()
	if tally.Err != nil {
		m.Error = tally.Err.Error()
	}
	if m.Records == 0 {
		return m, fmt.Errorf("not one record got through: %w", tally.Err)
	}
	return m, nil
}

func (r Run) config(records *Records) ProducerConfig {
	return ProducerConfig{
		Addr: r.Addr, Topic: r.Topic, Partitions: r.Workload.Partitions,
		Codec: r.Workload.Codec, Linger: r.Workload.Linger(), Records: records,
	}
}

// prepare returns the client's own way to send, nil if it has none.
func (r Run) prepare(records *Records) (Flood, error) {
	if r.Workload.Kind != Produce || r.Client.Prepare == nil {
		return nil, nil
	}
	return r.Client.Prepare(r.config(records))
}

// produce sends as fast as the producer takes it.
func (r Run) produce(ctx context.Context, records *Records, flood Flood) (Tally, error) {
	sending, cancel := context.WithTimeout(ctx, r.Time)
	defer cancel()
	if flood != nil {
		return flood(r.Records, sending.Done())
	}
	p, err := r.Client.NewProducer(r.config(records))
	if err != nil {
		return Tally{}, err
	}
	err = r.sendAll(p, records, sending.Done())
	tally, closing := p.Close(ctx)
	return tally, errors.Join(err, closing)
}

func (r Run) sendAll(p Producer, records *Records, stop <-chan struct{}) error {
	for sent := int64(0); r.Records == 0 || sent < r.Records; sent++ {
		if sent%64 == 0 {
			select {
			case <-stop:
				return nil
			default:
			}
		}
		if err := p.Send(records.Next()); err != nil {
			return err
		}
	}
	return nil
}

// pacedTimes is how much longer than others a paced run is, for the sake of the
// high percentiles.
const pacedTimes = 3

// paced sends at an even pace whatever becomes of earlier records, so that one
// that is held up is seen in its own latency only. The first quarter is not
// timed: in it the client connects.
func (r Run) paced(ctx context.Context, records *Records, times *latencies) (Tally, error) {
	count := r.Records
	if count == 0 {
		count = max(1, int64(pacedTimes*r.Time.Seconds()*PacedRate))
	}
	at := func(i int64) time.Duration { return time.Duration(i) * time.Second / PacedRate }
	times.all = make([]time.Duration, 0, count)
	cfg := r.config(records)
	cfg.Latency = times.add
	began := time.Now()
	times.from = began.Add(at(count / 4))
	p, err := r.Client.NewProducer(cfg)
	if err != nil {
		return Tally{}, err
	}
	for i := range count {
		time.Sleep(time.Until(began.Add(at(i))))
		if err = p.Send(records.Next()); err != nil {
			break
		}
	}
	tally, closing := p.Close(ctx)
	return tally, errors.Join(err, closing)
}

func (r Run) consume(ctx context.Context, ends *closers) (Tally, error) {
	cfg := ConsumerConfig{Addr: r.Addr, Topic: r.Topic, Ends: r.Ends, AtEnd: ends.add}
	tally, err := r.Client.Consume(ctx, cfg)
	want := cfg.Total() * int64(KeyBytes+r.Workload.ValueBytes)
	if err == nil && (tally.Records != cfg.Total() || tally.Bytes != want) {
		err = fmt.Errorf("consumed %d records of %d bytes, want %d of %d", tally.Records, tally.Bytes, cfg.Total(), want)
	}
	return tally, err
}

// closers are what is left to be done when a consuming run was measured.
type closers struct {
	mu   sync.Mutex
	todo []func() error
}

func (c *closers) add(closer func() error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.todo = append(c.todo, closer)
}

// close runs them all at the same time, and waits.
func (c *closers) close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	errs := make([]error, len(c.todo))
	var wg sync.WaitGroup
	for i, closer := range c.todo {
		wg.Go(func() { errs[i] = closer() })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// version returns that of a module in this program.
func version(module string) string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if info.Main.Path == module {
		return info.Main.Version
	}
	for _, dep := range info.Deps {
		if dep.Path == module {
			return dep.Version
		}
	}
	return ""
}
