package main

import (
	"fmt"
	"strconv"
	"time"
)

// count writes a number in groups of three digits: 17,070.
func count(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// size writes a number of bytes in binary units with three digits: 5.50 MiB.
func size(n int64) string {
	if n < 1024 {
		return fmt.Sprintf("%d B", n)
	}
	f, units := float64(n), []string{"KiB", "MiB", "GiB", "TiB", "PiB"}
	for _, unit := range units {
		if f /= 1024; f < 999.5 || unit == units[len(units)-1] {
			return fmt.Sprintf("%.3g %s", f, unit)
		}
	}
	return ""
}

// latency rounds a duration to what a person reads: 1.24ms, 318µs.
func latency(d time.Duration) string {
	switch {
	case d >= time.Second:
		return d.Round(10 * time.Millisecond).String()
	case d >= time.Millisecond:
		return d.Round(10 * time.Microsecond).String()
	}
	return d.Round(time.Microsecond).String()
}

func plural(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return count(n) + " " + many
}
