package afkak

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"
)

func TestMemoryServesWaitersInTheOrderTheyCame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newProducerMemory(4096, 4096)
		held := m.take(4096)
		var served []int
		var mu sync.Mutex
		var wg sync.WaitGroup
		for i, size := range []int{4096, 1024, 2048} { // the small ones do not overtake
			wg.Go(func() {
				buf, err := m.wait(t.Context(), nil, size, func() {})
				if err != nil || cap(buf) < size {
					t.Errorf("waiter %d: got %d bytes, %v", i, cap(buf), err)
				}
				mu.Lock()
				served = append(served, i)
				mu.Unlock()
				time.Sleep(time.Second)
				m.give(buf, cap(buf))
			})
			synctest.Wait()
		}
		if m.take(1) != nil {
			t.Error("somebody overtook those who wait")
		}
		m.give(held, cap(held))
		synctest.Wait()
		mu.Lock()
		if len(served) != 1 || served[0] != 0 {
			t.Errorf("served first: got %v, want the first that came", served)
		}
		mu.Unlock()
		wg.Wait()
		if m.inUse() != 0 {
			t.Errorf("%d bytes are still lent", m.inUse())
		}
	})
}

func TestMemoryOfAWaiterThatLeavesGoesToTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newProducerMemory(1024, 1024)
		held := m.take(1024)
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := m.wait(ctx, nil, 1024, func() {}); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
		})
		synctest.Wait()
		wg.Go(func() {
			if buf, err := m.wait(t.Context(), nil, 1024, func() {}); buf == nil {
				t.Errorf("got nothing, %v", err)
			}
		})
		synctest.Wait()
		cancel()
		synctest.Wait()
		m.give(held, 1024)
		wg.Wait()
	})
}

func TestMemoryIsNeverMoreThanItsLimit(t *testing.T) {
	const limit, largest = 1 << 20, 100_000
	m := newProducerMemory(limit, largest)
	var held [][]byte
	for range 10_000 {
		if len(held) > 0 && rand.IntN(2) == 0 {
			i := rand.IntN(len(held))
			m.give(held[i], cap(held[i]))
			held[i] = held[len(held)-1]
			held = held[:len(held)-1]
		} else {
			size := 1 + rand.IntN(largest)
			buf := m.take(size)
			if buf != nil && cap(buf) < size {
				t.Fatalf("got %d bytes, want %d", cap(buf), size)
			}
			if buf != nil {
				held = append(held, buf)
			}
		}
		lent := 0
		for _, buf := range held {
			lent += cap(buf)
		}
		if m.used != lent || m.used > limit || m.used+m.idle > limit {
			t.Fatalf("lent %d: counted %d, idle %d, limit %d", lent, m.used, m.idle, limit)
		}
	}
}

func TestMemoryDropsSmallBuffersBeforeLargeOnes(t *testing.T) {
	m := newProducerMemory(64<<10, 32<<10)
	small, large := m.take(1<<10), m.take(32<<10)
	m.take(16 << 10) // stays in use
	m.give(small, 1<<10)
	m.give(large, 32<<10)
	m.take(16 << 10) // 32 in use, 33 idle, and 64 are the limit
	if got := m.idle; got != 32<<10 {
		t.Errorf("%d bytes are kept, want the large buffer", got)
	}
}

func TestCoarseClockIsAtMostAMillisecondOld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock, stop := newCoarseClock(), make(chan struct{})
		var wg sync.WaitGroup
		wg.Go(func() { clock.run(stop) })
		for range 1000 {
			if got, want := clock.now(), time.Now().UnixMilli(); got < want-1 || got > want {
				t.Fatalf("got %d, want %d or one less", got, want)
			}
			time.Sleep(time.Duration(rand.IntN(100_000)) * time.Microsecond)
		}
		close(stop)
		wg.Wait()
	})
}

func TestIdlePartitionIsSmall(t *testing.T) {
	if size := unsafe.Sizeof(producerPartition{}); size > 400 {
		t.Errorf("a partition takes %d bytes, want at most 400", size)
	}
}
