package broker

import (
	"maps"
	"slices"

	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

// Types of resources that have configs.
const (
	topicResource  = 2
	brokerResource = 4
)

func (b *Broker) handleDescribeConfigs(req *request, message *protocol.DescribeConfigsRequest) (protocol.Response, error) {
	resp := new(protocol.DescribeConfigsResponse)
	for _, asked := range message.Resources {
		resp.Results = append(resp.Results, b.describeConfigs(asked, message.IncludeSynonyms))
	}
	return resp, nil
}

func (b *Broker) describeConfigs(asked protocol.DescribeConfigsRequestResource, synonyms bool) protocol.DescribeConfigsResponseResult {
	none := ""
	result := protocol.DescribeConfigsResponseResult{ErrorMessage: &none, ResourceType: asked.ResourceType, ResourceName: asked.ResourceName}
	switch asked.ResourceType {
	case topicResource:
		b.describeTopicConfigs(asked, synonyms, &result)
	case brokerResource: // what this broker has are Config's fields, which are not Kafka's
	default:
		result.ErrorCode = kerr.InvalidRequest.Code()
		result.ErrorMessage = text("this broker has configs of topics only")
	}
	return result
}

func (b *Broker) describeTopicConfigs(asked protocol.DescribeConfigsRequestResource, synonyms bool, result *protocol.DescribeConfigsResponseResult) {
	if err := checkTopicName(asked.ResourceName); err != nil {
		result.ErrorCode, result.ErrorMessage = err.code.Code(), text(err.message)
		return
	}
	topic, ok := b.topics.named(asked.ResourceName)
	if !ok {
		result.ErrorCode = kerr.UnknownTopicOrPartition.Code()
		return
	}
	for _, name := range slices.Sorted(maps.Keys(topicSettings)) {
		if len(asked.ConfigurationKeys) > 0 && !slices.Contains(asked.ConfigurationKeys, name) {
			continue
		}
		value, source := topic.config.describe(name, b.topics.defaults)
		config := protocol.DescribeConfigsResponseResultConfig{
			Name: name, Value: &value, ConfigSource: int8(source), ConfigType: int8(topicSettings[name].kind),
		}
		if synonyms {
			config.Synonyms = []protocol.DescribeConfigsResponseResultConfigSynonym{{Name: name, Value: &value, Source: int8(source)}}
		}
		result.Configs = append(result.Configs, config)
	}
}
