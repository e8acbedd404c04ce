package afkak

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"
)

// lendOne takes a buffer without waiting, nil if there is none.
func (m *producerMemory) lendOne(size, least int) []byte {
	buf, _ := m.take(memoryWish{size: size, least: least})
	return buf
}

func TestMemoryServesWaitersInTheOrderTheyCame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newProducerMemory(4096, 4096)
		held := m.lendOne(4096, 4096)
		var served []int
		var mu sync.Mutex
		var wg sync.WaitGroup
		for i, size := range []int{4096, 1024, 2048} { // the small ones do not overtake
			wg.Go(func() {
				buf, err := m.wait(t.Context(), nil, memoryWish{size: size, least: size}, func(time.Duration) error { return nil })
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
		if m.lendOne(1, 1) != nil {
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
		held := m.lendOne(1024, 1024)
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := m.wait(ctx, nil, memoryWish{size: 1024, least: 1024}, func(time.Duration) error { return nil }); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
		})
		synctest.Wait()
		wg.Go(func() {
			if buf, err := m.wait(t.Context(), nil, memoryWish{size: 1024, least: 1024}, func(time.Duration) error { return nil }); buf == nil {
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
	for _, c := range []struct{ limit, largest int }{{1 << 20, 100_000}, {1_500_000, 1_000_000}, {700_000, 700_000}, {3000, 3000}, {900, 900}} {
		t.Run(fmt.Sprint(c.limit), func(t *testing.T) { testMemoryLimit(t, c.limit, c.largest) })
	}
}

func testMemoryLimit(t *testing.T, limit, largest int) {
	m := newProducerMemory(limit, largest)
	var held [][]byte
	lent := 0
	for range 5000 {
		if len(held) > 0 && rand.IntN(2) == 0 {
			i := rand.IntN(len(held))
			lent -= cap(held[i])
			if mark := byte(len(held[i]) >> 10); bytes.Count(held[i], []byte{mark}) != len(held[i]) {
				t.Fatal("somebody else has written to a buffer that was lent")
			}
			m.give(held[i], cap(held[i]))
			held[i] = held[len(held)-1]
			held = held[:len(held)-1]
		} else {
			least := 1 + rand.IntN(largest)
			size := min(least+rand.IntN(largest), largest)
			buf := m.lendOne(size, least)
			if buf == nil {
				continue
			}
			if cap(buf) < least || len(buf) != cap(buf) {
				t.Fatalf("got %d bytes, want %d", cap(buf), least)
			}
			for i := range buf {
				buf[i] = byte(len(buf) >> 10)
			}
			held = append(held, buf)
			lent += cap(buf)
		}
		if m.used != lent || m.used > limit {
			t.Fatalf("lent %d: counted %d, limit %d", lent, m.used, limit)
		}
		if m.arena.size() > limit {
			t.Fatalf("%d bytes of blocks, limit %d", m.arena.size(), limit)
		}
	}
	for _, buf := range held {
		m.give(buf, cap(buf))
	}
	m.rest()
	if m.used != 0 || m.arena.lent != 0 || m.arena.size() > max(limit/4, sizeOfClass(m.arena.class)) {
		t.Errorf("all is back: %d and %d bytes are counted, %d kept of %d", m.used, m.arena.lent, m.arena.size(), limit)
	}
	m.close()
	if m.arena.size() != 0 {
		t.Errorf("%d bytes are kept after the end", m.arena.size())
	}
}

func TestMemoryOfSmallBuffersMakesLargeOnesAgain(t *testing.T) {
	m := newProducerMemory(64<<10, 32<<10)
	var small [][]byte
	for buf := m.lendOne(1, 1); buf != nil; buf = m.lendOne(1, 1) {
		small = append(small, buf)
	}
	if len(small) != 64 {
		t.Fatalf("%d buffers of 1 KiB, want 64", len(small))
	}
	rand.Shuffle(len(small), func(i, j int) { small[i], small[j] = small[j], small[i] })
	for _, buf := range small[1:] { // one stays, and so does its block
		m.give(buf, cap(buf))
	}
	if n := testing.AllocsPerRun(10, func() { m.give(m.lendOne(32<<10, 32<<10), 32<<10) }); n != 0 {
		t.Errorf("a large buffer: %v allocations, want none", n)
	}
}

func TestMemoryInPiecesGivesASmallerBuffer(t *testing.T) {
	m := newProducerMemory(8<<10, 8<<10)
	var held [][]byte
	for range 8 {
		held = append(held, m.lendOne(1<<10, 1<<10))
	}
	for i := 0; i < 8; i += 2 {
		m.give(held[i], 1<<10) // half of it is free, no two pieces of it beside each other
	}
	if got := m.lendOne(4<<10, 1); cap(got) != 1<<10 {
		t.Errorf("got %d bytes, want a piece of 1 KiB", cap(got))
	}
	if got, ok := m.take(memoryWish{size: 2 << 10, least: 2 << 10, optional: true}); got != nil || !ok {
		t.Errorf("got %d bytes, %v where there is no such piece, and none would do", cap(got), ok)
	}
	if got := m.lendOne(2<<10, 2<<10); cap(got) != 2<<10 {
		t.Errorf("got %d bytes where no less than 2 KiB would do", cap(got))
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
