package broker

import (
	"crypto/rand"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"sync"

	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

// topics is the cluster's set of topics.
type topics struct {
	defaults topicDefaults

	mu     sync.RWMutex
	byName map[string]*topic        // Guarded by mu.
	byID   map[protocol.UUID]*topic // Guarded by mu.
}

// topicDefaults are the broker settings that a topic has unless it was given
// its own.
type topicDefaults struct {
	partitions      int32
	maxMessageBytes int
}

// topic is immutable: one that gets more partitions is replaced.
type topic struct {
	name       string
	id         protocol.UUID
	config     *topicConfig
	partitions []*partition // by index
}

// partitionKey names a partition as requests do: by the id of its topic in
// versions that have it (KIP-516), by its name in the others.
type partitionKey struct {
	topic string
	id    protocol.UUID
	index int32
}

// topicSpec is a topic that was asked for.
type topicSpec struct {
	name       string
	partitions int32 // -1: the default
	configs    map[string]string
}

// requestError is an error with the sentence that goes into an answer beside
// its code.
type requestError struct {
	code    kerr.Error
	message string
}

func (e *requestError) Error() string { return e.code.Name() + ": " + e.message }

// Unwrap lets errors.Is find the code.
func (e *requestError) Unwrap() error { return e.code }

func requestErrorf(code kerr.Error, format string, args ...any) *requestError {
	return &requestError{code: code, message: fmt.Sprintf(format, args...)}
}

func newTopics(cfg Config) *topics {
	return &topics{
		defaults: topicDefaults{partitions: cfg.DefaultPartitions, maxMessageBytes: cfg.MaxMessageBytes},
		byName:   make(map[string]*topic),
		byID:     make(map[protocol.UUID]*topic),
	}
}

func (t *topics) named(name string) (*topic, bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	topic, ok := t.byName[name]
	return topic, ok
}

func (t *topics) withID(id protocol.UUID) (*topic, bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	topic, ok := t.byID[id]
	return topic, ok
}

// lookup finds a topic as a request names it: by id where the request's
// version has ids, by name otherwise. The code is the one for the answer,
// kerr.None when the topic was found.
func (t *topics) lookup(name string, id protocol.UUID, byID bool) (*topic, kerr.Error) {
	if byID {
		if topic, ok := t.withID(id); ok {
			return topic, kerr.None
		}
		return nil, kerr.UnknownTopicID
	}
	if topic, ok := t.named(name); ok {
		return topic, kerr.None
	}
	return nil, kerr.UnknownTopicOrPartition
}

// partition finds a partition that a request names.
func (t *topics) partition(key partitionKey, byID bool) (*partition, kerr.Error) {
	topic, code := t.lookup(key.topic, key.id, byID)
	if code != kerr.None {
		return nil, code
	}
	return topic.partition(key.index)
}

// all returns every topic, sorted by name.
func (t *topics) all() []*topic {
	t.mu.RLock()
	defer t.mu.RUnlock()
	all := make([]*topic, 0, len(t.byName))
	for _, name := range slices.Sorted(maps.Keys(t.byName)) {
		all = append(all, t.byName[name])
	}
	return all
}

// partition returns partition index of the topic.
func (t *topic) partition(index int32) (*partition, kerr.Error) {
	if index < 0 || int(index) >= len(t.partitions) {
		return nil, kerr.UnknownTopicOrPartition
	}
	return t.partitions[index], kerr.None
}

// create makes a topic, or with validateOnly only says whether it could.
func (t *topics) create(spec topicSpec, validateOnly bool) (*topic, *requestError) {
	if err := checkTopicName(spec.name); err != nil {
		return nil, err
	}
	config, err := parseTopicConfig(spec.configs, t.defaults)
	if err != nil {
		return nil, err
	}
	if spec.partitions == -1 {
		spec.partitions = t.defaults.partitions
	}
	if err := checkPartitions(spec.partitions); err != nil {
		return nil, err
	}
	made := &topic{name: spec.name, id: randomID(), config: config}
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.checkFree(spec.name); err != nil {
		return nil, err
	}
	made.grow(spec.partitions)
	if !validateOnly {
		t.byName[made.name], t.byID[made.id] = made, made
	}
	return made, nil
}

func (t *topics) createFromConfig(spec Topic) error {
	partitions := spec.Partitions
	if partitions < 0 {
		return checkPartitions(partitions)
	}
	if partitions == 0 {
		partitions = -1
	}
	if _, err := t.create(topicSpec{spec.Name, partitions, spec.Configs}, false); err != nil {
		return err
	}
	return nil
}

// grow adds partitions until there are n.
func (t *topic) grow(n int32) {
	for i := int32(len(t.partitions)); i < n; i++ {
		t.partitions = append(t.partitions, newPartition(t.config))
	}
}

// addPartitions makes a topic have count partitions. assigned is for how many
// of the new ones the brokers were given, -1: for none.
func (t *topics) addPartitions(name string, count int32, assigned int, validateOnly bool) *requestError {
	t.mu.Lock()
	defer t.mu.Unlock()
	old, ok := t.byName[name]
	if !ok {
		return requestErrorf(kerr.UnknownTopicOrPartition, "")
	}
	switch have := int32(len(old.partitions)); {
	case count == have:
		return requestErrorf(kerr.InvalidPartitions, "the topic has %d partitions already", have)
	case count < have:
		return requestErrorf(kerr.InvalidPartitions, "topic %s has %d partitions: it can get more, not %d", name, have, count)
	case count > maxPartitions:
		return requestErrorf(kerr.PolicyViolation, "%d partitions in one request, %d are allowed", count-have, maxPartitions)
	}
	if added := int(count) - len(old.partitions); assigned >= 0 && assigned != added {
		return requestErrorf(kerr.InvalidReplicaAssignment, "%d partitions to add, but brokers for %d", added, assigned)
	}
	if validateOnly {
		return nil
	}
	grown := &topic{name: old.name, id: old.id, config: old.config, partitions: slices.Clone(old.partitions)}
	grown.grow(count)
	t.byName[name], t.byID[old.id] = grown, grown
	return nil
}

// delete removes a topic and ends the waits for its partitions.
func (t *topics) delete(gone *topic) bool {
	t.mu.Lock()
	current, ok := t.byID[gone.id]
	if ok {
		delete(t.byName, gone.name)
		delete(t.byID, gone.id)
	}
	t.mu.Unlock()
	if !ok {
		return false
	}
	for _, p := range current.partitions {
		p.delete()
	}
	return true
}

// checkFree refuses a name that is taken, or that differs from a taken one
// only where Kafka's metrics do not: in '.' against '_'.
func (t *topics) checkFree(name string) *requestError {
	if _, ok := t.byName[name]; ok {
		return requestErrorf(kerr.TopicAlreadyExists, "topic %s exists already", name)
	}
	for other := range t.byName {
		if collides(name, other) {
			return requestErrorf(kerr.InvalidTopicException, "topic %s differs from topic %s in nothing but . and _, which metrics cannot tell apart", name, other)
		}
	}
	return nil
}

func collides(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if dotted(a[i]) != dotted(b[i]) {
			return false
		}
	}
	return true
}

