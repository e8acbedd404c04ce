package test

import (
	"testing"

	"github.com/afkak-go/afkak/protocol"
)

// conformance asks the broker at addr everything that the embedded one
// answers, and returns the transcript. The broker must be new, with topic
// auto-creation.
func conformance(t *testing.T, addr string) string {
	tr := &transcript{t: t, addr: addr}
	for _, part := range []func(*transcript){
		askForVersions, sendWhatIsNotSupported, createTopics, describeTopics, produceGoodBatches, produceBadBatches,
		produceIdempotently, fetchRecords, fetchInSessions, listOffsets, coordinate, commitOffsets, joinGroups, deleteThings,
	} {
		part(tr)
	}
	return tr.text.String()
}

func ptr[T any](v T) *T { return &v }

// withDefaults sets a new message's fields to their defaults first.
func withDefaults[M interface{ SetDefaults() }](m M, set func(M)) M {
	m.SetDefaults()
	set(m)
	return m
}

func askForVersions(tr *transcript) {
	for version := int16(0); version <= 5; version++ {
		req := withDefaults(new(protocol.APIVersionsRequest), func(m *protocol.APIVersionsRequest) {
			m.ClientSoftwareName, m.ClientSoftwareVersion = "afkak", "1.0"
		})
		resp := tr.ask("versions", version, req).(*protocol.APIVersionsResponse)
		if resp.ErrorCode != 0 || len(resp.APIKeys) == 0 {
			tr.t.Errorf("ApiVersions v%d: %s", version, dump(resp))
		}
	}
	tr.step("software without a name", 3, withDefaults(new(protocol.APIVersionsRequest), func(m *protocol.APIVersionsRequest) {}))
	tr.step("another cluster's", 5, withDefaults(new(protocol.APIVersionsRequest), func(m *protocol.APIVersionsRequest) {
		m.ClientSoftwareName, m.ClientSoftwareVersion, m.ClusterID, m.NodeID = "afkak", "1", ptr("another"), 1
	}))
	cluster := tr.ask("cluster", 13, metadataOf()).(*protocol.MetadataResponse).ClusterID
	for _, node := range []int32{1, 99} {
		tr.step("this cluster's", 5, withDefaults(new(protocol.APIVersionsRequest), func(m *protocol.APIVersionsRequest) {
			m.ClientSoftwareName, m.ClientSoftwareVersion, m.ClusterID, m.NodeID = "afkak", "1", cluster, node
		}))
	}
	tr.step("another node's", 5, withDefaults(new(protocol.APIVersionsRequest), func(m *protocol.APIVersionsRequest) {
		m.ClientSoftwareName, m.ClientSoftwareVersion, m.NodeID = "afkak", "1", 99
	}))
	tr.ends("ApiVersions from the future", []byte{0, 0, 0, 13, 0, 18, 0, 99, 0, 0, 0, 7, 0xff, 0xff, 0, 1, 2})
}

func sendWhatIsNotSupported(tr *transcript) {
	header := func(key, version byte) []byte {
		return []byte{0, 0, 0, 14, 0, key, 0, version, 0, 0, 0, 7, 0xff, 0xff, 0, 0, 0, 0}
	}
	tr.ends("an API between brokers", header(4, 0))
	tr.ends("an API that does not exist", header(200, 0))
	tr.ends("a version that was removed", header(1, 3))
	tr.ends("a version from the future", header(3, 99))
	tr.ends("Produce v2, which is advertised", header(0, 2))
	tr.ends("a request that ends too early", []byte{0, 0, 0, 11, 0, 3, 0, 1, 0, 0, 0, 7, 0xff, 0xff, 0})
	tr.ends("a negative length", []byte{0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0})
	tr.ends("HTTP", []byte("GET / HTTP/1.1\r\nHost: kafka\r\n\r\n"))
	tr.ends("an empty frame", []byte{0, 0, 0, 0})
	tr.step("SASL where there is none", 1, &protocol.SaslHandshakeRequest{Mechanism: "PLAIN"})
}

