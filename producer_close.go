package afkak

import (
	"context"
	"fmt"

	"github.com/afkak-go/afkak/internal/accum"
)

// Flush sends everything that was handed over before, without waiting for
// lingers and triggers, and waits until all of it has its result. The error is
// ctx's: what became of a record its Delivery says. Records that are handed
// over meanwhile are not waited for, and linger as usual. The end of ctx ends
// the wait only.
func (p *Producer) Flush(ctx context.Context) error {
	p.fire()
	return p.await(ctx, "the producer", p.promises())
}

// FlushPartition is [Producer.Flush] for one partition; what others hold stays
// where it is. One that was never written to, known to the cluster or not, has
// nothing to flush: nil at once. What leaves by it still counts for the
// messages and bytes of [WithBatch], so the next trigger fires the earlier.
func (p *Producer) FlushPartition(ctx context.Context, topic string, partition int32) error {
	part := p.partition(topic, partition)
	if part == nil {
		return nil
	}
	if part.Close() {
		p.schedule(part)
	}
	return p.await(ctx, fmt.Sprintf("%s/%d", topic, partition), part.Promises(nil))
}

// Close accepts nothing more, flushes, waits for callbacks and ends. If ctx
// ends first, what has no result by then fails with [ErrClosed], and Close
// returns an error that wraps ctx's. Later calls wait for the first and return
// nil. It must not be called from a callback.
func (p *Producer) Close(ctx context.Context) error {
	if !p.refuse(errProducerClosed) {
		if err := waitFor(ctx, p.ctx.Done()); err != nil {
			return err
		}
		p.wg.Wait()
		return nil
	}
	p.eachPartition(func(part *producerPartition) {
		part.Bar(errProducerClosed)
		p.schedule(part)
	})
	err := p.await(ctx, "the producer", p.promises())
	if err == nil {
		err = p.awaitCallbacks(ctx)
	}
	p.end(errProducerClosed)
	p.wg.Wait()
	return err
}

// Abort ends the producer at once: everything without a result fails with
// [ErrAborted], and what is sent afterwards with [ErrClosed]. What was sent already may have been stored nevertheless, see
// [MaybeStored]. Callbacks still run, after Abort has returned.
func (p *Producer) Abort() {
	p.refuse(errProducerClosed) // what comes afterwards
	p.end(ErrAborted)
	p.wg.Wait()
}

// refuse accepts nothing more from now on; false if that was so before.
func (p *Producer) refuse(err error) bool { return p.closing.CompareAndSwap(nil, &err) }

// end fails everything without a result and ends the goroutines, without
// waiting for them.
func (p *Producer) end(why error) {
	p.refuse(why)
	p.mu.Lock()
	p.stopped = true
	p.mu.Unlock()
	p.eachPartition(func(part *producerPartition) { part.Abort(why) })
	p.cancel()
	p.memory.close()
}

// promises returns those of everything that is held now.
func (p *Producer) promises() []*accum.Promise {
	var promises []*accum.Promise
	p.eachPartition(func(part *producerPartition) { promises = part.Promises(promises) })
	return promises
}

// await waits for the results of whole batches, of what is named.
func (p *Producer) await(ctx context.Context, of string, promises []*accum.Promise) error {
	for i, promise := range promises {
		if err := waitFor(ctx, promise.Settled()); err != nil {
			return fmt.Errorf("afkak: %d batches of %s have no result yet: %w", len(promises)-i, of, err)
		}
	}
	return nil
}

func (p *Producer) awaitCallbacks(ctx context.Context) error {
	if err := waitFor(ctx, p.callbacks.drained()); err != nil {
		return fmt.Errorf("afkak: callbacks of the producer have not returned: %w", err)
	}
	return nil
}

// waitFor waits for done, or returns why ctx ended before it was.
func waitFor(ctx context.Context, done <-chan struct{}) error {
	select {
	case <-done: // even if ctx has ended as well
		return nil
	default:
	}
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