func dotted(c byte) byte {
	if c == '.' {
		return '_'
	}
	return c
}

const (
	maxTopicName = 249 // a log directory's name has to hold it and the partition
	// maxPartitions is the most that Kafka's controller creates in one request.
	maxPartitions = 10_000
)

var topicNameChars = regexp.MustCompile(`^[a-zA-Z0-9._-]+$`)

func checkTopicName(name string) *requestError {
	switch {
	case name == "":
		return requestErrorf(kerr.InvalidTopicException, "a topic needs a name")
	case name == "." || name == "..":
		return requestErrorf(kerr.InvalidTopicException, "a topic may not be called %q", name)
	case len(name) > maxTopicName:
		return requestErrorf(kerr.InvalidTopicException, "a topic name of %d characters, %d are allowed", len(name), maxTopicName)
	case !topicNameChars.MatchString(name):
		return requestErrorf(kerr.InvalidTopicException, "topic name %q: only a-z, A-Z, 0-9, dot, underscore and dash are allowed", name)
	}
	return nil
}

func checkPartitions(n int32) *requestError {
	if n <= 0 {
		return requestErrorf(kerr.InvalidPartitions, "%d partitions: there has to be one at least", n)
	}
	if n > maxPartitions {
		return requestErrorf(kerr.PolicyViolation, "%d partitions in one request, %d are allowed", n, maxPartitions)
	}
	return nil
}

// randomID returns a random UUID (version 4), never the zero one.
func randomID() protocol.UUID {
	var id protocol.UUID
	rand.Read(id[:])
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	return id
}
