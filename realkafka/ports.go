package realkafka

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
)

const host = "127.0.0.1"

// Ports are looked for in this range, below those that systems hand out for
// outgoing connections (from 32768 on Linux, 49152 elsewhere): a broker that is
// down must find its port free when it returns, and a client that dials it
// meanwhile must be refused. On a port of the outgoing range it can be connected
// to itself.
const firstPort, lastPort = 10000, 32000

// A heldPort is kept from others until just before the process that needs it starts.
type heldPort struct {
	number int
	holder net.Listener
}

// holdPort finds a free port.
func holdPort() (*heldPort, error) {
	for range 100 {
		p, err := holdPortNumber(firstPort + rand.IntN(lastPort-firstPort))
		if err == nil {
			return p, nil
		}
	}
	return holdPortNumber(0) // the system's choice, if it has one
}

func holdPortNumber(number int) (*heldPort, error) {
	l, err := net.Listen("tcp", hostPort(number))
	if err != nil {
		return nil, fmt.Errorf("find a free port: %w", err)
	}
	return &heldPort{number: l.Addr().(*net.TCPAddr).Port, holder: l}, nil
}

// holdPorts finds n free ports.
func holdPorts(n int) ([]*heldPort, error) {
	ports := make([]*heldPort, 0, n)
	for range n {
		p, err := holdPort()
		if err != nil {
			return nil, errors.Join(err, releasePorts(ports))
		}
		ports = append(ports, p)
	}
	return ports, nil
}

// release lets the port be taken. It may be called again.
func (p *heldPort) release() error {
	if p.holder == nil {
		return nil
	}
	err := p.holder.Close()
	p.holder = nil
	return err
}

func releasePorts(ports []*heldPort) error {
	var errs []error
	for _, p := range ports {
		errs = append(errs, p.release())
	}
	return errors.Join(errs...)
}

func hostPort(port int) string { return net.JoinHostPort(host, strconv.Itoa(port)) }
