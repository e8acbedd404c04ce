package protocol_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/afkak-go/afkak/protocol"
)

func TestRegistryIsConsistent(t *testing.T) {
	apis := protocol.APIs()
	if !slices.IsSortedFunc(apis, func(a, b protocol.API) int { return int(a.Key) - int(b.Key) }) {
		t.Error("APIs are not sorted by key")
	}
	for _, a := range apis {
		request, response := protocol.NewRequest(a.Key), protocol.NewResponse(a.Key)
		if request == nil || response == nil || request.Key() != a.Key || response.Key() != a.Key || request.NewResponse().Key() != a.Key {
			t.Errorf("%s: request %v, response %v", a.Key, request, response)
		}
		if got, ok := protocol.LookupAPI(a.Key); !ok || got != a {
			t.Errorf("LookupAPI(%s) = %v, %v", a.Key, got, ok)
		}
		if a.MinVersion > a.MaxVersion || a.FlexibleVersion > a.MaxVersion+1 || a.FlexibleVersion < -1 {
			t.Errorf("%+v", a)
		}
	}
}

func TestKeysThatWeDoNotHave(t *testing.T) {
	for key, name := range map[protocol.APIKey]string{4: "LeaderAndIsr", 58: "Envelope", -1: "APIKey(-1)", 9999: "APIKey(9999)"} {
		if key.String() != name {
			t.Errorf("key %d is called %q, want %q", int16(key), key.String(), name)
		}
		if _, ok := protocol.LookupAPI(key); ok || protocol.NewRequest(key) != nil || protocol.NewResponse(key) != nil {
			t.Errorf("%s is there", name)
		}
		if key.RequestHeaderVersion(9) != 1 || key.ResponseHeaderVersion(9) != 0 {
			t.Errorf("%s has flexible headers", name)
		}
	}
}

func TestNewestVersionsAreTheStableOnesOf44(t *testing.T) {
	for key, want := range map[protocol.APIKey]protocol.API{
		protocol.KeyProduce:         {MinVersion: 0, MaxVersion: 13, FlexibleVersion: 9},
		protocol.KeyFetch:           {MinVersion: 0, MaxVersion: 18, FlexibleVersion: 12},
		protocol.KeyListOffsets:     {MinVersion: 0, MaxVersion: 11, FlexibleVersion: 6},
		protocol.KeyOffsetCommit:    {MinVersion: 0, MaxVersion: 10, FlexibleVersion: 8},
		protocol.KeyAPIVersions:     {MinVersion: 0, MaxVersion: 5, FlexibleVersion: 3},
		protocol.KeyTxnOffsetCommit: {MinVersion: 0, MaxVersion: 6, FlexibleVersion: 3},
		protocol.KeyInitProducerID:  {MinVersion: 0, MaxVersion: 5, FlexibleVersion: 2}, // 6 is unstable
		protocol.KeySaslHandshake:   {MinVersion: 0, MaxVersion: 1, FlexibleVersion: -1},
		protocol.KeyShareFetch:      {MinVersion: 1, MaxVersion: 2, FlexibleVersion: 1}, // 0 was unstable
	} {
		want.Key = key
		if got, _ := protocol.LookupAPI(key); got != want {
			t.Errorf("%s: got %+v, want %+v", key, got, want)
		}
	}
}

func TestHeaderVersions(t *testing.T) {
	for _, c := range []struct {
		key               protocol.APIKey
		version           int16
		request, response int16
	}{
		{protocol.KeyProduce, 8, 1, 0},
		{protocol.KeyProduce, 9, 2, 1},
		{protocol.KeyAPIVersions, 2, 1, 0},
		{protocol.KeyAPIVersions, 3, 2, 0},
		{protocol.KeySaslHandshake, 1, 1, 0},
		{protocol.KeyListConfigResources, 0, 2, 1},
	} {
		if req, resp := c.key.RequestHeaderVersion(c.version), c.key.ResponseHeaderVersion(c.version); req != c.request || resp != c.response {
			t.Errorf("%s version %d: headers %d and %d, want %d and %d", c.key, c.version, req, resp, c.request, c.response)
		}
	}
}

func TestPickTakesTheHighestCommonVersion(t *testing.T) {
	broker := protocol.NewVersions(map[protocol.APIKey]protocol.VersionRange{
		protocol.KeyProduce: {Min: 3, Max: 99},
		protocol.KeyFetch:   {Min: 0, Max: 4},
		5000:                {Min: 0, Max: 1},
	})
	for _, c := range []struct {
		key      protocol.APIKey
		min, max int16
		want     int16 // -1: none
	}{
		{protocol.KeyProduce, 0, 99, 13},
		{protocol.KeyProduce, 0, 12, 12},
		{protocol.KeyProduce, 0, 2, -1},
		{protocol.KeyFetch, 0, 18, 4},
		{protocol.KeyFetch, 4, 18, 4},
		{protocol.KeyFetch, 5, 18, -1},
		{protocol.KeyMetadata, 0, 13, -1},
	} {
		got, err := broker.Pick(c.key, c.min, c.max)
		var none *protocol.VersionError
		if c.want < 0 && !errors.As(err, &none) || c.want >= 0 && (err != nil || got != c.want) {
			t.Errorf("%s %d to %d: got %d, %v; want %d", c.key, c.min, c.max, got, err, c.want)
		}
	}
	if keys := broker.Keys(); !slices.Equal(keys, []protocol.APIKey{0, 1, 5000}) {
		t.Errorf("keys %v", keys)
	}
}

