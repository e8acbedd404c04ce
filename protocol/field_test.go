package protocol_test

import (
	"bytes"
	"errors"
	"reflect"
	"testing"

	"github.com/afkak-go/afkak/protocol"
)

func TestNullNeedsAVersionThatAllowsIt(t *testing.T) {
	m := protocol.NewMetadataRequest() // all topics
	_, err := m.AppendTo(nil, 0)
	var bad *protocol.MessageError
	if !errors.Is(err, protocol.ErrNull) || !errors.As(err, &bad) || bad.Field != "Topics" || bad.Version != 0 {
		t.Errorf("null topics in version 0: got %v", err)
	}
	b, err := m.AppendTo(nil, 1)
	if err != nil || !bytes.Equal(b, []byte{0xff, 0xff, 0xff, 0xff}) {
		t.Errorf("null topics in version 1: got %x, %v", b, err)
	}
	if err := m.DecodeFrom([]byte{0xff, 0xff, 0xff, 0xff}, 0); !errors.Is(err, protocol.ErrNull) {
		t.Errorf("null topics decoded in version 0: got %v", err)
	}
	if err := m.DecodeFrom([]byte{0, 0, 0, 0}, 1); err != nil || m.Topics == nil {
		t.Errorf("no topics decoded in version 1: got %v, %v, want an empty list", m.Topics, err)
	}
}

func TestNullInsideAListIsRefusedWithItsPath(t *testing.T) {
	m := protocol.MetadataRequest{Topics: []protocol.MetadataRequestTopic{{}}}
	_, err := m.AppendTo(nil, 9)
	var bad *protocol.MessageError
	if !errors.Is(err, protocol.ErrNull) || !errors.As(err, &bad) || bad.Field != "Topics.Name" {
		t.Errorf("got %v", err)
	}
}

func TestFieldThatTheVersionLacks(t *testing.T) {
	m := protocol.NewOffsetCommitRequest()
	m.GroupID = "g"
	instance := "i"
	m.GroupInstanceID = &instance
	if _, err := m.AppendTo(nil, 7); err != nil {
		t.Errorf("version 7 has it: %v", err)
	}
	_, err := m.AppendTo(nil, 6)
	var bad *protocol.MessageError
	if !errors.Is(err, protocol.ErrUnsupportedField) || !errors.As(err, &bad) || bad.Field != "GroupInstanceID" || bad.Version != 6 || bad.Message != "OffsetCommitRequest" {
		t.Errorf("version 6 lacks it: got %v", err)
	}
	const want = "encode OffsetCommitRequest version 6: field GroupInstanceID: set, but this version has no such field"
	if err != nil && err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
}

func TestIgnorableFieldIsLeftOut(t *testing.T) {
	m := protocol.NewFetchRequest()
	m.RackID = "r"
	b, err := m.AppendTo(nil, 10)
	if err != nil {
		t.Fatal(err)
	}
	var got protocol.FetchRequest
	if err := got.DecodeFrom(b, 10); err != nil || got.RackID != "" {
		t.Errorf("got rack %q, %v", got.RackID, err)
	}
}

func TestFailureLeavesTheBufferAsItWas(t *testing.T) {
	name := string(make([]byte, 40000))
	m := protocol.MetadataRequest{Topics: []protocol.MetadataRequestTopic{{Name: &name}}}
	for _, version := range []int16{0, 9} {
		b, err := m.AppendTo([]byte("head"), version)
		if !errors.Is(err, protocol.ErrTooLong) || string(b) != "head" {
			t.Errorf("version %d: got %q, %v", version, b, err)
		}
	}
}

func TestDefaultsAreKafkas(t *testing.T) {
	f := protocol.NewFetchRequest()
	if f.ReplicaID != -1 || f.MaxBytes != 0x7fffffff || f.SessionEpoch != -1 || f.ReplicaState != nil {
		t.Errorf("got %+v", f)
	}
	var p protocol.FetchRequestTopicPartition
	p.Partition = 3
	p.SetDefaults()
	if p.Partition != 0 || p.CurrentLeaderEpoch != -1 || p.LogStartOffset != -1 {
		t.Errorf("got %+v", p)
	}
}

