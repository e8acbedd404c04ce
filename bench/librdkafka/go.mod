module github.com/afkak-go/afkak/bench/librdkafka

go 1.26.0

require (
	github.com/afkak-go/afkak/bench v0.0.0
	github.com/confluentinc/confluent-kafka-go/v2 v2.15.1
)

replace (
	github.com/afkak-go/afkak => ../..
	github.com/afkak-go/afkak/bench => ..
)
