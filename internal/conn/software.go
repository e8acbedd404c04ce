package conn

import (
	"runtime/debug"
	"strings"
	"sync"
)

const (
	modulePath   = "github.com/afkak-go/afkak"
	softwareName = "afkak-go"
)

// moduleVersion is the version of this module in the running program, such as
// "0.3.1", or "unknown".
var moduleVersion = sync.OnceValue(func() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	version := ""
	if info.Main.Path == modulePath {
		version = info.Main.Version
	}
	for _, dep := range info.Deps {
		if dep.Path == modulePath {
			version = dep.Version
		}
	}
	if version == "" {
		return "unknown"
	}
	return strings.TrimPrefix(version, "v")
})

// softwareToken makes s what brokers accept as a name or a version: letters,
// digits, dots and hyphens, with a letter or a digit at both ends (KIP-511).
func softwareToken(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', r == '.':
			return r
		}
		return '-'
	}, s)
	if s = strings.Trim(s, ".-"); s == "" {
		return "unknown"
	}
	return s
}
