package realkafka

import "context"

// Answers says whether the broker at addr answers a request.
func Answers(ctx context.Context, addr string) bool {
	_, err := askMetadata(ctx, addr)
	return err == nil
}
