package realkafka

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"
)

// A ZooKeeper is the one ZooKeeper server of a cluster that needs it. Its methods
// are safe for concurrent use and come one after the other.
type ZooKeeper struct {
	cluster *Cluster
	release release // of Kafka, whose jars have it
	port    *heldPort

	op sync.Mutex // held over a whole Start, Kill, …; taken before mu

	mu      sync.Mutex
	process *process // guarded by mu
}

// newZooKeeper takes the newest release of the cluster for it: old clients get along with new servers.
func newZooKeeper(c *Cluster) (*ZooKeeper, error) {
	r, err := findRelease(newest(c.cfg.Versions))
	if err != nil {
		return nil, err
	}
	port, err := holdPort()
	if err != nil {
		return nil, err
	}
	return &ZooKeeper{cluster: c, release: r, port: port}, nil
}

// Addr is where it listens, host:port; it does not change.
func (z *ZooKeeper) Addr() string { return hostPort(z.port.number) }

// Kill ends it at once (SIGKILL). Its data stays.
func (z *ZooKeeper) Kill() {
	z.op.Lock()
	defer z.op.Unlock()
	z.current().kill()
}

// Pause holds it where it is (SIGSTOP). Not on Windows.
func (z *ZooKeeper) Pause() error {
	z.op.Lock()
	defer z.op.Unlock()
	if p := z.current(); p != nil {
		return prefixed(p.pause())
	}
	return nil
}

// Resume lets it go on (SIGCONT).
func (z *ZooKeeper) Resume() error {
	z.op.Lock()
	defer z.op.Unlock()
	if p := z.current(); p != nil {
		return prefixed(p.resume())
	}
	return nil
}

// Start starts it again after a Kill, with its data and on its port, and returns
// when it answers. One that runs goes on. The context is bounded as that of the function [Start].
func (z *ZooKeeper) Start(ctx context.Context) error {
	z.op.Lock()
	defer z.op.Unlock()
	return prefixed(z.start(ctx))
}

func (z *ZooKeeper) start(ctx context.Context) error {
	if z.current().running() {
		return nil
	}
	ctx, cancel := withStartTimeout(ctx)
	defer cancel()
	p, err := z.launch()
	if err != nil {
		return err
	}
	err = z.cluster.poll(ctx, p, func() (bool, error) { return z.serves(ctx), nil })
	if err != nil {
		return fmt.Errorf("%s did not start: %w; the end of its log:\n%s", p.name, err, p.tail())
	}
	return nil
}

func (z *ZooKeeper) launch() (*process, error) {
	select {
	case <-z.cluster.closing:
		return nil, errClosed
	default:
	}
	launcher, err := java()
	if err != nil {
		return nil, err
	}
	cache, err := CacheDir()
	if err != nil {
		return nil, err
	}
	dir := z.cluster.dir
	data, settings := filepath.Join(dir, "zookeeper"), filepath.Join(dir, "zookeeper.properties")
	if err := os.MkdirAll(data, 0o755); err != nil {
		return nil, err
	}
	text := fmt.Sprintf("tickTime=1000\ndataDir=%s\nclientPort=%d\nclientPortAddress=%s\nmaxClientCnxns=0\n",
		escapeProperty(data, false), z.port.number, host)
	if err := os.WriteFile(settings, []byte(text), 0o644); err != nil {
		return nil, err
	}
	args := append([]string{"-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dzookeeper.admin.enableServer=false"},
		z.release.javaFlags()...)
	args = append(args, logFlags(dir, "server")...)
	args = append(args, "-cp", classpath(z.release.core().dir(cache)),
		"org.apache.zookeeper.server.ZooKeeperServerMain", settings)
	cmd := exec.Command(launcher, args...)
	cmd.Dir = dir

	z.mu.Lock()
	defer z.mu.Unlock()
	if err := z.port.release(); err != nil {
		return nil, err
	}
	z.process, err = startProcess("ZooKeeper", cmd, filepath.Join(dir, "zookeeper.log"), z.cluster.reaper)
	return z.process, err
}

// serves asks ZooKeeper for its state, which it tells once it serves sessions.
func (z *ZooKeeper) serves(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", z.Addr())
	if err != nil {
		return false
	}
	defer conn.Close()
	deadline, _ := ctx.Deadline()
	conn.SetDeadline(deadline)
	if _, err := io.WriteString(conn, "srvr"); err != nil {
		return false
	}
	answer, err := io.ReadAll(conn)
	return err == nil && bytes.Contains(answer, []byte("Mode:"))
}

// shutDown is Kill at the end of the cluster.
func (z *ZooKeeper) shutDown() {
	z.op.Lock()
	defer z.op.Unlock()
	z.current().kill()
	z.mu.Lock()
	defer z.mu.Unlock()
	z.port.release()
}

func (z *ZooKeeper) current() *process {
	z.mu.Lock()
	defer z.mu.Unlock()
	return z.process
}
