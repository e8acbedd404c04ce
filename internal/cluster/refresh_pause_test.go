package cluster_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/afkak-go/afkak/protocol"
)

func TestOldTopicsAreAskedForWithPausesWhileAllBrokersAreGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.leaders["orders"] = []int32{1}
		c := w.cluster()
		defer w.end(c)
		if _, err := c.Topic(t.Context(), "orders", false); err != nil {
			t.Fatal(err)
		}
		w.change(func() {
			w.up = map[string]int32{}
			w.on[protocol.KeyMetadata] = func(int32, protocol.Request) protocol.Response { return nil } // hangs up
		})
		time.Sleep(10 * time.Minute) // twice the age at which topics are asked for again
		if n := len(w.dialled()); n > 1000 {
			t.Errorf("dialled %d times in five minutes", n)
		}
	})
}
