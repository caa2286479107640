# Two commands: `make demo` runs the main job on the built-in data set, `make test` runs all checks.
#
#   TORCH_INDEX   extra index to take torch from. Empty: wherever pip is configured to look.
#                 CPU wheels on Linux: make demo TORCH_INDEX=https://download.pytorch.org/whl/cpu
#   MINUTES, OUT  the demo's budget and its run folder

VENV ?= .venv
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3)
TORCH_INDEX ?=
MINUTES ?= 12
OUT ?= runs/demo

BIN := $(VENV)/bin
# One pip command for everything: torch pinned beside what depends on it.
INSTALL := $(BIN)/python -m pip install -c requirements.lock \
	$(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX)) torch==2.13.0

.PHONY: demo test test-slow lint clean

demo: $(VENV)/.demo
	$(BIN)/attendnets build elpv --require "top1>=75" --require "weights<=100KB" --require "arena<=256KB" \
		--minutes $(MINUTES) --out $(OUT)

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

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# Stamps: pip runs again only after the requirements have changed.
$(VENV)/.demo: pyproject.toml requirements.lock | $(BIN)/python
	$(INSTALL) -e ".[elpv]"
	touch $@

$(VENV)/.test: pyproject.toml requirements.lock | $(BIN)/python
	$(INSTALL) -e ".[elpv,test]"
	touch $@ $(VENV)/.demo

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)
