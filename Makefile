# The two commands are `make run` and `make test`. Everything they need is set up on the way.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: run test check bench lock

run: .venv/ready
	$(BIN)/python -m nexus serve

test: .venv/dev
	$(BIN)/python -m pytest -q

check: .venv/dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: .venv/dev
	$(BIN)/python -m tests.bench

lock:
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --custom-compile-command "make lock" -q pyproject.toml -o requirements.txt
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --custom-compile-command "make lock" -q --group dev pyproject.toml -o requirements-dev.txt

.venv/ready: requirements.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install -q --require-hashes -r requirements.txt
	touch $@

.venv/dev: .venv/ready requirements-dev.txt
	$(BIN)/pip install -q --require-hashes -r requirements-dev.txt
	touch $@
