# Everything runs in .venv, made from requirements.lock. Python 3.11+ and make are all that is needed.
PYTHON ?= python3
BIN := .venv/bin
# Three workers for two cores, because much of the suite waits for processes; a file stays with one of them, because its tests share one sandbox.
PYTEST := $(BIN)/python -m pytest -n 3 --dist loadfile
# The longest files first, so that neither worker is left with one at the end.
SLOW_FIRST := tests/story/test_play.py tests/browser/test_page.py tests/browser/test_story.py tests/bot

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
	$(PYTEST) -m "not real and not chaos" $(SLOW_FIRST) tests

test-real: install
	$(BIN)/python -m pytest -m real tests

chaos: install
	$(BIN)/python -m pytest -n 2 -m chaos tests/chaos tests/story

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

pictures: install
	$(BIN)/python tests/browser/pictures.py
