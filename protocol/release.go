package protocol

import (
	"maps"
	"slices"
)

// ReleaseVersions returns what brokers of a release without ApiVersions speak:
// "0.8.0", "0.8.1", "0.8.2" or "0.9.0", patch releases included. Those brokers
// do not check versions: they answer a newer one in the form of an older one,
// close the connection, or send bytes without a meaning, so that only what
// they are known to handle may be sent. The requests that brokers of these
// releases sent only to each other are left out.
//
// From 0.10.0 on a broker is asked instead; false is returned.
func ReleaseVersions(release string) (*Versions, bool) {
	v, ok := releases[release]
	return v, ok
}

// releases is built of what each release added to the one before.
var releases = func() map[string]*Versions {
	all := map[string]*Versions{}
	spoken := map[APIKey]VersionRange{}
	for _, r := range releaseSteps {
		maps.Copy(spoken, r.adds)
		all[r.release] = NewVersions(spoken)
	}
	return all
}()

var releaseSteps = []struct {
	release string
	adds    map[APIKey]VersionRange
}{
	// Committing offsets closes the connection.
	{"0.8.0", map[APIKey]VersionRange{
		KeyProduce:     {0, 0},
		KeyFetch:       {0, 0},
		KeyListOffsets: {0, 0},
		KeyMetadata:    {0, 0},
	}},
	// Offsets are kept in ZooKeeper. Version 1 and 2 of OffsetCommit are
	// answered without an error, but nothing is stored.
	{"0.8.1", map[APIKey]VersionRange{
		KeyOffsetCommit: {0, 0},
		KeyOffsetFetch:  {0, 0},
	}},
	// Version 1 keeps offsets in Kafka, with the group's coordinator. The
	// requests for membership of a group came in unfinished and are left out.
	{"0.8.2", map[APIKey]VersionRange{
		KeyOffsetCommit:    {0, 1},
		KeyOffsetFetch:     {0, 1},
		KeyFindCoordinator: {0, 0},
	}},
	// Groups with members, retention by commit (OffsetCommit 2), and throttling
	// by quotas (Produce 1, Fetch 1).
	{"0.9.0", map[APIKey]VersionRange{
		KeyProduce:        {0, 1},
		KeyFetch:          {0, 1},
		KeyOffsetCommit:   {0, 2},
		KeyJoinGroup:      {0, 0},
		KeyHeartbeat:      {0, 0},
		KeyLeaveGroup:     {0, 0},
		KeySyncGroup:      {0, 0},
		KeyDescribeGroups: {0, 0},
		KeyListGroups:     {0, 0},
	}},
}

// Releases returns the releases that [ReleaseVersions] knows, oldest first.
func Releases() []string {
	return slices.Sorted(maps.Keys(releases))
}
