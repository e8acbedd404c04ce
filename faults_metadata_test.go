package afkak_test

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/afkak-go/afkak"
	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

// metadataLies are well-formed answers that cannot be true, or are of no use.
func metadataLies() map[string]func(*protocol.MetadataResponse) {
	each := func(change func(p *protocol.MetadataResponseTopicPartition)) func(*protocol.MetadataResponse) {
		return func(r *protocol.MetadataResponse) {
			for i := range r.Topics {
				for j := range r.Topics[i].Partitions {
					change(&r.Topics[i].Partitions[j])
				}
			}
		}
	}
	name := "others"
	return map[string]func(*protocol.MetadataResponse){
		"no topic":             func(r *protocol.MetadataResponse) { r.Topics = nil },
		"another topic":        func(r *protocol.MetadataResponse) { renameTopics(r, &name) },
		"a topic without name": func(r *protocol.MetadataResponse) { renameTopics(r, nil) },
		"no partitions": func(r *protocol.MetadataResponse) {
			eachTopic(r, func(t *protocol.MetadataResponseTopic) { t.Partitions = nil })
		},
		"no brokers":            func(r *protocol.MetadataResponse) { r.Brokers = nil },
		"a leader unheard of":   each(func(p *protocol.MetadataResponseTopicPartition) { p.LeaderID = 99 }),
		"a leader below none":   each(func(p *protocol.MetadataResponseTopicPartition) { p.LeaderID = -7 }),
		"negative partitions":   each(func(p *protocol.MetadataResponseTopicPartition) { p.PartitionIndex = -1 - p.PartitionIndex }),
		"partition two billion": each(func(p *protocol.MetadataResponseTopicPartition) { p.PartitionIndex = math.MaxInt32 - p.PartitionIndex }),
		"an unheard-of code": func(r *protocol.MetadataResponse) {
			eachTopic(r, func(t *protocol.MetadataResponseTopic) { t.ErrorCode = unheardOf })
		},
		"no hosts": func(r *protocol.MetadataResponse) {
			for i := range r.Brokers {
				r.Brokers[i].Host = ""
			}
		},
		"impossible ports": func(r *protocol.MetadataResponse) {
			for i := range r.Brokers {
				r.Brokers[i].Port = -1 << 20
			}
		},
		"names that nobody has": func(r *protocol.MetadataResponse) {
			for i := range r.Brokers {
				r.Brokers[i].Host = "internal.invalid"
			}
		},
	}
}

func eachTopic(r *protocol.MetadataResponse, change func(*protocol.MetadataResponseTopic)) {
	for i := range r.Topics {
		change(&r.Topics[i])
	}
}

func renameTopics(r *protocol.MetadataResponse, name *string) {
	eachTopic(r, func(t *protocol.MetadataResponseTopic) {
		if name == nil {
			empty := ""
			name = &empty
		}
		t.Name = name
	})
}

// TestALyingPictureOfTheClusterIsSurvived has every call fail in time, with an
// error that names the topic, and recover once the truth is told.
func TestALyingPictureOfTheClusterIsSurvived(t *testing.T) {
	for name, change := range metadataLies() {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world, client *afkak.Client) {
				w.fill(0, "0")
				w.set(func() {
					w.alter = func(_ int32, _ protocol.Request, resp protocol.Response) {
						if r, ok := resp.(*protocol.MetadataResponse); ok {
							change(r)
						}
					}
				})
				producer := newProducer(t, client, afkak.WithPartitioner(afkak.Manual()), afkak.WithDeliveryTimeout(8*time.Second), afkak.WithProduceTimeout(2*time.Second), afkak.WithAckTimeout(time.Second))
				calls := map[string]func(ctx context.Context) error{
					"Send": func(ctx context.Context) error { _, err := producer.Send(ctx, order("v")).Wait(ctx); return err },
					"Fetch": func(ctx context.Context) error {
						_, err := client.Fetch(ctx, []afkak.FetchPayload{{Topic: orders}})
						return err
					},
					"Produce": func(ctx context.Context) error {
						_, err := client.Produce(ctx, []afkak.ProducePayload{{Topic: orders, Records: []afkak.Record{{Value: []byte("v")}}}})
						return err
					},
					"Records": func(ctx context.Context) error {
						c := newConsumer(t, client, afkak.WithConsumerRetries(3), afkak.WithUnknownTopicTimeout(2*time.Second))
						_, err := pull(ctx, c, 1)
						c.Stop()
						return err
					},
				}
				within30 := func(call func(ctx context.Context) error) error {
					ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
					defer cancel()
					return call(ctx)
				}
				for what, call := range calls {
					began := time.Now()
					err := within30(call)
					wantWithin(t, began, 29*time.Second, what) // before its context ends
					if err == nil || !strings.Contains(err.Error(), orders) || afkak.MaybeStored(err) {
						t.Errorf("%s: got %v, want an error that names orders, with nothing stored", what, err)
					}
					if name == "an unheard-of code" && !errors.Is(err, kerr.Error(unheardOf)) {
						t.Errorf("%s: got %v, want code 999", what, err)
					}
				}
				w.honest()
				time.Sleep(2 * time.Second) // backoffs end
				for what, call := range calls {
					if err := within30(call); err != nil {
						t.Errorf("%s, told the truth: %v", what, err)
					}
				}
				closeProducer(t, producer)
			})
		})
	}
}

