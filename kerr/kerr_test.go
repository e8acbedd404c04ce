package kerr_test

import (
	"errors"
	"fmt"
	"regexp"
	"testing"

	"github.com/afkak-go/afkak/kerr"
)

func TestEveryCodeHasANameAndADescription(t *testing.T) {
	name := regexp.MustCompile(`^[A-Z][A-Z_]+[A-Z]$`)
	seen := map[string]int16{}
	for code := int16(-1); code <= kerr.ControllerIDNotRegistered.Code(); code++ {
		e := kerr.Error(code)
		if !name.MatchString(e.Name()) || len(e.Error()) < len(e.Name())+5 || e.Code() != code {
			t.Errorf("code %d: name %q, text %q", code, e.Name(), e.Error())
		}
		if before, ok := seen[e.Name()]; ok {
			t.Errorf("%s names both %d and %d", e.Name(), before, code)
		}
		seen[e.Name()] = code
	}
}

func TestCodesAreKafkas(t *testing.T) {
	for _, c := range []struct {
		e         kerr.Error
		code      int16
		name      string
		retriable bool
	}{
		{kerr.UnknownServerError, -1, "UNKNOWN_SERVER_ERROR", false},
		{kerr.OffsetOutOfRange, 1, "OFFSET_OUT_OF_RANGE", false},
		{kerr.CorruptMessage, 2, "CORRUPT_MESSAGE", true},
		{kerr.NotLeaderOrFollower, 6, "NOT_LEADER_OR_FOLLOWER", true},
		{kerr.CoordinatorLoadInProgress, 14, "COORDINATOR_LOAD_IN_PROGRESS", true},
		{kerr.InvalidTopicException, 17, "INVALID_TOPIC_EXCEPTION", false},
		{kerr.RebalanceInProgress, 27, "REBALANCE_IN_PROGRESS", false},
		{kerr.UnsupportedVersion, 35, "UNSUPPORTED_VERSION", false},
		{kerr.ConcurrentTransactions, 51, "CONCURRENT_TRANSACTIONS", true},
		{kerr.UnknownProducerID, 59, "UNKNOWN_PRODUCER_ID", false},
		{kerr.MemberIDRequired, 79, "MEMBER_ID_REQUIRED", false},
		{kerr.ProducerFenced, 90, "PRODUCER_FENCED", false},
		{kerr.UnknownTopicID, 100, "UNKNOWN_TOPIC_ID", true},
		{kerr.FencedMemberEpoch, 110, "FENCED_MEMBER_EPOCH", false},
		{kerr.TransactionAbortable, 120, "TRANSACTION_ABORTABLE", false},
		{kerr.RebootstrapRequired, 129, "REBOOTSTRAP_REQUIRED", false},
		{kerr.ShareSessionLimitReached, 133, "SHARE_SESSION_LIMIT_REACHED", true},
	} {
		if c.e.Code() != c.code || c.e.Name() != c.name || c.e.Retriable() != c.retriable {
			t.Errorf("got %d %s retriable=%v, want %+v", c.e.Code(), c.e.Name(), c.e.Retriable(), c)
		}
	}
}

func TestCodeZeroIsNoError(t *testing.T) {
	if err := kerr.FromCode(0); err != nil {
		t.Errorf("got %v, want nil", err)
	}
}

func TestWrappedErrorsAreFound(t *testing.T) {
	err := fmt.Errorf("produce: %w", kerr.FromCode(6))
	var e kerr.Error
	if !errors.Is(err, kerr.NotLeaderOrFollower) || !errors.As(err, &e) || e.Code() != 6 {
		t.Errorf("%v is not found to be %v", err, kerr.NotLeaderOrFollower)
	}
}

func TestCodesWithoutANameKeepTheirNumber(t *testing.T) {
	for _, code := range []int16{-32768, -2, 999, 32767} {
		err := kerr.FromCode(code)
		var e kerr.Error
		if !errors.As(err, &e) || e.Code() != code || e.Retriable() || err.Error() != fmt.Sprintf("UNKNOWN_ERROR_CODE_%d", code) {
			t.Errorf("code %d: got %v", code, err)
		}
	}
}

func ExampleFromCode() {
	err := fmt.Errorf("produce to orders/3: %w", kerr.FromCode(7))
	fmt.Println(err)
	fmt.Println(errors.Is(err, kerr.RequestTimedOut), kerr.RequestTimedOut.Retriable())
	// Output:
	// produce to orders/3: REQUEST_TIMED_OUT: the request took longer than it was allowed to
	// true true
}
