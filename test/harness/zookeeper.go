package harness

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"time"
)

// create makes nodes in ZooKeeper, in a session of its own. What is there already stays as it is.
func create(ctx context.Context, zooKeeper string, nodes ...node) error {
	conn, err := (&net.Dialer{Timeout: 10 * time.Second}).DialContext(ctx, "tcp", zooKeeper)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return err
	}
	if _, err := exchange(conn, newSession); err != nil {
		return fmt.Errorf("session with ZooKeeper at %s: %w", zooKeeper, err)
	}
	for i, n := range nodes {
		answer, err := exchange(conn, n.request(int32(i+1)))
		if err == nil && len(answer) < 16 {
			err = io.ErrUnexpectedEOF
		}
		if err == nil {
			const exists = -110
			if code := int32(binary.BigEndian.Uint32(answer[12:])); code != 0 && code != exists { // behind a number and a transaction's
				err = fmt.Errorf("error %d", code)
			}
		}
		if err != nil {
			return fmt.Errorf("create %s in ZooKeeper: %w", n.path, err)
		}
	}
	_, err = exchange(conn, endOfSession)
	return err
}

// node is a node that stays.
type node struct{ path, data string }

// request encodes its creation, open to everybody.
func (n node) request(number int32) []byte {
	const create, all, stays = 1, 31, 0
	b := appendInts(nil, number, create)
	b = appendText(b, n.path)
	b = appendText(b, n.data)
	b = appendInts(b, 1, all)
	b = appendText(b, "world")
	b = appendText(b, "anyone")
	return appendInts(b, stays)
}

var (
	// Version 0, nothing seen yet (8 bytes), a timeout in milliseconds, no session yet (8 bytes) and its empty password.
	newSession   = append(appendInts(nil, 0, 0, 0, 10_000, 0, 0, 16), make([]byte, 16)...)
	endOfSession = appendInts(nil, 0, -11)
)

func exchange(conn net.Conn, request []byte) (answer []byte, err error) {
	if _, err := conn.Write(append(appendInts(nil, int32(len(request))), request...)); err != nil {
		return nil, err
	}
	var size [4]byte
	if _, err := io.ReadFull(conn, size[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(size[:])
	if n > 1<<20 {
		return nil, fmt.Errorf("an answer of %d bytes", n)
	}
	answer = make([]byte, n)
	_, err = io.ReadFull(conn, answer)
	return answer, err
}

func appendInts(b []byte, values ...int32) []byte {
	for _, v := range values {
		b = binary.BigEndian.AppendUint32(b, uint32(v))
	}
	return b
}

func appendText(b []byte, text string) []byte {
	return append(appendInts(b, int32(len(text))), text...)
}
