# Everything runs in .venv, made on first use and again when pyproject.toml changes.

PYTHON ?= python3
# Installed before the rest and pinned: a CPU build is taken where pip finds one, and nothing later
# replaces it. Where pip finds only the build with the GPU libraries, point it at PyTorch's CPU
# index: make demo TORCH="torch==2.13.0 --index-url URL"
TORCH ?= torch==2.13.0
# Passed on: make demo ARGS="--robot ant", make test ARGS="-m 'not slow'"
ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
PIP := $(BIN)/python -m pip --disable-pip-version-check install --only-binary :all:

.PHONY: help install demo table test lint types check format clean

help:
	@echo "make demo     a robot breaks and keeps running, beside one that does not adapt"
	@echo "make table    every method on every suite, going on from the cells that are kept here"
	@echo "make test     the tests"
	@echo "make check    everything a change must pass: lint, types, tests"
	@echo "make lint     ruff: style and formatting"
	@echo "make types    pyright"
	@echo "make format   let ruff mend what it can"
	@echo "make clean    remove .venv and caches"

install: $(INSTALLED)

$(INSTALLED): pyproject.toml
	@command -v $(PYTHON) >/dev/null || \
	    { echo "error: $(PYTHON) is not installed; Python 3.11 or newer is needed" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "error: Python 3.11 or newer is needed, $(PYTHON) is $$($(PYTHON) -V 2>&1);" \
	    "name another: make PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(PIP) $(TORCH)
	$(PIP) --editable ".[all]"
	@touch $@

demo: $(INSTALLED)
	$(BIN)/adaptive-control demo $(ARGS)

# The datasets, the fits that do not ship as controllers, and the cells that are done. See
# docs/results.md; ARGS=--estimate says what is left, ARGS=--report writes the table as it stands.
KEPT := benchmarks/data
TABLE := runs/table
MODELS := runs/table-models
DATA := runs/table-data
SUITES := crippled-joint/half-cheetah,crippled-leg/half-cheetah,crippled-leg/ant,slopes/half-cheetah,$\
    pier/half-cheetah,motors/half-cheetah,motors/ant,body/half-cheetah

table: $(INSTALLED)
	@mkdir -p $(DATA) $(MODELS) $(TABLE)
	for part in half-cheetah ant ant-more; do tar xf $(KEPT)/$$part.tar.xz -C $(DATA) || exit; done
	cp adaptive_control/pretrained/*.safetensors $(MODELS)
	cp $(KEPT)/models/*.safetensors $(MODELS)
	for cells in $(KEPT)/cells*.tar.xz; do tar xf $$cells -C $(TABLE) || exit; done
	$(BIN)/adaptive-control evaluate --suite "$(SUITES)" --data $(DATA) --checkpoints $(MODELS) \
	    --out $(TABLE) $(ARGS)

# One thread a process: the tests already run on every core.
test: $(INSTALLED)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto $(ARGS)

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(INSTALLED)
	$(BIN)/pyright

check: lint types test

format: $(INSTALLED)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) build dist .pytest_cache .ruff_cache .hypothesis
	find adaptive_control controllers robots deploy tests -name __pycache__ -prune -exec rm -rf {} +
