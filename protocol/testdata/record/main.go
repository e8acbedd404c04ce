// Command record is a proxy between a Kafka client and one broker that writes
// what it sees into a folder, one file for each API and version. See
// ../golden/README.md for how the files there were made with it.
package main

import (
	"encoding/binary"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/afkak-go/afkak/protocol"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:25500", "`address` for the client, which the broker must advertise")
	broker := flag.String("broker", "127.0.0.1:25400", "`address` of the broker")
	client := flag.String("client", "golden-client", "`ID` of the client whose requests are recorded")
	out := flag.String("out", "", "`folder` for the files")
	flag.Parse()
	l, err := net.Listen("tcp", *listen)
	if err != nil {
		log.Fatal(err)
	}
	r := &recorder{dir: *out, client: *client, best: map[string]int{}}
	for {
		client, err := l.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go func() { // ends with the client's connection
			if err := r.serve(client, *broker); err != nil && err != io.EOF {
				log.Print(err)
			}
		}()
	}
}

// recorder keeps of every API and version the exchange with the most bytes,
// up to a limit.
type recorder struct {
	dir    string
	client string // its ID

	mu   sync.Mutex
	best map[string]int
}

const maxExchange = 4 << 10

func (r *recorder) serve(client net.Conn, addr string) error {
	defer client.Close()
	broker, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	defer broker.Close()
	for {
		request, err := forward(broker, client)
		if err != nil {
			return err
		}
		if noAnswer(request[4:]) {
			continue
		}
		response, err := forward(client, broker)
		if err != nil {
			return err
		}
		if id := header(request[4:]).ClientID; id == nil || *id != r.client {
			continue
		}
		if err := r.keep(request[4:], response[4:]); err != nil {
			return err
		}
	}
}

// forward passes one frame on and returns it with its length.
func forward(dst io.Writer, src io.Reader) ([]byte, error) {
	frame := make([]byte, 4)
	if _, err := io.ReadFull(src, frame); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(frame)
	frame = append(frame, make([]byte, n)...)
	if _, err := io.ReadFull(src, frame[4:]); err != nil {
		return nil, err
	}
	_, err := dst.Write(frame)
	return frame, err
}

// header returns the request header that a frame begins with, or as much of it
// as can be read.
func header(request []byte) (h protocol.RequestHeader) {
	key, version := apiOf(request)
	h.DecodeFrom(request, key.RequestHeaderVersion(version))
	return h
}

func apiOf(request []byte) (protocol.APIKey, int16) {
	return protocol.APIKey(binary.BigEndian.Uint16(request)), int16(binary.BigEndian.Uint16(request[2:]))
}

// noAnswer reports a produce request with acks 0, which has no response.
func noAnswer(request []byte) bool {
	key, version := apiOf(request)
	if key != protocol.KeyProduce {
		return false
	}
	var h protocol.RequestHeader
	n, err := h.DecodeFrom(request, key.RequestHeaderVersion(version))
	var produce protocol.ProduceRequest
	return err == nil && produce.DecodeFrom(request[n:], version) == nil && produce.Acks == 0
}

func (r *recorder) keep(request, response []byte) error {
	key, version := apiOf(request)
	name := fmt.Sprintf("%s-v%d.hex", strings.ToLower(key.String()), version)
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := len(request) + len(response); n > maxExchange || n <= r.best[name] {
		return nil
	}
	r.best[name] = len(request) + len(response)
	text := fmt.Sprintf("request %x\nresponse %x\n", request, response)
	return os.WriteFile(filepath.Join(r.dir, name), []byte(text), 0o644)
}
