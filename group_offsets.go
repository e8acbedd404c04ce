package afkak

import (
	"context"
	"errors"
	"sync"

	"github.com/afkak-go/afkak/kerr"
)

// groupOffsets commits and looks up the offsets of one generation's partitions,
// for the consumers of them all: what they ask for while a request is under way
// goes into the next one together. It sends nothing after its context has ended.
type groupOffsets struct {
	commits joiner[CommitPayload, CommitResult]
	lookUps joiner[CommittedPayload, CommittedResult]
	refused func(kerr.Error) // is told what a commit was refused with
}

func newGroupOffsets(ctx context.Context, client *Client, group string, as *memberOf, refused func(kerr.Error)) *groupOffsets {
	return &groupOffsets{
		commits: joiner[CommitPayload, CommitResult]{done: ctx.Done(), ask: func(payloads []CommitPayload) ([]CommitResult, error) {
			return client.commitOffsets(ctx, group, as, payloads)
		}},
		lookUps: joiner[CommittedPayload, CommittedResult]{done: ctx.Done(), ask: func(payloads []CommittedPayload) ([]CommittedResult, error) {
			return client.FetchOffsets(ctx, group, payloads)
		}},
		refused: refused,
	}
}

// commit commits one partition's offset.
func (o *groupOffsets) commit(ctx context.Context, p CommitPayload) error {
	result, err := o.commits.join(ctx, p)
	if err == nil {
		err = result.Err
	}
	if code := kerr.Error(0); errors.As(err, &code) {
		o.refused(code)
	}
	return err
}

// committed is one partition's committed offset; -1 if there is none.
func (o *groupOffsets) committed(ctx context.Context, p CommittedPayload) (int64, error) {
	result, err := o.lookUps.join(ctx, p)
	if err == nil {
		err = result.Err
	}
	return result.Offset, err
}

// joiner asks many questions with few requests, one at a time.
type joiner[Q, A any] struct {
	done <-chan struct{} // closed when nothing is answered any more; ask then returns soon
	// ask sends one request. The answers are in the order of the questions;
	// none at all come with the error for all.
	ask func([]Q) ([]A, error)

	mu      sync.Mutex
	waiting []joined[Q, A]
	asking  bool
}

// joined is one question. Its answer has room for the one that comes.
type joined[Q, A any] struct {
	question Q
	answer   chan<- answered[A]
}

type answered[A any] struct {
	answer A
	err    error
}

// join asks one question and waits for the answer. The end of ctx ends the
// wait, not the question.
func (j *joiner[Q, A]) join(ctx context.Context, question Q) (answer A, err error) {
	came := make(chan answered[A], 1)
	j.mu.Lock()
	j.waiting = append(j.waiting, joined[Q, A]{question, came})
	if !j.asking {
		j.asking = true
		go j.askAll() // ends when nobody asks, or soon after done
	}
	j.mu.Unlock()
	select {
	case got := <-came:
		return got.answer, got.err
	case <-ctx.Done():
		return answer, context.Cause(ctx)
	case <-j.done:
		return answer, ErrClosed
	}
}

// askAll asks until there are no more questions.
func (j *joiner[Q, A]) askAll() {
	for {
		j.mu.Lock()
		batch := j.waiting
		j.waiting = nil
		j.asking = len(batch) > 0
		j.mu.Unlock()
		if len(batch) == 0 {
			return
		}
		questions := make([]Q, len(batch))
		for i := range batch {
			questions[i] = batch[i].question
		}
		answers, err := j.ask(questions)
		for i := range batch {
			if i < len(answers) {
				batch[i].answer <- answered[A]{answer: answers[i]}
			} else {
				batch[i].answer <- answered[A]{err: err}
			}
		}
	}
}
