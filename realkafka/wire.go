package realkafka

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

// maxAnswer bounds a metadata answer, which is a few hundred bytes.
const maxAnswer = 1 << 20

// metadata is what one broker says of the cluster, by the first version of the
// metadata request, which every release answers.
type metadata struct {
	brokers map[int]string     // address by id
	leaders map[string][]int   // leader by topic and partition, -1 for none
	errors  map[string][]int16 // of the topic, then of its partitions
}

// askMetadata asks the broker at addr for the topics, or for all of them. Naming a
// topic that does not exist may create it.
func askMetadata(ctx context.Context, addr string, topics ...string) (*metadata, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	deadline, _ := ctx.Deadline()
	if err := conn.SetDeadline(deadline); err != nil {
		return nil, err
	}
	if _, err := conn.Write(metadataRequest(topics)); err != nil {
		return nil, err
	}
	var size [4]byte
	if _, err := io.ReadFull(conn, size[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(size[:])
	if n > maxAnswer {
		return nil, fmt.Errorf("the metadata answer of %s is %d bytes long", addr, n)
	}
	answer := make([]byte, n)
	if _, err := io.ReadFull(conn, answer); err != nil {
		return nil, err
	}
	return readMetadata(answer)
}

func metadataRequest(topics []string) []byte {
	const metadataKey, version, correlation, clientID = 3, 0, 1, "realkafka"
	b := make([]byte, 4, 64)
	b = binary.BigEndian.AppendUint16(b, metadataKey)
	b = binary.BigEndian.AppendUint16(b, version)
	b = binary.BigEndian.AppendUint32(b, correlation)
	b = appendString(b, clientID)
	b = binary.BigEndian.AppendUint32(b, uint32(len(topics)))
	for _, topic := range topics {
		b = appendString(b, topic)
	}
	binary.BigEndian.PutUint32(b, uint32(len(b)-4))
	return b
}

func appendString(b []byte, s string) []byte {
	b = binary.BigEndian.AppendUint16(b, uint16(len(s)))
	return append(b, s...)
}

// readMetadata reads the answer from its correlation id on.
func readMetadata(answer []byte) (*metadata, error) {
	c := cursor{rest: answer}
	m := &metadata{brokers: map[int]string{}, leaders: map[string][]int{}, errors: map[string][]int16{}}
	c.int32() // the correlation id: there is one request per connection
	for range c.count() {
		id, name, port := c.int32(), c.string(), c.int32()
		m.brokers[int(id)] = net.JoinHostPort(name, fmt.Sprint(port))
	}
	for range c.count() {
		code, topic := c.int16(), c.string()
		m.errors[topic] = append(m.errors[topic], code)
		for range c.count() {
			code, _, leader := c.int16(), c.int32(), c.int32()
			c.skip(4 * c.count()) // replicas
			c.skip(4 * c.count()) // in sync
			m.errors[topic] = append(m.errors[topic], code)
			m.leaders[topic] = append(m.leaders[topic], int(leader))
		}
	}
	return m, c.err
}

// hasLeaders says whether every one of the topic's partitions can be written to: its
// leader is one of the brokers that there are.
func (m *metadata) hasLeaders(topic string, partitions int) bool {
	if len(m.leaders[topic]) != partitions {
		return false
	}
	for _, leader := range m.leaders[topic] {
		if _, alive := m.brokers[leader]; !alive {
			return false
		}
	}
	for _, code := range m.errors[topic] {
		if code != 0 && code != 9 { // REPLICA_NOT_AVAILABLE: the leader is there
			return false
		}
	}
	return true
}

var errShortAnswer = errors.New("the metadata answer ends early")

// A cursor reads big-endian values; once the bytes run out it reads zeros and has an error.
type cursor struct {
	rest []byte
	err  error
}

func (c *cursor) take(n int) []byte {
	if c.err != nil || n < 0 || n > len(c.rest) {
		c.err = errShortAnswer
		return nil
	}
	b := c.rest[:n]
	c.rest = c.rest[n:]
	return b
}

func (c *cursor) skip(n int) { c.take(n) }

func (c *cursor) int16() int16 {
	if b := c.take(2); b != nil {
		return int16(binary.BigEndian.Uint16(b))
	}
	return 0
}

func (c *cursor) int32() int32 {
	if b := c.take(4); b != nil {
		return int32(binary.BigEndian.Uint32(b))
	}
	return 0
}

// count is the length of an array whose elements take at least 4 bytes each.
func (c *cursor) count() int {
	n := int(c.int32())
	if n < 0 || n > len(c.rest)/4 {
		if n != 0 {
			c.err = errShortAnswer
		}
		return 0
	}
	return n
}

func (c *cursor) string() string { return string(c.take(int(c.int16()))) }
