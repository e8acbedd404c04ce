// Package offsetfile keeps the committed offsets of consumer groups in files,
// one for each group, for brokers that keep none.
//
// A file is never changed: a new one is written beside it, made durable, and
// takes its name. So there is always a whole one, whenever the machine stops,
// and a Store that has returned is still there afterwards. A file that is not
// whole nevertheless was damaged by something else, which is a CorruptError
// and never an offset, nor the lack of one.
//
// The package starts no goroutine.
package offsetfile
