package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/jedib0t/go-pretty/v6/progress"
	"golang.org/x/term"
)

func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

// A board shows how far the stages of some work are: bars for a person at a
// terminal, now and then a plain line for everything else.
type board interface {
	stage(name string, total int64) stage
	close() // shows the last state
}

// A stage counts what is done. Safe for concurrent use.
type stage interface {
	add(n int64)
	// finish says that there will be no more; complete: because all is done.
	finish(complete bool)
}

func newBoard(term *terminal) board {
	if term.tty {
		return newBarBoard(term.err)
	}
	return &lineBoard{w: term.err, every: 2 * time.Second, now: time.Now}
}

// barBoard draws a bar for each stage and redraws them in place.
type barBoard struct {
	writer progress.Writer
	ended  chan struct{}
}

func newBarBoard(w io.Writer) *barBoard {
	b := &barBoard{writer: progress.NewWriter(), ended: make(chan struct{})}
	b.writer.SetOutputWriter(w)
	b.writer.SetAutoStop(false)
	b.writer.SetUpdateFrequency(100 * time.Millisecond)
	b.writer.SetTrackerLength(30)
	b.writer.SetTrackerPosition(progress.PositionRight)
	b.writer.SetMessageLength(10)
	b.writer.SetStyle(progress.StyleBlocks)
	b.writer.Style().Visibility.Speed = true
	b.writer.Style().Visibility.ETA = true
	b.writer.Style().Options.DoneString = "done"
	b.writer.Style().Options.ErrorString = "stopped"
	b.writer.Style().Options.PercentFormat = "%3.0f%%"
	go func() { // ends by close, which waits for it
		b.writer.Render()
		close(b.ended)
	}()
	return b
}

func (b *barBoard) stage(name string, total int64) stage {
	tracker := &progress.Tracker{Message: name, Total: total}
	b.writer.AppendTracker(tracker)
	return barStage{tracker}
}

func (b *barBoard) close() {
	for !b.writer.IsRenderInProgress() { // Render may not have begun; Stop before it is lost
		time.Sleep(time.Millisecond)
	}
	b.writer.Stop()
	<-b.ended
}

type barStage struct{ tracker *progress.Tracker }

func (s barStage) add(n int64) { s.tracker.Increment(n) }

func (s barStage) finish(complete bool) {
	if complete {
		s.tracker.MarkAsDone()
	} else {
		s.tracker.MarkAsErrored()
	}
}

// lineBoard writes a line per stage at most every so often, and one when it ends.
type lineBoard struct {
	w     io.Writer
	every time.Duration
	now   func() time.Time
	mu    sync.Mutex
}

type lineStage struct {
	board       *lineBoard
	name        string
	done, total int64
	last        time.Time
	finished    bool
}

func (b *lineBoard) stage(name string, total int64) stage {
	return &lineStage{board: b, name: name, total: total, last: b.now()}
}

func (b *lineBoard) close() {}

func (s *lineStage) add(n int64) {
	s.board.mu.Lock()
	defer s.board.mu.Unlock()
	s.done += n
	if now := s.board.now(); now.Sub(s.last) >= s.board.every {
		s.last = now
		s.print()
	}
}

func (s *lineStage) finish(bool) {
	s.board.mu.Lock()
	defer s.board.mu.Unlock()
	if !s.finished {
		s.finished = true
		s.print()
	}
}

func (s *lineStage) print() {
	if s.total > 0 {
		fmt.Fprintf(s.board.w, "%s: %s of %s\n", s.name, count(s.done), count(s.total))
		return
	}
	fmt.Fprintf(s.board.w, "%s: %s\n", s.name, count(s.done))
}
