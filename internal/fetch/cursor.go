package fetch

// Ask is what one request asks of one partition: a copy of the cursor's state
// at that moment, given back to the cursor together with the answer.
type Ask struct {
	Topic     string
	Partition int32
	// Offset of the first record wanted.
	Offset int64
	// LeaderEpoch is the epoch of the leader that we think we ask, -1 when
	// unknown. Brokers from Fetch 9 on compare it with theirs (KIP-320).
	LeaderEpoch int32
	// MaxBytes that the partition may fill of the answer. Brokers from Fetch 3
	// on exceed it rather than return nothing (KIP-74).
	MaxBytes int32
	// Serial of the cursor when it asked. Take drops an answer whose serial is
	// not the cursor's any more.
	Serial uint64
}

// Cursor is the place in one partition that fetching has reached: the offset
// to ask for next, and how much to ask for. The reader of the records is
// behind it by what is queued between them.
type Cursor struct {
	ask   Ask
	limit int32 // most bytes that MaxBytes may grow to

	// HighWatermark, LastStableOffset and LogStartOffset as the last answer
	// had them; -1 until an answer did (log start from Fetch 5, last stable
	// offset from Fetch 4).
	HighWatermark    int64
	LastStableOffset int64
	LogStartOffset   int64
}

// NewCursor makes the cursor of a partition, which asks for maxBytes at a time
// and, when a broker that truncates cannot fit one message into that, for up
// to limit. It stands nowhere until MoveTo.
func NewCursor(topic string, partition, maxBytes, limit int32) Cursor {
	return Cursor{
		ask: Ask{
			Topic: topic, Partition: partition, Offset: -1, LeaderEpoch: -1,
			MaxBytes: maxBytes,
		},
		limit:            max(limit, maxBytes),
		HighWatermark:    -1,
		LastStableOffset: -1,
		LogStartOffset:   -1,
	}
}

// MoveTo moves the cursor to offset. Answers to what it asked before are stale.
func (c *Cursor) MoveTo(offset int64) {
	c.ask.Offset = offset
	c.ask.Serial++
}

// SetLeaderEpoch tells the cursor which epoch the leader has that it is about
// to ask; -1 when the metadata does not say. Answers of the leader before
// remain welcome: an offset below the high watermark means the same on both.
func (c *Cursor) SetLeaderEpoch(epoch int32) { c.ask.LeaderEpoch = epoch }

// Offset that the cursor asks for next; -1 before the first MoveTo.
func (c *Cursor) Offset() int64 { return c.ask.Offset }

// Ask returns what to ask next.
func (c *Cursor) Ask() Ask { return c.ask }
