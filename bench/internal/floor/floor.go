// Package floor sends record batches that were encoded beforehand straight to a
// socket: what is left of a producer when all that it does for a record is
// taken away. No client can be cheaper.
package floor

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/afkak-go/afkak/bench/internal/driver"
	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

// Client is the floor behind the driver's interface. It takes workloads without
// a codec.
func Client() driver.Client {
	return driver.Client{
		Name:        "floor",
		Setup:       "no client: the same few batches, encoded before the clock starts, written to one connection with five requests in flight; paced: each record a produce request of its own. Acks all",
		Prepare:     prepareFlood,
		NewProducer: newPacedProducer,
	}
}

const (
	produceVersion = 3 // the first with record batches
	maxInFlight    = 5
	requestBytes   = 4 << 20 // of all partitions' batches together, about
)

// frame is a produce request with a batch for each partition, with its length
// in front.
func frame(topic string, batches [][]byte) ([]byte, error) {
	data := make([]protocol.ProduceRequestTopicDataPartitionData, len(batches))
	for i, b := range batches {
		data[i] = protocol.ProduceRequestTopicDataPartitionData{Index: int32(i), Records: b}
	}
	req := &protocol.ProduceRequest{
		Acks: -1, TimeoutMs: 10_000,
		TopicData: []protocol.ProduceRequestTopicData{{Name: topic, PartitionData: data}},
	}
	header := &protocol.RequestHeader{RequestAPIKey: int16(protocol.KeyProduce), RequestAPIVersion: produceVersion}
	out, err := header.AppendTo(make([]byte, 4), protocol.KeyProduce.RequestHeaderVersion(produceVersion))
	if err != nil {
		return nil, err
	}
	if out, err = req.AppendTo(out, produceVersion); err != nil {
		return nil, err
	}
	binary.BigEndian.PutUint32(out, uint32(len(out)-4))
	return out, nil
}

// answers reads the answers of a connection.
type answers struct {
	conn     net.Conn
	buf      []byte
	response protocol.ProduceResponse
}

// next reads one answer and returns the first error in it.
func (a *answers) next() error {
	var size [4]byte
	if _, err := io.ReadFull(a.conn, size[:]); err != nil {
		return err
	}
	n := int(binary.BigEndian.Uint32(size[:]))
	if n > 16<<20 {
		return fmt.Errorf("an answer to produce of %d bytes", n)
	}
	if cap(a.buf) < n {
		a.buf = make([]byte, n)
	}
	a.buf = a.buf[:n]
	if _, err := io.ReadFull(a.conn, a.buf); err != nil {
		return err
	}
	if err := a.response.DecodeFrom(a.buf[4:], produceVersion); err != nil { // behind the correlation ID
		return err
	}
	for _, topic := range a.response.Responses {
		for _, part := range topic.PartitionResponses {
			if err := kerr.FromCode(part.ErrorCode); err != nil {
				return fmt.Errorf("partition %d: %w", part.Index, err)
			}
		}
	}
	return nil
}

// flood is a request that is sent over and over.
type flood struct {
	addr    string
	frame   []byte
	records int64 // in one frame
}

func prepareFlood(cfg driver.ProducerConfig) (driver.Flood, error) {
	if cfg.Codec != "none" {
		return nil, errors.New("the floor has no codecs")
	}
	f := &flood{addr: cfg.Addr}
	room := min(requestBytes/cfg.Partitions, driver.BatchBytes)
	var batches [][]byte
	for range cfg.Partitions {
		var b batch
		batches = append(batches, b.fill(cfg.Records, room))
		f.records += int64(b.count)
	}
	var err error
	f.frame, err = frame(cfg.Topic, batches)
	return f.run, err
}

func (f *flood) run(records int64, stop <-chan struct{}) (driver.Tally, error) {
	var tally driver.Tally
	conn, err := net.Dial("tcp", f.addr)
	if err != nil {
		return tally, err
	}
	inFlight := make(chan struct{}, maxInFlight)
	written := make(chan error, 1)
	go func() { // ends when everything is written or the connection ends; awaited below
		written <- f.write(conn, records, stop, inFlight)
		close(inFlight)
	}()
	a := answers{conn: conn}
	for range inFlight {
		if err = a.next(); err != nil {
			break
		}
		tally.Records += f.records
	}
	err = errors.Join(err, conn.Close())
	for range inFlight { // the writer may be waiting for room
	}
	return tally, errors.Join(err, <-written)
}

func (f *flood) write(conn net.Conn, records int64, stop <-chan struct{}, inFlight chan<- struct{}) error {
	for sent := int64(0); records == 0 || sent < records; sent += f.records {
		select {
		case <-stop:
			return nil
		default:
		}
		inFlight <- struct{}{}
		if _, err := conn.Write(f.frame); err != nil {
			return err
		}
	}
	return nil
}

// pacedProducer sends each record in a request of its own.
type pacedProducer struct {
	cfg     driver.ProducerConfig
	conn    net.Conn
	sent    chan time.Time // of the requests without an answer, in order
	drained sync.WaitGroup
	tally   driver.Tally // the reader's until it has ended
}

func newPacedProducer(cfg driver.ProducerConfig) (driver.Producer, error) {
	conn, err := net.Dial("tcp", cfg.Addr)
	if err != nil {
		return nil, err
	}
	p := &pacedProducer{cfg: cfg, conn: conn, sent: make(chan time.Time, 1<<16)}
	p.drained.Go(p.read) // ends when Close has closed p.sent, and Close waits for it
	return p, nil
}

func (p *pacedProducer) read() {
	a := answers{conn: p.conn}
	for sent := range p.sent {
		err := a.next()
		if err == nil && p.cfg.Latency != nil {
			p.cfg.Latency(time.Since(sent))
		}
		p.tally.Count(err)
	}
}

func (p *pacedProducer) Send(key, value []byte) error {
	sent := time.Now()
	var b batch
	b.add(key, value)
	out, err := frame(p.cfg.Topic, [][]byte{b.seal()})
	if err != nil {
		return err
	}
	p.sent <- sent
	_, err = p.conn.Write(out)
	return err
}

func (p *pacedProducer) Close(ctx context.Context) (driver.Tally, error) {
	if deadline, ok := ctx.Deadline(); ok {
		if err := p.conn.SetReadDeadline(deadline); err != nil {
			return p.tally, err
		}
	}
	close(p.sent)
	p.drained.Wait()
	return p.tally, p.conn.Close()
}
