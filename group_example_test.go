package afkak_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/afkak-go/afkak"
)

func ExampleGroupConsumer_Process() {
	client, stop := withOrders()
	defer stop()
	ctx := context.Background()

	group, err := afkak.NewGroupConsumer(client, "billing", []string{"orders"})
	if err != nil {
		log.Fatal(err)
	}
	err = group.Process(ctx, func(ctx context.Context, records []afkak.Record) error {
		for _, rec := range records { // all of one partition; other partitions' at the same time
			fmt.Printf("%s/%d %d: %s\n", rec.Topic, rec.Partition, rec.Offset, rec.Value)
		}
		if records[len(records)-1].Offset == 2 {
			return group.Close(ctx) // Process returns nil after this call of the function
		}
		return nil // nil: processed; an error: the member leaves, and Process returns it
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(group.State())
	// Output:
	// orders/0 0: first
	// orders/0 1: second
	// orders/0 2: third
	// closed by you
}

// The README's group, line for line.
func readmeGroup(ctx context.Context, client *afkak.Client, store func(context.Context, []afkak.Record) error) error {
	group, err := afkak.NewGroupConsumer(client, "billing", []string{"orders"})
	if err != nil {
		return err
	}
	err = group.Process(ctx, func(ctx context.Context, records []afkak.Record) error {
		return store(ctx, records) // of one partition; nil commits them, an error ends Process
	})
	return err
}

func TestTheReadmesGroupRuns(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("group_example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	shown := slices.IndexFunc(goBlocks(string(readme)), func(block string) bool { return strings.Contains(block, "NewGroupConsumer") })
	if shown < 0 || !strings.Contains(withoutIndent(string(source)), withoutIndent(goBlocks(string(readme))[shown])) {
		t.Error("the README shows another group than the one that runs here")
	}
	client, stop := withOrders()
	defer stop()
	done := errors.New("done")
	if err := readmeGroup(t.Context(), client, func(context.Context, []afkak.Record) error { return done }); !errors.Is(err, done) {
		t.Error(err)
	}
}
