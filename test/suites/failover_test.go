package suites

import (
	"fmt"
	"testing"

	"github.com/afkak-go/afkak"
	"github.com/afkak-go/afkak/test/harness"
)

// leader is the broker that leads the partition, as the client's next look at the metadata has it.
func leader(t *testing.T, client *afkak.Client, topic string, partition int32) int32 {
	t.Helper()
	meta, err := client.Metadata(harness.Context(t), topic)
	if err != nil {
		t.Fatal(err)
	}
	return meta.Topics[0].Partitions[partition].Leader
}

func TestSendsOutlastTwoKilledLeaders(t *testing.T) {
	harness.OnThree(t, core, func(t *testing.T, _ harness.Pass, target harness.Target) {
		client, ctx := target.Logged(t), harness.Context(t)
		topic := target.Created(t, client)
		sent := map[string]bool{}
		send := func(name string, n int) {
			p := producer(t, client, afkak.WithPartitioner(afkak.RoundRobinRandomStart()))
			for i := range n {
				value := fmt.Sprintf("%s %d", name, i)
				stored(t, p.Send(ctx, afkak.Record{Topic: topic, Value: []byte(value)}))
				sent[value] = true
			}
			if err := p.Close(ctx); err != nil {
				t.Fatal(err)
			}
		}
		for pass := range 2 {
			send(fmt.Sprintf("pass %d", pass), 10)
			dead := target.Real.Broker(int(leader(t, client, topic, 0)))
			dead.Kill()
			send(fmt.Sprintf("pass %d without broker %d", pass, dead.ID()), 12)
			if err := dead.Restart(ctx); err != nil {
				t.Fatal(err)
			}
			target.Settled(t, client, topic)
		}
		count(t, client, topic, sent, target.AtLeast("0.11"))
	})
}

// count reads the partitions to their ends and checks that all that was acknowledged is there, and once where
// brokers know what they have stored already (KIP-98).
func count(t *testing.T, client *afkak.Client, topic string, sent map[string]bool, once bool) {
	t.Helper()
	times := map[string]int{}
	read := 0
	for partition := range 2 {
		c := consumer(t, client, topic, int32(partition), afkak.EndAt(afkak.Latest))
		for r, err := range c.Records(harness.Context(t)) {
			if err != nil {
				t.Fatal(err)
			}
			times[string(r.Value)]++
			read++
		}
	}
	lost := 0
	for value := range sent {
		if times[value] == 0 {
			t.Errorf("%q was acknowledged and is not there", value)
			lost++
		}
	}
	if twice := read - len(times); twice > 0 && once {
		t.Errorf("%d records are there twice", twice)
	}
	t.Logf("%d acknowledged, %d read, %d twice, %d lost", len(sent), read, read-len(times), lost)
}
