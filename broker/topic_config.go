package broker

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/afkak-go/afkak/kerr"
)

// topicConfig holds the settings of one topic. It is immutable.
//
// All of Kafka's names are known, checked and reported. Those with an effect
// here have a field; the others govern disks and replicas.
type topicConfig struct {
	set map[string]string // as given when the topic was created

	maxMessageBytes      int   // max.message.bytes
	maxDecompressedBytes int   // max.decompressed.message.bytes
	retentionBytes       int64 // retention.bytes; -1: unlimited
	logAppendTime        bool  // message.timestamp.type=LogAppendTime
	maxBeforeMs          int64 // message.timestamp.before.max.ms
	maxAfterMs           int64 // message.timestamp.after.max.ms
	compacted            bool  // cleanup.policy has compact: keys are required
}

// parseTopicConfig checks the configs of a new topic.
func parseTopicConfig(set map[string]string, defaults topicDefaults) (*topicConfig, *requestError) {
	for _, name := range slices.Sorted(maps.Keys(set)) {
		setting, ok := topicSettings[name]
		if !ok {
			return nil, requestErrorf(kerr.InvalidConfig, "no topic config is called %s", name)
		}
		if reason := setting.check(set[name]); reason != "" {
			return nil, requestErrorf(kerr.InvalidConfig, "topic config %s=%s: %s", name, set[name], reason)
		}
	}
	c := &topicConfig{set: set}
	c.maxMessageBytes = int(c.integer("max.message.bytes"))
	if _, ok := set["max.message.bytes"]; !ok {
		c.maxMessageBytes = defaults.maxMessageBytes
	}
	c.maxDecompressedBytes = int(c.integer("max.decompressed.message.bytes"))
	c.retentionBytes = c.integer("retention.bytes")
	c.logAppendTime = c.value("message.timestamp.type") == "LogAppendTime"
	c.maxBeforeMs = c.integer("message.timestamp.before.max.ms")
	c.maxAfterMs = c.integer("message.timestamp.after.max.ms")
	c.compacted = strings.Contains(c.value("cleanup.policy"), "compact")
	return c, nil
}

// value returns what was set, or Kafka's default.
func (c *topicConfig) value(name string) string {
	if value, ok := c.set[name]; ok {
		return value
	}
	return topicSettings[name].fallback
}

// settingSource is where a config's value comes from, with Kafka's numbers.
type settingSource int8

const (
	fromTopic   settingSource = 1
	fromBroker  settingSource = 4
	fromDefault settingSource = 5
)

// describe returns the value of a config that is in force, and its source.
func (c *topicConfig) describe(name string, defaults topicDefaults) (string, settingSource) {
	if value, ok := c.set[name]; ok {
		return value, fromTopic
	}
	value := topicSettings[name].fallback
	if broker := strconv.Itoa(defaults.maxMessageBytes); name == "max.message.bytes" && broker != value {
		return broker, fromBroker
	}
	return value, fromDefault
}

func (c *topicConfig) integer(name string) int64 {
	n, _ := strconv.ParseInt(c.value(name), 10, 64) // checked before
	return n
}

// settingKind is a config's type, with the numbers of DescribeConfigs.
type settingKind int8

const (
	kindBool   settingKind = 1
	kindString settingKind = 2
	kindInt    settingKind = 3
	kindLong   settingKind = 5
	kindDouble settingKind = 6
	kindList   settingKind = 7
)

// topicSetting is one of Kafka's topic configs.
type topicSetting struct {
	kind     settingKind
	fallback string   // Kafka's default
	oneOf    []string // for strings and lists; nil: anything
	atLeast  int64    // for numbers
}

// check says what is wrong with a value; "" is nothing.
func (s topicSetting) check(value string) string {
	value = strings.TrimSpace(value)
	switch s.kind {
	case kindBool:
		if value != "true" && value != "false" {
			return "neither true nor false"
		}
	case kindInt:
		return s.checkInteger(value, 32)
	case kindLong:
		return s.checkInteger(value, 64)
	case kindDouble:
		if f, err := strconv.ParseFloat(value, 64); err != nil || math.IsNaN(f) {
			return "not a number"
		}
	case kindString:
		return s.checkOneOf(value)
	case kindList:
		for element := range strings.SplitSeq(value, ",") {
			if reason := s.checkOneOf(strings.TrimSpace(element)); reason != "" {
				return reason
			}
		}
	}
	return ""
}

