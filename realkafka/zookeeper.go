package realkafka

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
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
	text := fmt.Sprintf("tickTime=1000\ndataDir=%s\nclientPort=%d\nclientPortAddress=%s\nmaxClientCnxns=0\n4lw.commands.whitelist=srvr,dump\n",
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

// serves says whether ZooKeeper tells its mode, as it does once it serves sessions.
func (z *ZooKeeper) serves(ctx context.Context) bool {
	answer, err := z.ask(ctx, "srvr")
	return err == nil && strings.Contains(answer, "Mode:")
}

// holds says whether a session that has not expired yet holds the ephemeral node at path.
func (z *ZooKeeper) holds(ctx context.Context, path string) (bool, error) {
	answer, err := z.ask(ctx, "dump")
	return slices.Contains(strings.Fields(answer), path), err
}

// ask sends one of ZooKeeper's four-letter words.
func (z *ZooKeeper) ask(ctx context.Context, word string) (answer string, err error) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", z.Addr())
	if err != nil {
		return "", err
	}
	defer conn.Close()
	deadline, _ := ctx.Deadline()
	if err := conn.SetDeadline(deadline); err != nil {
		return "", err
	}
	if _, err := io.WriteString(conn, word); err != nil {
		return "", err
	}
	b, err := io.ReadAll(conn)
	return string(b), err
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