// createTopics makes the topics of all that follows: a has two partitions, lat
// log append time, compact wants keys, small takes batches of 200 bytes.
func createTopics(tr *transcript) {
	create := func(title string, version int16, topics ...protocol.CreateTopicsRequestTopic) {
		resp := tr.ask(title, version, &protocol.CreateTopicsRequest{Topics: topics, TimeoutMs: 10000}).(*protocol.CreateTopicsResponse)
		for i := range resp.Topics {
			resp.Topics[i].Configs = nil // brokers' own settings show in them
		}
		tr.note(title, version, resp)
	}
	topic := func(name string, partitions int32, replicas int16, configs ...string) protocol.CreateTopicsRequestTopic {
		made := protocol.CreateTopicsRequestTopic{Name: name, NumPartitions: partitions, ReplicationFactor: replicas}
		for i := 0; i < len(configs); i += 2 {
			made.Configs = append(made.Configs, protocol.CreateTopicsRequestTopicConfig{Name: configs[i], Value: &configs[i+1]})
		}
		return made
	}
	assigned := func(name string, assignments ...protocol.CreateTopicsRequestTopicAssignment) protocol.CreateTopicsRequestTopic {
		return protocol.CreateTopicsRequestTopic{Name: name, NumPartitions: -1, ReplicationFactor: -1, Assignments: assignments}
	}
	on := func(partition int32, brokers ...int32) protocol.CreateTopicsRequestTopicAssignment {
		return protocol.CreateTopicsRequestTopicAssignment{PartitionIndex: partition, BrokerIDs: brokers}
	}
	create("topics", 7, topic("a", 2, 1), topic("lat", 1, 1, "message.timestamp.type", "LogAppendTime"),
		topic("compact", 1, 1, "cleanup.policy", "compact"), topic("small", 1, 1, "max.message.bytes", "200"))
	create("defaults", 4, topic("defaults", -1, -1))
	create("before defaults", 3, topic("defaults", 1, 1))
	create("taken", 7, topic("a", 1, 1))
	create("named twice", 7, topic("twice", 1, 1), topic("twice", 1, 1))
	create("dot and underscore", 7, topic("x.y", 1, 1))
	create("dot against underscore", 7, topic("x_y", 1, 1))
	for _, bad := range []struct {
		title string
		topic protocol.CreateTopicsRequestTopic
	}{
		{"no partitions", topic("bad", 0, 1)}, {"less than none", topic("bad", -2, 1)}, {"too many", topic("bad", 20000, 1)},
		{"two replicas", topic("bad", 1, 2)}, {"no replicas", topic("bad", 1, 0)}, {"space", topic("a b", 1, 1)}, {"no name", topic("", 1, 1)},
		{"dot", topic(".", 1, 1)}, {"dots", topic("..", 1, 1)}, {"unknown config", topic("bad", 1, 1, "foo", "bar")},
		{"not a number", topic("bad", 1, 1, "max.message.bytes", "x")}, {"negative size", topic("bad", 1, 1, "max.message.bytes", "-1")},
		{"unknown timestamp type", topic("bad", 1, 1, "message.timestamp.type", "x")}, {"unknown policy", topic("bad", 1, 1, "cleanup.policy", "x")},
		{"not a bool", topic("bad", 1, 1, "preallocate", "x")}, {"assigned", assigned("assigned", on(0, 1))},
		{"gap", assigned("bad", on(1, 1))}, {"no such broker", assigned("bad", on(0, 9))}, {"to nobody", assigned("bad", on(0))}, {"twice", assigned("bad", on(0, 1, 1))},
	} {
		create(bad.title, 7, bad.topic)
	}
	tr.step("only validated", 7, &protocol.CreateTopicsRequest{Topics: []protocol.CreateTopicsRequestTopic{topic("a", 1, 1)}, ValidateOnly: true, TimeoutMs: 10000})
	for _, name := range []string{"a", "lat", "compact", "small", "defaults", "x.y", "assigned"} {
		tr.until("leader of "+name, 12, metadataOf(name), func(resp protocol.Response) bool {
			topic := resp.(*protocol.MetadataResponse).Topics[0]
			if name == "a" {
				tr.topicID = topic.TopicID
			}
			return topic.ErrorCode == 0 && topic.Partitions[0].ErrorCode == 0
		})
	}
}

func metadataOf(names ...string) *protocol.MetadataRequest {
	req := &protocol.MetadataRequest{Topics: []protocol.MetadataRequestTopic{}, AllowAutoTopicCreation: true}
	for _, name := range names {
		req.Topics = append(req.Topics, protocol.MetadataRequestTopic{Name: ptr(name)})
	}
	return req
}

func describeTopics(tr *transcript) {
	for version := int16(0); version <= 13; version++ {
		tr.step("by name", version, metadataOf("a"))
	}
	tr.step("of no topic", 1, metadataOf())
	tr.step("of no topic, which was all", 0, metadataOf())
	tr.step("of all", 12, &protocol.MetadataRequest{AllowAutoTopicCreation: true})
	tr.step("impossible names", 12, metadataOf("a b", "", "."))
	tr.step("unknown, not to be created", 12, &protocol.MetadataRequest{Topics: metadataOf("unknown").Topics})
	tr.step("unknown, to be created", 12, metadataOf("auto"))
	tr.until("auto-created", 12, metadataOf("auto"), func(resp protocol.Response) bool {
		return resp.(*protocol.MetadataResponse).Topics[0].ErrorCode == 0
	})
	byID := func(id protocol.UUID) *protocol.MetadataRequest {
		return &protocol.MetadataRequest{Topics: []protocol.MetadataRequestTopic{{TopicID: id}}}
	}
	tr.step("by id", 12, byID(tr.topicID))
	tr.step("by an unknown id", 13, byID(protocol.UUID{1, 2, 3}))
	tr.step("cluster", 1, withDefaults(new(protocol.DescribeClusterRequest), func(*protocol.DescribeClusterRequest) {}))
	tr.step("configs of an unknown topic", 4, &protocol.DescribeConfigsRequest{Resources: []protocol.DescribeConfigsRequestResource{{ResourceType: 2, ResourceName: "unknown"}}})
	tr.step("configs by name", 4, &protocol.DescribeConfigsRequest{Resources: []protocol.DescribeConfigsRequestResource{
		{ResourceType: 2, ResourceName: "lat", ConfigurationKeys: []string{"message.timestamp.type", "max.message.bytes", "retention.ms", "no.such"}}}})
}
