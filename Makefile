# Everything runs in .venv, whatever other environment is active. Start with `make course`.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check
PINS   := requirements/constraints.txt

# Settings of another environment would leak into ours.
unexport PYTHONHOME PYTHONPATH VIRTUAL_ENV CONDA_PREFIX JUPYTER_PATH JUPYTER_CONFIG_DIR

.PHONY: help course test quick lab page install notebooks js messages screenshots bench clean
.DEFAULT_GOAL := help

help:
	@echo "make course       open the course in JupyterLab (the first time: installs it into .venv)"
	@echo "make test         install what the tests need and run them all"
	@echo "make quick        the tests that answer in a minute"
	@echo "make lab LAB=04   what proves one lab"
	@echo "make page PAGE=03 what proves one page"
	@echo "make install      install what the tests and the build need, and run nothing"
	@echo "make notebooks    build course/, labs/ and solutions/ from source/"
	@echo "make messages     collect what people read into src/lnnn/locales/lnnn.pot"
	@echo "make js           bundle the explorables' JavaScript (needs npm)"
	@echo "make screenshots  draw every page into screenshots/, and the README's pictures"
	@echo "make bench        run the benchmarks"
	@echo "make clean        remove .venv and caches"

# JupyterLab runs the widgets stored in a notebook only if the notebook is trusted.
course: $(VENV)/.installed
	@page=$$(ls course/00_start_here.ipynb course/*.ipynb labs/*.ipynb 2>/dev/null | head -n 1); \
	if [ -z "$$page" ]; then echo "There are no notebooks: run 'make notebooks' first." >&2; exit 1; fi; \
	$(BIN)/jupyter trust course/*.ipynb labs/*.ipynb >/dev/null; \
	root=; if [ "$$(id -u)" = 0 ]; then root=--allow-root; fi; \
	echo "Opening $$page. If no browser opens, use the address below. Stop with Ctrl-C, twice."; \
	exec $(BIN)/python -m jupyterlab $$root --log-level=WARN --LabApp.default_url="/lab/tree/$$page"

# ARGS goes on to pytest:  make quick ARGS="-x -k rows"
ARGS   ?=
PYTEST := $(BIN)/python -m pytest
CORES  := -n auto

# These may share the cores: they wait for no deadline, and measure a speed again when it is in
# doubt. So may pages, each in a browser of its own. What waits for deadlines runs alone: two such
# tests at once would slow each other down.
SHARING := banks mutants faulty_labs suites_under_pytest follow_through tables feedback causes \
    frames reading_linear reading_fuzz submission_files submission_cells
SHARING := $(SHARING:%=tests/grading/test_%.py)

test: $(VENV)/.complete
	$(PYTEST) tests $(CORES) --dist loadfile --ignore=tests/browser --ignore=tests/grading $(ARGS)
	$(PYTEST) $(SHARING) $(CORES) --dist worksteal $(ARGS)
	$(PYTEST) tests/browser $(CORES) --dist worksteal $(ARGS)
	$(PYTEST) tests/grading $(SHARING:%=--ignore=%) $(ARGS)

# Without kernels, browsers, jails and builds of the course.
quick: $(VENV)/.complete
	$(PYTEST) tests $(CORES) -q -m "not slow" --ignore=tests/browser --ignore=tests/grading $(ARGS)

# The points of the lab, its answers at two seeds, its mutants, and whether it is built.
lab: $(VENV)/.complete
	@test -n "$(LAB)" || { echo "Which lab?  make lab LAB=04" >&2; exit 2; }
	$(PYTEST) $(SHARING) tests/report $(CORES) -q --seeds 2 -k "lab$(LAB:lab%=%)" $(ARGS)
	$(BIN)/python -m lnnn.build --check lab$(LAB:lab%=%)

# The form of the page, its numbers and explorables, and whether it is built.
page: topic = $(notdir $(basename $(wildcard source/course/$(PAGE)_*.md)))
page: $(VENV)/.complete
	@test -n "$(topic)" || { echo "Which page?  make page PAGE=03" >&2; exit 2; }
	$(PYTEST) tests/course tests/explore $(CORES) -q -m "not slow" \
	    -k "$(topic) or test_$(topic:$(PAGE)_%=%) or test_explorables" $(ARGS)
	$(BIN)/python -m lnnn.build --check $(topic)

install: $(VENV)/.complete

notebooks: $(VENV)/.complete
	$(BIN)/python -m lnnn.build

js:
	@command -v npm >/dev/null || { echo "make js needs npm: install Node.js." >&2; exit 1; }
	cd src/lnnn/explore/js && npm ci --no-audit --no-fund && npm run build

messages: $(VENV)/.complete
	@mkdir -p src/lnnn/locales
	$(BIN)/pybabel -q extract --mapping-file babel.cfg --project lnnn --no-location \
	    --output-file src/lnnn/locales/lnnn.pot .

screenshots: $(VENV)/.complete
	$(BIN)/python docs/readme_images.py
	$(BIN)/python -m pytest tests/browser/screenshots.py

bench: $(VENV)/.complete
	@for script in benchmarks/startup.py benchmarks/grading.py benchmarks/course.py benchmarks/sliders.py; do echo "== $$script"; $(BIN)/python "$$script" || exit 1; done

clean:
	rm -rf $(VENV) .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -not -path './node_modules/*' -prune -exec rm -rf {} +

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { \
	    echo "$(PYTHON) was not found. Install Python 3.11 or newer, or name it:" >&2; \
	    echo "    make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	    echo "The course needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V 2>&1)." >&2; \
	    echo "Name a newer one:  make PYTHON=python3.11 $(MAKECMDGOALS)" >&2; exit 1; }
	@echo "Creating $(VENV) …"
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
	    echo "The virtual environment could not be created. On Debian or Ubuntu install the" >&2; \
	    echo "package python3-venv and run make again." >&2; exit 1; }

# The stamps: installed again only when the dependencies or the pins changed. JupyterLab asks a
# first-time reader about news; the override answers no.
define install
@$(PIP) install --quiet --constraint $(PINS) --editable '.[$(1)]'
@mkdir -p $(VENV)/share/jupyter/lab/settings
@printf '{"@jupyterlab/apputils-extension:notification": {"fetchNews": "false"}}\n' \
    > $(VENV)/share/jupyter/lab/settings/overrides.json
endef

$(VENV)/.installed: pyproject.toml $(PINS) | $(BIN)/python
	@echo "Installing the course into $(VENV); the first time takes a few minutes …"
	$(call install,lab)
	@touch $@

$(VENV)/.complete: pyproject.toml $(PINS) | $(BIN)/python
	@echo "Installing the course and what the tests and the build need into $(VENV) …"
	$(call install,test)
	@touch $(VENV)/.installed $@
