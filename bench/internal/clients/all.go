// Package clients puts each client library behind the driver's interface, set
// up as its documentation recommends for throughput: acknowledged by all
// replicas, idempotent where the library is so by itself, keys hashed to
// partitions, and the memory, the size of batches and the linger of
// [driver.ProducerConfig] where it has settings for them.
package clients

import (
	"github.com/afkak-go/afkak/bench/internal/driver"
	"github.com/afkak-go/afkak/bench/internal/floor"
)

// All are the clients that need no C compiler, and the floor, in the order in
// which they take turns.
func All() []driver.Client {
	return []driver.Client{Afkak(), AfkakThen(), Franz(), Sarama(), KafkaGo(), floor.Client()}
}
