package afkak

import (
	"errors"
	"math"
	"time"

	"github.com/afkak-go/afkak/internal/metadata"
	"github.com/afkak-go/afkak/kerr"
)

const (
	// goneAfter is for how long brokers must tell of fewer partitions than before,
	// or of no such topic, before they are taken to be gone: a broker that has
	// just started knows no topics, and one that is behind fewer partitions.
	goneAfter = 10 * time.Second
	// askAgain is how often topics of which something is missing are asked for.
	askAgain = 5 * time.Second
)

// topicWatch is what the leader of a group knows of its topics. It is the
// loop's own.
type topicWatch struct {
	watched map[string]int       // the partitions that were handed out; nil: not the leader
	known   map[string]int       // the partitions last seen of a topic
	missing map[string]time.Time // since when there are fewer of a topic; zero: not asked yet
	asked   time.Time            // when that was last asked for
}

// count is how many partitions topics have, 0 for those that do not exist. The
// error is of the first of which that cannot be told.
func (w *topicWatch) count(picture *metadata.Picture, topics []string) (map[string]int, error) {
	counts := make(map[string]int, len(topics))
	for _, name := range topics {
		n, err := w.look(picture, name)
		if err != nil {
			return nil, &TopicError{Topic: name, Err: err}
		}
		counts[name] = n
	}
	return counts, nil
}

// changes is how many partitions the watched topics have, as far as that can be told.
func (w *topicWatch) changes(picture *metadata.Picture) map[string]int {
	counts := make(map[string]int, len(w.watched))
	for name := range w.watched {
		if n, err := w.look(picture, name); err == nil {
			counts[name] = n
		}
	}
	return counts
}

// look is how many partitions a topic has.
func (w *topicWatch) look(picture *metadata.Picture, name string) (int, error) {
	topic, asked := picture.Topic(name)
	switch {
	case !asked && w.known[name] > 0: // the user has had it forgotten, see Client.ResetTopics
		w.missing[name] = time.Time{}
		return 0, kerr.UnknownTopicOrPartition
	case !asked:
		return 0, nil
	case errors.Is(topic.Err, kerr.UnknownTopicOrPartition):
		return w.settle(name, 0, topic.At)
	case topic.Err != nil && (len(topic.Partitions) == 0 || !Retriable(topic.Err)):
		return 0, topic.Err
	}
	return w.settle(name, len(topic.Partitions), topic.At)
}

// settle believes an answer, unless it has only now become less.
func (w *topicWatch) settle(name string, n int, at time.Time) (int, error) {
	if w.known == nil {
		w.known, w.missing = map[string]int{}, map[string]time.Time{}
	}
	if n < w.known[name] {
		if w.missing[name].IsZero() {
			w.missing[name] = at
		}
		if at.Sub(w.missing[name]) < goneAfter {
			return 0, kerr.UnknownTopicOrPartition
		}
	}
	delete(w.missing, name)
	w.known[name] = n
	return n, nil
}

// lacking lists the watched topics of which something is missing.
func (w *topicWatch) lacking() (names []string) {
	for name := range w.watched {
		if _, missing := w.missing[name]; missing || w.known[name] == 0 {
			names = append(names, name)
		}
	}
	return names
}

// toAskFor lists the topics to ask for when it is time for that.
func (w *topicWatch) toAskFor() []string {
	names := w.lacking()
	if len(names) == 0 || time.Since(w.asked) < askAgain {
		return nil
	}
	w.asked = time.Now()
	return names
}

// pause is how long until it is time to ask.
func (w *topicWatch) pause() time.Duration {
	if len(w.lacking()) == 0 {
		return math.MaxInt64
	}
	return time.Until(w.asked.Add(askAgain))
}
