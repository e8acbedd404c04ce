package cluster

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
)

// DefaultPort is the port of a seed that names none.
const DefaultPort = 9092

// ParseSeeds makes dialable addresses of what a user writes: host, host:port,
// ::1, [::1], [::1]:9092, and several of them with commas between. Duplicates
// are left out, order is kept. Every element that cannot be an address is
// reported.
func ParseSeeds(hosts []string) ([]string, error) {
	var seeds []string
	var problems []error
	for _, element := range hosts {
		for host := range strings.SplitSeq(element, ",") {
			host = strings.TrimSpace(host)
			if host == "" {
				continue
			}
			addr, err := parseSeed(host)
			if err != nil {
				problems = append(problems, err)
			} else if !slices.Contains(seeds, addr) {
				seeds = append(seeds, addr)
			}
		}
	}
	if len(seeds) == 0 && len(problems) == 0 {
		problems = append(problems, errors.New("no bootstrap host: give at least one host:port"))
	}
	return seeds, errors.Join(problems...)
}

func parseSeed(s string) (string, error) {
	if scheme, rest, found := strings.Cut(s, "://"); found {
		return "", fmt.Errorf("bootstrap host %q: leave out %q, give %q", s, scheme+"://", rest)
	}
	host, port := s, strconv.Itoa(DefaultPort)
	switch bare := strings.TrimSuffix(strings.TrimPrefix(s, "["), "]"); {
	case net.ParseIP(bare) != nil || isZoned(bare): // an IPv6 address has colons of its own
		host = bare
	case strings.Contains(s, ":"):
		var err error
		if host, port, err = net.SplitHostPort(s); err != nil {
			return "", fmt.Errorf("bootstrap host %q: not host:port: %w", s, err)
		}
	}
	if host == "" || strings.ContainsAny(host, " /[]@") {
		return "", fmt.Errorf("bootstrap host %q: no host name in it", s)
	}
	if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
		return "", fmt.Errorf("bootstrap host %q: port %q is not between 1 and 65535", s, port)
	}
	return net.JoinHostPort(host, port), nil
}

// isZoned recognises a link-local IPv6 address with its interface: fe80::1%eth0.
func isZoned(s string) bool {
	address, zone, found := strings.Cut(s, "%")
	return found && !strings.ContainsAny(zone, "[]:") && strings.Contains(address, ":") && net.ParseIP(address) != nil
}
