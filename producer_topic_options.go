package afkak

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/afkak-go/afkak/internal/accum"
	"github.com/afkak-go/afkak/internal/compress"
)

// topicConfig is what a topic may have settings of its own for.
type topicConfig struct {
	acks            Acks
	ackTimeout      time.Duration
	deliveryTimeout time.Duration
	codec           Codec
	level           int
	partitioner     Partitioner
	linger          time.Duration
}

// WithTopic gives one topic settings of its own, for a producer that writes to
// topics of several kinds. It takes [WithAcks], [WithAckTimeout],
// [WithDeliveryTimeout], [WithCompression], [WithCompressionLevel],
// [WithLinger] and [WithPartitioner]; every other option is for the whole
// producer, and an error here. What is not said here is as for other topics,
// whatever the order of the options; said twice, the last counts. A codec of
// its own has the codec's own level unless one is given.
//
// Idempotence needs [AcksAll]: a topic with other acks is written to without.
// Batches of topics whose acks or ack timeouts differ cannot share a request.
func WithTopic(topic string, opts ...ProducerOption) ProducerOption {
	return func(cfg *producerConfig) {
		cfg.wide("WithTopic")
		cfg.topics = append(cfg.topics, topicOptions{topic: topic, opts: opts})
	}
}

// topicOptions are one WithTopic.
type topicOptions struct {
	topic string
	opts  []ProducerOption
}

// wide notes that an option is for the whole producer.
func (cfg *producerConfig) wide(option string) {
	if cfg.of != nil {
		cfg.problems = append(cfg.problems,
			fmt.Errorf("afkak: WithTopic(%q): %s is for the whole producer: give it to NewProducer itself", *cfg.of, option))
	}
}

// unsaid is no level.
const unsaid = math.MinInt

// applyTopics makes the topics' own settings from the producer's and theirs.
func (cfg *producerConfig) applyTopics() {
	cfg.own = make(map[string]topicConfig, len(cfg.topics))
	for _, t := range cfg.topics {
		own, known := cfg.own[t.topic]
		if !known {
			own = cfg.topicConfig
		}
		scratch := producerConfig{topicConfig: own, of: &t.topic}
		scratch.level = unsaid
		for _, opt := range t.opts {
			opt(&scratch)
		}
		switch {
		case scratch.level != unsaid:
		case scratch.codec == own.codec:
			scratch.level = own.level
		default: // the level was another codec's
			scratch.level = compress.DefaultLevel
		}
		cfg.own[t.topic] = scratch.topicConfig
		cfg.problems = append(cfg.problems, scratch.problems...)
	}
}

// validateTopics returns what is wrong with the settings of single topics.
func (cfg *producerConfig) validateTopics() (errs []error) {
	for _, topic := range slices.Sorted(maps.Keys(cfg.own)) {
		of := *cfg
		of.topicConfig = cfg.own[topic]
		errs = append(errs, of.validateTopic(fmt.Sprintf("WithTopic(%q): ", topic))...)
	}
	return errs
}

// shortestDelivery is the shortest delivery timeout of all topics.
func (cfg *producerConfig) shortestDelivery() time.Duration {
	shortest := cfg.deliveryTimeout
	for _, own := range cfg.own {
		shortest = min(shortest, own.deliveryTimeout)
	}
	return shortest
}

// topicSettings are the settings of topics, ready for use: one topic's own, or
// those of all that have none.
type topicSettings struct {
	topicConfig
	accum accum.Config
}

// settingsOf returns a topic's settings.
func (p *Producer) settingsOf(topic string) *topicSettings {
	if own, ok := p.own[topic]; ok {
		return own
	}
	return &p.usual
}

// makeSettings makes the settings of all topics, once.
func (p *Producer) makeSettings() {
	p.usual = topicSettings{topicConfig: p.cfg.topicConfig, accum: p.accumConfig(&p.cfg.topicConfig)}
	p.own = make(map[string]*topicSettings, len(p.cfg.own))
	for topic, cfg := range p.cfg.own {
		p.own[topic] = &topicSettings{topicConfig: cfg, accum: p.accumConfig(&cfg)}
	}
}
