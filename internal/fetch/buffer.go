package fetch

// Brokers that truncate (Fetch below 3, so before Kafka 0.10.1) cut an answer
// off at the asked size, in the middle of a message, and a message larger
// than the asked size never arrives. The consumer then asks for more: in
// large steps while that is cheap, carefully afterwards.
const (
	growFast      = 16
	growFastUntil = 1 << 20
	growSlow      = 2
)

// grown returns the size to ask for after size did not hold the first
// message. need is the size of that message as its own header gives it, 0 when
// not even that arrived; it saves the steps in between. The result is size
// itself when limit leaves no room for more, or none for the message.
func grown(size int32, need int64, limit int32) int32 {
	if size >= limit || need > int64(limit) {
		return size
	}
	next := int64(size)
	for {
		next = growthStep(next)
		if next >= int64(limit) {
			return limit
		}
		if next >= need {
			return int32(next)
		}
	}
}

func growthStep(size int64) int64 {
	if size < growFastUntil {
		return max(min(size*growFast, growFastUntil), 1)
	}
	return size * growSlow
}
