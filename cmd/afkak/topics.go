package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/afkak-go/afkak"
)

type topicsCommand struct {
	brokerFlags
	List     topicsList     `cmd:"" help:"List the topics."`
	Describe topicsDescribe `cmd:"" help:"Show a topic's partitions: leaders, replicas, offsets."`
	Create   topicsCreate   `cmd:"" help:"Create a topic."`
	Delete   topicsDelete   `cmd:"" help:"Delete topics and all their records."`
}

type topicsList struct {
	Internal bool `help:"List Kafka's internal topics as well."`
	JSON     bool `short:"J" name:"json" help:"Print a JSON object per line."`
}

type topicsDescribe struct {
	Topic string `arg:"" help:"The topic."`
	JSON  bool   `short:"J" name:"json" help:"Print a JSON object per line, one for each partition."`
}

type topicsCreate struct {
	Topic      string `arg:"" help:"The topic."`
	Partitions int32  `short:"p" default:"1" placeholder:"N" help:"How many partitions."`
	Replicas   int16  `short:"r" default:"-1" placeholder:"N" help:"How many brokers keep each partition; -1 is the cluster's own setting."`
}

type topicsDelete struct {
	Topics []string `arg:"" name:"topic" help:"The topics."`
}

func (c *topicsList) Run(ctx context.Context, term *terminal, topics *topicsCommand) error {
	client, err := topics.client()
	if err != nil {
		return err
	}
	defer client.Close()
	all, err := describeTopics(ctx, client)
	if err != nil {
		return err
	}
	all = slices.DeleteFunc(all, func(t topicInfo) bool { return t.Internal && !c.Internal })
	if c.JSON {
		return printJSON(term.out, all)
	}
	t := newTable(term.out, "TOPIC", "PARTITIONS", "REPLICAS")
	for _, topic := range all {
		t.AppendRow(table.Row{topic.Name, len(topic.Partitions), topic.replicas()})
	}
	t.Render()
	return nil
}

func (c *topicsDescribe) Run(ctx context.Context, term *terminal, topics *topicsCommand) error {
	client, err := topics.client()
	if err != nil {
		return err
	}
	defer client.Close()
	all, err := describeTopics(ctx, client, c.Topic)
	if err != nil {
		return err
	}
	topic := all[0]
	if err := topic.addOffsets(ctx, client); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(term.out, topic.Partitions)
	}
	t := newTable(term.out, "PARTITION", "LEADER", "REPLICAS", "ISR", "EARLIEST", "LATEST", "RECORDS")
	for _, p := range topic.Partitions {
		if p.Error != "" {
			t.AppendRow(table.Row{p.Partition, p.Leader, ids(p.Replicas), ids(p.ISR), p.Error})
			continue
		}
		t.AppendRow(table.Row{p.Partition, p.Leader, ids(p.Replicas), ids(p.ISR), p.Earliest, p.Latest, p.Latest - p.Earliest})
	}
	t.Render()
	return nil
}

func (c *topicsCreate) Run(ctx context.Context, term *terminal, topics *topicsCommand) error {
	if c.Partitions < 1 {
		return usagef("-p %d: a topic has at least one partition", c.Partitions)
	}
	client, err := topics.client()
	if err != nil {
		return err
	}
	defer client.Close()
	created, err := createTopic(ctx, client, c.Topic, c.Partitions, c.Replicas)
	if err == nil && !created {
		err = fmt.Errorf("topic %s exists already", c.Topic)
	}
	if err == nil {
		fmt.Fprintf(term.out, "created %s with %s\n", c.Topic, plural(int64(c.Partitions), "partition", "partitions"))
	}
	return err
}

func (c *topicsDelete) Run(ctx context.Context, term *terminal, topics *topicsCommand) error {
	client, err := topics.client()
	if err != nil {
		return err
	}
	defer client.Close()
	for _, name := range c.Topics {
		if err := deleteTopic(ctx, client, name); err != nil {
			return err
		}
		fmt.Fprintf(term.out, "deleted %s\n", name)
	}
	return nil
}

// topicInfo is a topic as the commands show it.
type topicInfo struct {
	Name       string          `json:"topic"`
	Internal   bool            `json:"internal"`
	Partitions []partitionInfo `json:"partitions"`
}

type partitionInfo struct {
	Topic     string  `json:"topic"`
	Partition int32   `json:"partition"`
	Leader    int32   `json:"leader"`
	Replicas  []int32 `json:"replicas"`
	ISR       []int32 `json:"isr"`
	Earliest  int64   `json:"earliest"`
	Latest    int64   `json:"latest"`
	Error     string  `json:"error,omitempty"`
}

// replicas is how many brokers keep each partition: the most, should they differ.
func (t *topicInfo) replicas() int {
	most := 0
	for _, p := range t.Partitions {
		most = max(most, len(p.Replicas))
	}
	return most
}

// addOffsets fills in where each partition that has a leader begins and ends.
func (t *topicInfo) addOffsets(ctx context.Context, client *afkak.Client) error {
	var led []int32
	for _, p := range t.Partitions {
		if p.Leader >= 0 {
			led = append(led, p.Partition)
		}
	}
	first, err := listOffsets(ctx, client, t.Name, led, afkak.Earliest)
	if err != nil {
		return err
	}
	end, err := listOffsets(ctx, client, t.Name, led, afkak.Latest)
	if err != nil {
		return err
	}
	for i, partition := range led {
		at := slices.IndexFunc(t.Partitions, func(p partitionInfo) bool { return p.Partition == partition })
		t.Partitions[at].Earliest, t.Partitions[at].Latest = first[i], end[i]
	}
	return nil
}

func ids(list []int32) string {
	texts := make([]string, len(list))
	for i, id := range list {
		texts[i] = fmt.Sprint(id)
	}
	return strings.Join(texts, ",")
}

// newTable returns a table without lines, which reads well for people and for awk.
func newTable(w io.Writer, header ...any) table.Writer {
	t := table.NewWriter()
	t.SetOutputMirror(w)
	t.SetStyle(table.StyleLight)
	t.Style().Options = table.OptionsNoBordersAndSeparators
	t.Style().Box.PaddingLeft = ""
	t.Style().Box.PaddingRight = "  "
	if len(header) > 0 {
		t.AppendHeader(header)
	}
	return t
}

func printJSON[T any](w io.Writer, items []T) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	for _, item := range items {
		if err := encoder.Encode(item); err != nil {
			return err
		}
	}
	return nil
}
