package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/afkak-go/afkak"
)

type consumeCommand struct {
	brokerFlags
	Topic      string  `short:"t" required:"" help:"Topic to read."`
	Partitions []int32 `short:"p" name:"partition" placeholder:"N" help:"Partitions to read, with commas between them (default: all)."`
	Offset     string  `short:"o" default:"beginning" placeholder:"WHERE" help:"Where to start in each partition: beginning, end, an offset, -N for the last N, @TIME (milliseconds since 1970, or 2006-01-02T15:04:05Z)."`
	Count      int64   `short:"c" placeholder:"N" help:"Stop after so many records."`
	Exit       bool    `short:"e" help:"Stop at the end of all partitions, as it was when the command began."`
	Format     string  `short:"f" placeholder:"FORMAT" help:"How to print a record: %t topic, %p partition, %o offset, %k key, %s value, %T timestamp, %h headers, \\n, \\t; more in the documentation. (default: %s\\n)"`
	JSON       bool    `short:"J" name:"json" help:"Print a JSON object per line."`
	KeySep     string  `short:"K" name:"key-separator" placeholder:"SEP" help:"Print the key and this before the value."`
}

func (c *consumeCommand) Run(ctx context.Context, term *terminal) error {
	format, err := c.format()
	if err != nil {
		return err
	}
	start, err := parseStart(c.Offset)
	if err != nil {
		return err
	}
	if c.Count < 0 {
		return usagef("-c %d: a count is at least 1", c.Count)
	}
	client, err := c.client()
	if err != nil {
		return err
	}
	defer client.Close()
	consumers, err := c.consumers(ctx, client, start)
	if err != nil {
		return err
	}
	out := &recordPrinter{w: bufio.NewWriterSize(term.out, 64<<10), format: format, left: c.Count}
	err = consumeAll(ctx, consumers, out.print)
	if errors.Is(err, errEnough) {
		err = nil
	}
	return errors.Join(err, out.flush())
}

func (c *consumeCommand) format() (recordFormat, error) {
	switch {
	case c.JSON && (c.Format != "" || c.KeySep != ""):
		return nil, usagef("-J does not go with -f or -K")
	case c.JSON:
		return appendJSON, nil
	case c.Format != "" && c.KeySep != "":
		return nil, usagef("-K does not go with -f: put the separator between %%k and %%s")
	case c.Format != "":
		return parseFormat(c.Format)
	case c.KeySep != "":
		return parseFormat("%k" + strings.ReplaceAll(c.KeySep, "%", "%%") + "%s\\n")
	}
	return parseFormat("%s\\n")
}

// consumers makes one for each partition that was asked for.
func (c *consumeCommand) consumers(ctx context.Context, client *afkak.Client, start startFlag) ([]*afkak.Consumer, error) {
	partitions, err := partitionsOf(ctx, client, c.Topic)
	if err != nil {
		return nil, err
	}
	if len(c.Partitions) > 0 {
		for _, p := range c.Partitions {
			if !slices.Contains(partitions, p) {
				return nil, fmt.Errorf("topic %s has no partition %d: it has %s", c.Topic, p, plural(int64(len(partitions)), "partition", "partitions"))
			}
		}
		slices.Sort(c.Partitions)
		partitions = slices.Compact(c.Partitions)
	}
	starts, err := start.positions(ctx, client, c.Topic, partitions)
	if err != nil {
		return nil, err
	}
	var consumers []*afkak.Consumer
	for i, partition := range partitions {
		opts := []afkak.ConsumerOption{afkak.StartAt(starts[i])}
		if c.Exit {
			opts = append(opts, afkak.EndAt(afkak.Latest))
		}
		consumer, err := afkak.NewConsumer(client, c.Topic, partition, opts...)
		if err != nil {
			return nil, err
		}
		consumers = append(consumers, consumer)
	}
	return consumers, nil
}

// errEnough ends all consumers when the count of -c is reached.
var errEnough = errors.New("enough records")

// consumeAll runs the consumers until all have come to their end, or one fails,
// which ends the others.
func consumeAll(ctx context.Context, consumers []*afkak.Consumer, process func(context.Context, []afkak.Record) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var running sync.WaitGroup
	for _, consumer := range consumers {
		running.Go(func() {
			if err := consumer.Process(ctx, process); err != nil {
				cancel(err) // the first one stays
			}
		})
	}
	running.Wait()
	return context.Cause(ctx)
}

// recordPrinter prints records of all partitions, whole ones, to one place.
type recordPrinter struct {
	format recordFormat

	mu   sync.Mutex
	w    *bufio.Writer
	buf  []byte
	left int64 // until errEnough; 0 from the beginning: no bound
	full bool
}

func (p *recordPrinter) print(_ context.Context, recs []afkak.Record) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range recs {
		if p.full {
			return errEnough
		}
		p.buf = p.format(p.buf[:0], &recs[i])
		if _, err := p.w.Write(p.buf); err != nil {
			return err
		}
		if p.left > 0 {
			p.left--
			p.full = p.left == 0
		}
	}
	if err := p.w.Flush(); err != nil { // whoever reads the pipe waits for what is there
		return err
	}
	if p.full {
		return errEnough
	}
	return nil
}

func (p *recordPrinter) flush() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.w.Flush()
}

// startFlag is what -o says: a position, or so many records before the end.
type startFlag struct {
	at   afkak.Position
	last int64
}

func parseStart(text string) (startFlag, error) {
	switch text {
	case "beginning", "earliest":
		return startFlag{at: afkak.Earliest}, nil
	case "end", "latest":
		return startFlag{at: afkak.Latest}, nil
	}
	if moment, ok := strings.CutPrefix(text, "@"); ok {
		if ms, err := strconv.ParseInt(moment, 10, 64); err == nil && ms >= 0 {
			return startFlag{at: afkak.At(time.UnixMilli(ms))}, nil
		}
		if at, err := time.Parse(time.RFC3339, moment); err == nil {
			return startFlag{at: afkak.At(at)}, nil
		}
		return startFlag{}, usagef("-o %s: a time is milliseconds since 1970, or like @2006-01-02T15:04:05Z", text)
	}
	n, err := strconv.ParseInt(text, 10, 64)
	switch {
	case err != nil:
		return startFlag{}, usagef("-o %s: neither beginning, end, an offset, -N nor @TIME", text)
	case strings.HasPrefix(text, "-"):
		return startFlag{last: -n}, nil
	}
	return startFlag{at: afkak.Offset(n)}, nil
}

// positions is where to start in each of the partitions.
func (s startFlag) positions(ctx context.Context, client *afkak.Client, topic string, partitions []int32) ([]afkak.Position, error) {
	positions := make([]afkak.Position, len(partitions))
	for i := range positions {
		positions[i] = s.at
	}
	if s.last == 0 {
		return positions, nil
	}
	first, err := listOffsets(ctx, client, topic, partitions, afkak.Earliest)
	if err != nil {
		return nil, err
	}
	end, err := listOffsets(ctx, client, topic, partitions, afkak.Latest)
	if err != nil {
		return nil, err
	}
	for i := range positions {
		positions[i] = afkak.Offset(max(first[i], end[i]-s.last))
	}
	return positions, nil
}
