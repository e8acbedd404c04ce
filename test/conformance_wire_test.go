package test

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/afkak-go/afkak/protocol"
)

// transcript asks a broker and writes down what it answers.
type transcript struct {
	t    *testing.T
	addr string
	nc   net.Conn
	text strings.Builder

	topicID protocol.UUID // of topic a

	members map[string]string // names of the member IDs that were given out
}

func (tr *transcript) dial() net.Conn {
	tr.t.Helper()
	nc, err := net.Dial("tcp", tr.addr)
	if err != nil {
		tr.t.Fatal(err)
	}
	return nc
}

// step sends a request and writes its answer down under a title.
func (tr *transcript) step(title string, version int16, req protocol.Request) protocol.Response {
	tr.t.Helper()
	resp := tr.ask(title, version, req)
	if versions, ok := resp.(*protocol.APIVersionsResponse); ok && versions.ErrorCode == 0 {
		resp = new(protocol.APIVersionsResponse) // what each broker has is its own
	}
	tr.note(title, version, resp)
	return resp
}

// until repeats a request until its answer is as wanted: what Kafka creates
// takes a while to be everywhere. Nothing is written down.
func (tr *transcript) until(title string, version int16, req protocol.Request, wanted func(protocol.Response) bool) {
	tr.t.Helper()
	deadline := time.Now().Add(time.Minute)
	for !wanted(tr.ask(title, version, req)) {
		if time.Now().After(deadline) {
			tr.t.Fatalf("%s: still not so after a minute", title)
		}
		<-time.After(20 * time.Millisecond)
	}
}

// ends sends a frame and writes down that the broker ends the connection, or
// what it answers.
func (tr *transcript) ends(title string, frame []byte) {
	tr.t.Helper()
	nc := tr.dial()
	defer nc.Close()
	nc.Write(frame)
	answer, err := readFrame(nc)
	outcome := "closed"
	if err == nil {
		outcome = fmt.Sprintf("%x", answer)
	} else if ne, ok := err.(net.Error); ok && ne.Timeout() {
		outcome = "stays open"
	}
	fmt.Fprintf(&tr.text, "%s: raw\n%s\n\n", title, outcome)
}

func (tr *transcript) ask(title string, version int16, req protocol.Request) protocol.Response {
	tr.t.Helper()
	if tr.nc == nil {
		tr.nc = tr.dial()
		tr.t.Cleanup(func() { tr.nc.Close() })
	}
	return tr.put(tr.nc, title, version, req)()
}

// park sends a request on a connection of its own, which may have to wait for
// others. What it returns waits for the answer and writes it down.
func (tr *transcript) park(title string, version int16, req protocol.Request) func() protocol.Response {
	tr.t.Helper()
	nc := tr.dial()
	tr.t.Cleanup(func() { nc.Close() })
	receive := tr.put(nc, title, version, req)
	return func() protocol.Response {
		tr.t.Helper()
		resp := receive()
		tr.note(title, version, resp)
		return resp
	}
}

// put sends a request. What it returns waits for the answer.
func (tr *transcript) put(nc net.Conn, title string, version int16, req protocol.Request) func() protocol.Response {
	tr.t.Helper()
	frame, err := requestFrame(req, version)
	if err != nil {
		tr.t.Fatalf("%s: %v", title, err)
	}
	if _, err := nc.Write(frame); err != nil {
		tr.t.Fatalf("%s: %v", title, err)
	}
	return func() protocol.Response {
		tr.t.Helper()
		return tr.receive(nc, title, version, req)
	}
}

func (tr *transcript) receive(nc net.Conn, title string, version int16, req protocol.Request) protocol.Response {
	tr.t.Helper()
	answer, err := readFrame(nc)
	if err != nil {
		tr.t.Fatalf("%s: %v", title, err)
	}
	var header protocol.ResponseHeader
	n, err := header.DecodeFrom(answer, req.Key().ResponseHeaderVersion(version))
	if err != nil {
		tr.t.Fatalf("%s: %v", title, err)
	}
	resp := req.NewResponse()
	if err := resp.DecodeFrom(answer[n:], version); err != nil {
		tr.t.Fatalf("%s: %v", title, err)
	}
	return resp
}

