package driver

import (
	"math/rand/v2"
	"strconv"
)

const (
	poolBytes = 16 << 20
	keyCount  = 1 << 16
)

// Records is an endless row of records, the same in every run with the same
// size. They are cut from one long text that compresses about as well as logged
// JSON does, and does not repeat within what any codec looks back over. What it
// hands out is never written to.
type Records struct {
	pool []byte
	keys []byte // one after the other
	size int    // of a value
	at   int    // in pool
	key  int    // in keys
	laps int    // through pool
}

// NewRecords makes the row of records with values of so many bytes.
func NewRecords(valueBytes int) *Records {
	random := rand.New(rand.NewPCG(1, 2))
	r := &Records{size: valueBytes, pool: text(random, poolBytes), keys: make([]byte, 0, keyCount*KeyBytes)}
	for range keyCount {
		id := strconv.AppendUint(nil, 10_000_000+random.Uint64N(90_000_000), 10)
		r.keys = append(r.keys, id...)
	}
	return r
}

// Next returns the next record.
func (r *Records) Next() (key, value []byte) {
	k := r.key
	r.key = (k + KeyBytes) % len(r.keys)
	if r.at+r.size > len(r.pool) {
		r.laps++
		r.at = r.laps * 7 % r.size
	}
	end := r.at + r.size
	value = r.pool[r.at:end:end]
	r.at = end
	return r.keys[k : k+KeyBytes : k+KeyBytes], value
}

// text is JSON of a shop that nobody owns.
func text(random *rand.Rand, n int) []byte {
	words := make([]string, 2048)
	for i := range words {
		b := make([]byte, 3+random.IntN(8))
		for j := range b {
			b[j] = "etaoinshrdlucmfwypvbgkjqxz"[min(random.IntN(26), random.IntN(26))]
		}
		words[i] = string(b)
	}
	word := func() string { return words[min(random.IntN(len(words)), random.IntN(len(words)))] }
	out := make([]byte, 0, n+256)
	for len(out) < n {
		out = append(out, `{"order":`...)
		out = strconv.AppendUint(out, random.Uint64N(1e12), 10)
		out = append(out, `,"customer":"`...)
		out = strconv.AppendUint(out, random.Uint64(), 36)
		out = append(out, `","status":"`...)
		out = append(out, []string{"placed", "paid", "shipped", "returned"}[random.IntN(4)]...)
		out = append(out, `","note":"`...)
		for range 2 + random.IntN(8) {
			out = append(append(out, word()...), ' ')
		}
		out = append(out, "\"}\n"...)
	}
	return out[:n]
}
