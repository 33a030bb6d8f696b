# The two commands are `make run` and `make test`. Everything they need is set up on the way, by build.sh.
# Another Python than the newest one found: `make run PYTHON=python3.12`. Settings: copy .env.example to .env.
BIN := .venv/bin

.PHONY: run test check bench lock editor

run:
	@./build.sh
	@set -a; [ ! -f .env ] || . ./.env; exec $(BIN)/python -m nexus serve

test:
	@./build.sh test
	$(BIN)/python -m pytest -q -n logical --maxprocesses 4 --dist worksteal

check:
	@./build.sh test
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m ruff check .
	$(BIN)/python -m mypy
	$(BIN)/python -c "from importlinter.cli import lint_imports_command; lint_imports_command()"

bench:
	@./build.sh test
	$(BIN)/python -m tests.bench

# Needs uv; only for who changes pyproject.toml.
lock:
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-emit-index-url --custom-compile-command "make lock" -q --group build -o requirements-build.txt
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-emit-index-url --custom-compile-command "make lock" -q pyproject.toml -o requirements.txt
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-emit-index-url --custom-compile-command "make lock" -q --group dev pyproject.toml -o requirements-dev.txt

# Needs Node; only for who changes nexus/ui/editor_src.
editor:
	cd nexus/ui/editor_src && npm ci --silent && npm run --silent build
