package protocol

import (
	"fmt"
	"maps"
	"slices"
)

// VersionRange is a range of versions, both ends included.
type VersionRange struct{ Min, Max int16 }

// String is "3" or "0 to 9".
func (r VersionRange) String() string {
	if r.Min == r.Max {
		return fmt.Sprint(r.Min)
	}
	return fmt.Sprintf("%d to %d", r.Min, r.Max)
}

// Contains reports whether version is within the range.
func (r VersionRange) Contains(version int16) bool { return r.Min <= version && version <= r.Max }

// Versions is what one broker speaks. It does not change and is safe for
// concurrent use. A nil *Versions speaks nothing.
type Versions struct {
	ranges map[APIKey]VersionRange
}

// NewVersions returns Versions with a copy of ranges.
func NewVersions(ranges map[APIKey]VersionRange) *Versions {
	return &Versions{maps.Clone(ranges)}
}

// Range returns the versions of one API; false if the broker does not have it.
func (v *Versions) Range(key APIKey) (VersionRange, bool) {
	if v == nil {
		return VersionRange{}, false
	}
	r, ok := v.ranges[key]
	return r, ok
}

// Keys returns the keys that the broker speaks, ascending. They may include
// some that this package does not know.
func (v *Versions) Keys() []APIKey {
	if v == nil {
		return nil
	}
	return slices.Sorted(maps.Keys(v.ranges))
}

// Pick returns the highest version of an API between lowest and highest that both the
// broker and this package speak, or a *[VersionError].
func (v *Versions) Pick(key APIKey, lowest, highest int16) (int16, error) {
	ours := VersionRange{lowest, highest}
	if a, ok := LookupAPI(key); ok {
		ours = VersionRange{Min: max(lowest, a.MinVersion), Max: min(highest, a.MaxVersion)}
	}
	theirs, ok := v.Range(key)
	if !ok {
		return 0, &VersionError{Key: key, Ours: ours, Missing: true}
	}
	version := min(ours.Max, theirs.Max)
	if version < max(ours.Min, theirs.Min) {
		return 0, &VersionError{Key: key, Ours: ours, Theirs: theirs}
	}
	return version, nil
}

// VersionError says that client and broker have no version of an API in
// common.
type VersionError struct {
	Key     APIKey
	Ours    VersionRange // what was asked for, as far as this package has it
	Theirs  VersionRange // what the broker speaks; zero if Missing
	Missing bool         // the broker does not have the API at all
}

func (e *VersionError) Error() string {
	if e.Missing {
		return fmt.Sprintf("%s: the broker does not know this request (needed: version %s)", e.Key, e.Ours)
	}
	return fmt.Sprintf("%s: the broker speaks version %s, needed is version %s", e.Key, e.Theirs, e.Ours)
}
