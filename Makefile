# KAFKA_VERSION names the real Kafka to test against: a release, several with commas, or all. The default is the newest.
KAFKA_VERSION ?=

.PHONY: test unit integration generate check

test: unit integration

unit:
	go test $$(go list work | grep -v '/afkak/test\(/\|$$\)')

integration:
	cd test && AFKAK_REQUIRE_KAFKA=1 KAFKA_VERSION=$(KAFKA_VERSION) go test -count=1 -timeout 60m ./...

generate:
	go generate ./...

check:
	.ci/run
