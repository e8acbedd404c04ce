package realkafka

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// stopGrace is how long Stop waits when its context has no deadline.
const stopGrace = 30 * time.Second

// A Broker is one broker of a cluster. Its methods are safe for concurrent use; those
// that start or end its process come one after the other.
type Broker struct {
	cluster *Cluster
	id      int
	runs    atomic.Pointer[release] // changed by RestartAs, under op and mu

	op sync.Mutex // held over a whole Kill, Stop, Restart, …; taken before mu

	mu        sync.Mutex
	process   *process    // guarded by mu; nil before the first start
	port      *heldPort   // guarded by mu; of the plain listener
	listeners []*heldPort // guarded by mu; in the order of Config.Listeners

	controllerPort *heldPort // on KRaft; never changes, for the voters list has it
}

func newBroker(c *Cluster, id int, version string, kraft bool) (*Broker, error) {
	r, err := findRelease(version)
	if err != nil {
		return nil, err
	}
	b := &Broker{cluster: c, id: id}
	b.runs.Store(&r)
	ports, err := holdPorts(1 + len(c.cfg.Listeners))
	if err != nil {
		return nil, err
	}
	b.port, b.listeners = ports[0], ports[1:]
	if kraft {
		if b.controllerPort, err = holdPort(); err != nil {
			return nil, errors.Join(err, releasePorts(ports))
		}
	}
	return b, nil
}

// ID is the broker's node id, from 1.
func (b *Broker) ID() int { return b.id }

// Version is the broker's release. RestartAs changes it.
func (b *Broker) Version() string { return b.runs.Load().version }

// Addr is the broker's plain listener, host:port. RestartOn changes it.
func (b *Broker) Addr() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return hostPort(b.port.number)
}

// ListenerAddr is the address of the named listener of Config.Listeners, "" when there is none of that name.
func (b *Broker) ListenerAddr(name string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, l := range b.cluster.cfg.Listeners {
		if l.Name == name {
			return hostPort(b.listeners[i].number)
		}
	}
	return ""
}

// Running says whether the broker's process is there, paused or not.
func (b *Broker) Running() bool { return b.current().running() }

// LogFile is the file with all that the broker has printed, of all its runs.
func (b *Broker) LogFile() string { return b.file("log") }

// Kill ends the broker at once, as a crash would (SIGKILL), and returns when it is gone.
// Its data stays. One that is down stays down.
func (b *Broker) Kill() {
	b.op.Lock()
	defer b.op.Unlock()
	b.current().kill()
}

// Stop shuts the broker down in order: its leaderships move first where they can. When
// ctx ends before that, after 30 seconds if it has no deadline, the broker is killed,
// which is an error. One that is down stays down; a paused one is resumed first.
func (b *Broker) Stop(ctx context.Context) error {
	b.op.Lock()
	defer b.op.Unlock()
	return prefixed(b.stop(ctx))
}

func (b *Broker) stop(ctx context.Context) error {
	if _, limited := ctx.Deadline(); !limited {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, stopGrace)
		defer cancel()
	}
	p := b.current()
	if p == nil {
		return nil
	}
	if err := p.stop(ctx); err != nil {
		return fmt.Errorf("stop: %w", err)
	}
	return nil
}

// Pause holds the broker where it is (SIGSTOP): its connections stay open and nothing
// answers. Pausing twice is pausing once. Not on Windows.
func (b *Broker) Pause() error {
	b.op.Lock()
	defer b.op.Unlock()
	if p := b.current(); p != nil {
		return prefixed(p.pause())
	}
	return fmt.Errorf("realkafka: pause broker %d: it does not run", b.id)
}

// Resume lets a paused broker go on (SIGCONT).
func (b *Broker) Resume() error {
	b.op.Lock()
	defer b.op.Unlock()
	if p := b.current(); p != nil {
		return prefixed(p.resume())
	}
	return nil
}

// Restart starts the broker again, with its data and on its port, and returns when it
// serves requests and the others see it. One that runs is stopped first. The
// context is bounded as that of [Start].
func (b *Broker) Restart(ctx context.Context) error {
	b.op.Lock()
	defer b.op.Unlock()
	return prefixed(b.restart(ctx, nil))
}

// RestartOn is Restart on another port of the plain listener, 0 for any that is free.
// Other listeners keep theirs.
func (b *Broker) RestartOn(ctx context.Context, port int) error {
	b.op.Lock()
	defer b.op.Unlock()
	var held *heldPort
	var err error
	if port == 0 {
		held, err = holdPort()
	} else {
		held, err = holdPortNumber(port)
	}
	if err != nil {
		return prefixed(err)
	}
	return prefixed(b.restart(ctx, held))
}

func (b *Broker) restart(ctx context.Context, port *heldPort) error {
	ctx, cancel := withStartTimeout(ctx)
	defer cancel()
	if err := b.stop(ctx); err != nil {
		return err
	}
	if port != nil {
		b.mu.Lock()
		b.port = port
		b.mu.Unlock()
	}
	if err := b.awaitForgotten(ctx); err != nil {
		return err
	}
	if err := b.startAgain(ctx); err != nil {
		return err
	}
	return b.cluster.awaitMembers(ctx)
}

