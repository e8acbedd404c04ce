package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/afkak-go/afkak"
	"github.com/afkak-go/afkak/protocol"
)

type versionsCommand struct {
	brokerFlags
	JSON bool `short:"J" name:"json" help:"Print a JSON object per line, one for each broker."`
}

func (c *versionsCommand) Run(ctx context.Context, term *terminal) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	defer client.Close()
	brokers, err := client.BrokerVersions(ctx)
	if err != nil {
		return err
	}
	if c.JSON {
		return printVersionsJSON(term.out, brokers)
	}
	var failed error
	for i, b := range brokers {
		if i > 0 {
			fmt.Fprintln(term.out)
		}
		printVersions(term.out, b)
		failed = errors.Join(failed, b.Err)
	}
	return failed
}

func printVersions(w io.Writer, b afkak.BrokerVersions) {
	fmt.Fprintf(w, "broker %d at %s: %s\n", b.Broker.ID, b.Addr, describeRelease(b))
	if b.Versions == nil {
		return
	}
	t := newTable(w, "KEY", "API", "BROKER", "USED")
	for _, key := range b.Versions.Keys() {
		speaks, _ := b.Versions.Range(key)
		t.AppendRow(table.Row{int16(key), key, fmt.Sprintf("%d to %d", speaks.Min, speaks.Max), usedVersion(b.Versions, key)})
	}
	t.Render()
}

func describeRelease(b afkak.BrokerVersions) string {
	switch {
	case b.Err != nil:
		return sentence(b.Err)
	case b.Release == "":
		return "speaks Kafka's protocol, as none of the releases known to this command does"
	case b.Probed:
		return "Kafka " + b.Release + " (found out by trying: it cannot tell its versions)"
	}
	return "Kafka " + b.Release
}

// usedVersion is the newest version that both sides speak, or "-".
func usedVersion(v *protocol.Versions, key protocol.APIKey) string {
	ours, known := protocol.LookupAPI(key)
	if !known {
		return "-"
	}
	version, err := v.Pick(key, ours.MinVersion, ours.MaxVersion)
	if err != nil {
		return "-"
	}
	return fmt.Sprint(version)
}

// brokerJSON is a broker as -J prints it.
type brokerJSON struct {
	Broker  int32              `json:"broker"`
	Addr    string             `json:"addr"`
	Release string             `json:"release,omitempty"`
	Probed  bool               `json:"probed,omitempty"`
	APIs    map[string][]int16 `json:"apis,omitempty"` // lowest and highest version by name
	Error   string             `json:"error,omitempty"`
}

func printVersionsJSON(w io.Writer, brokers []afkak.BrokerVersions) error {
	rows := make([]brokerJSON, len(brokers))
	var failed error
	for i, b := range brokers {
		rows[i] = brokerJSON{Broker: b.Broker.ID, Addr: b.Addr, Release: b.Release, Probed: b.Probed}
		if b.Err != nil {
			rows[i].Error = sentence(b.Err)
			failed = errors.Join(failed, b.Err)
		}
		if b.Versions != nil {
			rows[i].APIs = map[string][]int16{}
			for _, key := range b.Versions.Keys() {
				speaks, _ := b.Versions.Range(key)
				rows[i].APIs[key.String()] = []int16{speaks.Min, speaks.Max}
			}
		}
	}
	return errors.Join(printJSON(w, rows), failed)
}
