package sink

import (
	"encoding/binary"
	"maps"
	"slices"

	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

const nodeID = 1

// ranges are the versions that are advertised. Fetch and FindCoordinator would
// end the connection: they are there because librdkafka tells from them whether
// a broker takes record batches and zstd.
var ranges = map[protocol.APIKey]protocol.VersionRange{
	protocol.KeyProduce:         {Min: 3, Max: 12},
	protocol.KeyFetch:           {Min: 4, Max: 12},
	protocol.KeyListOffsets:     {Min: 1, Max: 8},
	protocol.KeyMetadata:        {Min: 0, Max: 12},
	protocol.KeyFindCoordinator: {Min: 0, Max: 4},
	protocol.KeyAPIVersions:     {Min: 0, Max: 4},
	protocol.KeyCreateTopics:    {Min: 2, Max: 7},
	protocol.KeyDeleteTopics:    {Min: 1, Max: 6},
	protocol.KeyInitProducerID:  {Min: 0, Max: 4},
	protocol.KeyDescribeLogDirs: {Min: 1, Max: 4},
}

// respond answers a request; nil where no answer is expected.
func (s *Sink) respond(req protocol.Request) protocol.Response {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch req := req.(type) {
	case *protocol.ProduceRequest:
		return s.produce(req)
	case *protocol.APIVersionsRequest:
		return apiVersions()
	case *protocol.MetadataRequest:
		return s.metadata(req)
	case *protocol.InitProducerIDRequest:
		s.nextID++
		resp := protocol.NewInitProducerIDResponse()
		resp.ProducerID = s.nextID
		return resp
	case *protocol.CreateTopicsRequest:
		return s.createTopics(req)
	case *protocol.DeleteTopicsRequest:
		return s.deleteTopics(req)
	case *protocol.ListOffsetsRequest:
		return s.listOffsets(req)
	case *protocol.DescribeLogDirsRequest:
		return s.describeLogDirs()
	}
	return req.NewResponse()
}

func apiVersions() *protocol.APIVersionsResponse {
	resp := protocol.NewAPIVersionsResponse()
	for _, key := range slices.Sorted(maps.Keys(ranges)) {
		resp.APIKeys = append(resp.APIKeys, protocol.APIVersionsResponseAPIKey{
			APIKey: int16(key), MinVersion: ranges[key].Min, MaxVersion: ranges[key].Max,
		})
	}
	return resp
}

func (s *Sink) produce(req *protocol.ProduceRequest) protocol.Response {
	resp := protocol.NewProduceResponse()
	for _, data := range req.TopicData {
		parts := make([]protocol.ProduceResponseResponsePartitionResponse, len(data.PartitionData))
		for i, p := range data.PartitionData {
			parts[i].SetDefaults()
			parts[i].Index = p.Index
			base, err := s.count(data.Name, p.Index, p.Records)
			parts[i].BaseOffset, parts[i].ErrorCode = base, err.Code()
		}
		resp.Responses = append(resp.Responses, protocol.ProduceResponseResponse{Name: data.Name, PartitionResponses: parts})
	}
	if req.Acks == 0 {
		return nil
	}
	return resp
}

const noError = kerr.Error(0)

// count counts the records of a partition's batches by their headers, and
// returns the offset of the first.
func (s *Sink) count(name string, index int32, batches []byte) (base int64, err kerr.Error) {
	t := s.topics[name]
	if t == nil || index < 0 || int(index) >= len(t.partitions) {
		return -1, kerr.UnknownTopicOrPartition
	}
	p := &t.partitions[index]
	base = p.records
	p.bytes += int64(len(batches))
	for len(batches) > 0 {
		if len(batches) < 61 || batches[16] != 2 {
			return -1, kerr.CorruptMessage
		}
		size := 12 + int64(binary.BigEndian.Uint32(batches[8:]))
		if size < 61 || size > int64(len(batches)) {
			return -1, kerr.CorruptMessage
		}
		p.records += int64(binary.BigEndian.Uint32(batches[57:]))
		batches = batches[size:]
	}
	return base, noError
}

func (s *Sink) metadata(req *protocol.MetadataRequest) protocol.Response {
	resp := protocol.NewMetadataResponse()
	host, port := s.hostPort()
	cluster := "sink"
	resp.ClusterID, resp.ControllerID = &cluster, nodeID
	resp.Brokers = []protocol.MetadataResponseBroker{{NodeID: nodeID, Host: host, Port: port}}
	for _, asked := range req.Topics {
		if t := s.find(asked.Name, asked.TopicID); t != nil {
			resp.Topics = append(resp.Topics, t.metadata())
			continue
		}
		var unknown protocol.MetadataResponseTopic
		unknown.SetDefaults()
		unknown.Name, unknown.TopicID, unknown.ErrorCode = asked.Name, asked.TopicID, kerr.UnknownTopicOrPartition.Code()
		resp.Topics = append(resp.Topics, unknown)
	}
	if req.Topics == nil { // all
		for _, t := range s.topics {
			resp.Topics = append(resp.Topics, t.metadata())
		}
	}
	return resp
}

func (s *Sink) find(name *string, id protocol.UUID) *topic {
	if name != nil {
		return s.topics[*name]
	}
	for _, t := range s.topics {
		if t.id == id {
			return t
		}
	}
	return nil
}

func (t *topic) metadata() protocol.MetadataResponseTopic {
	var out protocol.MetadataResponseTopic
	out.SetDefaults()
	out.Name, out.TopicID = &t.name, t.id
	for i := range t.partitions {
		out.Partitions = append(out.Partitions, protocol.MetadataResponseTopicPartition{
			PartitionIndex: int32(i), LeaderID: nodeID, ReplicaNodes: []int32{nodeID}, IsrNodes: []int32{nodeID},
		})
	}
	return out
}

func (s *Sink) createTopics(req *protocol.CreateTopicsRequest) protocol.Response {
	resp := protocol.NewCreateTopicsResponse()
	for _, asked := range req.Topics {
		var out protocol.CreateTopicsResponseTopic
		out.SetDefaults()
		out.Name = asked.Name
		switch {
		case s.topics[asked.Name] != nil:
			out.ErrorCode = kerr.TopicAlreadyExists.Code()
		case asked.NumPartitions < 1:
			out.ErrorCode = kerr.InvalidPartitions.Code()
		default:
			t := &topic{name: asked.Name, partitions: make([]partition, asked.NumPartitions)}
			s.nextID++
			binary.BigEndian.PutUint64(t.id[8:], uint64(s.nextID))
			s.topics[t.name] = t
			out.TopicID, out.NumPartitions, out.ReplicationFactor = t.id, asked.NumPartitions, 1
		}
		resp.Topics = append(resp.Topics, out)
	}
	return resp
}

func (s *Sink) deleteTopics(req *protocol.DeleteTopicsRequest) protocol.Response {
	resp := protocol.NewDeleteTopicsResponse()
	names := req.TopicNames
	for _, asked := range req.Topics {
		if t := s.find(asked.Name, asked.TopicID); t != nil {
			names = append(names, t.name)
		}
	}
	for _, name := range names {
		delete(s.topics, name)
		resp.Responses = append(resp.Responses, protocol.DeleteTopicsResponseResponse{Name: &name})
	}
	return resp
}

func (s *Sink) listOffsets(req *protocol.ListOffsetsRequest) protocol.Response {
	resp := protocol.NewListOffsetsResponse()
	for _, asked := range req.Topics {
		out := protocol.ListOffsetsResponseTopic{Name: asked.Name}
		t := s.topics[asked.Name]
		for _, p := range asked.Partitions {
			var part protocol.ListOffsetsResponseTopicPartition
			part.SetDefaults()
			part.PartitionIndex, part.Offset = p.PartitionIndex, 0
			switch {
			case t == nil || p.PartitionIndex < 0 || int(p.PartitionIndex) >= len(t.partitions):
				part.ErrorCode = kerr.UnknownTopicOrPartition.Code()
			case p.Timestamp != -2: // not the earliest
				part.Offset = t.partitions[p.PartitionIndex].records
			}
			out.Partitions = append(out.Partitions, part)
		}
		resp.Topics = append(resp.Topics, out)
	}
	return resp
}

func (s *Sink) describeLogDirs() protocol.Response {
	resp := protocol.NewDescribeLogDirsResponse()
	dir := protocol.DescribeLogDirsResponseResult{LogDir: "none", TotalBytes: -1, UsableBytes: -1}
	for _, t := range s.topics {
		out := protocol.DescribeLogDirsResponseResultTopic{Name: t.name}
		for i, p := range t.partitions {
			out.Partitions = append(out.Partitions, protocol.DescribeLogDirsResponseResultTopicPartition{
				PartitionIndex: int32(i), PartitionSize: p.bytes,
			})
		}
		dir.Topics = append(dir.Topics, out)
	}
	resp.Results = append(resp.Results, dir)
	return resp
}
