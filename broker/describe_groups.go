package broker

import (
	"fmt"

	"github.com/afkak-go/afkak/broker/internal/group"
	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

// groupOperations is what whoever connects may do with a group, as bits of
// Kafka's operations: read, delete, describe, describe and alter its configs.
const groupOperations = 1<<3 | 1<<6 | 1<<8 | 1<<10 | 1<<11

func (b *Broker) handleDescribeGroups(req *request, message *protocol.DescribeGroupsRequest) (protocol.Response, error) {
	resp := new(protocol.DescribeGroupsResponse)
	for _, name := range message.Groups {
		described := b.groups.describe(req.version, name)
		described.GroupID = name
		described.AuthorizedOperations = unknownOperations
		if message.IncludeAuthorizedOperations && described.ErrorCode == 0 {
			described.AuthorizedOperations = groupOperations
		}
		resp.Groups = append(resp.Groups, described)
	}
	return resp, nil
}

func (g *groups) describe(version int16, name string) protocol.DescribeGroupsResponseGroup {
	g.mu.Lock()
	defer g.mu.Unlock()
	if gr := g.byName[name]; gr != nil {
		return gr.Describe()
	}
	none := protocol.DescribeGroupsResponseGroup{GroupState: string(group.Dead)}
	if version >= 6 { // KIP-1043
		none.ErrorCode, none.ErrorMessage = kerr.GroupIDNotFound.Code(), text(fmt.Sprintf("there is no group %q", name))
	}
	return none
}
