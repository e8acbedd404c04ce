package clients_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/afkak-go/afkak/bench/internal/clients"
	"github.com/afkak-go/afkak/bench/internal/driver"
	"github.com/afkak-go/afkak/bench/internal/runner"
	"github.com/afkak-go/afkak/bench/internal/sink"
	"github.com/afkak-go/afkak/broker"
)

const records = 1000

func TestEveryClientDelivers1000RecordsToTheSinkAndCountsThemRight(t *testing.T) {
	s, err := sink.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	target := newTarget(t, s.Addr())
	for _, client := range clients.All() {
		for _, codec := range []string{"none", "snappy", "lz4", "zstd"} {
			if codec != "none" && client.Prepare != nil {
				continue // the floor has none
			}
			t.Run(client.Name+"/"+codec, func(t *testing.T) {
				deliver(t, target, client, driver.Workload{Partitions: 12, Codec: codec, ValueBytes: 100})
			})
		}
	}
}

func TestEveryClientDelivers1000RecordsToTheEmbeddedBrokerAndReadsThem(t *testing.T) {
	b, err := broker.Start(broker.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	target := newTarget(t, b.Addr())
	for _, client := range clients.All() {
		t.Run(client.Name, func(t *testing.T) {
			topic, ends := deliver(t, target, client, driver.Workload{Partitions: 3, Codec: "none", ValueBytes: 100})
			if client.Consume == nil {
				return
			}
			run := driver.Run{
				Client: client, Addr: target.Addr, Topic: topic, Ends: ends, Time: 10 * time.Second,
				Workload: driver.Workload{Kind: driver.Consume, Partitions: 3, Codec: "none", ValueBytes: 100},
			}
			do(t, run, sum(ends))
		})
	}
}

func TestEveryClientTellsTheLatencyOfEachPacedRecord(t *testing.T) {
	s, err := sink.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	target := newTarget(t, s.Addr())
	for _, client := range clients.All() {
		t.Run(client.Name, func(t *testing.T) {
			w := driver.Workload{Kind: driver.Paced, Partitions: 1, Codec: "none", ValueBytes: 100}
			topic := create(t, target, client, w)
			m := do(t, driver.Run{Client: client, Workload: w, Addr: target.Addr, Topic: topic, Records: 50, Time: time.Second}, 50)
			if len(m.Latencies) != len(driver.Percentiles) || !slices.IsSorted(m.Latencies) || m.Latencies[0] <= 0 {
				t.Errorf("latencies at %v percent: %v", driver.Percentiles, m.Latencies)
			}
		})
	}
}

func newTarget(t *testing.T, addr string) *runner.Target {
	t.Helper()
	target, err := runner.NewTarget(addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = target.Close() })
	return target
}

func create(t *testing.T, target *runner.Target, client driver.Client, w driver.Workload) (topic string) {
	t.Helper()
	topic = fmt.Sprintf("%s-%s-%d", client.Name, w.Codec, w.Kind)
	if err := target.Create(t.Context(), topic, w.Partitions); err != nil {
		t.Fatal(err)
	}
	return topic
}

// deliver sends 1000 records (the floor: whole requests) and asks the broker
// how many came.
func deliver(t *testing.T, target *runner.Target, client driver.Client, w driver.Workload) (topic string, ends []int64) {
	t.Helper()
	topic = create(t, target, client, w)
	run := driver.Run{Client: client, Workload: w, Addr: target.Addr, Topic: topic, Records: records, Time: 10 * time.Second}
	var want int64 = records
	if client.Prepare != nil {
		want = -1
	}
	m := do(t, run, want)
	ends, err := target.Ends(t.Context(), topic, w.Partitions)
	if err != nil {
		t.Fatal(err)
	}
	if got := sum(ends); got != m.Records {
		t.Errorf("the broker got %d records, the client counted %d", got, m.Records)
	}
	return topic, ends
}

// do runs and checks what was counted; want -1: anything.
func do(t *testing.T, run driver.Run, want int64) driver.Measure {
	t.Helper()
	m, err := run.Do(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if m.Failed > 0 || m.Error != "" {
		t.Errorf("%d failed: %s", m.Failed, m.Error)
	}
	if want >= 0 && m.Records != want {
		t.Errorf("%d records, want %d", m.Records, want)
	}
	return m
}

func sum(ends []int64) (n int64) {
	for _, end := range ends {
		n += end
	}
	return n
}
