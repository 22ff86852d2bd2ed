# Opsboard. `make run` sets everything up and runs it; `make help` lists the rest.

PORT ?= 8000
HOST ?= 127.0.0.1
PYTHON := .venv/bin/python
PYTHONS := python3 python3.13 python3.14 python3.12 /usr/bin/python3 /usr/local/bin/python3
MANAGE := $(PYTHON) manage.py
# Many processes start from the same code: the first one compiles it for all.
unexport PYTHONDONTWRITEBYTECODE
TEMPLATES := templates
# One more than there are cores (nine at most), for one waits: for a browser, a tick, a process that starts.
TESTERS = $(shell cores=$$(getconf _NPROCESSORS_ONLN); echo $$((cores < 8 ? cores + 1 : 9)))

.DEFAULT_GOAL := help
.PHONY: help run test bench lint format messages lock base dev vendor browser clean

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 18

run: base vendor ## set everything up and run it: make run [PORT=8000] [HOST=127.0.0.1]
	@exec $(MANAGE) up --port '$(PORT)' --host '$(HOST)'

test: dev vendor browser ## run every test, browsers included: make test [ARGS="tests/metrics -k import"]
	@$(MANAGE) messages --compile
	@$(PYTHON) -m pytest -n $(TESTERS) --dist worksteal $(ARGS)

bench: base vendor ## measure: make bench [ONLY=page-dashboard]
	@$(PYTHON) -m benchmarks $(ONLY)

lint: dev ## style, types, templates, import rules, translations, migrations
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy .
	$(PYTHON) -m djlint --quiet --lint $(TEMPLATES)
	.venv/bin/lint-imports
	$(MANAGE) messages --check
	$(PYTHON) -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run

format: dev ## put code and templates into the house's style
	$(PYTHON) -m ruff check --fix --exit-zero .
	$(PYTHON) -m ruff format .

messages: base ## extract the words to translate; fails on a missing translation
	@$(MANAGE) messages

lock: dev ## renew the locks of Python and npm packages
	@for kind in installer base dev; do \
	  .venv/installer/bin/uv pip compile --quiet --universal --python-version 3.12 --generate-hashes --no-header --no-annotate \
	    requirements/$$kind.in -o requirements/$$kind.txt || exit 1; done
	@$(PYTHON) -m opsboard.vendor --lock

clean: ## take away what was installed (your data in var/ stay)
	rm -rf .venv node_modules static/vendor

base: kind = base
dev: kind = dev
base dev:
	@if [ -x $(PYTHON) ] && [ .venv/ready-$(kind) -nt requirements/base.txt ] && [ .venv/ready-$(kind) -nt requirements/dev.txt ]; then exit 0; fi; \
	for python in $(PYTHONS); do \
	  if $$python -c 'import sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null; then \
	    $$python opsboard/install.py $(kind) || exit 1; touch .venv/ready-$(kind); exit 0; \
	  fi; \
	done; \
	echo "opsboard: Python 3.12 or later is needed, and none was found (looked for: $(PYTHONS))." >&2; \
	echo "opsboard: install it (Debian, Ubuntu: apt install python3 python3-venv; macOS: brew install python@3.13), then run make again." >&2; \
	exit 1

vendor: | base
	@if [ ! static/vendor/.stamp -nt package-lock.json ] || [ ! static/vendor/.stamp -nt opsboard/vendor.py ]; then \
	  $(PYTHON) -m opsboard.vendor; \
	fi

browser: | dev
	@$(PYTHON) tests/browser.py
