package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/afkak-go/afkak/broker"
)

type serveCommand struct {
	Listen       string   `default:"127.0.0.1:9092" placeholder:"HOST:PORT" help:"Address to listen on; port 0 takes a free one."`
	Topics       []string `name:"topic" sep:"none" placeholder:"NAME:PARTITIONS" help:"Create this topic; may be repeated."`
	NoAutoCreate bool     `help:"Do not create a topic when a client first asks for it."`
	AllowRemote  bool     `help:"Allow an address that other machines can reach. The broker has no access control."`
}

func (c *serveCommand) Run(ctx context.Context, term *terminal) error {
	config := broker.Config{Listen: c.Listen, AllowRemote: c.AllowRemote, AutoCreateTopics: !c.NoAutoCreate}
	for _, text := range c.Topics {
		topic, err := parseTopic(text)
		if err != nil {
			return err
		}
		config.Topics = append(config.Topics, topic)
	}
	embedded, err := broker.Start(config)
	if err != nil {
		return err
	}
	fmt.Fprintf(term.out, "listening on %s\n", embedded.Addr())
	if term.tty {
		fmt.Fprintf(term.err, "Records live in memory until Ctrl-C. Try, in another window:\n  echo hello | afkak produce -b %[1]s -t greetings\n  afkak consume -b %[1]s -t greetings\n", embedded.Addr())
	}
	<-ctx.Done() // Ctrl-C is how a server ends: no failure
	return embedded.Close()
}

// parseTopic reads NAME:PARTITIONS; without a number it is one partition.
func parseTopic(text string) (broker.Topic, error) {
	name, number, found := strings.Cut(text, ":")
	if !found {
		number = "1"
	}
	n, err := strconv.ParseInt(number, 10, 32)
	if err != nil || n < 1 || name == "" {
		return broker.Topic{}, usagef("topic %q is not of the form NAME:PARTITIONS, as in orders:3", text)
	}
	return broker.Topic{Name: name, Partitions: int32(n)}, nil
}