// awaitForgotten waits until ZooKeeper has let the session of a killed run expire, which takes it six
// seconds. Early releases do not recover from finding their own traces: a broker of
// 0.8.2 that was the controller never elects a leader again.
func (b *Broker) awaitForgotten(ctx context.Context) error {
	zk := b.cluster.zk
	if zk == nil {
		return nil
	}
	p := zk.current()
	if !p.running() || p.paused.Load() {
		return nil // the broker will say itself that it finds no ZooKeeper
	}
	err := b.cluster.poll(ctx, p, func() (bool, error) {
		held, err := zk.holds(ctx, fmt.Sprintf("/brokers/ids/%d", b.id))
		return !held && err == nil, nil
	})
	if err != nil {
		return fmt.Errorf("wait for ZooKeeper to forget broker %d: %w", b.id, err)
	}
	return nil
}

// startAgain retries when something else has the port for a moment.
func (b *Broker) startAgain(ctx context.Context) error {
	for {
		if err := b.launch(); err != nil {
			return err
		}
		err := b.awaitStarted(ctx)
		if !errors.Is(err, errPortTaken) {
			return err
		}
		b.cluster.log.printf("broker %d did not start, trying again: %v", b.id, firstLine(err))
		select {
		case <-ctx.Done():
			return err
		case <-b.cluster.closing:
			return errClosed
		case <-time.After(500 * time.Millisecond):
		}
	}
}

// launch starts the process and does not wait for the broker to be ready.
func (b *Broker) launch() error {
	select {
	case <-b.cluster.closing:
		return errClosed
	default:
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	n := b.node()
	cmd, err := b.command(n)
	if err != nil {
		return err
	}
	settings := n.file(b.cluster.cfg.Properties, b.ownProperties())
	if err := os.WriteFile(b.file("properties"), []byte(settings), 0o600); err != nil {
		return err
	}
	if err := b.releasePorts(); err != nil {
		return err
	}
	b.process, err = startProcess(b.name(), cmd, b.LogFile(), b.cluster.reaper)
	return err
}

func (b *Broker) command(n node) (*exec.Cmd, error) {
	launcher, err := java()
	if err != nil {
		return nil, err
	}
	cache, err := CacheDir()
	if err != nil {
		return nil, err
	}
	args := []string{"-Xmx512m", "-Xshare:auto"}
	args = append(args, n.release.javaFlags()...)
	args = append(args, logFlags(b.cluster.dir, "server")...)
	args = append(args, "-Dkafka.logs.dir="+b.cluster.dir)
	for _, arg := range b.cluster.cfg.JavaArgs {
		args = append(args, n.placeholders().Replace(arg))
	}
	args = append(args, "-cp", classpath(n.release.core().dir(cache)), "kafka.Kafka", b.file("properties"))
	cmd := exec.Command(launcher, args...)
	cmd.Dir = b.cluster.dir
	return cmd, nil
}

// node is the broker as its properties see it. The caller holds mu.
func (b *Broker) node() node {
	versions := slices.Clone(b.cluster.cfg.Versions)
	versions[b.id-1] = b.Version()
	n := node{
		release:  *b.runs.Load(),
		id:       b.id,
		versions: versions,
		port:     b.port.number,
		dir:      b.cluster.dir,
		dataDir:  b.dataDir(),
	}
	for i, l := range b.cluster.cfg.Listeners {
		n.listeners = append(n.listeners, boundListener{l, b.listeners[i].number})
	}
	if b.controllerPort != nil {
		n.controllerPort = b.controllerPort.number
		n.voters = b.cluster.voters()
	} else {
		n.zookeeper = b.cluster.zk.Addr()
	}
	return n
}

// releasePorts gives the held ports to the process that is about to start. The caller holds mu.
func (b *Broker) releasePorts() error {
	err := errors.Join(b.port.release(), releasePorts(b.listeners))
	if b.controllerPort != nil {
		err = errors.Join(err, b.controllerPort.release())
	}
	return err
}

// awaitStarted waits for the broker's word that it has started, and for its port to answer.
func (b *Broker) awaitStarted(ctx context.Context) error {
	p := b.current()
	scan := newLogScan(p)
	err := b.cluster.poll(ctx, p, func() (bool, error) { return scan.saw(startedLine) })
	if err == nil {
		err = b.cluster.poll(ctx, p, func() (bool, error) { return answers(ctx, b.Addr()), nil })
	}
	if err != nil {
		return fmt.Errorf("%s did not start: %w; the end of its log:\n%s", b.name(), err, p.tail())
	}
	return nil
}

// shutDown is Kill at the end of the cluster.
func (b *Broker) shutDown() {
	b.op.Lock()
	defer b.op.Unlock()
	b.current().kill()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.releasePorts()
}

func (b *Broker) current() *process {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.process
}

func (b *Broker) ownProperties() map[string]string {
	if all := b.cluster.cfg.BrokerProperties; b.id <= len(all) {
		return all[b.id-1]
	}
	return nil
}

func (b *Broker) name() string { return fmt.Sprintf("broker %d (%s)", b.id, b.Version()) }

func (b *Broker) dataDir() string { return filepath.Join(b.cluster.dir, fmt.Sprintf("data%d", b.id)) }

func (b *Broker) file(kind string) string {
	return filepath.Join(b.cluster.dir, fmt.Sprintf("broker%d.%s", b.id, kind))
}
