package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/afkak-go/afkak"
	"github.com/afkak-go/afkak/broker"
	"github.com/afkak-go/afkak/protocol"
)

// demoPartitions is how many partitions the demo's topic has.
const demoPartitions = 3

type demoCommand struct {
	Brokers []string `short:"b" name:"brokers" placeholder:"HOST:PORT" help:"Run on this cluster instead of the embedded broker."`
	connectFlags
	Topic    string `short:"t" default:"afkak-demo" help:"Topic to use; one that the demo creates is deleted at the end."`
	Input    string `placeholder:"FILE" help:"A record per line of this file, or of standard input (-), instead of a week of earthquakes."`
	KeyField string `placeholder:"NAME" help:"Field of the JSON line that is its key (default: net for the earthquakes, none for other input)."`
	KeySep   string `short:"K" name:"key-separator" placeholder:"SEP" help:"What stands between key and value, for input that is no JSON."`
	Repeat   int    `default:"10" placeholder:"N" help:"How many times to send the input."`
	Codec    string `short:"z" name:"codec" default:"none" enum:"none,gzip,snappy,lz4,zstd" help:"Compression: ${enum}."`
}

func (c *demoCommand) Run(ctx context.Context, term *terminal) error {
	input, err := c.load(term)
	if err != nil {
		return err
	}
	hosts := c.Brokers
	if len(hosts) == 0 {
		embedded, err := broker.Start(broker.Config{})
		if err != nil {
			return fmt.Errorf("start the embedded broker: %w", err)
		}
		defer embedded.Close()
		hosts = []string{embedded.Addr()}
		fmt.Fprintf(term.err, "embedded broker on %s\n", embedded.Addr())
	}
	wire := &wireCounter{}
	sending, err := c.connect(hosts, afkak.WithDialer(wire.dial))
	if err != nil {
		return err
	}
	defer sending.Close()
	receiving, err := c.connect(hosts)
	if err != nil {
		return err
	}
	defer receiving.Close()

	topic, err := openDemoTopic(ctx, sending, c.Topic)
	if err != nil {
		return err
	}
	defer topic.remove(ctx)
	d := newDemo(input, topic, wire)
	runErr := d.run(ctx, sending, receiving, codecByName(c.Codec), newBoard(term))
	if runErr != nil && !errors.Is(runErr, context.Canceled) {
		return runErr
	}
	return d.summary(term.out, c.Codec, runErr)
}

// load reads the whole input, so that it can be sent again and again.
func (c *demoCommand) load(term *terminal) (*demoInput, error) {
	if c.Repeat < 1 {
		return nil, usagef("--repeat %d: at least 1", c.Repeat)
	}
	separator, err := parseSeparator(c.KeySep)
	if err != nil {
		return nil, err
	}
	keyField := c.KeyField
	source := embeddedInput()
	if c.Input == "" {
		if keyField == "" && len(separator) == 0 {
			keyField = "net"
		}
	} else if source, err = openLines(c.Input, term.in); err != nil {
		return nil, err
	}
	if keyField != "" && len(separator) > 0 {
		return nil, usagef("a key comes from --key-field or from --key-separator, not from both")
	}
	return readDemoInput(source, keyer{field: keyField, separator: separator}, c.Repeat)
}

// demoTopic is the topic of one run, and where each of its partitions ended before.
type demoTopic struct {
	client  *afkak.Client
	name    string
	created bool
	starts  []int64
}

// openDemoTopic creates the topic, or takes the one that is there. Kafka before
// 0.10.1 creates it by its own settings, and keeps it.
func openDemoTopic(ctx context.Context, client *afkak.Client, name string) (*demoTopic, error) {
	created, err := createTopic(ctx, client, name, demoPartitions, -1)
	if version := new(protocol.VersionError); errors.As(err, &version) {
		err = autoCreateTopic(ctx, client, name)
	}
	if err != nil {
		return nil, err
	}
	t := &demoTopic{client: client, name: name, created: created}
	partitions, err := partitionsOf(ctx, client, name)
	if err == nil {
		t.starts, err = listOffsets(ctx, client, name, partitions, afkak.Latest)
	}
	if err != nil {
		t.remove(ctx)
		return nil, err
	}
	return t, nil
}

// remove deletes what openDemoTopic has created, also after Ctrl-C.
func (t *demoTopic) remove(ctx context.Context) {
	if !t.created {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := deleteTopic(ctx, t.client, t.name); err != nil {
		fmt.Fprintf(os.Stderr, "afkak: topic %s is still there: %s\n", t.name, sentence(err))
	}
}
