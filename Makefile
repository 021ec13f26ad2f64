# `make demo` and `make test` install all they need into .venv, and may be repeated.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.NOTPARALLEL:
.DEFAULT_GOAL := test
.PHONY: venv demo test stress fuzz mutants test-versions coverage lint docs picture bench clean demo-packages test-packages

# With another one: make PYTHON=/path/to/python3.12 test
PYTHON ?= $(firstword $(shell command -v python3.11 python3) python3)
VENV := .venv
PIP := $(VENV)/bin/python -m pip --disable-pip-version-check --quiet install -c constraints.txt
# What builds is installed beforehand, so that it too has the version of constraints.txt.
INSTALL := $(PIP) --no-build-isolation --editable
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)

# Real data, without a cluster. --total makes only what is missing, so all of it may be repeated;
# the stamp keeps a second time from moving more samples.
demo: export DATAGEN_CACHE := demo/cache
demo: $(VENV)/.demo
	datagen generate image_partition --total 10 -p scheme=labels --executor local
	datagen generate noisy_sine --total 10000 --generators example_datasets --executor local
	@mkdir -p demo
	test -e demo/.moved || datagen move image_partition 2 test -p scheme=labels -y
	@touch demo/.moved
	datagen preview image_partition -p scheme=labels -o demo/image_partition.png
	datagen list

test: test-packages $(VENV)/.test lint
	pytest -n auto

# What takes too long for every day: 22 more runs of chaos, every step of generating.
stress: test-packages $(VENV)/.test
	pytest -n auto -m stress

# Odd inputs for the whole program: damaged caches and odd command lines. Others: make fuzz SEED=1
INPUTS ?= 10000
SEED ?= 0
fuzz: test-packages $(VENV)/.test
	python tests/fuzzing.py $(INPUTS) $(SEED)

# Mutants of store/ and scheduling/, which the tests should find. All of them take hours; a part, a
# sample of it, and other tests: make mutants ONLY=store/ledger SAMPLE=200 TESTS=tests/datagen_core
ONLY ?=
SAMPLE ?=
TESTS ?=
mutants: $(VENV)/.test
	$(INSTALL) '.[mutants]'
	nice python tests/mutation.py --seed $(SEED) $(if $(SAMPLE),--sample $(SAMPLE)) \
	  $(if $(ONLY),--only $(ONLY)) $(if $(TESTS),--tests $(TESTS))

# The core and LEAF, without torch, on each supported Python that is here, or on some of them.
VERSIONS ?=
test-versions:
	.ci/test-versions $(VERSIONS)

# Lines and branches that the quick tests reach, jobs and other processes included.
coverage: $(VENV)/.test
	coverage erase
	coverage run $(VENV)/bin/pytest -n auto -m "not slow and not slurm"
	coverage combine --quiet
	coverage report

lint: $(VENV)/.test
	ruff check
	ruff format --check
	mypy
	lint-imports

# The site, in build/docs; a warning is an error. Screens and pictures are made from real runs.
docs: $(VENV)/.test
	sphinx-build -j auto -W --keep-going -n -q docs build/docs
	@echo "build/docs/index.html"

# The picture of README.md, which is kept in git: that of the site's first page.
picture: docs
	cp docs/_made/index-clients.png docs/clients.png

bench: $(VENV)/.test
	$(INSTALL) '.[bench]'
	python -m benchmarks

venv: $(VENV)/.test

clean:
	rm -rf $(VENV) $(VENV)-3.* demo build dist mutants .coverage* .hypothesis .*_cache
	find . -name __pycache__ -prune -exec rm -rf {} +

$(VENV)/.demo: $(VENV)/.made pyproject.toml constraints.txt
	$(PIP) hatchling editables
	$(INSTALL) '.[torch]'
	@touch $@

$(VENV)/.test: $(VENV)/.demo
	$(INSTALL) '.[torch,dev]'
	@touch $@

# The stamp and not the interpreter: a creation that failed half-way leaves an interpreter behind.
$(VENV)/.made: | demo-packages
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "datagen needs Python 3.11")'
	$(PYTHON) -m venv --clear $(VENV)
	@touch $@

demo-packages:
	@PYTHON=$(PYTHON) .ci/system-packages demo

test-packages:
	@PYTHON=$(PYTHON) .ci/system-packages test
