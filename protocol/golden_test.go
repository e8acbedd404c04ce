package protocol

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// exchange is a file of testdata/golden, decoded.
type exchange struct {
	key      APIKey
	version  int16
	header   RequestHeader
	request  Request
	reply    ResponseHeader
	response Response
}

func readExchange(t *testing.T, file string) (x exchange, request, response []byte) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Fields(string(text))
	if len(parts) != 4 || parts[0] != "request" || parts[2] != "response" {
		t.Fatalf("%s is not a request and a response", file)
	}
	request, err1 := hex.DecodeString(parts[1])
	response, err2 := hex.DecodeString(parts[3])
	if err1 != nil || err2 != nil {
		t.Fatal(file, err1, err2)
	}
	x.key = APIKey(binary.BigEndian.Uint16(request))
	x.version = int16(binary.BigEndian.Uint16(request[2:]))
	n, err := x.header.DecodeFrom(request, x.key.RequestHeaderVersion(x.version))
	if err != nil {
		t.Fatal(err)
	}
	x.request = NewRequest(x.key)
	if err := x.request.DecodeFrom(request[n:], x.version); err != nil {
		t.Fatal(err)
	}
	n, err = x.reply.DecodeFrom(response, x.key.ResponseHeaderVersion(x.version))
	if err != nil {
		t.Fatal(err)
	}
	x.response = x.request.NewResponse()
	if err := x.response.DecodeFrom(response[n:], x.version); err != nil {
		t.Fatal(err)
	}
	return x, request, response
}

func (x *exchange) append(t *testing.T) (request, response []byte) {
	t.Helper()
	must := func(b []byte, err error) []byte {
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	request = must(x.header.AppendTo(nil, x.key.RequestHeaderVersion(x.version)))
	request = must(x.request.AppendTo(request, x.version))
	response = must(x.reply.AppendTo(nil, x.key.ResponseHeaderVersion(x.version)))
	response = must(x.response.AppendTo(response, x.version))
	return request, response
}

func TestExchangesOfRealBrokersComeBack(t *testing.T) {
	files, err := filepath.Glob("testdata/golden/*/*.hex")
	if err != nil || len(files) < 50 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimPrefix(file, "testdata/golden/"), func(t *testing.T) {
			x, request, response := readExchange(t, file)
			gotRequest, gotResponse := x.append(t)
			if !bytes.Equal(gotRequest, request) {
				t.Errorf("request: got\n%x, want\n%x", gotRequest, request)
			}
			if !bytes.Equal(gotResponse, response) {
				t.Errorf("response: got\n%x, want\n%x", gotResponse, response)
			}
			if x.header.CorrelationID != x.reply.CorrelationID {
				t.Errorf("correlation ID %d was answered with %d", x.header.CorrelationID, x.reply.CorrelationID)
			}
			if id := x.header.ClientID; id == nil || *id != "golden-client" {
				t.Errorf("client ID %v", id)
			}
		})
	}
}

func TestRealBrokersMeanWhatIsDecoded(t *testing.T) {
	read := func(file string) exchange {
		x, _, _ := readExchange(t, filepath.Join("testdata/golden", file))
		return x
	}
	check := func(file, what string, ok bool) {
		t.Helper()
		if !ok {
			t.Errorf("%s: %s is not as expected", file, what)
		}
	}

	x := read("4.4.0/metadata-v13.hex")
	m := x.response.(*MetadataResponse)
	check("metadata-v13", "broker", len(m.Brokers) == 1 && m.Brokers[0].NodeID == 1 && m.Brokers[0].Host == "127.0.0.1" && m.Brokers[0].Port == 25500)
	var golden *MetadataResponseTopic
	for i, topic := range m.Topics {
		if topic.Name != nil && *topic.Name == "golden" {
			golden = &m.Topics[i]
		}
	}
	check("metadata-v13", "topic", golden != nil && len(golden.Partitions) == 3 && golden.Partitions[0].LeaderID == 1 && !golden.TopicID.IsZero())

	x = read("4.4.0/produce-v13.hex")
	p := x.request.(*ProduceRequest)
	check("produce-v13", "request", p.Acks == -1 && len(p.TopicData) == 1 && golden != nil && p.TopicData[0].TopicID == golden.TopicID)
	batch := p.TopicData[0].PartitionData[0].Records
	check("produce-v13", "magic", len(batch) > 61 && batch[16] == 2)
	check("produce-v13", "response", x.response.(*ProduceResponse).Responses[0].PartitionResponses[0].ErrorCode == 0)

	x = read("4.4.0/fetch-v18.hex")
	f := x.response.(*FetchResponse)
	check("fetch-v18", "session", f.ErrorCode == 0 && x.request.(*FetchRequest).ReplicaState == nil)
	part := f.Responses[0].Partitions[0]
	check("fetch-v18", "aborted transaction", part.HighWatermark == 4 && part.LastStableOffset == 4 &&
		len(part.AbortedTransactions) == 1 && part.AbortedTransactions[0].FirstOffset == 2)

	x = read("4.4.0/apiversions-v5.hex")
	software := x.request.(*APIVersionsRequest)
	check("apiversions-v5", "software", software.ClientSoftwareName == "apache-kafka-java" && software.ClientSoftwareVersion == "4.4.0")
	check("apiversions-v5", "header", x.key.ResponseHeaderVersion(5) == 0)
	spoken := map[APIKey]VersionRange{}
	for _, k := range x.response.(*APIVersionsResponse).APIKeys {
		spoken[APIKey(k.APIKey)] = VersionRange{k.MinVersion, k.MaxVersion}
	}
	for _, a := range APIs() { // InitProducerId 6 is spoken but not stable
		if r, ok := spoken[a.Key]; ok && r.Max != a.MaxVersion && a.Key != KeyInitProducerID {
			t.Errorf("%s: the broker of 4.4.0 speaks %s, we have up to %d", a.Key, r, a.MaxVersion)
		}
	}

	x = read("2.8.2/offsetcommit-v8.hex")
	c := x.request.(*OffsetCommitRequest)
	check("offsetcommit-v8", "offset", c.GroupID == "golden-group" && c.Topics[0].Name == "golden" &&
		c.Topics[0].Partitions[2].PartitionIndex == 0 && c.Topics[0].Partitions[2].CommittedOffset == 3)

	x = read("2.8.2/createtopics-v7.hex")
	r := x.response.(*CreateTopicsResponse)
	check("createtopics-v7", "topic", r.Topics[0].Name == "golden" && r.Topics[0].NumPartitions == 2 && r.Topics[0].ReplicationFactor == 1)

	x = read("0.9.0.1/offsetcommit-v2.hex")
	c = x.request.(*OffsetCommitRequest)
	check("offsetcommit-v2", "offset", c.Topics[0].Partitions[0].CommittedOffset == 3 && *c.Topics[0].Partitions[0].CommittedMetadata == "meta")

	x = read("0.9.0.1/fetch-v1.hex")
	f = x.response.(*FetchResponse)
	set := f.Responses[0].Partitions[0].Records
	check("0.9 fetch-v1", "message set", len(set) > 26 && set[16] == 0 && f.Responses[0].Partitions[0].HighWatermark == 3)
}
