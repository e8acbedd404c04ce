package driver

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/pprof"
	"strconv"
	"strings"
	"time"
)

// Args are the arguments that make [Child] do the run. profile, when it is not
// empty, is the file for a CPU profile.
func (r Run) Args(profile string) []string {
	var ends []string
	for _, end := range r.Ends {
		ends = append(ends, strconv.FormatInt(end, 10))
	}
	return []string{
		"-client", r.Client.Name, "-workload", r.Workload.Name, "-addr", r.Addr, "-topic", r.Topic,
		"-time", r.Time.String(), "-records", strconv.FormatInt(r.Records, 10), "-ends", strings.Join(ends, ","),
		"-profile", profile,
	}
}

// Child does the one run that args ask for, with one of the clients, and writes
// its [Measure] to out as a line of JSON.
func Child(ctx context.Context, clients []Client, args []string, out io.Writer) (err error) {
	run, profile, err := parseRun(clients, args)
	if err != nil {
		return err
	}
	if profile != "" {
		stop, err := startProfile(profile)
		if err != nil {
			return err
		}
		defer stop()
	}
	measure, err := run.Do(ctx)
	if err != nil {
		return fmt.Errorf("%s, %s: %w", run.Client.Name, run.Workload.Name, err)
	}
	return json.NewEncoder(out).Encode(measure)
}

func parseRun(clients []Client, args []string) (r Run, profile string, err error) {
	flags := flag.NewFlagSet("run", flag.ContinueOnError)
	client := flags.String("client", "", "the `name` of the client")
	workload := flags.String("workload", "", "the `name` of the workload")
	ends := flags.String("ends", "", "for consuming: the partitions' end `offsets`, with commas")
	flags.StringVar(&r.Addr, "addr", "", "the broker's `host:port`")
	flags.StringVar(&r.Topic, "topic", "", "a `topic` that exists")
	flags.DurationVar(&r.Time, "time", time.Second, "how long to send")
	flags.Int64Var(&r.Records, "records", 0, "how many records to send; 0: as many as -time allows")
	flags.StringVar(&profile, "profile", "", "write a CPU profile to this `file`")
	if err := flags.Parse(args); err != nil {
		return r, "", err
	}
	var found bool
	for _, c := range clients {
		if c.Name == *client {
			r.Client, found = c, true
		}
	}
	if !found {
		return r, "", fmt.Errorf("no client is called %q", *client)
	}
	if r.Workload, err = FindWorkload(*workload); err != nil {
		return r, "", err
	}
	for end := range strings.SplitSeq(*ends, ",") {
		if end == "" {
			continue
		}
		n, err := strconv.ParseInt(end, 10, 64)
		if err != nil {
			return r, "", fmt.Errorf("-ends: %w", err)
		}
		r.Ends = append(r.Ends, n)
	}
	return r, profile, nil
}

func startProfile(path string) (stop func(), err error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() {
		pprof.StopCPUProfile()
		_ = f.Close()
		writeAllocations(path + allocationsSuffix)
	}, nil
}

// allocationsSuffix is what the file with the profile of allocations has behind
// the name of that of the CPU.
const allocationsSuffix = ".allocs"

// writeAllocations writes what was allocated since the process began.
func writeAllocations(path string) {
	f, err := os.Create(path)
	if err != nil {
		return // as with the CPU's, of which nobody is told either
	}
	runtime.GC() // the profile has what was allocated before the last collection
	_ = pprof.Lookup("allocs").WriteTo(f, 0)
	_ = f.Close()
}