func TestAbsentFieldsDecodeToTheirDefaults(t *testing.T) {
	in := protocol.ProduceResponse{Responses: []protocol.ProduceResponseResponse{{Name: "t",
		PartitionResponses: []protocol.ProduceResponseResponsePartitionResponse{{BaseOffset: 5}}}}}
	b, err := in.AppendTo(nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	out := protocol.ProduceResponse{ThrottleTimeMs: 9}
	if err := out.DecodeFrom(b, 0); err != nil {
		t.Fatal(err)
	}
	part := out.Responses[0].PartitionResponses[0]
	if out.ThrottleTimeMs != 0 || part.BaseOffset != 5 || part.LogAppendTimeMs != -1 || part.LogStartOffset != -1 || part.CurrentLeader != nil {
		t.Errorf("got %+v", out)
	}
}

func TestTaggedStructIsThereOnlyWhenItWasSent(t *testing.T) {
	m := protocol.FetchResponse{Responses: []protocol.FetchResponseResponse{{Partitions: []protocol.FetchResponseResponsePartition{
		{PreferredReadReplica: -1, CurrentLeader: &protocol.FetchResponseResponsePartitionCurrentLeader{}},
		{PreferredReadReplica: -1},
	}}}}
	b, err := m.AppendTo(nil, 12)
	if err != nil {
		t.Fatal(err)
	}
	var got protocol.FetchResponse
	if err := got.DecodeFrom(b, 12); err != nil {
		t.Fatal(err)
	}
	parts := got.Responses[0].Partitions
	if parts[0].CurrentLeader == nil || parts[0].CurrentLeader.LeaderID != 0 || parts[1].CurrentLeader != nil {
		t.Errorf("got %v and %v", parts[0].CurrentLeader, parts[1].CurrentLeader)
	}
}

func TestUnknownTagsAreKept(t *testing.T) {
	in := protocol.ResponseHeader{CorrelationID: 7, UnknownTags: []protocol.Tag{{Number: 3, Value: []byte("x")}, {Number: 9, Value: []byte{}}}}
	b, err := in.AppendTo(nil, 1)
	if err != nil {
		t.Fatal(err)
	}
	var out protocol.ResponseHeader
	n, err := out.DecodeFrom(append(b, "body"...), 1)
	if err != nil || n != len(b) || !reflect.DeepEqual(in, out) {
		t.Errorf("got %+v after %d bytes (%v), want %+v after %d", out, n, err, in, len(b))
	}
	if _, err := in.AppendTo(nil, 0); !errors.Is(err, protocol.ErrUnsupportedField) {
		t.Errorf("tags in a version without: got %v", err)
	}
}

func TestDecodedBytesAliasTheSource(t *testing.T) {
	in := protocol.SaslAuthenticateRequest{AuthBytes: []byte("abc")}
	b, err := in.AppendTo(nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var out protocol.SaslAuthenticateRequest
	if err := out.DecodeFrom(b, 0); err != nil {
		t.Fatal(err)
	}
	b[len(b)-1] = 'd'
	if string(out.AuthBytes) != "abd" || cap(out.AuthBytes) != 3 {
		t.Errorf("got %q with capacity %d", out.AuthBytes, cap(out.AuthBytes))
	}
}

func TestDataTypeAllowsMoreBytesWhenAsked(t *testing.T) {
	in := protocol.ConsumerProtocolSubscription{Topics: []string{"t"}}
	b, err := in.AppendTo(nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var out protocol.ConsumerProtocolSubscription
	if n, err := out.DecodePrefix(append(b, 1, 2, 3), 0); err != nil || n != len(b) || out.Topics[0] != "t" {
		t.Errorf("got %+v after %d bytes, %v", out, n, err)
	}
}
