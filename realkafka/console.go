package realkafka

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// ConsoleProduce sends each line as a record to the topic with Kafka's own console
// producer, of the cluster's release or the nearest published one, and waits for all replicas' acknowledgements.
// Further arguments are the tool's, for example "--compression-codec=gzip", or
// "--property", "parse.key=true", which is "--reader-property" from 4.2 on. It takes a JVM a second or two.
//
// Up to 0.8.1 the tool has no such option, but --compress, which is gzip. Told a codec all the same,
// ConsoleProduce runs the tool of 0.8.2.1.
func (c *Cluster) ConsoleProduce(ctx context.Context, topic string, lines []string, args ...string) error {
	r, err := findRelease(c.Version())
	if err != nil {
		return prefixed(err)
	}
	if !atLeast(r.version, withCodecOption) && slices.ContainsFunc(args, isCodecOption) {
		if r, err = findRelease(withCodecOption); err != nil {
			return prefixed(err)
		}
	}
	to := "--broker-list"
	if atLeast(r.version, "2.5") { // KIP-499
		to = "--bootstrap-server"
	}
	args = append([]string{to, c.bootstrap(), "--topic", topic, "--request-required-acks", "-1"}, args...)
	stdin := strings.Join(lines, "\n") + "\n"
	if len(lines) == 0 {
		stdin = ""
	}
	_, stderr, err := c.run(ctx, r.producerTool(), stdin, args...)
	if err == nil {
		err = sendError(stderr)
	}
	if err != nil {
		return fmt.Errorf("realkafka: produce to %s with the console producer of Kafka %s: %w", topic, r.version, err)
	}
	return nil
}

func isCodecOption(arg string) bool { return strings.HasPrefix(arg, "--compression-codec") }

// sendError finds in the console producer's complaints what it does not put into its exit code.
func sendError(stderr string) error {
	for _, complaint := range []string{"Error when sending message", "Error in handling batch"} {
		if strings.Contains(stderr, complaint) {
			return fmt.Errorf("not all was sent:\n%s", lastLines(stderr, 15))
		}
	}
	return nil
}

// ConsoleConsume reads n records of the topic, from its beginning, with Kafka's own console consumer, of the
// cluster's release or the nearest published one, and returns what it prints: a line
// for each value. It waits for records that are not there yet; when ctx ends first, the lines so far come with the error.
// Further arguments are the tool's, for example "--property", "print.key=true", which is "--formatter-property" from 4.2
// on; with "--offset" among them it does not start at the beginning. Up to 0.10.0 it is the
// consumer that goes through ZooKeeper.
func (c *Cluster) ConsoleConsume(ctx context.Context, topic string, n int, args ...string) ([]string, error) {
	r, err := findRelease(c.Version())
	if err != nil {
		return nil, prefixed(err)
	}
	from := []string{"--bootstrap-server", c.bootstrap()}
	if !atLeast(r.version, "0.10.1") {
		from = []string{"--zookeeper", c.zk.Addr()}
	}
	from = append(from, "--topic", topic, "--max-messages", strconv.Itoa(n))
	if !slices.Contains(args, "--offset") {
		from = append(from, "--from-beginning")
	}
	stdout, _, err := c.run(ctx, r.consumerTool(), "", append(from, args...)...)
	if err != nil {
		err = fmt.Errorf("realkafka: consume %s with the console consumer of Kafka %s: %w", topic, r.version, err)
	}
	return splitLines(stdout), err
}

func splitLines(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(s, "\n"), "\n")
}
