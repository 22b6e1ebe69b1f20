# `make leaderboard` and `make test` set up their own .venv on first use; nothing else is needed but Python 3.11+ and make.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: leaderboard test clean

leaderboard: .venv/ready
	$(BIN)/python -m benchmarks.leaderboard --preset quick $(ARGS)

test: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -n 2 $(ARGS)

.venv/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[test]"
	touch $@

clean:
	rm -rf .venv
