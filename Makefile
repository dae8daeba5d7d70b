# `make demo` opens the picker on the built-in stand-in service; `make test` runs every check. Both set all up first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: demo test unit browser lint bench pictures clean
.DELETE_ON_ERROR:

# Without the user's key and login, so that the notebook takes the stand-in.
demo: $(READY)
	env -u HEYGEN_API_KEY HEYGEN_CONFIG_DIR=$(CURDIR)/$(VENV)/no-login $(BIN)/jupyter lab notebooks/01_pick_a_look.ipynb $(if $(filter 0,$(shell id -u)),--allow-root)

test: lint unit browser

unit: $(READY)
	$(BIN)/python -m pytest --ignore=tests/browser

browser: $(READY)
	$(BIN)/python tests/browser/install_browser.py
	$(BIN)/python -m pytest tests/browser

lint: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

bench: $(READY)
	$(BIN)/python tests/browser/install_browser.py
	$(BIN)/python -m tests.bench

pictures: $(READY)
	$(BIN)/python tests/browser/install_browser.py
	$(BIN)/python -m tests.browser.pictures

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; name one with: make PYTHON=/path/to/python3 ..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $@

clean:
	rm -rf $(VENV) dist build .mypy_cache .pytest_cache .ruff_cache .hypothesis test-artifacts
