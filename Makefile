# Two commands do everything on a fresh machine with Python 3.11, 3.12 or 3.13:
#   make demo    set up, then run the whole chain on the embedded world
#   make test    set up, then run all tests
# PYTHON=/path/to/python and VENV=folder choose another interpreter and environment.
PYTHON ?=
CORES ?= 2
VENV ?= .venv
BIN := $(abspath $(VENV))/bin
export PATH := $(BIN):$(PATH)

.PHONY: help demo smoke test test-slurm lint lock setup clean
help:
	@sed -n 's/^# \{0,1\}//p' Makefile | head -4
	@echo "  make smoke   the whole chain in about two minutes, on a tiny world"
	@echo "  make lint    linters and type checker"
	@echo "  make lock    write envs/requirements.lock from the ranges of pyproject.toml"

# with PYTHON: an environment of another one is refused, not used
setup: $(VENV)/.installed
	@$(if $(PYTHON),envs/install.sh $(VENV) $(PYTHON) check)

$(VENV)/.installed: envs/requirements.lock envs/detectron2.txt pyproject.toml envs/install.sh
	envs/install.sh $(VENV) $(PYTHON)
	@touch $@

lock:
	envs/lock.sh

demo: setup
	snakemake --cores $(CORES) --workflow-profile workflow/profiles/default

smoke: setup
	snakemake --cores $(CORES) --workflow-profile workflow/profiles/default --configfile config/smoke.yaml

# a thread each: two processes with two threads each wait for one another
test: setup
	OMP_NUM_THREADS=1 pytest -n $(CORES) --dist loadgroup $(PYTEST_ARGS)

# the Slurm profile on a one-node Slurm of Debian's packages, as root: apt install slurm-wlm munge, and for
# accounting mariadb-server slurmdbd slurm-wlm-mysql-plugin
test-slurm: setup
	REX_SLURM=1 pytest -x -rs tests/workflow/test_slurm.py tests/workflow/test_slurm_accounting.py $(PYTEST_ARGS)

lint: setup
	ruff check .
	ruff format --check .
	mypy
	snakefmt --check Snakefile workflow
	snakemake --lint
	snakemake --lint --configfile config/smoke.yaml

clean:
	rm -rf results/world results/smoke data/world data/smoke
