# Everything a newcomer types: `make demo` and `make test` need Python >= 3.11, pip, make
# and a shell, and make the rest. Another Python: make PYTHON=python3.12 demo

PYTHON ?= python3
DEMO_ARGS ?=
BENCH_ARGS ?=
PYTEST_ARGS ?= -n auto --dist loadgroup
UPGRADE ?=

VENV := .venv
BIN := $(VENV)/bin
LOCK_VENV := .cache/lock
RUN_PINS := requirements/build.txt requirements/run.txt
TEST_PINS := requirements/test.txt requirements/lint.txt
LDAP_PINS := requirements/ldap.txt requirements/ldap_source.txt
CODE = $(wildcard src tests benchmarks scripts)

.PHONY: help demo test lint types imports pytest services lock bench clean

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | expand -t 10

demo: $(VENV)/run.stamp ## make a development instance, sign in to it, keep serving
	$(BIN)/ostiary demo $(DEMO_ARGS)

test: lint types imports pytest ## run every check (CI=true: nothing may skip)

lint: $(VENV)/test.stamp ## ruff: rules and format
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check $(CODE)

types: $(VENV)/test.stamp ## mypy --strict
	$(BIN)/mypy

imports: $(VENV)/test.stamp ## who may import whom
	$(BIN)/lint-imports --cache-dir .cache/imports

pytest: services ## the tests alone; PYTEST_ARGS chooses among them
	$(BIN)/python -m pytest $(PYTEST_ARGS)

services: $(VENV)/test.stamp ## the servers and clients that the tests drive
	$(BIN)/python -m tests.clients.environments

bench: $(VENV)/test.stamp ## print the figures of the benchmarks
	$(BIN)/python -m benchmarks $(BENCH_ARGS)

lock: $(LOCK_VENV)/lock.stamp ## remake requirements/*.txt; UPGRADE=--upgrade moves the pins
	sh scripts/lock.sh $(LOCK_VENV)/bin $(UPGRADE)

clean: ## remove what make made; the instance in ostiary-demo stays
	rm -rf $(VENV) .cache dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The package itself goes in place, without dependencies and without the network.
$(VENV)/run.stamp: $(RUN_PINS) pyproject.toml scripts/environment.sh
	sh scripts/environment.sh $(PYTHON) $(VENV) $(RUN_PINS)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-index \
		--no-deps --no-build-isolation --editable .
	touch $@

# The extra `ldap` is compiled; where it cannot be, the tests of directories skip.
$(VENV)/test.stamp: $(VENV)/run.stamp $(TEST_PINS) $(LDAP_PINS) scripts/packages.sh
	sh scripts/packages.sh
	sh scripts/environment.sh $(PYTHON) $(VENV) $(TEST_PINS)
	sh scripts/environment.sh $(PYTHON) $(VENV) $(LDAP_PINS) || \
		echo "python-ldap could not be built: strategy ad is not tested" >&2
	touch $@

$(LOCK_VENV)/lock.stamp: requirements/lock.txt scripts/environment.sh
	sh scripts/environment.sh $(PYTHON) $(LOCK_VENV) requirements/lock.txt
	touch $@
