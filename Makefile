# Every target first makes .venv if it is missing, broken, moved, or older than its definition.
# PYTHON picks the interpreter that makes it:  make setup PYTHON=python3.12

PYTHON ?= python3
STAMP := .venv/.stamp
IN := .venv/bin/

# A stamp holds the folder that the environment was made in, since its scripts and the editable
# install point there. -I keeps the clone itself off the path, so the install is what is tested.
VENV_STATE := $(shell test "$$(cat $(STAMP) 2>/dev/null)" = "$(CURDIR)" && $(IN)python -I -c \
	'import importlib.util as u, sys; sys.exit(u.find_spec("lasersampling") is None)' \
	2>/dev/null && echo sound)

# What an x86 processor of 2009 could do, for all that compiles or chooses code by the processor:
# numba, torch and its MKL and oneDNN, the OpenBLAS of NumPy and SciPy, the C library, NumPy.
OLD_PROCESSOR := NUMBA_CPU_NAME=generic NUMBA_CPU_FEATURES= ATEN_CPU_CAPABILITY=default \
  MKL_ENABLE_INSTRUCTIONS=SSE4_2 ONEDNN_MAX_CPU_ISA=SSE41 OPENBLAS_CORETYPE=Nehalem \
  GLIBC_TUNABLES=glibc.cpu.hwcaps=-AVX512F,-AVX2,-FMA \
  OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1
# The features that NumPy was built to use and finds here; it complains of any other.
NUMPY_FEATURES := import numpy; \
  print(*numpy.show_config("dicts")["SIMD Extensions"].get("found", []))

# Per cent of the package's lines that the fast tests have to run;
# where the others are:  .venv/bin/coverage report --show-missing
COVERAGE_FLOOR := 95

.PHONY: help setup demo docs test test-slow test-portable lint format bench calibrations \
  results results-plan results-run clean broken-venv

help:
	@echo "make setup      the environment in .venv (all other targets make it too)"
	@echo "make demo       train on digits, let the lasers draw some: results/demo.h5, .png and .html"
	@echo "make docs       the pages of docs/ as a site, tutorials run anew: build/docs/index.html"
	@echo "make test       the tests;  make test-slow: those that take longer"
	@echo "make test-portable   the tests as on an old processor (docs/reproducibility.md)"
	@echo "make lint       ruff and mypy;  make format: ruff mends what it can"
	@echo "make bench      speeds and their ratios in one table, beside those accepted before"
	@echo "make calibrations   measure shipped calibrations anew where the code has changed; minutes"
	@echo "make results    RESULTS.md and its figures from the files in data/results"
	@echo "make results-plan   what of them is out of date, and how long it takes to measure it"
	@echo "make results-run SECTION='mixing speed'   measure that anew, all by default"
	@echo "make clean      remove .venv and caches (results/ stays)"

setup: $(STAMP)

demo: $(STAMP)
	mkdir -p results
	$(IN)lasersampling generate digits --out results/demo.h5 --overwrite
	$(IN)lasersampling report results/demo.h5 --out results/demo.html --overwrite

# Warnings are errors. The extra `docs` is installed when it is missing.
docs: $(STAMP)
	@$(IN)python -c 'import furo, ipykernel, myst_nb, numpydoc, sphinx_copybutton, sphinx_design' \
	  2>/dev/null || { echo "installing what builds the pages into .venv"; $(IN)python -m pip \
	  install --quiet --disable-pip-version-check -c constraints.txt -e '.[docs]'; }
	$(IN)python -m sphinx -q -W --keep-going -b html docs build/docs
	@echo "open build/docs/index.html"

# Two workers for two cores; tests/conftest.py keeps each of them to one BLAS thread.
test: $(STAMP)
	$(IN)python -m pytest -n 2 --dist worksteal -m "not slow" \
	  --cov --cov-report= --cov-fail-under=$(COVERAGE_FLOOR)

test-slow: $(STAMP)
	$(IN)python -m pytest -n 2 --dist worksteal -m slow

test-portable: $(STAMP)
	NPY_DISABLE_CPU_FEATURES="$$($(IN)python -c '$(NUMPY_FEATURES)')" $(OLD_PROCESSOR) \
	  $(IN)python -m pytest -n 2 --dist worksteal -m "not slow"

lint: $(STAMP)
	$(IN)ruff check .
	$(IN)ruff format --check .
	$(IN)mypy

format: $(STAMP)
	$(IN)ruff check --fix .
	$(IN)ruff format .

bench: $(STAMP)
	$(IN)python benchmarks/bench.py run
	@$(IN)python -c 'import diffrax, torchsde' 2>/dev/null || echo "more public integrators can be\
	 measured beside after $(IN)python -m pip install -c constraints.txt -e '.[peers]'"

calibrations: $(STAMP)
	$(IN)python -c "from pathlib import Path; \
	  from lasersampling.sampling.neurons.shipping import ship_calibrations; \
	  ship_calibrations(Path('models/calibrations'))"

results: $(STAMP)
	$(IN)python -m published render

results-plan: $(STAMP)
	$(IN)python -m published run --plan $(SECTION)

results-run: $(STAMP)
	$(IN)python -m published run $(SECTION)
	$(IN)python -m published render

clean:
	rm -rf .venv .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

ifneq ($(VENV_STATE),sound)
$(STAMP): broken-venv
endif

$(STAMP): pyproject.toml constraints.txt
ifneq ($(VENV_STATE),sound)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "error:\
	 lasersampling needs Python 3.11 or later, but '$(PYTHON)' is missing or older;\
	 name another:  make setup PYTHON=python3.11" >&2; exit 1; }
	rm -rf .venv
	$(PYTHON) -m venv .venv
endif
	@echo "installing into .venv (some minutes the first time)"
	$(IN)python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@printf '%s' "$(CURDIR)" > $@
