package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/afkak-go/afkak"
)

type produceCommand struct {
	brokerFlags
	Topic     string   `short:"t" required:"" help:"Topic to send to."`
	Partition int32    `short:"p" default:"-1" placeholder:"N" help:"Partition to send to; -1 lets the key choose."`
	KeySep    string   `short:"K" name:"key-separator" placeholder:"SEP" help:"What stands between key and value; a line without it has no key."`
	Headers   []string `short:"H" name:"header" sep:"none" placeholder:"NAME=VALUE" help:"A header for every record; may be repeated."`
	Codec     string   `short:"z" name:"codec" default:"none" enum:"none,gzip,snappy,lz4,zstd" help:"Compression: ${enum}."`
	Acks      string   `default:"all" enum:"all,leader,none" help:"Who must have a record before it counts as stored: ${enum}."`
	Null      bool     `short:"Z" help:"Send an empty value as null (a tombstone)."`
	Stats     bool     `help:"At the end say on standard error how the records went: batches, compression, latency, retries."`
	Files     []string `arg:"" optional:"" name:"file" help:"Files to read; - or none is standard input."`
}

var acksNames = map[string]afkak.Acks{"all": afkak.AcksAll, "leader": afkak.AcksLeader, "none": afkak.AcksNone}

func (c *produceCommand) Run(ctx context.Context, term *terminal) error {
	headers, err := parseHeaders(c.Headers)
	if err != nil {
		return err
	}
	separator, err := parseSeparator(c.KeySep)
	if err != nil {
		return err
	}
	client, err := c.client()
	if err != nil {
		return err
	}
	defer client.Close()
	producer, err := afkak.NewProducer(client, c.producerOptions()...)
	if err != nil {
		return err
	}
	report := &produceReport{w: term.err}
	readErr := eachLine(ctx, c.Files, term.in, func(source string, line int, text []byte) error {
		rec := c.record(text, separator, headers)
		producer.Send(ctx, rec).Then(func(_ afkak.Result, err error) { report.add(source, line, err) })
		return report.fatal()
	})
	return c.finish(ctx, producer, report, readErr, term)
}

func (c *produceCommand) producerOptions() []afkak.ProducerOption {
	opts := []afkak.ProducerOption{
		afkak.WithCompression(codecByName(c.Codec)),
		afkak.WithAcks(acksNames[c.Acks]),
	}
	if c.Partition >= 0 {
		opts = append(opts, afkak.WithPartitioner(afkak.Manual()))
	}
	return opts
}

func (c *produceCommand) record(text, separator []byte, headers []afkak.Header) afkak.Record {
	rec := afkak.Record{Topic: c.Topic, Value: text, Headers: headers}
	if c.Partition >= 0 {
		rec.Partition = c.Partition
	}
	if len(separator) > 0 {
		if key, value, found := bytes.Cut(text, separator); found {
			rec.Key, rec.Value = key, value
		}
	}
	if c.Null && len(rec.Value) == 0 {
		rec.Value = nil
	}
	return rec
}

// finish waits for what is under way and says how it went. What was read before
// an interruption or a bad file is still sent.
func (c *produceCommand) finish(ctx context.Context, producer *afkak.Producer, report *produceReport, readErr error, term *terminal) error {
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.Timeout)
	defer cancel()
	closeErr := producer.Close(closing)
	stored, failed, first := report.totals()
	if term.tty {
		fmt.Fprintf(term.err, "%s stored in %s\n", plural(stored, "record", "records"), c.Topic)
	}
	if c.Stats {
		writeStats(term.err, producer.Stats())
	}
	switch {
	case failed > 0:
		return fmt.Errorf("%s of %s not stored: %w", plural(failed, "record", "records"), count(failed+stored), first)
	case readErr != nil:
		return readErr
	}
	return closeErr
}

// produceReport counts how the records of a run ended.
type produceReport struct {
	w io.Writer

	mu             sync.Mutex
	stored, failed int64
	first          error
}

// maxTold bounds the failures that are told one by one.
const maxTold = 5

func (r *produceReport) add(source string, line int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil {
		r.stored++
		return
	}
	if r.failed++; r.first == nil {
		r.first = err
	}
	if r.failed <= maxTold && !hopeless(err) {
		fmt.Fprintf(r.w, "afkak: %s, line %d: %s\n", source, line, sentence(err))
	}
}

// fatal is the first failure if it ends the reading of lines.
func (r *produceReport) fatal() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.first != nil && hopeless(r.first) {
		return r.first
	}
	return nil
}

// hopeless says that the next line would fail in the same way.
func hopeless(err error) bool {
	var broker *afkak.BrokerError
	var nowhere *afkak.UnreachableError
	var topic *afkak.TopicError
	return errors.As(err, &broker) || errors.As(err, &nowhere) || errors.As(err, &topic) || errors.Is(err, context.Canceled)
}

func (r *produceReport) totals() (stored, failed int64, first error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.stored, r.failed, r.first
}

func parseHeaders(texts []string) ([]afkak.Header, error) {
	var headers []afkak.Header
	for _, text := range texts {
		name, value, found := strings.Cut(text, "=")
		if !found || name == "" {
			return nil, usagef("header %q is not of the form NAME=VALUE", text)
		}
		headers = append(headers, afkak.Header{Key: name, Value: []byte(value)})
	}
	return headers, nil
}

// parseSeparator understands \t, \n and \xHH, which a shell does not pass easily.
func parseSeparator(text string) ([]byte, error) {
	format, err := parseFormat(strings.ReplaceAll(text, "%", "%%"))
	if err != nil {
		return nil, usagef("key separator %q: use plain text, \\t or \\xHH", text)
	}
	return format(nil, &afkak.Record{}), nil
}