func TestVersionErrorNamesBothRanges(t *testing.T) {
	broker := protocol.NewVersions(map[protocol.APIKey]protocol.VersionRange{protocol.KeyFetch: {Min: 4, Max: 18}})
	_, err := broker.Pick(protocol.KeyFetch, 0, 3)
	var none *protocol.VersionError
	if !errors.As(err, &none) || none.Missing || none.Ours != (protocol.VersionRange{Min: 0, Max: 3}) || none.Theirs != (protocol.VersionRange{Min: 4, Max: 18}) {
		t.Errorf("got %#v", err)
	}
	_, err = (*protocol.Versions)(nil).Pick(protocol.KeyFetch, 0, 3)
	if !errors.As(err, &none) || !none.Missing || none.Key != protocol.KeyFetch {
		t.Errorf("got %#v", err)
	}
}

func TestVersionsDoNotChangeWithTheirSource(t *testing.T) {
	ranges := map[protocol.APIKey]protocol.VersionRange{protocol.KeyFetch: {Min: 4, Max: 18}}
	v := protocol.NewVersions(ranges)
	ranges[protocol.KeyFetch] = protocol.VersionRange{Min: 0, Max: 1}
	if r, ok := v.Range(protocol.KeyFetch); !ok || r.Max != 18 {
		t.Errorf("got %v", r)
	}
}

func TestOldReleasesSpeakWhatRealOnesWereSeenToSpeak(t *testing.T) {
	for _, c := range []struct {
		release string
		key     protocol.APIKey
		max     int16 // -1: not at all
	}{
		{"0.8.0", protocol.KeyProduce, 0},
		{"0.8.0", protocol.KeyOffsetCommit, -1},
		{"0.8.0", protocol.KeyFindCoordinator, -1},
		{"0.8.1", protocol.KeyOffsetCommit, 0},
		{"0.8.1", protocol.KeyFindCoordinator, -1},
		{"0.8.2", protocol.KeyOffsetCommit, 1},
		{"0.8.2", protocol.KeyOffsetFetch, 1},
		{"0.8.2", protocol.KeyFindCoordinator, 0},
		{"0.8.2", protocol.KeyJoinGroup, -1},
		{"0.8.2", protocol.KeyFetch, 0},
		{"0.9.0", protocol.KeyProduce, 1},
		{"0.9.0", protocol.KeyFetch, 1},
		{"0.9.0", protocol.KeyMetadata, 0},
		{"0.9.0", protocol.KeyOffsetCommit, 2},
		{"0.9.0", protocol.KeyListGroups, 0},
		{"0.9.0", protocol.KeyAPIVersions, -1},
	} {
		v, ok := protocol.ReleaseVersions(c.release)
		if !ok {
			t.Fatalf("%s is not known", c.release)
		}
		r, ok := v.Range(c.key)
		if ok != (c.max >= 0) || ok && r != (protocol.VersionRange{Min: 0, Max: c.max}) {
			t.Errorf("%s %s: got %s (%v), want up to %d", c.release, c.key, r, ok, c.max)
		}
	}
	if _, ok := protocol.ReleaseVersions("0.10.0"); ok {
		t.Error("0.10.0 has ApiVersions and needs no table")
	}
	if got := protocol.Releases(); !slices.Equal(got, []string{"0.8.0", "0.8.1", "0.8.2", "0.9.0"}) {
		t.Errorf("releases %v", got)
	}
}

func TestUUIDsAreWrittenAsKafkaWritesThem(t *testing.T) {
	one := protocol.UUID{15: 1}
	if one.String() != "AAAAAAAAAAAAAAAAAAAAAQ" || one.IsZero() || !(protocol.UUID{}).IsZero() {
		t.Errorf("got %s", one)
	}
	id := protocol.UUID{0xfb, 0xff, 7: 3}
	if got, err := protocol.ParseUUID(id.String()); err != nil || got != id || id.String()[0] != '-' {
		t.Errorf("%s came back as %s, %v", id, got, err)
	}
	for _, bad := range []string{"", "AAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAQ=", "AAAAAAAAAAAAAAAAAAAAA+", "AAAAAAAAAAAAAAAAAAAAAR"} {
		if id, err := protocol.ParseUUID(bad); err == nil {
			t.Errorf("%q was read as %s", bad, id)
		}
	}
}
