package protocol

import (
	"slices"
	"strconv"
)

// APIKey is the number that says in a request's header what is asked for.
type APIKey int16

// String is Kafka's name for the API, such as "Produce", or "APIKey(123)".
func (k APIKey) String() string {
	if k >= 0 && int(k) < len(apiNames) && apiNames[k] != "" {
		return apiNames[k]
	}
	return "APIKey(" + strconv.Itoa(int(k)) + ")"
}

// API is what this package knows of one request and its response.
type API struct {
	Key             APIKey
	MinVersion      int16
	MaxVersion      int16 // the newest stable one
	FlexibleVersion int16 // the first flexible version (KIP-482), or -1
}

// Range is the range of versions.
func (a API) Range() VersionRange { return VersionRange{a.MinVersion, a.MaxVersion} }

// APIs returns all APIs of this package by key. The caller owns the slice.
func APIs() []API { return slices.Clone(apis[:]) }

// LookupAPI returns the API with the given key; false if this package does not
// have it.
func LookupAPI(key APIKey) (API, bool) {
	if key < 0 || int(key) >= len(apiIndex) || apiIndex[key] == 0 {
		return API{}, false
	}
	return apis[apiIndex[key]-1], true
}

// apiIndex has for each key one plus the index in apis, or 0.
var apiIndex = func() (index [len(apiNames)]uint8) {
	for i, a := range apis {
		index[a.Key] = uint8(i + 1)
	}
	return index
}()

// RequestHeaderVersion is the version of [RequestHeader] before a request of
// the given version: 2 if that is flexible, else 1.
func (k APIKey) RequestHeaderVersion(version int16) int16 {
	if k.flexible(version) {
		return 2
	}
	return 1
}

// ResponseHeaderVersion is the version of [ResponseHeader] before a response
// of the given version: 1 if that is flexible, else 0. ApiVersions always has
// 0, so that a client that asked in too new a version can still read the
// answer (KIP-511).
func (k APIKey) ResponseHeaderVersion(version int16) int16 {
	if k != KeyAPIVersions && k.flexible(version) {
		return 1
	}
	return 0
}

func (k APIKey) flexible(version int16) bool {
	a, ok := LookupAPI(k)
	return ok && a.FlexibleVersion >= 0 && version >= a.FlexibleVersion
}
