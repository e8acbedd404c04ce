package broker

import (
	"maps"
	"slices"
	"strings"

	"github.com/afkak-go/afkak/broker/internal/group"
	"github.com/afkak-go/afkak/protocol"
)

// classicGroup is the type of every group here.
const classicGroup = "classic"

func (b *Broker) handleListGroups(req *request, message *protocol.ListGroupsRequest) (protocol.Response, error) {
	resp := new(protocol.ListGroupsResponse)
	if !admits(message.TypesFilter, classicGroup) {
		return resp, nil
	}
	b.groups.each(func(name string, gr *group.Group) {
		if admits(message.StatesFilter, string(gr.State())) {
			resp.Groups = append(resp.Groups, protocol.ListGroupsResponseGroup{
				GroupID: name, ProtocolType: gr.ProtocolType(), GroupState: string(gr.State()), GroupType: classicGroup,
			})
		}
	})
	return resp, nil
}

// each calls f with every group there is, by name.
func (g *groups) each(f func(name string, gr *group.Group)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(g.byName)) {
		f(name, g.byName[name])
	}
}

// admits says whether a filter lets value through; an empty one lets all.
func admits(filter []string, value string) bool {
	return len(filter) == 0 || slices.ContainsFunc(filter, func(s string) bool { return strings.EqualFold(s, value) })
}
