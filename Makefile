# KAFKA_VERSION names the real Kafka to test against: a release, several with commas, or all. The default is the newest.
KAFKA_VERSION ?=

# AFKAK_SUITE is core or full. Without it one release gets the full suite, and of several those that test/harness lists.
AFKAK_SUITE ?= $(if $(KAFKA_VERSION),,full)

.PHONY: test unit integration generate check

test: unit integration

unit:
	go test $$(go list work | grep -v '/afkak/test\(/\|$$\)')

integration:
	@report=$$(mktemp) && cd test && export AFKAK_REPORT=$$report AFKAK_REQUIRE_KAFKA=1 KAFKA_VERSION=$(KAFKA_VERSION) AFKAK_SUITE=$(AFKAK_SUITE) && \
	{ go test -p 1 -count=1 -timeout 150m ./...; code=$$?; cat $$report; rm -f $$report; exit $$code; }

generate:
	go generate ./...

check:
	.ci/run
