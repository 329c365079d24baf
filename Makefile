# The commands of this project; `make help` lists them. Needs python3 (3.11 or newer) with its venv module, and make.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help run test doors lint lock clean install install-dev pictures pictures-ci step-kill step-kill-ci chaos mutants mutants-ci bench-jobs bench-pages bench-reconcile reconcile-proof reconcile-proof-ci properties

PYTHON3 ?= python3
PYTHON := .venv/bin/python
PIP := $(PYTHON) -m pip --disable-pip-version-check --no-input
export PIP_ROOT_USER_ACTION := ignore

help: ## say what can be made
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{printf "%-22s %s\n", $$1, $$2}'

run: install ## start the dashboard with a sandbox gateway and demo data; PORT=9000 moves it, Ctrl-C stops it
	@exec $(PYTHON) manage.py start

test: install-dev ## run every check and the tests, on SQLite and on PostgreSQL with Redis where they answer
	@$(PYTHON) -m tests.everything

lint: install-dev ## run the checks without the tests
	@$(PYTHON) -m tests.everything --without-tests

doors: install-dev ## test the sandbox, the clients against it, every failure of the line, and walks through the gateways
	@$(PYTHON) -m tests.everything --doors

pictures: install-dev ## look at every page in every width, theme and state with a browser and axe
	@$(PYTHON) -m pytest -q -n 2 --dist worksteal -m pictures tests/browser

pictures-ci: install-dev ## the same at 1440 px in light and at 360 px in dark
	@PICTURES=corners $(PYTHON) -m pytest -q -n 2 --dist worksteal -m pictures tests/browser

step-kill: install-dev ## kill workers at every step under every answer, on both databases, and audit what is left
	@$(PYTHON) -m tests.proofs.step_kill

step-kill-ci: install-dev ## the same with every refund of gateway A and a seeded sample of the rest
	@$(PYTHON) -m tests.proofs.step_kill --sample

properties: install-dev ## draw twenty times as many lives, ledgers and orders of webhooks as the suite, new ones each time
	@$(PYTHON) -m tests.proofs.properties

chaos: install-dev ## a storm of about five minutes: faults, kills, emptied broker, restarted database; then the audit
	@$(PYTHON) -m tests.chaos.run

mutants-ci: install-dev ## a sample of them where the tests have just been run
	@$(PYTHON) -m tests.proofs.mutants --tested --sample

mutants: install-dev ## make the classic mistakes in a copy, and see a proof turn red for each
	@$(PYTHON) -m tests.proofs.mutants

reconcile-proof: install-dev ## months of settlement files with mistakes of every kind, against the truth about them
	@$(PYTHON) -m tests.proofs.reconcile

reconcile-proof-ci: install-dev ## the same with ten days of one round
	@$(PYTHON) -m tests.proofs.reconcile --small --seed 1

bench-jobs: install-dev ## drain rate of the worker beside a bare loop of the same calls (PostgreSQL)
	@$(PYTHON) -m tests.benchmarks.jobs

bench-pages: install-dev ## cost of list, search and order page at 10,000 and at 100,000 orders
	@$(PYTHON) -m tests.benchmarks.pages

bench-reconcile: install-dev ## a million settlement lines beside a bare COPY and JOIN, and SQLite's longest wait
	@$(PYTHON) -m tests.benchmarks.reconcile

lock: ## write the lock files again from pyproject.toml (needs uv)
	uv lock --quiet
	uv export --quiet --frozen --no-emit-project --no-header --no-annotate --extra embedded --no-default-groups \
		--output-file requirements.lock
	uv export --quiet --frozen --no-emit-project --no-header --no-annotate --extra embedded --no-default-groups \
		--group test --group lint --output-file requirements-dev.lock

clean: ## remove what was installed and every local datum, the demo database too
	rm -rf .venv var .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

install: .venv/installed-run

install-dev: .venv/installed-dev

$(PYTHON):
	@$(PYTHON3) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
		|| { echo "Python 3.11 or newer is needed; nothing was installed. Name one: make PYTHON3=python3.12 run"; exit 1; }
	@$(PYTHON3) -c 'import ensurepip' 2>/dev/null \
		|| { echo "Python's venv module is missing; nothing was installed. On Debian: apt-get install python3-venv"; exit 1; }
	@$(PYTHON3) -m venv .venv

# The stamps are older than a changed lock file, so that a new lock is installed by the next command.
.venv/installed-run: requirements.lock | $(PYTHON)
	@echo "Installing the packages of requirements.lock …"
	@$(PIP) install --quiet --require-hashes -r requirements.lock
	@touch $@

.venv/installed-dev: requirements-dev.lock | $(PYTHON)
	@echo "Installing the packages of requirements-dev.lock …"
	@$(PIP) install --quiet --require-hashes -r requirements-dev.lock
	@touch $@ .venv/installed-run
