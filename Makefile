# KAFKA_VERSION names the real Kafka to test against: a release, several with commas, newest, or all.
KAFKA_VERSION ?= newest

# AFKAK_SUITE, core or full, is handed on. Without it one release gets the full suite, and of several those that test/harness lists.

.PHONY: test unit integration generate check

test: unit integration

unit:
	go test $$(go list work | grep -v '/afkak/test\(/\|$$\)')

integration:
	@report=$$(mktemp) && cd test && export AFKAK_REPORT=$$report AFKAK_REQUIRE_KAFKA=1 KAFKA_VERSION=$(KAFKA_VERSION) && \
	{ go test -p 1 -count=1 -timeout 150m ./...; code=$$?; cat $$report; rm -f $$report; exit $$code; }

generate:
	go generate ./...

check:
	.ci/run
