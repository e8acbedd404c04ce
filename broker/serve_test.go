package broker

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"testing"
	"time"

	"github.com/afkak-go/afkak/protocol"
)

// scriptedConn is a connection on which everything has arrived already.
type scriptedConn struct {
	net.Conn // nil: nothing else is used
	in       io.Reader
	out      int
}

func (c *scriptedConn) Read(p []byte) (int, error)      { return c.in.Read(p) }
func (c *scriptedConn) Write(p []byte) (int, error)     { c.out += len(p); return len(p), nil }
func (c *scriptedConn) SetReadDeadline(time.Time) error { return nil }
func (c *scriptedConn) Close() error                    { return nil }
func (c *scriptedConn) RemoteAddr() net.Addr            { return nil }

func testBroker(t testing.TB) *Broker {
	cfg, err := Config{MaxRequestBytes: 1 << 20, AutoCreateTopics: true}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	b := newBroker(cfg)
	if err := b.topics.createFromConfig(Topic{Name: "t", Partitions: 2}); err != nil {
		t.Fatal(err)
	}
	close(b.closing) // long polls end at once
	return b
}

// FuzzServe throws bytes at a connection: whatever they are, it ends.
func FuzzServe(f *testing.F) {
	for key, api := range kafka44() {
		for version := api.min; version <= api.max; version++ {
			f.Add(requestOf(f, key, version))
		}
	}
	f.Add([]byte("GET / HTTP/1.1\r\n\r\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		testBroker(t).serve(&scriptedConn{in: bytes.NewReader(data)})
	})
}

// FuzzRequestBody is FuzzServe with a header that is right, to get further.
func FuzzRequestBody(f *testing.F) {
	for key, api := range kafka44() {
		for version := api.min; version <= api.max; version++ {
			f.Add(int16(key), version, requestOf(f, key, version)[4:])
		}
	}
	f.Fuzz(func(t *testing.T, key, version int16, body []byte) {
		if len(body) < 4 {
			return
		}
		body = bytes.Clone(body)
		binary.BigEndian.PutUint16(body, uint16(key))
		binary.BigEndian.PutUint16(body[2:], uint16(version))
		frame := append(binary.BigEndian.AppendUint32(nil, uint32(len(body))), body...)
		testBroker(t).serve(&scriptedConn{in: bytes.NewReader(frame)})
	})
}

func requestOf(t testing.TB, key protocol.APIKey, version int16) []byte {
	header := protocol.RequestHeader{RequestAPIKey: int16(key), RequestAPIVersion: version}
	frame, err := header.AppendTo(make([]byte, 4), key.RequestHeaderVersion(version))
	if err != nil {
		t.Fatal(err)
	}
	req := protocol.NewRequest(key)
	req.SetDefaults()
	switch req := req.(type) { // null was not allowed from the beginning
	case *protocol.MetadataRequest:
		req.Topics = []protocol.MetadataRequestTopic{}
	case *protocol.OffsetFetchRequest:
		req.Topics = []protocol.OffsetFetchRequestTopic{}
	}
	if frame, err = req.AppendTo(frame, version); err != nil {
		t.Fatal(err)
	}
	binary.BigEndian.PutUint32(frame, uint32(len(frame)-4))
	return frame
}

// Every version that is advertised can be decoded and answered, at least to
// an empty request.
func TestEveryVersionIsAnswered(t *testing.T) {
	for key, api := range kafka44() {
		for version := api.min; version <= api.max; version++ {
			if key == protocol.KeyProduce || key == protocol.KeySaslAuthenticate {
				continue // an empty one has acks 0; SASL is not set up
			}
			conn := &scriptedConn{in: bytes.NewReader(requestOf(t, key, version))}
			testBroker(t).serve(conn)
			if conn.out == 0 {
				t.Errorf("%s v%d: no answer", key, version)
			}
		}
	}
}

func TestAnAnnouncedLengthCostsNothing(t *testing.T) {
	frame := append([]byte{0x06, 0, 0, 0}, make([]byte, 1000)...) // 100 MB announced, 1 kB sent
	got := testing.AllocsPerRun(5, func() {
		f := frameReader{r: bytes.NewReader(frame), limit: 1 << 30}
		if _, err := f.next(); err != io.ErrUnexpectedEOF {
			t.Fatalf("got %v", err)
		}
		if cap(f.buf) > firstFrameBytes {
			t.Fatalf("allocated %d bytes", cap(f.buf))
		}
	})
	if got > 3 {
		t.Errorf("%v allocations", got)
	}
}

func TestFramesOfAnySizeAreReadWhole(t *testing.T) {
	for _, size := range []int{0, 1, firstFrameBytes - 1, firstFrameBytes, firstFrameBytes + 1, keptFrameBytes + 1, 10 << 20} {
		want := bytes.Repeat([]byte{1, 2, 3, 4, 5, 6, 7}, size/7+1)[:size]
		stream := append(binary.BigEndian.AppendUint32(nil, uint32(size)), want...)
		stream = append(stream, stream...)
		f := frameReader{r: bytes.NewReader(stream), limit: 100 << 20}
		for range 2 {
			if got, err := f.next(); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%d: got %d bytes, %v", size, len(got), err)
			}
		}
		if _, err := f.next(); err != io.EOF {
			t.Errorf("%d: at the end got %v", size, err)
		}
	}
}
