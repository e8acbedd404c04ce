package cluster

import (
	"reflect"
	"strings"
	"time"

	"github.com/afkak-go/afkak/protocol"
)

// firstCode finds the error code of an answer that is looked at as a whole:
// its own, or the first that any part of it has. It looks fields up by name,
// which is slow and fit for requests that people wait for.
func firstCode(resp any) int16 {
	return firstCodeIn(reflect.Indirect(reflect.ValueOf(resp)))
}

func firstCodeIn(v reflect.Value) int16 {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			return firstCodeIn(v.Elem())
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() != reflect.Struct {
			return 0
		}
		for i := range v.Len() {
			if code := firstCodeIn(v.Index(i)); code != 0 {
				return code
			}
		}
	case reflect.Struct:
		return firstCodeOf(v)
	}
	return 0
}

// firstCodeOf looks at a struct's own code before those of its parts.
func firstCodeOf(v reflect.Value) int16 {
	for i := range v.NumField() {
		field := v.Field(i)
		if field.Kind() == reflect.Int16 && strings.HasSuffix(v.Type().Field(i).Name, "ErrorCode") && field.Int() != 0 {
			return int16(field.Int())
		}
	}
	for i := range v.NumField() {
		if code := firstCodeIn(v.Field(i)); code != 0 {
			return code
		}
	}
	return 0
}

// ownCode is the error code of an answer itself, apart from its parts.
func ownCode(resp protocol.Response) int16 {
	field := reflect.ValueOf(resp).Elem().FieldByName("ErrorCode")
	if field.Kind() != reflect.Int16 {
		return 0
	}
	return int16(field.Int())
}

// patience is how much longer than at once a broker may take for a request by
// the request's own words: a fetch's wait, a join's rebalance timeout.
func patience(req protocol.Request) time.Duration {
	var longest int64
	v := reflect.ValueOf(req).Elem()
	for _, name := range []string{"TimeoutMs", "MaxWaitMs", "RebalanceTimeoutMs", "SessionTimeoutMs"} {
		if field := v.FieldByName(name); field.Kind() == reflect.Int32 {
			longest = max(longest, field.Int())
		}
	}
	return time.Duration(longest) * time.Millisecond
}

// deadlineMargin is how long after a request's own wait its answer may take.
const deadlineMargin = 5 * time.Second

// timeout is how long an answer to a request may take.
func timeout(req protocol.Request, usual time.Duration) time.Duration {
	if own := patience(req); own > 0 {
		return max(usual, own+deadlineMargin)
	}
	return usual
}
