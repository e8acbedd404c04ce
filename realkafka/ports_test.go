package realkafka

import (
	"context"
	"net"
	"testing"
)

func TestAHeldPortIsNobodyElsesUntilItIsReleased(t *testing.T) {
	ports, err := holdPorts(20)
	if err != nil {
		t.Fatal(err)
	}
	defer releasePorts(ports)
	seen := map[int]bool{}
	for _, p := range ports {
		if seen[p.number] {
			t.Errorf("port %d was given twice", p.number)
		}
		seen[p.number] = true
		if l, err := net.Listen("tcp", hostPort(p.number)); err == nil {
			l.Close()
			t.Errorf("port %d is free while it is held", p.number)
		}
	}
	if err := ports[0].release(); err != nil {
		t.Fatal(err)
	}
	if err := ports[0].release(); err != nil {
		t.Errorf("released twice: %v", err)
	}
	again, err := holdPortNumber(ports[0].number)
	if err != nil {
		t.Fatalf("a released port is not free: %v", err)
	}
	again.release()
}

func TestPortsAreBelowThoseOfOutgoingConnections(t *testing.T) {
	p, err := holdPort()
	if err != nil {
		t.Fatal(err)
	}
	defer p.release()
	if p.number < firstPort || p.number >= lastPort {
		t.Errorf("got port %d, want one of %d to %d", p.number, firstPort, lastPort)
	}
}

func TestAnswersSaysWhetherSomethingListens(t *testing.T) {
	p, err := holdPort()
	if err != nil {
		t.Fatal(err)
	}
	if !answers(context.Background(), hostPort(p.number)) {
		t.Error("nothing answers on a port that is listened to")
	}
	p.release()
	if answers(context.Background(), hostPort(p.number)) {
		t.Error("something answers on a port that is not listened to")
	}
}
