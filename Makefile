# Sluice. Every target installs what it needs (Debian packages, npm packages), builds, and runs.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := build
.PHONY: demo test build check bench fuzz generate clean deps

# Debian package groups of scripts/install-packages that a target needs.
demo: groups := build run lab
test fuzz: groups := build run lab test
bench: groups := build run lab bench
build check generate: groups := build run

# The kernel wants root for everything but `build` and `check`.
as_root := $(if $(filter 0,$(shell id -u)),,sudo env "PATH=$$PATH")
tsx := node --import tsx
report := test-results/report.json

demo: build
	$(as_root) env "DEMO_HOLD=$${DEMO_HOLD:-}" $(tsx) demo/run.ts

test: build
	mkdir -p $(dir $(report))
	$(as_root) npx vitest run --reporter=default --reporter=json --outputFile.json=$(report)

build: deps
	$(tsx) scripts/build.ts

check: deps
	$(tsx) scripts/check.ts

bench: build
	$(as_root) $(tsx) bench/run.ts

fuzz: build
	$(as_root) env SLUICE_FUZZ=long npx vitest run --project fuzz --project differential

generate: deps
	for script in scripts/generate-*.ts; do $(tsx) "$$script"; done
	npx biome format --write schema docs >/dev/null

clean:
	rm -rf dist test-results

deps: node_modules/.package-lock.json
	scripts/install-packages $(groups)

node_modules/.package-lock.json: package-lock.json
	npm ci --no-audit --no-fund
	touch $@
