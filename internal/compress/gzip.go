package compress

import (
	"bytes"
	"encoding/binary"
	"io"
	"slices"
	"sync"

	"github.com/klauspost/compress/gzip"
)

// appender is an io.Writer into a slice.
type appender struct{ b []byte }

func (a *appender) Write(p []byte) (int, error) {
	a.b = append(a.b, p...)
	return len(p), nil
}

type gzipEncoder struct {
	out appender
	w   *gzip.Writer
}

// gzipEncoders holds idle encoders by level; DefaultLevel is 0.
var gzipEncoders [10]sync.Pool

func newGzipEncoder(level int) *gzipEncoder {
	if level == DefaultLevel {
		level = gzip.DefaultCompression
	}
	e := new(gzipEncoder)
	w, err := gzip.NewWriterLevel(&e.out, level)
	if err != nil {
		panic("compress: gzip refuses a checked level: " + err.Error())
	}
	e.w = w
	return e
}

func appendGzip(dst, src []byte, level int) []byte {
	e, _ := gzipEncoders[level].Get().(*gzipEncoder)
	if e == nil {
		e = newGzipEncoder(level)
	}
	e.out.b = dst
	e.w.Reset(&e.out)
	e.w.Write(src) // an appender never fails
	e.w.Close()
	dst, e.out.b = e.out.b, nil
	gzipEncoders[level].Put(e)
	return dst
}

type gzipDecoder struct {
	in bytes.Reader
	r  gzip.Reader
}

var gzipDecoders = sync.Pool{New: func() any { return new(gzipDecoder) }}

func appendGunzipped(dst, src []byte, limit int) ([]byte, error) {
	d := gzipDecoders.Get().(*gzipDecoder)
	defer func() {
		d.in.Reset(nil)
		gzipDecoders.Put(d)
	}()
	d.in.Reset(src)
	if err := d.r.Reset(&d.in); err != nil {
		return dst, corrupt(Gzip, unexpected(err))
	}
	start := len(dst)
	dst = slices.Grow(dst, gunzippedSize(src, limit)+1) // 1: room in which the last Read finds the end
	for {
		n, err := d.r.Read(dst[len(dst):cap(dst)])
		dst = dst[:len(dst)+n]
		switch {
		case len(dst)-start > limit:
			return dst, tooLarge(Gzip, limit)
		case err == io.EOF:
			return dst, nil
		case err != nil:
			return dst, corrupt(Gzip, unexpected(err))
		case len(dst) == cap(dst):
			got := len(dst) - start
			dst = slices.Grow(dst, min(got, limit-got+1))
		}
	}
}

// gunzippedSize guesses how much src will give from the size in its trailer,
// as far as it can be true.
func gunzippedSize(src []byte, limit int) int {
	const maxRatio = 1032 // of deflate: 258 bytes from 2 bits
	if len(src) < 8 {
		return 0
	}
	claimed := int64(binary.LittleEndian.Uint32(src[len(src)-4:]))
	return int(min(claimed, int64(limit), int64(len(src))*maxRatio))
}

// unexpected makes the end of the input the error that it is.
func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
