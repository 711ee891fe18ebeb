# OpenPolicy: every target sets up what it needs. `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
JOBS ?= 3
# Hundreds of interpreters are started by the tests: each reads the bytecode that the first one has written.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup run test test-unit test-images test-deep fuzz fuzz-documents check lint types boundaries format bench chaos footprint lock clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F':.*## ' '{printf "  \033[1m%-14s\033[0m %s\n", $$1, $$2}'

setup: $(STAMP) ## Make .venv and install everything, by hash
$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "OpenPolicy needs Python 3.11 or later (set PYTHON=...)"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(STAMP)

run: setup ## Start the whole platform on embedded defaults (ONCE=1 ends when the first scrape is served)
	$(BIN)/openpolicy up $(if $(ONCE),--once) $(ARGS)

test: setup ## Run every test; real servers are started on free private ports
	$(BIN)/python -m shared.testing.install
	$(BIN)/python -m pytest tests/unit tests/architecture -n $(JOBS) --dist loadfile -q
	$(BIN)/python -m pytest tests/integration tests/contract tests/e2e -n $(JOBS) --dist loadfile -q $(ARGS) || \
	{ echo 'what failed is tried once more, alone; a test that passes only then is a defect of its own'; \
	$(BIN)/python -m pytest tests/integration tests/contract tests/e2e --last-failed --last-failed-no-failures none -q; }

test-unit: setup ## Run the tests that need no server (seconds)
	$(BIN)/python -m pytest tests/unit tests/architecture -n $(JOBS) --dist loadfile -q

test-deep: setup ## Run what can be tried more often than `make test` does: generated examples, guesses of passwords
	$(BIN)/python -m pytest tests/unit tests/integration tests/contract -m hypothesis --hypothesis-profile deep -n $(JOBS) -q
	OPENPOLICY_GUESSES=10000 $(BIN)/python -m pytest tests/integration/security_hub/test_attacks.py -k thousands -q

test-images: setup ## Build the container images and run each inside its own memory limit
	deploy/images/test-images.sh

fuzz: setup ## Send generated requests to every route of a running platform (ARGS names hubs)
	$(BIN)/python -m tests.fuzz $(ARGS)

fuzz-documents: setup ## Cut every recorded document at every kilobyte, damage it, misdeclare it (20 minutes of a processor)
	OP_FUZZ=full $(BIN)/python -m pytest tests/integration/scraper/test_hostile_samples.py -n $(JOBS) -q $(ARGS)

check: setup lint types boundaries ## Lint, types and boundaries

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup
	$(BIN)/mypy

boundaries: setup
	PYTHONPATH=. $(BIN)/lint-imports --config .importlinter.toml

format: setup ## Format and mend what can be mended mechanically
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: setup ## Print the benchmarks, each beside a peer or its physical limit
	$(BIN)/python -m tests.bench $(ARGS)

chaos: setup ## Kill processes and the broker at random moments of 50 real jobs (SEEDS=n)
	OPENPOLICY_CHAOS_SEEDS=$(or $(SEEDS),50) $(BIN)/python -m pytest tests/integration/business_hub/test_chaos.py -q $(ARGS)

footprint: setup ## Measure the memory of every process, idle and loaded
	$(BIN)/python -m tests.bench.footprint $(ARGS)

lock: setup ## Resolve requirements.lock anew (needs uv)
	$(BIN)/python -m uv --version >/dev/null 2>&1 || $(BIN)/python -m pip install --quiet uv
	$(BIN)/python -m uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --extra dev pyproject.toml -o requirements.lock

clean: ## Remove what can be made again
	rm -rf $(VENV) var build .pytest_cache .ruff_cache .mypy_cache
