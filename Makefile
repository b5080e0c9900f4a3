# Two commands do everything on a fresh machine with Python 3.11:
#   make demo    set up, then run the whole chain on the embedded world
#   make test    set up, then run all tests
PYTHON ?= python3.11
CORES ?= 2
VENV := .venv
BIN := $(CURDIR)/$(VENV)/bin
export PATH := $(BIN):$(PATH)

.PHONY: help demo smoke test lint setup clean
help:
	@sed -n 's/^# \{0,1\}//p' Makefile | head -3
	@echo "  make smoke   the whole chain in about two minutes, on a tiny world"
	@echo "  make lint    linters and type checker"

setup: $(VENV)/.installed

$(VENV)/.installed: envs/requirements.txt envs/detectron2.txt pyproject.toml envs/install.sh
	envs/install.sh $(PYTHON) $(VENV) envs/requirements.txt
	@touch $@

$(VENV)/.installed-test: $(VENV)/.installed envs/requirements-test.txt
	"$(BIN)/python" -m pip install --disable-pip-version-check --progress-bar off -r envs/requirements-test.txt
	@touch $@

demo: setup
	snakemake --cores $(CORES) --workflow-profile workflow/profiles/default

smoke: setup
	snakemake --cores $(CORES) --workflow-profile workflow/profiles/default --configfile config/smoke.yaml

test: $(VENV)/.installed-test
	pytest -n $(CORES) --dist loadgroup $(PYTEST_ARGS)

lint: $(VENV)/.installed-test
	ruff check .
	ruff format --check .
	mypy
	snakefmt --check Snakefile workflow
	snakemake --lint
	snakemake --lint --configfile config/smoke.yaml

clean:
	rm -rf results/world results/smoke data/world data/smoke
