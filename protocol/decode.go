package protocol

import (
	"unsafe"

	"github.com/afkak-go/afkak/internal/kbin"
)

// newSlice makes room for n elements, or for as many as fit into a few times
// the bytes that are left: elements can be much larger in Go than on the wire,
// and a count is believed no further than append has to grow for what is
// really there.
func newSlice[T any](r *kbin.Reader, n int) []T {
	var elem T
	return make([]T, 0, min(n, 4*r.Len()/int(unsafe.Sizeof(elem))+1))
}
