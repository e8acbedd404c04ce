package conn_test

import (
	"testing"
	"testing/synctest"

	"github.com/afkak-go/afkak/internal/conn"
	"github.com/afkak-go/afkak/protocol"
)

// TestProduceBelow3IsNotBelievedOfKafka4: it lists Produce from 0 on and ends
// the connection of whoever sends 0 to 2; Kafka 3.9 means what it lists.
func TestProduceBelow3IsNotBelievedOfKafka4(t *testing.T) {
	for name, test := range map[string]struct{ fetch, want int16 }{"3.9": {0, 0}, "4.0": {4, 3}} {
		synctest.Test(t, func(t *testing.T) {
			p := newPeer(t, func(s *session) {
				req, _ := s.next()
				resp := everything()
				for i := range resp.APIKeys {
					switch api := &resp.APIKeys[i]; protocol.APIKey(api.APIKey) {
					case protocol.KeyProduce:
						api.MinVersion = 0
					case protocol.KeyFetch:
						api.MinVersion = test.fetch
					}
				}
				s.reply(req, resp)
				s.gone()
			})
			c := p.open(conn.Config{})
			defer p.close(c)
			if got, _ := c.Versions().Range(protocol.KeyProduce); got.Min != test.want {
				t.Errorf("%s: Produce from %d on, want %d", name, got.Min, test.want)
			}
		})
	}
}