func (s topicSetting) checkInteger(value string, bits int) string {
	n, err := strconv.ParseInt(value, 10, bits)
	if err != nil {
		return "not a whole number of " + strconv.Itoa(bits) + " bits"
	}
	if n < s.atLeast {
		return "less than " + strconv.FormatInt(s.atLeast, 10)
	}
	return ""
}

func (s topicSetting) checkOneOf(value string) string {
	if s.oneOf == nil || slices.Contains(s.oneOf, value) {
		return ""
	}
	return "none of " + strings.Join(s.oneOf, ", ")
}

const anyNumber = math.MinInt64

// topicSettings are the topic configs of Kafka 4.4 with their defaults.
var topicSettings = map[string]topicSetting{
	"cleanup.policy":                          {kindList, "delete", []string{"compact", "delete"}, 0},
	"compression.gzip.level":                  {kindInt, "-1", nil, -1},
	"compression.lz4.level":                   {kindInt, "9", nil, 1},
	"compression.type":                        {kindString, "producer", []string{"uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"}, 0},
	"compression.zstd.level":                  {kindInt, "3", nil, anyNumber},
	"delete.retention.ms":                     {kindLong, "86400000", nil, 0},
	"errors.deadletterqueue.group.enable":     {kindBool, "false", nil, 0},
	"file.delete.delay.ms":                    {kindLong, "60000", nil, 0},
	"flush.messages":                          {kindLong, "9223372036854775807", nil, 1},
	"flush.ms":                                {kindLong, "9223372036854775807", nil, 0},
	"follower.replication.throttled.replicas": {kindList, "", nil, 0},
	"index.interval.bytes":                    {kindInt, "4096", nil, 0},
	"leader.replication.throttled.replicas":   {kindList, "", nil, 0},
	"local.retention.bytes":                   {kindLong, "-2", nil, -2},
	"local.retention.ms":                      {kindLong, "-2", nil, -2},
	"max.compaction.lag.ms":                   {kindLong, "9223372036854775807", nil, 1},
	"max.decompressed.message.bytes":          {kindInt, "2147483639", nil, 0},
	"max.message.bytes":                       {kindInt, "1048588", nil, 0},
	"message.timestamp.after.max.ms":          {kindLong, "3600000", nil, 0},
	"message.timestamp.before.max.ms":         {kindLong, "9223372036854775807", nil, 0},
	"message.timestamp.type":                  {kindString, "CreateTime", []string{"CreateTime", "LogAppendTime"}, 0},
	"min.cleanable.dirty.ratio":               {kindDouble, "0.5", nil, 0},
	"min.compaction.lag.ms":                   {kindLong, "0", nil, 0},
	"min.insync.replicas":                     {kindInt, "1", nil, 1},
	"preallocate":                             {kindBool, "false", nil, 0},
	"remote.copy.lag.bytes":                   {kindLong, "-1", nil, -1},
	"remote.copy.lag.ms":                      {kindLong, "0", nil, -1},
	"remote.log.copy.disable":                 {kindBool, "false", nil, 0},
	"remote.log.delete.on.disable":            {kindBool, "false", nil, 0},
	"remote.storage.enable":                   {kindBool, "false", nil, 0},
	"retention.bytes":                         {kindLong, "-1", nil, -1},
	"retention.ms":                            {kindLong, "604800000", nil, -1},
	"segment.bytes":                           {kindInt, "1073741824", nil, 1 << 20},
	"segment.index.bytes":                     {kindInt, "10485760", nil, 4},
	"segment.jitter.ms":                       {kindLong, "0", nil, 0},
	"segment.ms":                              {kindLong, "604800000", nil, 1},
	"unclean.leader.election.enable":          {kindBool, "false", nil, 0},
}
