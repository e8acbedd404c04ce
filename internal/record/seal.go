package record

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/afkak-go/afkak/internal/compress"
)

// What Seal's identity fields hold when the producer has none: it is neither
// idempotent nor transactional.
const (
	NoProducerID    int64 = -1
	NoProducerEpoch int16 = -1
	NoSequence      int32 = -1
)

// Seal says how a batch goes on the wire. The zero value is a message set of
// magic 0 without compression.
type Seal struct {
	Magic int8 // 0, 1 or 2: what the broker speaks
	Codec compress.Codec
	Level int // of the codec; compress.DefaultLevel (0) for its own

	// The producer's identity, magic 2 only; NoProducerID, NoProducerEpoch
	// and NoSequence for none. Message sets have no place for it.
	ProducerID    int64
	ProducerEpoch int16
	BaseSequence  int32
	Transactional bool

	// InPlace says that a compressed batch of magic 2 may take the place of its
	// records in the builder's buffer, if it has room there: they are gone then,
	// and Reset is all that the builder is good for.
	InPlace bool

	// DropHeaders leaves the records' headers out where the format has none,
	// instead of refusing.
	DropHeaders bool
}

// Seal returns the batch as it goes into a Produce request: header and CRC
// written, offsets from 0. Magic 2 without compression is the builder's own
// buffer, anything else is fresh memory. The records stay in the builder, so
// that the batch can be sealed again in another way, until Reset; but see
// Seal.InPlace.
//
// Message sets of magic 0 lose the timestamps. The errors are ErrEmpty,
// ErrTooLarge, ErrUnknownMagic, ErrHeadersUnsupported,
// ErrTransactionsUnsupported and those of compress.Append.
func (b *Builder) Seal(s Seal) ([]byte, error) {
	if b.count == 0 {
		return nil, ErrEmpty
	}
	if err := compress.CheckLevel(s.Codec, s.Level); err != nil {
		return nil, err
	}
	switch s.Magic {
	case 0, 1:
		return b.sealMessageSet(s)
	case 2:
		return b.sealBatch(s)
	}
	return nil, fmt.Errorf("%w %d: use 0, 1 or 2", ErrUnknownMagic, s.Magic)
}

func (b *Builder) sealBatch(s Seal) ([]byte, error) {
	batch := b.buf
	if s.Codec != compress.None {
		err := compress.With(b.buf[headerSize:], s.Codec, s.Level, 2, func(out []byte) {
			home := b.buf
			if size := headerSize + len(out); !s.InPlace || size > cap(home) {
				home = make([]byte, headerSize, size)
			}
			batch = append(home[:headerSize], out...)
		})
		if err != nil {
			return nil, err
		}
	}
	if len(batch) > math.MaxInt32 {
		return nil, ErrTooLarge
	}
	attributes := uint16(s.Codec)
	if s.Transactional {
		attributes |= transactionalBit
	}
	const noLeaderEpoch = 1<<32 - 1 // -1: the broker fills it in
	binary.BigEndian.PutUint64(batch[offsetAt:], 0)
	binary.BigEndian.PutUint32(batch[lengthAt:], uint32(len(batch)-lengthEnd))
	binary.BigEndian.PutUint32(batch[leaderEpochAt:], noLeaderEpoch)
	batch[magicAt] = 2
	binary.BigEndian.PutUint16(batch[attributesAt:], attributes)
	binary.BigEndian.PutUint32(batch[lastDeltaAt:], uint32(b.count-1))
	binary.BigEndian.PutUint64(batch[baseTimestampAt:], uint64(b.baseTimestamp))
	binary.BigEndian.PutUint64(batch[maxTimestampAt:], uint64(b.maxTimestamp))
	binary.BigEndian.PutUint32(batch[countAt:], uint32(b.count))
	Stamp(batch, s.ProducerID, s.ProducerEpoch, s.BaseSequence)
	return batch[:len(batch):len(batch)], nil
}

// Stamp gives a sealed batch of magic 2 another identity and sequence, and the
// CRC that goes with them. batch must be whole and may not be on its way to a
// broker.
func Stamp(batch []byte, producerID int64, epoch int16, baseSequence int32) {
	binary.BigEndian.PutUint64(batch[producerIDAt:], uint64(producerID))
	binary.BigEndian.PutUint16(batch[producerEpochAt:], uint16(epoch))
	binary.BigEndian.PutUint32(batch[baseSequenceAt:], uint32(baseSequence))
	binary.BigEndian.PutUint32(batch[crcAt:], batchCRC(batch))
}
