package broker

import (
	"fmt"
	"log/slog"
	"net"
	"sync"

	"github.com/afkak-go/afkak/protocol"
)

// Broker is a running broker. Its methods may be called from any goroutine.
type Broker struct {
	cfg      Config
	logger   *slog.Logger
	listener net.Listener
	host     string // advertised
	port     int32  // advertised

	apis      map[protocol.APIKey]api // read only
	topics    *topics
	sessions  *fetchSessions
	groups    *groups
	producers *producerIDs

	closing chan struct{}  // closed when Close begins: ends long polls
	running sync.WaitGroup // the accept loop, the connections and the groups' clock

	mu    sync.Mutex
	conns map[net.Conn]struct{} // nil once Close has begun. Guarded by mu.
}

// Start starts a broker and returns when it accepts connections. It fails
// when cfg is impossible (all that is wrong with it is reported at once) or the
// address cannot be listened on.
func Start(cfg Config) (*Broker, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	b := newBroker(cfg)
	for _, topic := range cfg.Topics {
		if err := b.topics.createFromConfig(topic); err != nil {
			return nil, fmt.Errorf("broker: create topic %q: %w", topic.Name, err)
		}
	}
	if err := b.listen(); err != nil {
		return nil, err
	}
	b.running.Go(b.accept)                           // ends when Close closes the listener; Close waits for it
	b.running.Go(func() { b.groups.run(b.closing) }) // ends when Close closes closing; Close waits for it
	b.logger.Info("broker listening", "addr", b.Addr(), "broker", cfg.NodeID)
	return b, nil
}

// newBroker returns a broker that does not listen.
func newBroker(cfg Config) *Broker {
	return &Broker{
		cfg:       cfg,
		logger:    cfg.Logger,
		apis:      kafka44(),
		topics:    newTopics(cfg),
		sessions:  newFetchSessions(),
		groups:    newGroups(cfg),
		producers: newProducerIDs(),
		closing:   make(chan struct{}),
		conns:     make(map[net.Conn]struct{}),
	}
}

func (b *Broker) listen() error {
	var err error
	b.listener = b.cfg.Listener
	if b.listener == nil {
		if b.listener, err = net.Listen("tcp", b.cfg.Listen); err != nil {
			return fmt.Errorf("broker: %w", err)
		}
	}
	b.host, b.port, err = b.cfg.advertised(b.listener.Addr())
	if err != nil {
		b.listener.Close()
	}
	return err
}

// Addr returns the host:port that the broker listens on, for a client to
// connect to.
func (b *Broker) Addr() string { return b.listener.Addr().String() }

// Close stops listening, ends every connection and waits until their
// goroutines have ended. What was stored is gone. Closing again is a no-op.
func (b *Broker) Close() error {
	b.mu.Lock()
	conns := b.conns
	b.conns = nil
	b.mu.Unlock()
	if conns == nil {
		b.running.Wait()
		return nil
	}
	close(b.closing)
	err := b.listener.Close()
	for nc := range conns {
		nc.Close()
	}
	b.running.Wait()
	b.logger.Info("broker closed", "addr", b.Addr(), "broker", b.cfg.NodeID)
	return err
}
