package test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/afkak-go/afkak"
	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
	"github.com/afkak-go/afkak/realkafka"
	"github.com/afkak-go/afkak/sasl"
	"github.com/afkak-go/afkak/test/harness"
)

// What an ACL is about and allows, as the requests number them.
const (
	aclTopic   = 2
	aclCluster = 4

	aclWrite           = 4
	aclDescribe        = 8
	aclIdempotentWrite = 12
)

// guardedCluster asks its authorizer about everyone who comes by SASL; who comes without may do everything.
func guardedCluster(t *testing.T, version, authorizer string) *realkafka.Cluster {
	t.Helper()
	return harness.StartCluster(t, realkafka.Config{
		Version:   version,
		Listeners: []realkafka.Listener{{Name: "SASL_PLAINTEXT"}},
		Properties: map[string]string{
			"authorizer.class.name":   authorizer,
			"super.users":             "User:ANONYMOUS",
			"sasl.enabled.mechanisms": "PLAIN",
			"listener.name.sasl_plaintext.plain.sasl.jaas.config": `org.apache.kafka.common.security.plain.PlainLoginModule required ` +
				`user_writer="secret" user_reader="secret" user_modest="secret";`,
		},
	})
}

// allow lets the user do something; the cluster's name is kafka-cluster.
func allow(t *testing.T, client *afkak.Client, user string, resource int8, name string, operations ...int8) {
	t.Helper()
	req := new(protocol.CreateAclsRequest)
	for _, operation := range operations {
		const literal, allowed = 3, 3
		req.Creations = append(req.Creations, protocol.CreateAclsRequestCreation{
			ResourceType: resource, ResourceName: name, ResourcePatternType: literal,
			Principal: "User:" + user, Host: "*", Operation: operation, PermissionType: allowed,
		})
	}
	resp, err := client.Do(harness.Context(t), req)
	if err != nil {
		t.Fatal(err)
	}
	for _, result := range resp.(*protocol.CreateAclsResponse).Results {
		if err := kerr.FromCode(result.ErrorCode); err != nil {
			t.Fatalf("%s, %s: %v", user, name, err)
		}
	}
}

func TestWhatAnAuthorizerDeniesFailsAtOnce(t *testing.T) {
	for _, c := range []struct{ version, authorizer string }{
		{"1.1.1", "kafka.security.auth.SimpleAclAuthorizer"},
		{"2.8.2", "kafka.security.authorizer.AclAuthorizer"},
		{realkafka.Newest, "org.apache.kafka.metadata.authorizer.StandardAuthorizer"},
	} {
		t.Run(c.version, func(t *testing.T) {
			cluster := guardedCluster(t, c.version, c.authorizer)
			target := harness.Target{Version: c.version, Addrs: cluster.Addrs(), Real: cluster}
			open, foreign := target.Topic(t, 1), target.Topic(t, 1)
			master := target.Client(t)
			allow(t, master, "writer", aclTopic, open, aclWrite, aclDescribe)
			allow(t, master, "writer", aclTopic, foreign, aclDescribe)
			allow(t, master, "writer", aclCluster, "kafka-cluster", aclIdempotentWrite)
			allow(t, master, "reader", aclTopic, open, aclDescribe)
			allow(t, master, "modest", aclTopic, open, aclWrite, aclDescribe)
			target.Addrs = cluster.ListenerAddrs("SASL_PLAINTEXT")

			t.Run("a topic", func(t *testing.T) { testDeniedTopic(t, target, open, foreign) })
			t.Run("idempotence", func(t *testing.T) { testDeniedIdempotence(t, target, open) })
		})
	}
}

// eventuallyAllowed waits until the authorizer has heard of what is allowed.
func eventuallyAllowed(t *testing.T, client *afkak.Client, topic string, opts ...afkak.ProducerOption) {
	t.Helper()
	harness.Eventually(t, "the user may write", func(ctx context.Context) error {
		return sendOne(ctx, t, client, topic, opts...)
	})
}

// sendOne sends a record by a producer of its own.
func sendOne(ctx context.Context, t *testing.T, client *afkak.Client, topic string, opts ...afkak.ProducerOption) error {
	t.Helper()
	producer, err := afkak.NewProducer(client, opts...)
	if err != nil {
		t.Fatal(err)
	}
	defer producer.Abort()
	_, err = producer.Send(ctx, afkak.Record{Topic: topic, Value: []byte("v")}).Wait(ctx)
	return err
}

const atOnce = 20 * time.Second // of a delivery timeout of two minutes, on a busy machine

// testDeniedTopic checks that only the records of the topic fail that the user may not write to.
func testDeniedTopic(t *testing.T, target harness.Target, open, foreign string) {
	client, ctx := target.Client(t, afkak.WithSASL(sasl.Plain("writer", "secret"))), harness.Context(t)
	eventuallyAllowed(t, client, open)
	producer, err := afkak.NewProducer(client)
	if err != nil {
		t.Fatal(err)
	}
	defer producer.Abort()
	var good, bad []afkak.Delivery
	for range 20 {
		good = append(good, producer.Send(ctx, afkak.Record{Topic: open, Value: []byte("v")}))
		bad = append(bad, producer.Send(ctx, afkak.Record{Topic: foreign, Value: []byte("v")}))
	}
	began := time.Now()
	for i := range good {
		if _, err := good[i].Wait(ctx); err != nil {
			t.Errorf("record %d of the user's own topic: %v", i, err)
		}
		if _, err := bad[i].Wait(ctx); !errors.Is(err, kerr.TopicAuthorizationFailed) || afkak.MaybeStored(err) || afkak.Retriable(err) {
			t.Errorf("record %d of the other topic: %v", i, err)
		}
	}
	if took := time.Since(began); took > atOnce {
		t.Errorf("it took %v", took)
	}
	if stats := producer.Stats(); stats.Retried != 0 || stats.Sent != 20 || stats.Failed != 20 {
		t.Errorf("got %+v", stats)
	}
}

// testDeniedIdempotence checks that who may not write idempotently is told of the option, and nothing falls back.
func testDeniedIdempotence(t *testing.T, target harness.Target, open string) {
	users := []string{"reader"}
	if !target.AtLeast("2.8") { // KIP-679: from then on who may write to any topic may do it idempotently
		users = append(users, "modest")
	}
	for _, user := range users {
		client, ctx := target.Client(t, afkak.WithSASL(sasl.Plain(user, "secret"))), harness.Context(t)
		began := time.Now()
		err := sendOne(ctx, t, client, open)
		if !errors.Is(err, kerr.ClusterAuthorizationFailed) || !strings.Contains(err.Error(), "WithIdempotence(false)") || afkak.MaybeStored(err) {
			t.Errorf("%s: %v", user, err)
		}
		if took := time.Since(began); took > atOnce {
			t.Errorf("%s: it took %v", user, took)
		}
	}
	modest := target.Client(t, afkak.WithSASL(sasl.Plain("modest", "secret")))
	eventuallyAllowed(t, modest, open, afkak.WithIdempotence(false))
	if target.AtLeast("2.8") {
		eventuallyAllowed(t, modest, open)
	}
}
