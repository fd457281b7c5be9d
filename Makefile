# Patchbay: what one does with it. `make help` lists the targets.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# The Python that makes the environment: 3.11 where there is one (it is what the lock was made with), else a newer one.
PYTHON ?= $(shell for p in python3.11 python3 python3.12 python3.13; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$p"; break; }; done)
BIN := .venv/bin
PY := $(BIN)/python
# Most of what is installed is never imported, so that compiling all of it would be a minute for nothing.
INSTALL := $(PY) -m pip install --quiet --disable-pip-version-check --no-compile
PORT ?= 8484
DATA ?= .patchbay
STAGE ?= prod
CLIENTS ?= 12
MINUTES ?= 5
FROM ?= HEAD
SONG ?=
MODEL ?=
export SONG MODEL

# The environment first: its Python is what cdk.json calls, and its Node is recent whatever the machine has.
export PATH := $(CURDIR)/$(BIN):$(PATH)
# Some machines tell Python to keep nothing it compiled: then each of the many processes here would begin with that.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help venv node studio up demo lint test test-quick synth checkov checkov-program audit sbom deploy bench load upgrade-drill gallery fit-classic openapi lock clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

venv: .venv/ready ## Make .venv with everything pinned in requirements.lock

.venv/ready: requirements.lock pyproject.toml
	@[ -n "$(PYTHON)" ] || { echo "Patchbay needs Python 3.11 or newer" >&2; exit 1; }
	[ -x $(PY) ] || $(PYTHON) -m venv .venv
	# torch by itself: which build of it fits (CPU or CUDA) is the machine's matter, so the lock does not name it.
	$(INSTALL) --constraint requirements.lock torch==2.13.0
	$(INSTALL) --requirement requirements.lock
	$(INSTALL) --no-deps --no-build-isolation --editable .
	touch $@

node: infra/node_modules/.package-lock.json ## Install the pinned CDK command line

infra/node_modules/.package-lock.json: infra/package-lock.json | .venv/ready
	cd infra && npm ci --silent --no-audit --no-fund --ignore-scripts
	touch $@

studio: infra/studio/node_modules/.package-lock.json ## Build the studio's pages into infra/studio/dist
	cd infra/studio && npm run --silent build

infra/studio/node_modules/.package-lock.json: infra/studio/package-lock.json | .venv/ready
	cd infra/studio && npm ci --silent --no-audit --no-fund --ignore-scripts
	touch $@

# With its install steps: one of these clients writes a file of its own then.
tests/e2e/node_modules/.package-lock.json: tests/e2e/package-lock.json | .venv/ready
	cd tests/e2e && npm ci --silent --no-audit --no-fund
	touch $@

up: .venv/ready ## Run the local twin in the foreground (PORT=8484 DATA=.patchbay)
	@exec $(BIN)/patchbay up --port "$(PORT)" --data "$(DATA)"

demo: .venv/ready ## Take a song through the whole product (SONG=path MODEL=name)
	@exec $(PY) -m gpu_workers.demo --port "$(PORT)" --data "$(DATA)" --song "$$SONG" --model "$$MODEL"

lint: .venv/ready infra/studio/node_modules/.package-lock.json ## Format, lint, types, layering
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(PY) -m functions.entrypoints.openapi
	cd infra/studio && npm run --silent check

# On a machine that nobody watches a test that fails is run once more, and both outcomes are printed. A test that needs it
# is at fault, and to be mended: among ten thousand, one that fails once in a hundred runs stops everybody.
AGAIN := $(if $(CI),--reruns 1 --rerun-show-tracebacks -rR)

# Three at once on two processors: a third of their time is waiting.
test: .venv/ready node lint tests/e2e/node_modules/.package-lock.json ## Every check and test, the twin's included
	$(PY) -m pytest -q -n 3 $(AGAIN) -m "not bench"

# The engines' own tests are most of the time that unit tests take, their imports included: `make test` has them.
HEAVY := $(addprefix --ignore=tests/unit/gpu_workers/,analysis composition separation audio test_engines.py)

test-quick: .venv/ready lint ## Lint, types and unit tests but the engines', in under a minute
	$(PY) -m pytest -q -n 2 -m "not slow and not twin and not bench" $(HEAVY) tests/unit

synth: .venv/ready node ## Write the cloud stage's templates to cdk.out/STAGE, checked (STAGE=prod)
	rm -rf "cdk.out/$(STAGE)"
	infra/node_modules/.bin/cdk synth --quiet --context stage="$(STAGE)" --output "cdk.out/$(STAGE)"
	$(BIN)/cfn-lint "cdk.out/$(STAGE)/*.template.json"
	@echo "checked: cdk.out/$(STAGE)/"

# Checkov fights with our pins, so that it has an environment of its own.
CHECKOV := 3.3.30

checkov: .checkov/$(CHECKOV) ## Hold Checkov's findings in the cloud's templates against the answers
	$(MAKE) synth STAGE=prod
	$(MAKE) synth STAGE=dev
	$(PY) -m infra.supply checkov --program .checkov/bin/checkov cdk.out/prod cdk.out/dev

checkov-program: .checkov/$(CHECKOV)

.checkov/$(CHECKOV): | .venv/ready
	$(PY) -m venv --clear .checkov
	.checkov/bin/pip install --quiet --disable-pip-version-check "checkov==$(CHECKOV)"
	touch $@

audit: .venv/ready ## Ask what is known against the pinned packages, where the database can be reached
	$(PY) -m infra.supply audit

sbom: .venv/ready ## Write what each deployed thing is made of to cdk.out/sbom, and check the licences
	$(PY) -m infra.supply bom --out cdk.out/sbom

deploy: .venv/ready node ## Deploy a stage into the AWS account of your credentials (STAGE=prod; needs Docker)
	$(BIN)/patchbay doctor --stage "$(STAGE)" --before
	infra/node_modules/.bin/cdk bootstrap --context stage="$(STAGE)"
	infra/node_modules/.bin/cdk deploy --all --context stage="$(STAGE)"

bench: .venv/ready node ## Measure, print a table, write bench.json
	$(PY) -m tests.bench

load: .venv/ready node ## Clients of all dialects on a twin, for minutes (CLIENTS=12 MINUTES=5)
	$(PY) -m tests.load --clients "$(CLIENTS)" --minutes "$(MINUTES)"

upgrade-drill: .venv/ready node ## Upgrade a twin of an older release to this one, under load (FROM=a tag or commit)
	$(PY) -m tests.drills.upgrade --from "$(FROM)"

gallery: .venv/ready ## Compose the pieces of docs/gallery.md anew: figures, pictures, the table of all combinations
	$(PY) -m tests.bench.composition_gallery

fit-classic: .venv/ready ## Fit patchbay-classic anew (needs fluidsynth, fluid-soundfont-gm, espeak-ng)
	$(PY) -m gpu_workers.separation.fitting

# Both parts go on where they were stopped. At the end, what is printed belongs into patchbay/catalog/models.py.
train-small: .venv/ready ## Make songs and train patchbay-small on them (hours; Debian packages: see its card)
	$(PY) -m gpu_workers.separation.training.data --pool "$(DATA)/small/pool" --hours 2 --seed 1
	$(PY) -m gpu_workers.separation.training --pool "$(DATA)/small/pool" --out "$(DATA)/small/run"
	$(PY) -m gpu_workers.separation.training --out "$(DATA)/small/run" --export

openapi: .venv/ready ## Write each dialect's OpenAPI document again
	$(PY) -m functions.entrypoints.openapi --write

lock: ## Pin what .venv holds now
	{ sed -n '/^#/p;/^#/!q' requirements.lock; $(PY) -m pip freeze --all --exclude-editable \
		| grep -Ev '^(pip|torch|nvidia[-a-z0-9]*|triton)==|@'; } > requirements.new
	mv requirements.new requirements.lock

clean: ## Remove what can be made again; .venv and the twin's data stay
	rm -rf cdk.out demo load upgrade bench.json dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -not -path "./.venv/*" -not -path "*/node_modules/*" -prune -exec rm -rf {} +
