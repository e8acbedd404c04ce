package broker

import (
	"slices"
	"strings"

	"github.com/afkak-go/afkak/protocol"
)

// A group that only keeps offsets is one of the classic type without members.
const (
	emptyGroup   = "Empty"
	classicGroup = "classic"
)

func (b *Broker) handleListGroups(req *request, message *protocol.ListGroupsRequest) (protocol.Response, error) {
	resp := new(protocol.ListGroupsResponse)
	if !admits(message.StatesFilter, emptyGroup) || !admits(message.TypesFilter, classicGroup) {
		return resp, nil
	}
	for _, name := range b.groups.names() {
		resp.Groups = append(resp.Groups, protocol.ListGroupsResponseGroup{GroupID: name, GroupState: emptyGroup, GroupType: classicGroup})
	}
	return resp, nil
}

// admits says whether a filter lets value through; an empty one lets all.
func admits(filter []string, value string) bool {
	return len(filter) == 0 || slices.ContainsFunc(filter, func(s string) bool { return strings.EqualFold(s, value) })
}
