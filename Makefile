# Two commands: `make demo` runs the main job on the built-in data set, `make test` runs all checks.
#
#   TORCH_INDEX   extra index for torch: PyTorch's CPU wheels, for PyPI's wheel on Linux brings gigabytes of
#                 CUDA. Where it cannot be reached pip says so and takes what it is configured to find.
#                 For an NVIDIA GPU: make demo TORCH_INDEX=
#   MINUTES, OUT  the demo's budget and its run folder

VENV ?= .venv
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3)
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu
MINUTES ?= 12
OUT ?= runs/demo

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --constraint requirements.lock

.PHONY: demo test test-slow soak lint clean

demo: $(VENV)/.demo
	$(BIN)/attendnets build elpv --require "top1>=75" --require "weights<=100KB" --require "arena<=256KB" \
		--require "file<=100KB" --minutes $(MINUTES) --out $(OUT)

# All checks run, also after one has failed; pytest's closing line comes last.
test: $(VENV)/.test
	@status=0; \
	$(BIN)/ruff check . || status=1; \
	$(BIN)/mypy || status=1; \
	$(BIN)/lint-imports || status=1; \
	$(BIN)/python -m pytest || status=1; \
	exit $$status

test-slow: $(VENV)/.test
	$(BIN)/python -m pytest -m slow

# Builds and studies that are killed at random moments.
soak: $(VENV)/.test
	$(BIN)/python -m benchmarks.soak
	$(BIN)/python -m benchmarks.study_soak

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# Stamps: pip runs again only after the requirements have changed.
$(VENV)/.demo: pyproject.toml requirements.lock | $(VENV)/.torch
	$(PIP) --editable ".[elpv]"
	touch $@

$(VENV)/.test: pyproject.toml requirements.lock | $(VENV)/.torch
	$(PIP) --editable ".[dashboard,elpv,postgresql,ray,search,timm,test]"
	touch $@ $(VENV)/.demo

# Before everything that depends on it, and alone, so that its index is asked for nothing else.
$(VENV)/.torch: requirements.lock
	$(PYTHON) -m venv $(VENV)
	$(PIP) --no-deps --retries 1 $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX)) torch
	touch $@
