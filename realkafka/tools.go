package realkafka

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strconv"
	"strings"
)

// RunTool runs a main class of the cluster's release, such as kafka.admin.ConfigCommand,
// and returns what it prints to its standard output. Its input is stdin. The error of a tool that
// fails ends with what it printed to standard error; a context that ends kills it. From 3.9 on most
// tools are not in the broker's jars but in kafka-tools, which is published up
// to 4.3.1; a class beginning with org.apache.kafka.tools is looked for there.
func (c *Cluster) RunTool(ctx context.Context, stdin, class string, args ...string) (stdout string, err error) {
	r, err := findRelease(c.Version())
	if err != nil {
		return "", prefixed(err)
	}
	jars := r.core()
	if r.tools != "" && strings.HasPrefix(class, "org.apache.kafka.tools.") {
		jars = r.console()
	}
	stdout, _, err = c.run(ctx, tool{class, jars}, stdin, args...)
	return stdout, prefixed(err)
}

// run returns what was printed even if there is an error.
func (c *Cluster) run(ctx context.Context, t tool, stdin string, args ...string) (stdout, stderr string, err error) {
	launcher, err := java()
	if err != nil {
		return "", "", err
	}
	jars, err := t.jars.fetch(ctx, c.log)
	if err != nil {
		return "", "", err
	}
	r, err := findRelease(c.Version())
	if err != nil {
		return "", "", err
	}
	flags := append(slices.Clone(shortLived), "-Dfile.encoding=UTF-8") // what it reads and prints, whatever the locale
	flags = append(flags, r.javaFlags()...)
	flags = append(flags, logFlags(c.dir, "tool")...)
	flags = append(flags, "-cp", classpath(jars), t.class)
	cmd := exec.CommandContext(ctx, launcher, append(flags, args...)...)
	cmd.Dir = c.dir
	cmd.Stdin = strings.NewReader(stdin)
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	if err := runCommand(cmd); err != nil {
		err = fmt.Errorf("%s: %w\n%s", t.class, errors.Join(err, context.Cause(ctx)), lastLines(complaints.String(), 15))
		return out.String(), complaints.String(), err
	}
	return out.String(), complaints.String(), nil
}

// CreateTopic makes a topic with the topic command of the cluster's release, and returns
// when every partition has a leader that all running brokers know. It takes a JVM a second or two: many topics are
// made faster by a client, or by the brokers themselves at the first use of a name.
func (c *Cluster) CreateTopic(ctx context.Context, name string, partitions, replicas int) error {
	ctx, cancel := withStartTimeout(ctx)
	defer cancel()
	if err := c.createTopic(ctx, name, partitions, replicas); err != nil {
		return fmt.Errorf("realkafka: create topic %s: %w", name, err)
	}
	return nil
}

func (c *Cluster) createTopic(ctx context.Context, name string, partitions, replicas int) error {
	r, err := findRelease(c.Version())
	if err != nil {
		return err
	}
	stdout, stderr, err := c.run(ctx, r.topicTool(), "", c.topicArgs(name, partitions, replicas)...)
	if err != nil {
		return err
	}
	// up to 0.8.2 the command's exit code is 0 whatever happens
	for _, complaint := range []string{"Error while executing", "creation failed"} {
		if strings.Contains(stdout+stderr, complaint) {
			return errors.New(strings.TrimSpace(stdout + stderr))
		}
	}
	return c.awaitLeaders(ctx, name, partitions)
}

func (c *Cluster) topicArgs(name string, partitions, replicas int) []string {
	p, n := strconv.Itoa(partitions), strconv.Itoa(replicas)
	switch v := c.Version(); {
	case v == "0.8.0":
		return []string{"--zookeeper", c.zk.Addr(), "--topic", name, "--partition", p, "--replica", n}
	case !atLeast(v, "2.2"): // KIP-377
		return []string{"--zookeeper", c.zk.Addr(), "--create", "--topic", name, "--partitions", p, "--replication-factor", n}
	}
	return []string{"--bootstrap-server", c.bootstrap(), "--create", "--topic", name, "--partitions", p, "--replication-factor", n}
}

// awaitLeaders waits until all serving brokers name a leader for each partition.
func (c *Cluster) awaitLeaders(ctx context.Context, topic string, partitions int) error {
	for _, b := range c.serving() {
		err := c.poll(ctx, b.current(), func() (bool, error) {
			m, err := askMetadata(ctx, b.Addr(), topic)
			return err == nil && m.hasLeaders(topic, partitions), nil
		})
		if err != nil {
			return fmt.Errorf("it was created, but broker %d does not know its leaders: %w", b.id, err)
		}
	}
	return nil
}

// bootstrap lists the brokers that serve, for a tool.
func (c *Cluster) bootstrap() string {
	var addrs []string
	for _, b := range c.serving() {
		addrs = append(addrs, b.Addr())
	}
	return strings.Join(addrs, ",")
}
