package afkak

import (
	"context"
	"fmt"

	"github.com/afkak-go/afkak/protocol"
)

// BrokerVersions is what one broker is and speaks.
type BrokerVersions struct {
	Broker Broker // ID -1: a bootstrap host whose ID is not known
	Addr   string
	// Release is which Kafka it is as far as that shows: "0.8.1", "2.8",
	// "3.3 or 3.4". Brokers do not say it themselves. Empty when it looks like
	// no Kafka.
	Release string
	// Probed: the broker is older than 0.10 and cannot tell its versions; they
	// are those of Release, which was found out by trying.
	Probed   bool
	Versions *protocol.Versions
	// Err is why nothing could be found out, often a *[BrokerError].
	Err error
}

// BrokerVersions connects to every broker of the cluster and tells what each
// is and speaks, by ID. One that cannot be reached has its Err. The error says
// that no broker answered at all.
func (c *Client) BrokerVersions(ctx context.Context) ([]BrokerVersions, error) {
	reports, err := c.cluster.AllVersions(ctx)
	if err != nil {
		return nil, fmt.Errorf("afkak: versions: %w", err)
	}
	versions := make([]BrokerVersions, len(reports))
	for i, r := range reports {
		versions[i] = BrokerVersions{Broker: r.Broker, Addr: r.Addr, Err: r.Err}
		if r.Identity != nil {
			versions[i].Release, versions[i].Probed, versions[i].Versions = r.Identity.Release, r.Identity.Probed, r.Identity.Versions
		}
	}
	return versions, nil
}
