# Every target sets itself up; Python 3.11+, make and a package registry are all it needs. CI runs `make check` and `make test`, nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
STAY ?=

.PHONY: help demo test check crash fuzz bench bench-full fmt proto lock clean
.DEFAULT_GOAL := help

help: ## what there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 10

$(READY): requirements.txt pyproject.toml
	@echo "Setting up $(VENV) (about a minute the first time)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or later is needed: make PYTHON=python3.11 ..."; exit 2; }
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: $(READY) ## the whole story in a minute; `make demo STAY=1` keeps everything up until Ctrl-C
	@$(BIN)/linkage demo $(if $(STAY),--stay)

test: $(READY) ## all tests, on as many processors as there are
	@$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist worksteal

check: $(READY) ## lint, types, layers, contract, generated code
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@PYTHON=$(BIN)/python sh proto/check.sh

crash: $(READY) ## kill -9 a hundred times under load, then account for every query and answer
	@$(BIN)/python -m tests.crash

fuzz: $(READY) ## every parser with anything but what it expects, for MINUTES=10 or more
	@$(BIN)/python -m tests.fuzz --minutes $(or $(MINUTES),10)

bench: $(READY) ## the gateway beside bare forwarders and a peer built from the usual tools, as ratios: about five minutes
	@$(BIN)/python -m tests.bench

bench-full: bench ## and logs of ten million entries on both backends, and the gateway on one: half an hour, 40 GB of disk
	@$(BIN)/python -m tests.bench.full

fmt: $(READY) ## format and fix
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format --quiet .

proto: $(READY) ## generate linkage/v1 from proto/
	@PYTHON=$(CURDIR)/$(BIN)/python sh proto/generate.sh

lock: $(READY) ## pin and hash all dependencies anew, for every Python from 3.11
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header --extra dev pyproject.toml -o requirements.txt

clean: ## forget everything generated
	@rm -rf $(VENV) .demo .bench .crash .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
