package test

import (
	"crypto/tls"
	"strings"
	"testing"
	"time"

	"github.com/afkak-go/afkak"
	"github.com/afkak-go/afkak/realkafka"
	"github.com/afkak-go/afkak/sasl"
	"github.com/afkak-go/afkak/test/harness"
)

// secureCluster has listeners for SASL PLAIN without and with TLS, user alice with
// the password secret, and for TLS with client certificates.
func secureCluster(t *testing.T) (*realkafka.Cluster, *realkafka.Certificates) {
	t.Helper()
	certs, err := realkafka.NewCertificates(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	const plain = `org.apache.kafka.common.security.plain.PlainLoginModule required user_alice="secret";`
	properties := certs.Properties()
	properties["sasl.enabled.mechanisms"] = "PLAIN"
	properties["listener.name.sasl_plaintext.plain.sasl.jaas.config"] = plain
	properties["listener.name.sasl_ssl.plain.sasl.jaas.config"] = plain
	properties["listener.name.ssl.ssl.client.auth"] = "required"
	cluster := harness.StartCluster(t, realkafka.Config{
		Listeners:  []realkafka.Listener{{Name: "SASL_PLAINTEXT"}, {Name: "SASL_SSL"}, {Name: "SSL"}},
		Properties: properties,
	})
	return cluster, certs
}

func TestRecordsTravelThroughTLSAndSASL(t *testing.T) {
	cluster, certs := secureCluster(t)
	noCertificate := certs.ClientTLS()
	noCertificate.Certificates = nil
	for _, c := range []struct {
		listener string
		opts     []afkak.ClientOption
	}{
		{"SASL_PLAINTEXT", []afkak.ClientOption{afkak.WithSASL(sasl.Plain("alice", "secret"))}},
		{"SASL_SSL", []afkak.ClientOption{afkak.WithTLS(noCertificate), afkak.WithSASL(sasl.Plain("alice", "secret"))}},
		{"SSL", []afkak.ClientOption{afkak.WithTLS(certs.ClientTLS())}},
	} {
		t.Run(c.listener, func(t *testing.T) {
			target := harness.Target{Version: realkafka.Newest, Addrs: cluster.ListenerAddrs(c.listener), Real: cluster}
			client, topic, want := target.Client(t, c.opts...), harness.Name("topic"), events(100)
			produce(t, client, topic, want)
			same(t, consume(t, newConsumer(t, client, topic), len(want)), want)
		})
	}
	t.Run("refused", func(t *testing.T) { testRefusals(t, cluster, certs) })
}

// testRefusals checks that what is wrong with a client's credentials is told at once, and not its secrets.
func testRefusals(t *testing.T, cluster *realkafka.Cluster, certs *realkafka.Certificates) {
	noCertificate := certs.ClientTLS()
	noCertificate.Certificates = nil
	for _, c := range []struct {
		name, listener string
		opts           []afkak.ClientOption
		want           string
	}{
		{"wrong password", "SASL_SSL", []afkak.ClientOption{
			afkak.WithTLS(noCertificate), afkak.WithSASL(sasl.Plain("alice", "hunter2")),
		}, "SASL_AUTHENTICATION_FAILED"},
		{"unknown authority", "SASL_SSL", []afkak.ClientOption{
			afkak.WithTLS(&tls.Config{MinVersion: tls.VersionTLS12}), afkak.WithSASL(sasl.Plain("alice", "secret")),
		}, "certificate signed by unknown authority"},
		{"no client certificate", "SSL", []afkak.ClientOption{afkak.WithTLS(noCertificate)}, "certificate"},
		{"no TLS", "SSL", nil, "TLS"},
	} {
		t.Run(c.name, func(t *testing.T) {
			target := harness.Target{Version: realkafka.Newest, Addrs: cluster.ListenerAddrs(c.listener), Real: cluster}
			client := target.Client(t, append(c.opts, afkak.WithRetryTimeout(5*time.Second))...)
			_, err := client.Metadata(harness.Context(t))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q in it", err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error tells the password: %v", err)
			}
		})
	}
}
