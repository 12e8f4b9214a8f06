# nodrop. `make help` lists the targets.

GO       ?= go
FUZZTIME ?= 30s
COUNT    ?= 5
REQUESTS ?= 100000
SOAKTIME ?= 30m

# Tools are pinned here rather than in go.mod, which keeps only what ships.
GOFUMPT     := $(GO) run mvdan.cc/gofumpt@v0.12.0
GOLANGCI    := $(GO) run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
GOVULNCHECK := $(GO) run golang.org/x/vuln/cmd/govulncheck@v1.9.0

# Other load generators, whose counts are compared with the server's.
PEERS := github.com/codesenberg/bombardier@v1.2.6 github.com/six-ddc/plow@v1.4.0 github.com/tsenart/vegeta/v12@v12.13.0

# Packages run one at a time (-p 1): several put real load on this machine and
# would compete for processor time and ports, and miss deadlines. Tests that mostly
# wait run four at a time.
GOTEST := $(GO) test -p 1 -parallel 4 -timeout 1h

.PHONY: build
build: ## build ./nodrop; without a C library it runs in any container and takes 2 MB less memory
	CGO_ENABLED=0 $(GO) build -o nodrop .

.PHONY: test
test: ## vet, then every test under the race detector, against real servers
	testdata/setup.sh
	testdata/test.sh $(GOTEST) -race -count=1

.PHONY: check
check: ## the quick gate: format, vet, cross builds, lint, short tests
	@unformatted=$$($(GOFUMPT) -l .) || exit 1; \
	if [ -n "$$unformatted" ]; then echo "not formatted (make fmt):"; echo "$$unformatted"; exit 1; fi
	$(GO) vet ./...
	GOOS=darwin $(GO) build ./...
	GOOS=windows $(GO) build ./...
	$(GOLANGCI) run
	$(GOTEST) -short ./...

.PHONY: servers
servers: ## send REQUESTS (100000) of each kind to every real server; none may be lost
	testdata/setup.sh
	@echo "$(REQUESTS) requests each, 1/100 of that for 10 MB bodies, 1/10 for gunicorn. Takes 15 minutes."
	$(GO) test -C loadgen/cli -timeout 3h -run '^TestServers$$' -requests $(REQUESTS)

.PHONY: gateways
gateways: ## measure what each gateway loses in each stop mode, write the table to testdata/gateways/README.md; 12 min
	testdata/setup.sh
	$(GO) test -count=1 -v -timeout 0 -run '^TestGatewayTable$$' ./scenario/cli -gateways

.PHONY: race
race: ## the tests COUNT (5) times under the race detector, to catch rare races
	$(GOTEST) -race -count=$(COUNT) ./...

.PHONY: soak
soak: ## random loads and faults for SOAKTIME (30m), comparing both sides' counts; then one long load
	$(GO) test -count=1 -v -timeout 0 -run '^TestSoak$$' ./loadgen -soak $(SOAKTIME)
	$(GO) test -count=1 -v -timeout 0 -run '^TestEndurance$$' ./loadgen -endurance 1500000

.PHONY: honesty
honesty: ## the table of what nodrop and other tools report, against faults that a server counted
	testdata/setup.sh
	$(GO) test -count=1 -v -run '^TestHonesty$$' ./loadgen -honesty '$(PEERS)'

SEED ?= 1 # of make calibrate

.PHONY: calibrate
calibrate: ## 200 real runs and 4,000 recordings with known causes: how often the diagnosis is right; 30 min
	testdata/setup.sh
	$(GO) test -count=1 -v -run '^TestCalibrate$$' ./report/diagnosis -calibrate.draws 60
	$(GO) test -count=1 -v -timeout 2h -run '^TestCalibrate$$' ./scenario/cli -calibrate.runs 200 -calibrate.seed $(SEED)

.PHONY: fuzz
fuzz: ## every fuzz target in turn, for FUZZTIME (30s) each
	@set -e; for pkg in $$($(GO) list ./...); do \
		list=$$($(GO) test -list '^Fuzz' $$pkg) || { echo "$$list"; exit 1; }; \
		for target in $$(echo "$$list" | grep '^Fuzz'); do \
			echo "$$pkg $$target"; \
			$(GO) test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) $$pkg; \
		done; \
	done

# testdata/bench/peers.sh installs wrk, ab, h2load and an older hey from Debian.
BENCH_PEERS := github.com/rakyll/hey@v0.1.5 $(PEERS)
OHA    ?= # version of the crate, such as 1.16.0; off by default, as it takes 15 minutes to build
BASE   ?= # an older revision of nodrop to measure too
ROUNDS ?= 5

BENCH := PEERS='$(BENCH_PEERS)' OHA='$(OHA)' testdata/bench/bench.py --out bin/bench.jsonl --base '$(BASE)'

.PHONY: bench
bench: ## nodrop and every peer against nginx in ROUNDS (5) rounds, 20 min; OHA=1.16.0 adds oha
	testdata/setup.sh
	@mkdir -p bin
	$(BENCH) --rounds $(ROUNDS)

.PHONY: bench-quick
bench-quick: ## nodrop, wrk and hey at c = 200 in two short rounds, 30 s
	testdata/setup.sh
	@mkdir -p bin
	$(BENCH) --rounds 2 --seconds 1 --only nodrop,wrk,hey --connections 200 --modes new,keep-alive --figures peers

.PHONY: bench-gate
bench-gate: ## fail if a limit of speed or memory is missed (LIMITS in bench.py); BASE=revision adds an older nodrop
	testdata/setup.sh
	@mkdir -p bin
	$(BENCH) --rounds $(ROUNDS) --only nodrop,pool,wrk,hey --connections 200 --figures peers,memory,recorder --gate

.PHONY: microbench
microbench: ## every Go benchmark, with allocations
	$(GO) test -p 1 -run '^$$' -bench . -benchmem ./...

.PHONY: lint
lint: ## golangci-lint, as .golangci.yml says
	$(GOLANGCI) run

.PHONY: fmt
fmt: ## format the code in place
	$(GOFUMPT) -w .

.PHONY: golden
golden: ## regenerate the golden files; review the diff before you commit it
	$(GO) test . ./report/format -run 'Golden|Script' -update

.PHONY: man
man: ## a manual page for each command, in bin/man
	@mkdir -p bin/man
	$(GO) test -count=1 -run '^TestMan$$' . -man $(CURDIR)/bin/man

.PHONY: shape
shape: ## compare the shape of hey's and nodrop's reports, against nginx and httpbin
	testdata/setup.sh
	testdata/hey/shape.sh

.PHONY: vuln
vuln: ## known vulnerabilities in dependencies (needs the network)
	$(GOVULNCHECK) ./...

.PHONY: clean
clean: ## remove what the other targets built
	rm -rf nodrop nodrop.exe bin
	rm -f *.test *.out coverage.*

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
