package offsetfile

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"hash/crc32"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Place is a partition of a topic.
type Place struct {
	Topic     string
	Partition int32
}

// Offset is what is committed of a partition.
type Offset struct {
	Offset   int64
	Metadata string
}

// The text of a file: a header with the group, a line for each partition, and
// at the end their number and the checksum of everything above. Strings are
// quoted as in Go, so that any bytes come back.
//
//	afkak offsets 1 "billing"
//	"orders" 0 120 ""
//	"orders" 1 99 "by host b"
//	end 2 crc32c 1f2e3d4c
const (
	header  = "afkak offsets 1 "
	trailer = "end "
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// encode writes the offsets of a group, sorted.
func encode(group string, offsets map[Place]Offset) []byte {
	b := strconv.AppendQuote([]byte(header), group)
	b = append(b, '\n')
	places := slices.SortedFunc(maps.Keys(offsets), func(a, b Place) int {
		return cmp.Or(strings.Compare(a.Topic, b.Topic), cmp.Compare(a.Partition, b.Partition))
	})
	for _, place := range places {
		offset := offsets[place]
		b = strconv.AppendQuote(b, place.Topic)
		b = fmt.Appendf(b, " %d %d ", place.Partition, offset.Offset)
		b = strconv.AppendQuote(b, offset.Metadata)
		b = append(b, '\n')
	}
	return fmt.Appendf(b, "%s%d crc32c %08x\n", trailer, len(offsets), crc32.Checksum(b, castagnoli))
}

var (
	errNoHeader = errors.New("it does not begin as a file of offsets does")
	errCutOff   = errors.New("its end is missing")
	errChecksum = errors.New("its checksum does not match")
)

// decode reads what encode wrote, all of it or nothing.
func decode(b []byte) (group string, offsets map[Place]Offset, err error) {
	if !bytes.HasPrefix(b, []byte(header)) {
		return "", nil, errNoHeader
	}
	body, err := checked(b)
	if err != nil {
		return "", nil, err
	}
	lines := strings.Split(strings.TrimSuffix(string(body), "\n"), "\n")
	if group, err = strconv.Unquote(strings.TrimPrefix(lines[0], header)); err != nil {
		return "", nil, fmt.Errorf("line 1: the name of the group: %w", err)
	}
	offsets = make(map[Place]Offset, len(lines)-1)
	for i, line := range lines[1:] {
		place, offset, err := parseLine(line)
		if err != nil {
			return "", nil, fmt.Errorf("line %d: %w", i+2, err)
		}
		if _, twice := offsets[place]; twice {
			return "", nil, fmt.Errorf("line %d: %s/%d for the second time", i+2, place.Topic, place.Partition)
		}
		offsets[place] = offset
	}
	return group, offsets, nil
}

// checked returns what is above the last line, which must fit it.
func checked(b []byte) ([]byte, error) {
	at := bytes.LastIndex(b, []byte("\n"+trailer)) + 1
	if at == 0 || !bytes.HasSuffix(b, []byte("\n")) {
		return nil, errCutOff
	}
	body := b[:at]
	want := fmt.Sprintf("%s%d crc32c %08x\n", trailer, bytes.Count(body, []byte("\n"))-1, crc32.Checksum(body, castagnoli))
	if string(b[at:]) != want {
		return nil, errChecksum
	}
	return body, nil
}

func parseLine(line string) (place Place, offset Offset, err error) {
	topic, err := strconv.QuotedPrefix(line)
	if err != nil {
		return place, offset, fmt.Errorf("the topic: %w", err)
	}
	fields := strings.SplitN(line[len(topic):], " ", 4) // the first is empty
	if len(fields) != 4 || fields[0] != "" {
		return place, offset, errors.New("not four fields")
	}
	partition, err := strconv.ParseInt(fields[1], 10, 32)
	if err != nil {
		return place, offset, fmt.Errorf("the partition: %w", err)
	}
	if offset.Offset, err = strconv.ParseInt(fields[2], 10, 64); err != nil {
		return place, offset, fmt.Errorf("the offset: %w", err)
	}
	if offset.Metadata, err = strconv.Unquote(fields[3]); err != nil {
		return place, offset, fmt.Errorf("the metadata: %w", err)
	}
	place.Partition = int32(partition)
	place.Topic, err = strconv.Unquote(topic)
	return place, offset, err
}
