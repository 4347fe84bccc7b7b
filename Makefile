# StoryMeter. `make help` lists what there is.
PYTHON ?= python3
BIN := .venv/bin
ONCE ?=
T ?= tests
export PYTHONPATH := .

.DEFAULT_GOAL := help

##@ Use it
.PHONY: demo run
demo: .venv/.runtime ## Watch a two-week Sprint happen; ONCE=1 exits when it is over
	$(BIN)/storymeter demo $(if $(ONCE),--once)

run: .venv/.runtime ## Run web, worker and an embedded PostgreSQL
	$(BIN)/storymeter run

##@ Change it
.PHONY: install check format format-check lint types contracts dependencies test coverage golden lock
install: .venv/.dev ## Install everything into .venv

check: format-check lint types contracts dependencies coverage ## Everything that has to hold (CI runs this)

format: .venv/.dev ## Lay the code out
	$(BIN)/ruff format .
	$(BIN)/ruff check . --fix --quiet || true

format-check: .venv/.dev
	$(BIN)/ruff format --check --quiet .

lint: .venv/.dev ## Style and common mistakes, security rules included
	$(BIN)/ruff check .

types: .venv/.dev ## Strict types
	$(BIN)/mypy

contracts: .venv/.dev ## The floors of the house
	$(BIN)/lint-imports

dependencies: .venv/.dev ## Declared dependencies are the used ones
	$(BIN)/deptry integration storymeter

test: .venv/.dev ## The tests, in parallel; T=path runs some
	$(BIN)/pytest -n auto --dist loadgroup $(T)

coverage: .venv/.dev ## The tests with line and branch coverage
	$(BIN)/pytest -n auto --dist loadgroup --cov --cov-report=term:skip-covered $(T)

golden: .venv/.dev ## Write golden files anew; read the diff as the customer would
	$(BIN)/pytest -n auto --dist loadgroup --update-golden $(T)

lock: .venv/.dev ## Lock dependencies with hashes and without any index address
	$(BIN)/uv pip compile pyproject.toml --extra server --group build --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-header --quiet -o requirements.txt
	$(BIN)/uv pip compile pyproject.toml --extra server --group build --group dev --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-header --quiet -o requirements-dev.txt

##@ Measure and judge (each ends in one line of JSON)
.PHONY: bench bench-% peers-% backtest faults faults-machines soak fuzz audit
bench: bench-ingest bench-caps bench-spikes bench-pages backtest ## All benchmarks

bench-%: .venv/.dev ## bench-ingest, -million, -memory, -caps, -spikes, -pages, -price_carbon, -start_up, -sync, -webhooks
	$(BIN)/python benchmarks/$*.py

backtest: .venv/.dev ## How often estimates' ranges held
	$(BIN)/python benchmarks/backtest.py

faults: .venv/.dev ## A Sprint of load while everything breaks, five times; then the books are recounted
	$(BIN)/python -m benchmarks.faults

faults-machines: .venv/.dev ## The same on six machines of a network: power fails, cables are pulled, a replica takes over
	$(BIN)/python -m benchmarks.faults --machines

soak: .venv/.dev ## Half an hour (MINUTES=…) at half of saturation: does memory stay, does anything pile up?
	$(BIN)/python benchmarks/soak.py --minutes $(or $(MINUTES),30)

fuzz: .venv/.dev ## All doors and every reader of foreign bytes, by others' fuzzers
	$(BIN)/python benchmarks/fuzz.py

peers-%: .venv/.dev ## peers-jira, peers-metering, peers-gateways, peers-slack, peers-pages: judged by others' tools
	$(BIN)/python benchmarks/peers_$*.py

audit: .venv/.dev ## Known faults of what is locked: asks the package index, or looks in ADVISORIES=folder of OSV records
ifdef ADVISORIES
	$(BIN)/python scripts/audit_locked.py requirements.txt $(ADVISORIES)
else
	@echo "Asks the package index. Where it cannot be reached nothing is checked: see ADVISORIES in docs/security.md"
	$(BIN)/pip-audit --strict --requirement requirements.txt --disable-pip --progress-spinner off
endif

##@ Other
.PHONY: help clean
help: ## This list
	@awk 'BEGIN {FS = ":.*##"} /^##@/ {printf "\n%s\n", substr($$0, 5)} \
		/^[a-zA-Z_%-]+:.*?##/ {printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

clean: ## Remove what was built or kept by the demo, but not .venv
	rm -rf .storymeter .mypy_cache .ruff_cache .pytest_cache .import_linter_cache htmlcov dist

.venv/.runtime: requirements.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("StoryMeter needs Python 3.11 or newer") if sys.version_info < (3, 11) else None'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

.venv/.dev: requirements-dev.txt .venv/.runtime
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-dev.txt
	touch $@
