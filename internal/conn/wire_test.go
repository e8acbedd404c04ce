package conn

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/afkak-go/afkak/protocol"
)

// pipe is an opened connection in memory, beyond discovery, and the broker's
// end of it.
func pipe(cfg Config) (*Conn, net.Conn) {
	ours, theirs := net.Pipe()
	c := newConn(cfg.withDefaults(), 1, "b1:9092", ours, ours)
	ranges := map[protocol.APIKey]protocol.VersionRange{}
	for _, api := range protocol.APIs() {
		ranges[api.Key] = api.Range()
	}
	c.identity = &Identity{Versions: protocol.NewVersions(ranges)}
	return c, theirs
}

// answerFrame is what a broker sends for a request.
func answerFrame(correlation int32, rest []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(4+len(rest)))
	b = binary.BigEndian.AppendUint32(b, uint32(correlation))
	return append(b, rest...)
}

// okHeartbeat is the rest of a good answer to Heartbeat v4.
var okHeartbeat = []byte{0, 0, 0, 0, 0, 0, 0, 0}

func FuzzAnswers(f *testing.F) {
	first := answerFrame(firstCorrelation, okHeartbeat)
	second := answerFrame(firstCorrelation+1, []byte{0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 1, 0})
	f.Add([]byte{})
	f.Add(first)
	f.Add(append(bytes.Clone(first), second...))
	f.Add(append(bytes.Clone(first), first...))
	f.Add(first[:len(first)-3])
	f.Add([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"))
	f.Add([]byte{0x15, 3, 3, 0, 2, 2, 0x50})
	f.Add([]byte{0x7f, 0xff, 0xff, 0xff, 0x0d, 0x0a, 0x0d, 0x0a, 1})
	f.Add(answerFrame(firstCorrelation, []byte{2, 1, 3, 1, 2, 3, 5, 0, 0, 0, 0, 0, 0, 0, 0}))
	f.Fuzz(func(t *testing.T, answers []byte) {
		c, broker := pipe(Config{RequestTimeout: time.Minute})
		ended := make(chan error, 10)
		for _, req := range []protocol.Request{protocol.NewHeartbeatRequest(), protocol.NewMetadataRequest(), protocol.NewFetchRequest()} {
			c.Start(Call{Request: req, MaxVersion: AnyVersion}, func(resp protocol.Response, err error) {
				if (resp == nil) == (err == nil) {
					t.Errorf("a call ended with %v and %v", resp, err)
				}
				ended <- err
			})
		}
		var reading sync.WaitGroup
		reading.Go(func() { _, _ = io.Copy(io.Discard, broker) })
		_, _ = broker.Write(answers)
		_ = broker.Close()
		<-c.Done()
		reading.Wait()
		for range 3 {
			if err := <-ended; err != nil {
				_ = err.Error()
				_ = err.(*Error).Retriable()
			}
		}
		if len(ended) != 0 {
			t.Errorf("%d calls ended twice", len(ended))
		}
		if c.Err() == nil {
			t.Error("the connection ended without a reason")
		}
	})
}

// cutStream lets its first write through when it is told to, and breaks off the
// second one.
type cutStream struct {
	net.Conn
	release chan struct{}
	room    int // bytes of the second write that the kernel takes
	writes  int
}

func (s *cutStream) Write(b []byte) (int, error) {
	if s.writes++; s.writes == 1 {
		<-s.release
		return len(b), nil
	}
	return min(s.room, len(b)), io.ErrClosedPipe
}

func TestSentIsFalseOnlyForRequestsOfWhichNothingWasWritten(t *testing.T) {
	const size = 4 + 8 + 7 + 1 + 8 // of each request
	for _, c := range []struct {
		situation string
		room      int
		exact     bool
		want      []bool
	}{
		{"nothing was taken", 0, true, []bool{true, false, false}},
		{"a byte of the second", 1, true, []bool{true, true, false}},
		{"all of the second", size, true, []bool{true, true, false}},
		{"a byte of the third", size + 1, true, []bool{true, true, true}},
		{"nothing, says a stream that may not know", 0, false, []bool{true, true, true}},
	} {
		t.Run(c.situation, func(t *testing.T) {
			ours, theirs := net.Pipe()
			stream := &cutStream{Conn: ours, release: make(chan struct{}), room: c.room}
			nc := newConn(new(Config).withDefaults(), 1, "b1:9092", ours, stream)
			nc.sink.vectored = c.exact
			nc.identity = &Identity{Versions: protocol.NewVersions(map[protocol.APIKey]protocol.VersionRange{protocol.KeyHeartbeat: {Max: 4}})}
			ended := make([]chan *Error, 3)
			for i := range ended {
				ended[i] = make(chan *Error, 1)
				nc.Start(Call{Request: protocol.NewHeartbeatRequest(), MaxVersion: AnyVersion}, func(_ protocol.Response, err error) { ended[i] <- err.(*Error) })
				for i == 0 { // the other two are to be joined to one write
					nc.mu.Lock()
					taken := nc.unanswered == 1
					nc.mu.Unlock()
					if taken {
						break
					}
					runtime.Gosched()
				}
			}
			close(stream.release)
			for i, want := range c.want {
				if e := <-ended[i]; e.Sent != want {
					t.Errorf("call %d: Sent %v, want %v (%v)", i, e.Sent, want, e)
				}
			}
			<-nc.Done()
			_ = theirs.Close()
		})
	}
}

// echoHeartbeats answers requests with as little as can be, so that what is
// measured is the connection.
func echoHeartbeats(nc net.Conn) {
	var length [4]byte
	request := make([]byte, 4096)
	reply := answerFrame(0, okHeartbeat)
	for {
		if _, err := io.ReadFull(nc, length[:]); err != nil {
			return
		}
		n := binary.BigEndian.Uint32(length[:])
		if _, err := io.ReadFull(nc, request[:n]); err != nil {
			return
		}
		copy(reply[4:8], request[4:8])
		if _, err := nc.Write(reply); err != nil {
			return
		}
	}
}

func TestACallAllocatesItsAnswerOnly(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector makes pools forget at random")
	}
	c, broker := pipe(Config{})
	var serving sync.WaitGroup
	serving.Go(func() { echoHeartbeats(broker) })
	req := protocol.NewHeartbeatRequest()
	allocs := testing.AllocsPerRun(1000, func() {
		if _, err := c.Do(t.Context(), Call{Request: req, MaxVersion: AnyVersion}); err != nil {
			t.Fatal(err)
		}
	})
	if allocs > 2 { // the message and the bytes that it aliases
		t.Errorf("a call allocates %v times, want 2", allocs)
	}
	c.Close()
	<-c.Done()
	serving.Wait()
}

func BenchmarkDo(b *testing.B) {
	c, broker := pipe(Config{})
	var serving sync.WaitGroup
	serving.Go(func() { echoHeartbeats(broker) })
	req := protocol.NewHeartbeatRequest()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Do(b.Context(), Call{Request: req, MaxVersion: AnyVersion}); err != nil {
			b.Fatal(err)
		}
	}
	c.Close()
	<-c.Done()
	serving.Wait()
}

// BenchmarkPipelined is a round trip with 32 requests in flight, over loopback.
func BenchmarkPipelined(b *testing.B) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		if nc, err := l.Accept(); err == nil {
			echoHeartbeats(nc)
			_ = nc.Close()
		}
	})
	ours, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	c := newConn(new(Config).withDefaults(), 1, l.Addr().String(), ours, ours)
	c.identity = &Identity{Versions: protocol.NewVersions(map[protocol.APIKey]protocol.VersionRange{protocol.KeyHeartbeat: {Max: 4}})}
	req := protocol.NewHeartbeatRequest()
	slots := make(chan struct{}, 32)
	done := func(_ protocol.Response, err error) {
		if err != nil {
			b.Error(err)
		}
		<-slots
	}
	b.ReportAllocs()
	for b.Loop() {
		slots <- struct{}{}
		c.Start(Call{Request: req, MaxVersion: AnyVersion}, done)
	}
	for range cap(slots) {
		slots <- struct{}{}
	}
	c.Close()
	<-c.Done()
	_ = l.Close()
	serving.Wait()
}
