package conn_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/afkak-go/afkak/internal/conn"
	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

// old serves connections as a broker before 0.10.0, as real ones were seen to
// behave: they end the connection on what they do not know, but 0.9.0 leaves
// it as it is; they answer Metadata in the form of version 0, always.
func old(release string) func(*session) {
	return func(s *session) {
		for {
			req, ok := s.next()
			if !ok || !answerAs(release, s, req) {
				return
			}
		}
	}
}

func answerAs(release string, s *session, req request) bool {
	switch req.key {
	case protocol.KeyAPIVersions:
		if release == "0.9.0" {
			s.gone()
		}
		return false
	case protocol.KeyMetadata:
		resp := protocol.NewMetadataResponse()
		if release == "0.9.0" { // 0.8 lists no brokers while there is no topic
			resp.Brokers = []protocol.MetadataResponseBroker{{NodeID: 1, Host: "b1", Port: 9092}}
		}
		s.replyIn(req, resp, 0)
		return true
	case protocol.KeyListGroups:
		return release == "0.9.0" && echo(s, req)
	case protocol.KeyOffsetCommit:
		return (release == "0.8.1" || release == "0.9.0") && echo(s, req)
	case protocol.KeyOffsetFetch:
		return release != "0.8.0" && echo(s, req)
	}
	return echo(s, req)
}

func TestEachOldReleaseIsFoundByItsAnswers(t *testing.T) {
	for _, c := range []struct {
		release string
		took    time.Duration
	}{{"0.8.0", 0}, {"0.8.1", 0}, {"0.8.2", 0}, {"0.9.0", 400 * time.Millisecond}} {
		t.Run(c.release, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPeer(t, old(c.release))
				began := time.Now()
				nc := p.open(conn.Config{})
				if took := time.Since(began); took != c.took {
					t.Errorf("it took %v, want %v", took, c.took)
				}
				id := nc.Identity()
				if id.Release != c.release || !id.Probed || id.Versions == nil || nc.Versions() != id.Versions {
					t.Errorf("found %+v", id)
				}
				if _, err := nc.Do(t.Context(), conn.Call{Request: &protocol.MetadataRequest{Topics: []protocol.MetadataRequestTopic{}, AllowAutoTopicCreation: true}, MaxVersion: -1}); err != nil {
					t.Errorf("the first call: %v", err)
				}
				p.close(nc)

				// Known, it is proved again without a wait.
				began = time.Now()
				again, err := conn.Open(t.Context(), &conn.Config{Dial: p.dial}, "b1:9092", id)
				if err != nil {
					t.Fatal(err)
				}
				defer p.close(again)
				if took := time.Since(began); took != 0 || again.Identity().Release != c.release {
					t.Errorf("known, it was found to be %q in %v", again.Identity().Release, took)
				}
			})
		})
	}
}

func TestAKnownOldBrokerThatWasUpgradedIsFoundOut(t *testing.T) {
	for _, from := range []string{"0.8.0", "0.8.1", "0.8.2", "0.9.0"} {
		for _, to := range []string{"0.8.2", "0.9.0", "4.4"} {
			t.Run(from+" to "+to, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					p := newPeer(t, old(from))
					c := p.open(conn.Config{})
					known := c.Identity()
					p.close(c)
					if p.serve = old(to); to == "4.4" {
						p.serve = modern(echo)
					}
					c, err := conn.Open(t.Context(), &conn.Config{Dial: p.dial}, "b1:9092", known)
					if err != nil {
						t.Fatal(err)
					}
					defer p.close(c)
					if got := c.Identity(); got.Release != to || got.Probed != (to != "4.4") {
						t.Errorf("found %q", got.Release)
					}
				})
			})
		}
	}
}

// versioned serves connections as a broker that knows ApiVersions up to a
// version and refuses a newer one in its way.
func versioned(upTo int16, refuse func(s *session, req request) bool, asked *[]int16) func(*session) {
	return func(s *session) {
		for {
			req, ok := s.next()
			if !ok {
				return
			}
			*asked = append(*asked, req.version)
			if req.version > upTo {
				if !refuse(s, req) {
					return
				}
				continue
			}
			resp := protocol.NewAPIVersionsResponse()
			resp.APIKeys = []protocol.APIVersionsResponseAPIKey{
				{APIKey: int16(protocol.KeyMetadata), MaxVersion: 1},
				{APIKey: int16(protocol.KeyAPIVersions), MaxVersion: upTo},
			}
			s.reply(req, resp)
		}
	}
}

