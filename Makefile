# Everything below runs on Python >= 3.11 and make alone; see README.md.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.current
MODEL := examples/sklearn-iris/model/model.joblib

.PHONY: up venv test check bench docs format clean

up: $(MODEL)
	@$(BIN)/kfsim up manifests/

venv: $(STAMP)

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "kfsim needs Python >= 3.11, found %s; run make PYTHON=/path/to/a/newer/python" % sys.version.split()[0])'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	@echo "installing kfsim and its development tools into $(VENV) (once; about a minute)"
	@$(BIN)/python -m pip install --quiet --editable . --group dev
	@touch $(STAMP)

$(MODEL): $(STAMP) examples/sklearn-iris/train.py
	@$(BIN)/python examples/sklearn-iris/train.py

check: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m docs.generate --check

test: check $(MODEL)
	$(BIN)/pytest

bench: $(MODEL)
	$(BIN)/python bench/run.py

docs: $(STAMP)
	$(BIN)/python -m docs.generate

format: $(STAMP)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
