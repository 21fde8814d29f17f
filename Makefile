# Everything runs in .venv, made from requirements.lock. Python 3.11+ and make are all that is needed.
PYTHON ?= python3
BIN := .venv/bin
# Images often forbid bytecode: each of some hundred processes would then compile every file again.
export PYTHONDONTWRITEBYTECODE :=
# Four workers for two cores, because much of the suite waits for processes; a file stays with one of them, because its tests share one sandbox.
# Files in the order of tests/conftest.py, the longest first: by itself xdist would start with those of the most tests.
PYTEST := $(BIN)/python -m pytest -n 4 --dist loadfile --no-loadscope-reorder

.PHONY: install demo test test-real chaos lint bench lock pictures

install: .venv/installed

.venv/installed: requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

demo: install
	$(BIN)/rai-incident demo

test: install
	$(PYTEST) -m "not real and not chaos" tests

test-real: install tests/real/installed
	$(BIN)/python -m pytest -m real tests

# Real servers to roll back, far too large for the bot's own environment: MLflow and Node from PyPI, Unleash from npm.
# Everything stays below tests/real. Where they cannot be had the tests say so: they fail where CI is set, else skip.
REAL := tests/real/.venv/bin
tests/real/installed: tests/real/requirements.lock tests/real/package-lock.json
	{ $(PYTHON) -m venv tests/real/.venv \
	  && $(REAL)/pip install --quiet --disable-pip-version-check --no-cache-dir --require-hashes \
	       -r tests/real/requirements.lock \
	  && PATH="$(CURDIR)/$(REAL):$$PATH" npm ci --prefix tests/real --cache tests/real/.npm --ignore-scripts --no-audit \
	       --no-fund --loglevel error \
	  && rm -rf tests/real/.npm && touch $@; } \
	|| { echo "MLflow or Unleash could not be installed from PyPI and npm, so they are not tried for real." >&2; \
	     test -z "$$CI"; }

# Sped-up exercises and the year of digests keep to a clock, and 200 rollbacks want the machine: nothing runs beside them.
ALONE := tests/chaos/test_exercises.py tests/chaos/test_digest_year.py tests/chaos/test_two_hundred.py
chaos: install
	$(BIN)/python -m pytest -n 2 -m chaos tests $(addprefix --ignore=,$(ALONE))
	$(BIN)/python -m pytest -m chaos $(ALONE)

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: install
	$(BIN)/python -m tests.benchmarks

lock:
	$(BIN)/pip-compile --quiet --all-extras --generate-hashes --strip-extras --allow-unsafe --upgrade \
	  --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-header -o requirements.lock pyproject.toml
	$(BIN)/pip-compile --quiet --generate-hashes --strip-extras --allow-unsafe --upgrade \
	  --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-header \
	  -o tests/real/requirements.lock tests/real/requirements.in
	npm install --prefix tests/real --package-lock-only --omit-lockfile-registry-resolved --ignore-scripts

pictures: install
	$(BIN)/python tests/browser/pictures.py
