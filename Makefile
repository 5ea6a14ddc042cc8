# Every target does all of its own set-up on a machine with Python 3.11 or newer: a virtual environment in .venv.
#   make demo   the main job: a trained sentence transformer through the compiler and onto the simulated NPU
#   make test   the whole test suite        make lint   ruff and pyright        make bench   the benchmarks
#   make calibrate   the timing model against measurements on silicon (some ten minutes)

# The first that runs: version managers leave commands on the PATH that do not.
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3.14 python3; do \
    $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && command -v $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# Linux wheels of PyTorch on PyPI bring CUDA along; TORCH_INDEX=https://download.pytorch.org/whl/cpu has small ones without.
TORCH_INDEX ?=

.PHONY: demo test lint bench calibrate clean

demo: $(READY)
	$(BIN)/python examples/sentence_similarity.py

test: $(READY)
	$(BIN)/python -m pytest -q
	$(BIN)/lit -q tests/filecheck

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright --pythonpath $(BIN)/python

bench: $(READY)
	$(BIN)/python tests/benchmarks/run.py

$(READY): pyproject.toml
	@test -n "$(PYTHON)" || { echo "Sfumato needs Python 3.11 or newer on the PATH"; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Sfumato needs Python 3.11 or newer; set PYTHON=..."; exit 1; }
	@"$(PYTHON)" -c 'import venv, ensurepip' 2>/dev/null || { echo "$(PYTHON) has no venv module (on Debian: apt-get install python3-venv)"; exit 1; }
	@echo "setting up $(VENV) with PyTorch and the rest: some minutes the first time"
	"$(PYTHON)" -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX)) -e '.[torch,dev]'
	@touch $(READY)

calibrate: $(READY)
	$(BIN)/python examples/kernels/calibration.py --leave-one-out --sensitivity

clean:
	rm -rf $(VENV) build dist bench-output
