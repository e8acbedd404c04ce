package broker

import (
	"github.com/afkak-go/afkak/broker/internal/group"
	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

func (b *Broker) handleDeleteGroups(req *request, message *protocol.DeleteGroupsRequest) (protocol.Response, error) {
	resp := new(protocol.DeleteGroupsResponse)
	answered := make(map[string]bool)
	for _, name := range message.GroupsNames {
		if !answered[name] {
			answered[name] = true
			resp.Results = append(resp.Results, protocol.DeleteGroupsResponseResult{GroupID: name, ErrorCode: b.groups.delete(name).Code()})
		}
	}
	return resp, nil
}

// delete forgets a group without members and its offsets.
func (g *groups) delete(name string) kerr.Error {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch gr := g.byName[name]; {
	case gr == nil:
		return kerr.GroupIDNotFound
	case gr.State() != group.Empty:
		return kerr.NonEmptyGroup
	}
	delete(g.byName, name)
	g.offsets.DeleteGroup(name)
	return kerr.None
}
