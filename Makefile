# The one door. `make run` and `make test` do their own set-up; they need git, make and python3-venv only.
.DEFAULT_GOAL := help
.PHONY: help setup setup-dev run serve test test-servers test-browser unit lint types docs proof proof-ledger proof-jira proof-store proof-daemon proof-load proof-workers benchmark lock migration clean

PYTHON ?= python3
TORCH := torch==2.13.0
BIN := .venv/bin
PIP := $(BIN)/pip --disable-pip-version-check
FEEDBACK ?=
NAME ?= $(shell basename "$(FEEDBACK)" | sed 's/\.[^.]*$$//' | tr 'A-Z' 'a-z' | tr -c 'a-z0-9._\n-' '-' | sed 's/^[^a-z0-9]*//')
SERVE ?= 1
DATA ?= $(FEEDBACK_DATA)
ONLY ?=
AGAIN ?= 0

help: ## say what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:[^#]*## /\t/' | expand -t 16

# Everything comes locked with its hash; torch alone by version, because its builds differ by machine.
.venv/run.ready: requirements/run.lock
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(PIP) install --quiet --no-deps --require-hashes -r requirements/run.lock
	$(PIP) install --quiet --no-deps $(TORCH)
	$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.venv/dev.ready: .venv/run.ready requirements/dev.lock
	$(PIP) install --quiet --no-deps --require-hashes -r requirements/dev.lock
	@touch $@

setup: .venv/run.ready ## set up .venv, nothing else

setup-dev: .venv/dev.ready

run: setup ## set up, then the sample company, or FEEDBACK=file.csv [NAME=source] with your own settings; SERVE=0 ends after the summary
ifeq ($(strip $(FEEDBACK)),)
	@$(BIN)/feedback-bridge demo $(if $(filter 0,$(SERVE)),--no-page,--page)
else
	@$(BIN)/feedback-bridge import "$(FEEDBACK)" --source "$(NAME)"
	@$(BIN)/feedback-bridge run
	@$(BIN)/feedback-bridge summary
	@$(if $(filter 0,$(SERVE)),true,$(BIN)/feedback-bridge serve)
endif

serve: setup ## serve the page of your own settings
	@$(BIN)/feedback-bridge serve

test: setup-dev ## set up, then lint, types, and all tests that need no other server
	$(MAKE) --no-print-directory lint types
	$(BIN)/python -m pytest -n 2 -m "not proof and not servers and not browser"

.servers/node_modules/.bin/prism:
	@command -v npm >/dev/null || { echo "make test-servers needs Node and npm: apt-get install nodejs npm" >&2; exit 1; }
	npm install --silent --no-audit --no-fund --prefix .servers @stoplight/prism-cli@5.14.2

.servers/schemathesis/bin/st:
	$(PYTHON) -m venv .servers/schemathesis
	.servers/schemathesis/bin/pip --disable-pip-version-check install --quiet schemathesis==4.32.5

test-servers: setup-dev .servers/node_modules/.bin/prism .servers/schemathesis/bin/st ## tests by software that others wrote; needs Node, and Jira's description in JIRA_CONTRACTS
	$(BIN)/python -m pytest -m servers tests/servers

test-browser: setup-dev ## the page in Chromium; installs Debian's package where there is none, for which it must be root
	test -x /usr/bin/chromium || apt-get install --yes --quiet chromium
	$(BIN)/python -m pytest -m browser tests/browser

unit: setup-dev ## the fast tests
	$(BIN)/python -m pytest -n 2 -m "not slow and not proof and not servers and not browser"

lint: setup-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell --skip '*.svg' bridge connectors docs README.md CHANGELOG.md CONTRIBUTING.md
	$(BIN)/interrogate --quiet bridge topics connectors

types: setup-dev
	$(BIN)/mypy

docs: setup ## write the generated parts of the documentation
	$(BIN)/python -m bridge.config.docs
	$(BIN)/python docs/commands.py
	$(BIN)/python docs/access.py

proof-ledger: setup-dev ## prove that each effect outside is had once, and write docs/proof.md (an hour or so)
	$(BIN)/python tests/proof/ledger.py

proof-store: setup-dev ## count lost updates on SQLite and PostgreSQL, and move a million items from one to the other
	$(BIN)/python tests/proof/lost_updates.py
	$(BIN)/python tests/proof/moving.py 1000000

proof-daemon: setup-dev ## two daemons on one store with kills, on both databases, and the drills (needs root and faketime)
	$(BIN)/python tests/proof/two_daemons.py --minutes 10 --kill-every 60
	$(BIN)/python tests/proof/two_daemons.py --minutes 10 --kill-every 60 --postgresql
	$(BIN)/python tests/proof/drills.py --write

proof-load: setup-dev ## a week of 100,000 items a day, and an hour of a flood, at an accelerated clock (hours)
	$(BIN)/python tests/proof/load.py flood
	$(BIN)/python tests/proof/load.py week

proof-workers: setup-dev ## four workers on one PostgreSQL, killed at random while 200,000 items come in
	$(BIN)/python tests/proof/workers.py --items 200000 --minutes 10

proof-jira: setup-dev ## prove that hostile words and personal data don't get out, and that faults and people's edits lose nothing
	$(BIN)/python tests/proof/hostile.py
	$(BIN)/python tests/proof/jira_faults.py
	$(BIN)/python tests/proof/interleavings.py
	$(BIN)/python tests/proof/jira_site.py

proof: setup-dev ## the long proofs; FILE=posts.csv for the one that needs a file
	$(BIN)/python tests/proof/scale.py
	@$(if $(FILE),$(BIN)/python tests/proof/same_each_time.py "$(FILE)",echo "Not proved: the same each time. Give FILE=posts.csv with columns id, text, author and time." >&2; false)

benchmark: setup ## measure the topics and write docs/quality.md: DATA=folder [ONLY=part,part] [AGAIN=1]; figures that are there are kept
	$(BIN)/python tests/benchmark/quality.py $(if $(DATA),--data "$(DATA)") $(if $(ONLY),--only "$(ONLY)") $(if $(filter 1,$(AGAIN)),--again)
	$(BIN)/python tests/benchmark/pictures.py

migration: setup-dev ## a new migration from the models: make migration NAME=words
	$(BIN)/python -m bridge.migrations "$(NAME)"

lock: setup-dev ## resolve all requirements anew (torch is left out: see above)
	$(PIP) install --quiet pip-tools
	echo "$(TORCH)" > .venv/torch.txt
	$(BIN)/pip-compile --quiet --strip-extras --no-annotate --allow-unsafe --generate-hashes --no-header --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --unsafe-package torch -c .venv/torch.txt --extra xlsx --extra build -o requirements/run.lock pyproject.toml
	$(BIN)/pip-compile --quiet --strip-extras --no-annotate --allow-unsafe --generate-hashes --no-header --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --unsafe-package torch -c .venv/torch.txt -c requirements/run.lock --extra xlsx --extra build --extra postgres --extra dev -o requirements/dev.lock pyproject.toml
	sed -i '/^torch==/,$$d' requirements/run.lock requirements/dev.lock

clean: ## remove what was made
	rm -rf .venv .demo build dist *.egg-info
