package realkafka

import (
	"bytes"
	"encoding/binary"
	"net"
	"strings"
	"testing"
	"time"
)

// metadataAnswer is an answer as the protocol's description has it: broker 1 and a topic of two partitions.
func metadataAnswer(secondCode uint16) []byte {
	b := binary.BigEndian.AppendUint32(nil, 1) // correlation id
	b = binary.BigEndian.AppendUint32(b, 1)    // brokers
	b = binary.BigEndian.AppendUint32(b, 1)
	b = appendString(b, "127.0.0.1")
	b = binary.BigEndian.AppendUint32(b, 9092)
	b = binary.BigEndian.AppendUint32(b, 1) // topics
	b = binary.BigEndian.AppendUint16(b, 0)
	b = appendString(b, "t")
	b = binary.BigEndian.AppendUint32(b, 2) // partitions
	for id := range uint32(2) {
		b = binary.BigEndian.AppendUint16(b, uint16(id)*secondCode)
		b = binary.BigEndian.AppendUint32(b, id)
		b = binary.BigEndian.AppendUint32(b, 1) // leader
		for range 2 {                           // replicas, in-sync replicas
			b = binary.BigEndian.AppendUint32(b, 1)
			b = binary.BigEndian.AppendUint32(b, 1)
		}
	}
	return b
}

func TestMetadataNamesBrokersAndLeaders(t *testing.T) {
	m, err := readMetadata(metadataAnswer(0))
	if err != nil || m.brokers[1] != "127.0.0.1:9092" || !m.hasLeaders("t", 2) {
		t.Errorf("got %+v, %v", m, err)
	}
	if m.hasLeaders("t", 3) || m.hasLeaders("u", 2) {
		t.Error("a partition or a topic that is not there has a leader")
	}
	const leaderNotAvailable, replicaNotAvailable = 5, 9
	if m, err = readMetadata(metadataAnswer(leaderNotAvailable)); err != nil || m.hasLeaders("t", 2) {
		t.Errorf("a partition without a leader has one: %v", err)
	}
	if m, err = readMetadata(metadataAnswer(replicaNotAvailable)); err != nil || !m.hasLeaders("t", 2) {
		t.Errorf("a leader without one of its replicas is none: %v", err)
	}
}

func FuzzReadMetadata(f *testing.F) {
	whole := metadataAnswer(0)
	f.Add(whole)
	f.Add(whole[:20])
	f.Add(bytes.Repeat([]byte{0x7f}, 40))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := readMetadata(b)
		if err == nil && len(m.brokers) > len(b) {
			t.Errorf("%d brokers in %d bytes", len(m.brokers), len(b))
		}
	})
}

func TestMetadataCutShortIsAnError(t *testing.T) {
	whole := metadataAnswer(0)
	for n := range whole {
		if _, err := readMetadata(whole[:n]); err == nil {
			t.Fatalf("the first %d of %d bytes are no error", n, len(whole))
		}
	}
}

// serveOnce answers the first request on a loopback port with the given bytes.
func serveOnce(t *testing.T, answer []byte) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() {
		l.Close()
		<-done
	})
	go func() {
		defer close(done)
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(10 * time.Second))
		conn.Read(make([]byte, 1024))
		conn.Write(answer)
	}()
	return l.Addr().String()
}

func TestAskMetadataReadsOneAnswer(t *testing.T) {
	answer := metadataAnswer(0)
	framed := append(binary.BigEndian.AppendUint32(nil, uint32(len(answer))), answer...)
	m, err := askMetadata(t.Context(), serveOnce(t, framed), "t")
	if err != nil || !m.hasLeaders("t", 2) {
		t.Errorf("got %+v, %v", m, err)
	}
}

func TestAskMetadataTakesNoGigabytesFromAStranger(t *testing.T) {
	_, err := askMetadata(t.Context(), serveOnce(t, []byte("HTTP/1.1 400 Bad Request\r\n\r\n")))
	if err == nil || !strings.Contains(err.Error(), "bytes long") {
		t.Errorf("got %v", err)
	}
}
