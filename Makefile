# Everything below runs on Python >= 3.11 and make alone; see README.md.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.current
MODEL := examples/sklearn-iris/model/model.joblib

COMPILED := build/compiled

.PHONY: up venv test check bench docs format clean compiled test-compiled run-compiled fuzz

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
	@$(MAKE) --no-print-directory test-compiled

# The request path as the released wheels have it (docs/decisions/0022-compiled-request-path.md).
# From a copy: an extension left beside its source would be run instead of it.
compiled: $(COMPILED)/.current

$(COMPILED)/.current: $(STAMP) $(shell find kfsim/autoscaler kfsim/base kfsim/flow kfsim/dataplane -name '*.py')
	@rm -rf build && mkdir -p build/tree
	@cp -R kfsim pyproject.toml README.md LICENSE build/tree/
	@echo "compiling the request path into $(COMPILED) (half a minute)"
	@HATCH_BUILD_HOOKS_ENABLE=1 $(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir build/wheel build/tree
	@$(BIN)/python -m zipfile --extract build/wheel/kfsim-*.whl $(COMPILED)
	@touch $@

test-compiled: $(STAMP)
	@if command -v $(CC) >/dev/null; then $(MAKE) --no-print-directory run-compiled; \
	elif [ -n "$$CI" ]; then echo "$(CC), a C compiler, is missing"; exit 1; \
	else echo "the compiled request path is not tested: $(CC), a C compiler, is missing"; fi

run-compiled: $(COMPILED)/.current
	PYTHONSAFEPATH=1 PYTHONPATH=$(COMPILED) $(BIN)/pytest -o pythonpath="$(COMPILED) ." tests/autoscaler tests/flow tests/dataplane tests/simulation tests/hostile/test_upstreams.py

# Coverage-guided, FUZZ_SECONDS for each protocol; needs CPython on Linux x86-64 (atheris).
FUZZ_SECONDS ?= 60

fuzz: $(STAMP)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --group fuzz
	$(BIN)/python -m tests.fuzz.run http1 -max_total_time=$(FUZZ_SECONDS) -max_len=4096
	$(BIN)/python -m tests.fuzz.run http2 -max_total_time=$(FUZZ_SECONDS) -max_len=4096

bench: $(MODEL) $(COMPILED)/.current
	PYTHONSAFEPATH=1 PYTHONPATH=$(CURDIR)/$(COMPILED):$(CURDIR) $(BIN)/python bench/run.py

docs: $(STAMP)
	$(BIN)/python -m docs.generate

format: $(STAMP)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
