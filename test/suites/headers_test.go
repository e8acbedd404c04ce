package suites

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/afkak-go/afkak"
	"github.com/afkak-go/afkak/test/harness"
)

func TestHeadersReturnOrAreRefusedOrDroppedAsAsked(t *testing.T) {
	harness.OnOne(t, core, func(t *testing.T, pass harness.Pass, target harness.Target) {
		client, ctx := target.Logged(t), harness.Context(t)
		topic := target.Created(t, client)
		headers := []afkak.Header{{Key: "trace", Value: []byte("1")}, {Key: "trace", Value: []byte{}}, {Key: "", Value: nil}}
		record := afkak.Record{Topic: topic, Value: []byte("with headers"), Headers: headers}

		strict := producer(t, client, afkak.WithPartitioner(afkak.Manual()))
		_, err := strict.Send(ctx, record).Wait(ctx)
		if !pass.AtLeast("0.11") { // KIP-82
			headers = nil
			if !errors.Is(err, afkak.ErrHeadersUnsupported) || afkak.MaybeStored(err) {
				t.Errorf("headers on a broker that has none: %v", err)
			}
			nothingYet(t, client, topic, 0)
		} else if err != nil {
			t.Fatal(err)
		}
		stored(t, strict.Send(ctx, afkak.Record{Topic: topic, Value: []byte("without")}))

		lenient := producer(t, client, afkak.WithPartitioner(afkak.Manual()), afkak.WithDropHeaders())
		at := stored(t, lenient.Send(ctx, record))[0].Offset
		got := read(t, client, topic, 0, int(at)+1)[at]
		if string(got.Value) != "with headers" || !slices.EqualFunc(got.Headers, headers, sameHeader) {
			t.Errorf("got %q with headers %v, want headers %v", got.Value, got.Headers, headers)
		}
	})
}

func sameHeader(a, b afkak.Header) bool {
	return a.Key == b.Key && bytes.Equal(a.Value, b.Value) && (a.Value == nil) == (b.Value == nil)
}