func requestFrame(req protocol.Request, version int16) ([]byte, error) {
	client := "conformance"
	header := protocol.RequestHeader{RequestAPIKey: int16(req.Key()), RequestAPIVersion: version, CorrelationID: 7, ClientID: &client}
	frame, err := header.AppendTo(make([]byte, 4), req.Key().RequestHeaderVersion(version))
	if err == nil {
		frame, err = req.AppendTo(frame, version)
	}
	if err == nil {
		binary.BigEndian.PutUint32(frame, uint32(len(frame)-4))
	}
	return frame, err
}

func readFrame(nc net.Conn) ([]byte, error) {
	nc.SetReadDeadline(time.Now().Add(20 * time.Second))
	var prefix [4]byte
	if _, err := io.ReadFull(nc, prefix[:]); err != nil {
		return nil, err
	}
	frame := make([]byte, binary.BigEndian.Uint32(prefix[:]))
	_, err := io.ReadFull(nc, frame)
	return frame, err
}

// rawBatch is a record batch written out by hand, so that it can be wrong in
// every way, and owes nothing to the code under test.
type rawBatch struct {
	baseOffset  int64
	magic       byte
	attributes  int16
	lastDelta   int32
	timestamp   int64
	producerID  int64
	epoch       int16
	sequence    int32
	count       int32
	records     []byte
	corruptCRC  bool
	leaderEpoch int32
}

// goodBatch is one that every broker takes: n records of key "k" and value "v".
func goodBatch(n int) rawBatch {
	b := rawBatch{
		magic: 2, lastDelta: int32(n - 1), count: int32(n), leaderEpoch: -1,
		timestamp: time.Now().UnixMilli(), producerID: -1, epoch: -1, sequence: -1,
	}
	for i := range n {
		b.records = append(b.records, rawRecord(i, "k")...)
	}
	return b
}

// rawRecord is a record of less than 64 bytes; no key is null.
func rawRecord(offsetDelta int, key string) []byte {
	body := []byte{0, 0, byte(offsetDelta << 1)}
	if key == "" {
		body = append(body, 1)
	} else {
		body = append(append(body, byte(len(key)<<1)), key...)
	}
	body = append(body, 2, 'v', 0)
	return append([]byte{byte(len(body) << 1)}, body...)
}

func (b rawBatch) bytes() []byte {
	be := binary.BigEndian
	tail := be.AppendUint16(nil, uint16(b.attributes))
	tail = be.AppendUint32(tail, uint32(b.lastDelta))
	tail = be.AppendUint64(tail, uint64(b.timestamp))
	tail = be.AppendUint64(tail, uint64(b.timestamp))
	tail = be.AppendUint64(tail, uint64(b.producerID))
	tail = be.AppendUint16(tail, uint16(b.epoch))
	tail = be.AppendUint32(tail, uint32(b.sequence))
	tail = be.AppendUint32(tail, uint32(b.count))
	tail = append(tail, b.records...)
	crc := crc32.Checksum(tail, crc32.MakeTable(crc32.Castagnoli))
	if b.corruptCRC {
		crc ^= 1
	}
	out := be.AppendUint64(nil, uint64(b.baseOffset))
	out = be.AppendUint32(out, uint32(len(tail)+9))
	out = be.AppendUint32(out, uint32(b.leaderEpoch))
	out = append(out, b.magic)
	out = be.AppendUint32(out, crc)
	return append(out, tail...)
}

// note writes an answer down that was asked for elsewhere.
func (tr *transcript) note(title string, version int16, resp protocol.Response) {
	if joined, ok := resp.(*protocol.JoinGroupResponse); ok {
		tr.meet(joined.MemberID)
		tr.meet(joined.Leader)
		for _, member := range joined.Members {
			tr.meet(member.MemberID)
		}
	}
	fmt.Fprintf(&tr.text, "%s: %s v%d\n%s\n\n", title, resp.Key(), version, dumper{tr.members}.value("", reflect.ValueOf(resp)))
}
