# Lapwing. `make help` lists what there is.

PREFIX ?= /usr/local
DESTDIR ?=
SWIFT ?= swift
PYTHON ?= /usr/bin/python3
# One scratch folder for debug and release: they share the checkouts of the dependencies.
RELEASE := -c release --static-swift-stdlib
PROGRAMS := lapwing-server lapwingctl lapwing-agent lapwing-top
BIN := .build/release
SOURCES := Sources Tests collectors dashboards Examples Benchmarks Package.swift

.PHONY: help deps build demo test scenarios bench bench-pubsub interop check-linkage lint format \
	documents install clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

deps: ## install the Debian packages that are missing (root or sudo)
	@scripts/deps build

build: deps ## build the programs for release, the Swift runtime linked in
	$(SWIFT) build $(RELEASE)

demo: ## watch this host through a server of its own, then leave nothing behind
	@scripts/demo

# Tests that run servers have files open: as many at a time as a limit of 512 files allows.
test: deps ## unit tests, then the scenarios over real sockets
	SWIFT_DETERMINISTIC_HASHING=1 SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=8 $(SWIFT) test
	@$(MAKE) --no-print-directory scenarios BIN=.build/debug

scenarios: ## play the scenarios against the programs in BIN
	@LAPWING_BIN=$(abspath $(BIN)) $(PYTHON) Tests/Scenarios/play

interop: build ## the programs end to end, and against slixmpp, profanity and prosody
	@scripts/deps interop
	@LAPWING_BIN=$(abspath $(BIN)) Tests/Interop/run

bench: build ## measure what everything costs (PEERS=1: prosody too)
	@scripts/deps interop
	$(SWIFT) build -c release --package-path Benchmarks
	@LAPWING_BIN=$(abspath $(BIN)) PEERS=$(PEERS) $(PYTHON) Benchmarks/bench

bench-pubsub: build ## pubsub, components, s2s beside others (PEERS=1: prosody, ejabberd, mosquitto)
	@scripts/deps bench
	$(SWIFT) build -c release --package-path Benchmarks
	@LAPWING_BIN=$(abspath $(BIN)) PEERS=$(PEERS) $(PYTHON) Benchmarks/bench-pubsub $(ROWS)

check-linkage: build ## check what the programs are linked against
	@scripts/check-linkage $(BIN)

lint: ## check the form of the source
	$(SWIFT) format lint --strict -r $(SOURCES)

format: ## put the source into form
	$(SWIFT) format -i -r $(SOURCES)

documents: ## write the pages that are made from the code
	LAPWING_WRITE_DOCUMENTS=1 $(SWIFT) test --filter CoverageTests
	$(SWIFT) run lapwing-server --specifications >docs/specifications.md

install: build ## install under PREFIX (/usr/local), below DESTDIR
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/doc/lapwing
	install -d $(DESTDIR)$(PREFIX)/lib/systemd/system
	install -m 755 $(addprefix $(BIN)/,$(PROGRAMS)) $(DESTDIR)$(PREFIX)/bin
	install -m 644 README.md LICENSE deploy/lapwing.toml deploy/agent.toml \
		$(DESTDIR)$(PREFIX)/share/doc/lapwing
	for unit in deploy/*.service; do \
	    sed 's#/usr/local/#$(PREFIX)/#g' $$unit \
	        >$(DESTDIR)$(PREFIX)/lib/systemd/system/$$(basename $$unit) || exit 1; \
	done

clean: ## remove what was built
	rm -rf .build .build-interop Benchmarks/.build
