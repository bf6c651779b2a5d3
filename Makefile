# The same commands locally and in CI. `make` alone lists them.

CARGO ?= cargo
NPM ?= npm
HEADWAY := target/release/headway
PORT ?= 8080
# FEATURES=nsfw builds the image classifier in; a first build then takes twice as long.
FEATURES ?=
# Where `make run` and `make dev` keep their data; ignored by git.
DATA ?= .headway/data

UI_SOURCES := $(shell find ui/src ui/public ui/index.html ui/vite.config.ts ui/package.json -type f 2>/dev/null)

.PHONY: help build run test check bench dev ui fuzz setup clean-data

help:
	@echo 'make run     build, start, ingest a sample folder (or DIR=...), open for business'
	@echo 'make test    everything that must pass: Rust, dashboard, browser'
	@echo 'make check   formatting, lints, types'
	@echo 'make build   the release binary, dashboard inside: $(HEADWAY)'
	@echo 'make dev     server and dashboard with reload'
	@echo 'make bench   measurements beside the peers'
	@echo 'make ui      the dashboard alone'
	@echo 'make fuzz    fuzz the parsers (TARGET=..., SECONDS=60)'
	@echo 'make setup   say which tools are missing (INSTALL=1 installs them where it can)'

setup:
	@scripts/setup.sh $(if $(INSTALL),--install)

ui: ui/dist/index.html

ui/node_modules/.package-lock.json: ui/package-lock.json
	cd ui && $(NPM) ci --no-audit --no-fund
	@touch $@

ui/dist/index.html: ui/node_modules/.package-lock.json $(UI_SOURCES)
	cd ui && $(NPM) run --silent build

build: ui
	$(CARGO) build --release -p headway $(if $(FEATURES),--features $(FEATURES))

run: build
	@scripts/run.sh $(HEADWAY) '$(DATA)' '$(PORT)' '$(DIR)'

# The order is cheapest first: what fails often fails soon.
test: ui/node_modules/.package-lock.json
	cd ui && $(NPM) test --silent
	$(MAKE) build
	@scripts/test-rust.sh
	@scripts/test-e2e.sh $(HEADWAY)

check: ui
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets -- -D warnings
	cd ui && $(NPM) run --silent check
	@scripts/check-deploy.sh

bench: build
	$(CARGO) run --release -p headway-bench -- $(BENCH)
ifneq (,$(if $(BENCH),$(findstring temporal,$(BENCH)),all))
	scripts/test-temporal.sh
	$(CARGO) run --release -p headway-temporal --example ratio
endif

dev: ui
	@scripts/dev.sh '$(DATA)' '$(PORT)'

SECONDS ?= 60
fuzz:
	@scripts/fuzz.sh '$(TARGET)' '$(SECONDS)'

clean-data:
	rm -rf .headway
