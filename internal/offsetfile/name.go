package offsetfile

import (
	"crypto/sha256"
	"fmt"
	"strings"
)

// longest is how much of a group's name a file name takes over; file systems
// have 255 bytes for all of it.
const longest = 160

// fileName is the file of a group: its name, with everything escaped that some
// file system gives a meaning to, capitals included. Long names are cut off
// and told apart by a hash.
func fileName(group string) string {
	var b strings.Builder
	for i := range len(group) {
		if c := group[i]; c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.' && i > 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02x", c)
		}
	}
	name := b.String()
	if len(name) > longest {
		name = fmt.Sprintf("%s+%x", name[:longest], sha256.Sum256([]byte(group)))
	}
	return name + ".offsets"
}
