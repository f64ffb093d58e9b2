# Needs python3 (3.11 or newer) and make; everything else is installed into VENV.

PYTHON ?= python3
VENV ?= .venv
DEMO ?= demo
PYTEST_ARGS ?=
TEST_WORKERS ?= 2
BENCH ?= bench-data
BENCH_ARGS ?=
TORTURE_ARGS ?=
REGIONS_DATABASE ?=
FUZZ_ARGS ?=
DATABASE ?= luc-data/luc.duckdb

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check

# uv installs 1.5 GB of test tools in 6 seconds of processor time, pip in 20. pip installs where uv cannot,
# for example from an index that only pip's configuration names.
ifdef PIP_INDEX_URL
export UV_DEFAULT_INDEX := $(PIP_INDEX_URL)
endif
# The test tools are compiled as they are imported, and only once: the tests start hundreds of processes.
export PYTHONDONTWRITEBYTECODE :=
install_packages = $(BIN)/uv pip install --quiet --python $(BIN)/python $(2) $(1) || $(PIP) install $(1)

.DEFAULT_GOAL := help
.PHONY: help install demo test test-times test-slow test-floors test-readers test-regions test-bi superset scale measure-scale torture fuzz bench bench-long check dist docs site clean

help:  ## these lines
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

install: $(VENV)/installed  ## luc-load in a virtual environment, .venv

demo: $(VENV)/installed  ## build a database from a synthetic sample, print first answers
	$(BIN)/luc-load build --sample --years 1990:2022 --out $(DEMO)
	@$(BIN)/python docs/first_answers.py $(DEMO)/luc.duckdb

test: $(VENV)/installed-test  ## the tests
	$(BIN)/python -m pytest -m "not slow" -n $(TEST_WORKERS) --dist worksteal $(PYTEST_ARGS)

test-times: $(VENV)/installed-test  ## the tests, and which of them take most processor time
	$(MAKE) test PYTEST_ARGS="-p tools.cpu_times $(PYTEST_ARGS)"

test-slow: $(VENV)/installed-test  ## the tests that take the full grid or minutes, and hundreds of random builds
	$(BIN)/python -m pytest -m slow $(PYTEST_ARGS)
	HYPOTHESIS_PROFILE=thorough $(BIN)/python -m pytest tests/test_build_properties.py tests/test_export_grids.py $(PYTEST_ARGS)

test-floors: $(VENV)/bin/python  ## the tests with the lowest versions that pyproject.toml allows
	$(BIN)/python -m venv $(VENV)/floors
	$(BIN)/python docs/floors.py >$(VENV)/floors/constraints.txt
	$(VENV)/floors/bin/python -m pip install --quiet --upgrade "pip>=25.1"
	$(VENV)/floors/bin/python -m pip install --quiet --group test --editable . --constraint $(VENV)/floors/constraints.txt
	$(VENV)/floors/bin/python -m pytest -m "not slow" -n $(TEST_WORKERS) --dist worksteal $(PYTEST_ARGS)

test-readers: $(VENV)/installed-test  ## the Parquet files in Spark too; needs Java and half a gigabyte
	$(call install_packages,--group readers)
	$(BIN)/python -m pytest tests/test_readers.py $(PYTEST_ARGS)

test-regions: $(VENV)/installed-test  ## shares of cells against exactextract and regionmask, and their times
	$(PIP) install --group regions-reference
	$(BIN)/python -m pytest -m slow tests/test_regions_reference.py $(PYTEST_ARGS)
	$(BIN)/python -m tools.measure_regions $(REGIONS_DATABASE)

test-bi: $(VENV)/installed-test  ## the dashboard in the newest Superset and Chromium, the sources in dbt: 2 GB, minutes
	$(BIN)/python -m venv $(VENV)/superset
	$(VENV)/superset/bin/python -m pip install --quiet --upgrade --requirement dashboards/superset.txt
	$(BIN)/python -m venv $(VENV)/dbt
	$(VENV)/dbt/bin/python -m pip install --quiet --upgrade --requirement dashboards/dbt.txt
	LUC_TEST_SUPERSET=$(VENV)/superset LUC_TEST_DBT=$(VENV)/dbt $(BIN)/python -m pytest tests/test_bi.py $(PYTEST_ARGS)

superset: $(VENV)/installed-test  ## the dashboard for Superset as build/luc-superset.zip, for DATABASE
	mkdir -p build
	$(BIN)/python -m tools.bi pack $(DATABASE) build/luc-superset.zip

torture: $(VENV)/installed-test  ## kills, full and failing disks, other processes: a quarter of an hour
	$(BIN)/python -m tools.torture --page docs/development/faults.md $(TORTURE_ARGS)
	$(BIN)/python -m pytest -m slow tests/test_torture.py $(PYTEST_ARGS)

fuzz: $(VENV)/installed-test  ## 5,000 random files against xarray, damaged builds against check: half an hour
	$(BIN)/python -m tools.fuzz $(FUZZ_ARGS)

scale: $(VENV)/installed-test  ## the full grid through a cluster, from and to stores on loopback: 10 minutes
	$(call install_packages,--group scale)
	$(BIN)/python -m pytest tests/test_remote.py tests/test_store*.py $(PYTEST_ARGS)
	$(BIN)/python -m pytest -m slow tests/test_scale_*.py $(PYTEST_ARGS)

measure-scale: $(VENV)/installed-test  ## what a block costs a worker and the client, as in docs/scale.md: 2 GB in bench-data
	$(BIN)/python -m tools.measure_scale $(BENCH)/scale

bench: $(VENV)/installed  ## luc-load beside other routes, answers compared: 10 minutes, 3 GB in bench-data
	$(BIN)/python -m benchmarks --work $(BENCH) $(BENCH_ARGS)

bench-long: $(VENV)/installed  ## the same, and 100, 173 and 1173 years: an hour, 30 GB
	$(BIN)/python -m benchmarks --work $(BENCH) --long $(BENCH_ARGS)

check: $(VENV)/installed-lint  ## format, lint, types, then the tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(MAKE) test

dist: $(VENV)/bin/python  ## a source distribution and a wheel in dist/, checked
	$(PIP) install --upgrade build twine
	rm -rf dist
	$(BIN)/python -m build
	$(BIN)/python -m twine check --strict dist/*

docs: $(VENV)/installed-test  ## write the generated parts of the documentation and dashboards
	$(BIN)/python docs/generate_help.py
	$(BIN)/python -m tools.bi

site: $(VENV)/installed  ## the documentation as a website, in build/site
	$(call install_packages,--group docs)
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs build/site

clean:  ## remove the virtual environment, the demo and caches
	rm -rf $(VENV) $(DEMO) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("luc-load needs Python 3.11 or newer, this is " + sys.version.split()[0] + ": make PYTHON=/path/to/python3.11")'
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

# Editable, so that a change in loader/, sql/ or queries/ needs no new installation. Groups of
# dependencies need pip 25.1.
$(VENV)/installed: pyproject.toml | $(VENV)/bin/python
	$(PIP) install --upgrade "pip>=25.1" "uv>=0.7" || $(PIP) install --upgrade "pip>=25.1"
	$(call install_packages,--editable .,--compile-bytecode)
	@touch $@

$(VENV)/installed-test: $(VENV)/installed
	$(call install_packages,--group test)
	@touch $@

$(VENV)/installed-lint: $(VENV)/installed-test
	$(call install_packages,--group lint)
	@touch $@