// TestABrokerThatSpeaksNothingIsNamed has brokers advertise no APIs, or
// impossible versions of them.
func TestABrokerThatSpeaksNothingIsNamed(t *testing.T) {
	for name, change := range map[string]func(*protocol.APIVersionsResponse){
		"nothing": func(r *protocol.APIVersionsResponse) { r.APIKeys = nil },
		"versions of the future": func(r *protocol.APIVersionsResponse) {
			for i := range r.APIKeys {
				if protocol.APIKey(r.APIKeys[i].APIKey) != protocol.KeyAPIVersions {
					r.APIKeys[i].MinVersion, r.APIKeys[i].MaxVersion = 900, 901
				}
			}
		},
		"negative versions": func(r *protocol.APIVersionsResponse) {
			for i := range r.APIKeys {
				r.APIKeys[i].MinVersion, r.APIKeys[i].MaxVersion = -9, -3
			}
		},
		"versions the wrong way round": func(r *protocol.APIVersionsResponse) {
			for i := range r.APIKeys {
				r.APIKeys[i].MinVersion, r.APIKeys[i].MaxVersion = 5, 3
			}
		},
		"an unheard-of code": func(r *protocol.APIVersionsResponse) { r.ErrorCode, r.APIKeys = unheardOf, nil },
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world, client *afkak.Client) {
				lie(w, 1, change)
				began := time.Now()
				_, err := client.Metadata(t.Context())
				wantWithin(t, began, 15*time.Second, "Metadata")
				if err == nil || !strings.Contains(err.Error(), "b1:9092") {
					t.Errorf("got %v, want an error that names b1:9092", err)
				}
				w.refuse() // what a connection was told holds for as long as it lives
				w.honest()
				time.Sleep(5 * time.Second)
				if _, err := client.Metadata(t.Context()); err != nil {
					t.Errorf("told the truth: %v", err)
				}
			})
		})
	}
}

// TestOneBrokerThatSpeaksNothingLeavesTheOthersAlone has only broker 2 advertise nothing.
func TestOneBrokerThatSpeaksNothingLeavesTheOthersAlone(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world, client *afkak.Client) {
		lie(w, 2, func(r *protocol.APIVersionsResponse) { r.APIKeys = r.APIKeys[:0] })
		producer := newProducer(t, client, afkak.WithPartitioner(afkak.Manual()), afkak.WithDeliveryTimeout(8*time.Second), afkak.WithProduceTimeout(2*time.Second), afkak.WithAckTimeout(time.Second))
		var deliveries []afkak.Delivery
		for partition := range int32(3) {
			deliveries = append(deliveries, producer.Send(t.Context(), orderTo(partition, "v")))
		}
		wantStored(t, deliveries[0], 0, 0)
		wantStored(t, deliveries[2], 2, 0)
		_, err := deliveries[1].Wait(t.Context())
		var produceErr *afkak.ProduceError
		if !errors.As(err, &produceErr) || produceErr.Partition != 1 || produceErr.Broker != 2 || !strings.Contains(err.Error(), "b2:9092") {
			t.Errorf("got %v, want a ProduceError of orders/1 on broker 2 (b2:9092)", err)
		}
		closeProducer(t, producer)
	})
}

// TestACancelledWaitCostsNobodyElseTheConnection cancels calls of every lane
// while others wait on the same connections.
func TestACancelledWaitCostsNobodyElseTheConnection(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world, client *afkak.Client) {
		w.fill(0, "0")
		dials := 0
		w.set(func() {
			w.dialed = func(context.Context, int32) error { w.set(func() { dials++ }); return nil }
			w.onBack = func(x *exchange) fate {
				if x.broker == 1 && (x.key == protocol.KeyListOffsets || x.key == protocol.KeyOffsetCommit) {
					time.Sleep(100 * time.Millisecond)
				}
				return pass
			}
		})
		listing := func(ctx context.Context) error {
			_, err := client.ListOffsets(ctx, []afkak.ListOffsetsPayload{{Topic: orders, At: afkak.Latest}})
			return err
		}
		if err := listing(t.Context()); err != nil { // connects
			t.Fatal(err)
		}
		var before int
		w.set(func() { before = dials })
		patient := make(chan error, 10)
		for range 5 {
			go func() { patient <- listing(t.Context()) }()
			hasty, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			go func() {
				defer cancel()
				if err := listing(hasty); !errors.Is(err, context.DeadlineExceeded) {
					patient <- err
				}
				patient <- nil
			}()
		}
		for range 10 {
			if err := <-patient; err != nil {
				t.Errorf("one that waited: %v", err)
			}
		}
		w.set(func() {
			if dials != before {
				t.Errorf("%d connections were opened anew", dials-before)
			}
		})
	})
}