func refusedEmpty(s *session, req request) bool {
	s.replyIn(req, &protocol.APIVersionsResponse{ErrorCode: int16(kerr.UnsupportedVersion)}, 0)
	return true
}

func refusedWithRange(upTo int16) func(*session, request) bool {
	return func(s *session, req request) bool {
		s.replyIn(req, &protocol.APIVersionsResponse{
			ErrorCode: int16(kerr.UnsupportedVersion),
			APIKeys:   []protocol.APIVersionsResponseAPIKey{{APIKey: int16(protocol.KeyAPIVersions), MaxVersion: upTo}},
		}, 0)
		return true
	}
}

func refusedByEnd(*session, request) bool { return false }

func TestTheQuestionForVersionsIsAskedInOlderFormsUntilItIsUnderstood(t *testing.T) {
	for _, c := range []struct {
		situation string
		upTo      int16
		refuse    func(*session, request) bool
		asked     []int16
		dials     int
	}{
		{"as new as we", 5, nil, []int16{5}, 1},
		{"2.4 and later name the version that they know", 3, refusedWithRange(3), []int16{5, 3}, 1},
		{"0.10 to 2.3 answer that they do not know", 0, refusedEmpty, []int16{5, 0}, 1},
		{"some end the connection", 0, refusedByEnd, []int16{5, 0}, 2},
		{"even if they know a newer one", 3, refusedByEnd, []int16{5, 0, 3}, 2},
	} {
		t.Run(c.situation, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var asked []int16
				p := newPeer(t, versioned(c.upTo, c.refuse, &asked))
				nc := p.open(conn.Config{})
				p.close(nc)
				if !equal(asked, c.asked) || p.dials != c.dials {
					t.Errorf("asked in versions %v over %d connections, want %v over %d", asked, p.dials, c.asked, c.dials)
				}
				if r, ok := nc.Versions().Range(protocol.KeyMetadata); !ok || r.Max != 1 {
					t.Errorf("Metadata: %v, %v", r, ok)
				}

				// Known, it is asked in the right version at once.
				asked = nil
				nc, err := conn.Open(t.Context(), &conn.Config{Dial: p.dial}, "b1:9092", nc.Identity())
				if err != nil {
					t.Fatal(err)
				}
				p.close(nc)
				if !equal(asked, []int16{c.upTo}) {
					t.Errorf("known, it was asked in versions %v, want %d", asked, c.upTo)
				}
			})
		})
	}
}

func equal(a, b []int16) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func TestAStalledModernBrokerIsNotTakenForAnOldOne(t *testing.T) {
	for _, c := range []struct {
		situation string
		stall     time.Duration
		ok        bool
	}{
		{"for good", time.Hour, false},
		{"for longer than old brokers are given", 3 * time.Second, true},
		{"for a moment", 100 * time.Millisecond, true},
	} {
		t.Run(c.situation, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				awake := time.Now().Add(c.stall)
				p := newPeer(t, func(s *session) {
					req, ok := s.next() // what came in while it stalled is answered afterwards
					time.Sleep(time.Until(awake))
					if ok && req.key == protocol.KeyAPIVersions {
						s.reply(req, everything())
					} else if ok {
						echo(s, req)
					}
					modern(echo)(s)
				})
				began := time.Now()
				nc, err := conn.Open(t.Context(), &conn.Config{Dial: p.dial, DialTimeout: 5 * time.Second}, "b1:9092", nil)
				took := time.Since(began)
				if !c.ok {
					var timeout *conn.TimeoutError
					if e := asError(t, err); !errors.As(e, &timeout) || took != 5*time.Second {
						t.Errorf("got %v after %v", e, took)
					}
				} else if err != nil || nc.Identity().Release != "4.4" || took != c.stall {
					t.Errorf("got %v after %v", err, took)
				}
				if nc != nil {
					nc.Close()
					<-nc.Done()
				}
				p.alive.Wait()
			})
		})
	}
}

