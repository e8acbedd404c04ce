// Command afkak talks to Apache Kafka: it produces, consumes, lists topics,
// says what each broker is, and serves an embedded broker where there is none.
//
// Results go to standard output and everything else to standard error. Exit
// codes are documented in [exitCode].
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// commandLine is every command and flag. Letters are kcat's where kcat has one.
type commandLine struct {
	Demo     demoCommand     `cmd:"" help:"Produce and consume real events through an embedded broker, and check that none is lost, repeated or out of order."`
	Serve    serveCommand    `cmd:"" help:"Run the embedded broker until Ctrl-C."`
	Produce  produceCommand  `cmd:"" help:"Send a record for each line of the files, or of standard input."`
	Consume  consumeCommand  `cmd:"" help:"Print the records of a topic."`
	Topics   topicsCommand   `cmd:"" help:"List, describe, create and delete topics."`
	Versions versionsCommand `cmd:"" help:"Say what each broker is and which protocol versions it speaks."`
}

// terminal is what a command reads and writes, so that tests can stand in for it.
type terminal struct {
	in  io.Reader
	out io.Writer
	err io.Writer
	// tty: err is a terminal that a person looks at.
	tty bool
}

func main() {
	term := &terminal{in: os.Stdin, out: os.Stdout, err: os.Stderr, tty: isTerminal(os.Stderr)}
	os.Exit(run(interruptible(), term, os.Args[1:]))
}

// interruptible returns a context that ends at the first Ctrl-C or SIGTERM.
// The second one ends the process, should a command take its time.
func interruptible() context.Context {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	// A closed pipe is an error of the write to it, not the death of the process.
	signal.Ignore(syscall.SIGPIPE)
	return ctx
}

// run parses args, runs the command that they name, and returns the exit code.
func run(ctx context.Context, term *terminal, args []string) int {
	var cli commandLine
	var exited *int
	parser, err := kong.New(&cli,
		kong.Name("afkak"),
		kong.Description("A client, a command line and an embedded broker for Apache Kafka, from 0.8.0 to the newest."),
		kong.UsageOnError(),
		kong.Writers(term.out, term.err),
		kong.Exit(func(code int) { exited = &code }),
		kong.WithHyphenPrefixedParameters(true),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
	)
	if err != nil {
		panic(err) // the grammar above is wrong
	}
	command, err := parser.Parse(args)
	if exited != nil {
		return *exited // --help was printed
	}
	if err != nil {
		fmt.Fprintf(term.err, "afkak: %v. Try \"afkak --help\".\n", err)
		return exitUsage
	}
	command.BindTo(ctx, (*context.Context)(nil))
	err = command.Run(term)
	code := exitCode(ctx, err)
	if code != exitOK {
		fmt.Fprintf(term.err, "afkak: %s\n", sentence(err))
	}
	return code
}
