# `make demo` opens the picker on the built-in stand-in service; `make test` runs every check. Both set all up first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# What `make demo` needs; the checks need more.
DEMO := $(VENV)/.demo
# Tests run in as many processes as there are processors.
PYTEST := $(BIN)/python -m pytest -n logical --dist worksteal

.PHONY: demo test install lint types unit browser benchmarks docs recipes fuzz matrix bench pictures clean
.DELETE_ON_ERROR:

# Without the user's key and login, so that the notebooks take the stand-in.
KEYLESS := env -u HEYGEN_API_KEY HEYGEN_CONFIG_DIR=$(CURDIR)/$(VENV)/no-login

demo: $(DEMO)
	@echo "Starting JupyterLab. It opens in your browser, or at the address below. Press Ctrl-C twice to end it. Your key is left out."
	$(KEYLESS) $(BIN)/jupyter lab notebooks/01_pick_a_look.ipynb $(if $(filter 0,$(shell id -u)),--allow-root)

# Stops at the first part that fails; ends with the time of each.
test:
	@begin=$$(date +%s); times=; \
	for part in install lint types unit browser benchmarks; do \
		start=$$(date +%s); \
		$(MAKE) --no-print-directory $$part || exit 1; \
		times="$$times$$part $$(($$(date +%s) - start)) s, "; \
	done; \
	echo "All checks passed: $${times}together $$(($$(date +%s) - begin)) s"

install: $(READY)
	$(BIN)/python tests/browser/install_browser.py

lint: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports

types: $(READY)
	$(BIN)/mypy

unit: $(READY)
	$(PYTEST) --ignore=tests/browser

browser: install
	$(PYTEST) tests/browser

# Each benchmark once at a tiny size: shows that it runs, and measures nothing.
benchmarks: install
	$(BIN)/python -m tests.bench --tiny

# The property tests with 1,000 examples or more each.
fuzz: $(READY)
	$(PYTEST) --ignore=tests/browser --hypothesis-profile=fuzz -m hypothesis

# The unit tests on each CPython found, with the newest and the lowest packages; ROWS="newest lowest" names some.
matrix: $(READY)
	$(BIN)/python -m tests.matrix $(ROWS)

# AGAINST=<commit> compares with a commit, in turn; NAMES="imports paging" names some benchmarks.
bench: install
	$(BIN)/python -m tests.bench $(if $(AGAINST),--against $(AGAINST)) $(NAMES)

# The website in build/site, with the notebooks run on the stand-in.
docs: $(READY)
	NO_MKDOCS_2_WARNING=1 EXECUTE=true $(KEYLESS) $(BIN)/mkdocs build --strict --config-file tests/docs/mkdocs.yml
	@echo "Open build/site/index.html in a browser."

# The recipes of the reference page, in an environment of their own.
recipes: install
	$(BIN)/uv venv --quiet --clear $(VENV)/recipes
	$(BIN)/uv pip install --quiet --python $(VENV)/recipes/bin/python --editable '.[parquet]' --group recipes
	$(VENV)/recipes/bin/python -m pytest tests/docs/recipes.py

pictures: install
	$(BIN)/python -m tests.browser.pictures

$(DEMO): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; name one with: make PYTHON=/path/to/python3 ..." >&2; exit 1; }
	@echo "Installing heygen_widgets and JupyterLab into $(VENV). This takes half a minute, once."
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --editable '.[all]'
	@touch $@

$(READY): $(DEMO)
	@echo "Installing what the checks need: half a minute, once."
	$(BIN)/python -m pip install --quiet --group dev
	@touch $@

clean:
	rm -rf $(VENV) dist build .mypy_cache .pytest_cache .ruff_cache .hypothesis test-artifacts