func TestABrokerThatGoesDownIsNotTakenForAnOldOne(t *testing.T) {
	// It serves some connections as 0.9.0 would and ends the others at once.
	for alive := range 5 {
		synctest.Test(t, func(t *testing.T) {
			p := newPeer(t, nil)
			p.serve = func(s *session) {
				if s.number <= alive {
					modern(func(s *session, req request) bool { return false })(s)
				}
			}
			nc, err := conn.Open(t.Context(), &conn.Config{Dial: p.dial}, "b1:9092", nil)
			if err == nil {
				if nc.Identity().Probed {
					t.Errorf("with %d good connections it was taken for %s", alive, nc.Identity().Release)
				}
				nc.Close()
				<-nc.Done()
			}
			p.alive.Wait()
		})
	}
}

func TestOpenEndsPromptlyWithItsContext(t *testing.T) {
	steps := map[string]func(ctx context.Context, p *peer) (net.Conn, error){
		"dial":     func(ctx context.Context, _ *peer) (net.Conn, error) { <-ctx.Done(); return nil, ctx.Err() },
		"versions": func(ctx context.Context, p *peer) (net.Conn, error) { return p.dial(ctx, "", "") },
	}
	for step, dial := range steps {
		t.Run(step, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPeer(t, func(s *session) { s.gone() })
				cfg := &conn.Config{DialTimeout: time.Minute, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx, p) }}
				for _, end := range []time.Duration{time.Millisecond, 2 * time.Second} {
					ctx, cancel := context.WithTimeout(t.Context(), end)
					began := time.Now()
					_, err := conn.Open(ctx, cfg, "b1:9092", nil)
					if took := time.Since(began); took != end || !errors.Is(err, context.DeadlineExceeded) {
						t.Errorf("got %v after %v, want the context's error after %v", err, took, end)
					}
					cancel()
				}
				p.alive.Wait()
			})
		})
	}
}

func TestBrokersAreToldOurNameAndVersion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told atomic.Pointer[protocol.APIVersionsRequest]
		p := newPeer(t, func(s *session) {
			req, _ := s.next()
			m := protocol.NewAPIVersionsRequest()
			if err := m.DecodeFrom(req.body, req.version); err != nil {
				t.Error(err)
			}
			told.Store(m)
			s.reply(req, everything())
			s.gone()
		})
		p.close(p.open(conn.Config{SoftwareVersion: "(devel)+dirty"}))
		if m := told.Load(); m.ClientSoftwareName != "afkak-go" || m.ClientSoftwareVersion != "devel--dirty" {
			t.Errorf("told %q %q", m.ClientSoftwareName, m.ClientSoftwareVersion)
		}
	})
}

func TestFeaturesAreKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPeer(t, func(s *session) {
			req, _ := s.next()
			resp := everything()
			resp.SupportedFeatures = []protocol.APIVersionsResponseSupportedFeature{{Name: "metadata.version", MinVersion: 7, MaxVersion: 29}, {Name: "share.version", MaxVersion: 1}}
			resp.FinalizedFeatures = []protocol.APIVersionsResponseFinalizedFeature{{Name: "metadata.version", MaxVersionLevel: 25, MinVersionLevel: 25}}
			s.reply(req, resp)
			s.gone()
		})
		c := p.open(conn.Config{})
		defer p.close(c)
		want := []conn.Feature{{Name: "metadata.version", Min: 7, Max: 29, Level: 25}, {Name: "share.version", Max: 1}}
		if got := c.Identity().Features; len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
			t.Errorf("got %+v, want %+v", got, want)
		}
	})
}

func TestABrokerThatRefusesTheQuestionIsQuoted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPeer(t, func(s *session) {
			for {
				req, ok := s.next()
				if !ok {
					return
				}
				s.reply(req, &protocol.APIVersionsResponse{ErrorCode: int16(kerr.ClusterAuthorizationFailed)})
			}
		})
		_, err := conn.Open(t.Context(), &conn.Config{Dial: p.dial}, "b1:9092", nil)
		if e := asError(t, err); !errors.Is(err, kerr.ClusterAuthorizationFailed) || !strings.HasPrefix(e.Op, "ApiVersions") {
			t.Errorf("got %v", err)
		}
		p.alive.Wait()
	})
}
