# Everything a person does with the project. Needs Python 3.11 or newer and make; the rest it installs in .venv.
#
#   make run    land the real samples and synthetic records, run the job, publish, print the rankings
#   make refresh   the job on what has landed, without samples
#   make backfill FROM=2025-07-01 TO=2025-08-31   the job on the deliveries of these days, as one run
#   make pull DAY=2026-11-24   fetch a day from the gateways of seeds/agreements/gateways.yml
#   make releases   what is kept, what is served, what is held
#   make rollback BY=... REASON=... [TO=<release>]   serve an earlier release; nothing new is published until
#   make unhold BY=... REASON=...   it may be
#   make close MONTH=2025-10-01 [REVISE=...]   freeze a month that is over, as it is served
#   make approve HOLD=... BY=... REASON=...   let a release pass that moves a province far
#   make test   everything that proves the project, lint included
#   make test-slow   the tests that take minutes: calibration, the article's figures from records, volume, real names,
#                    holds, 200 sequences of clicks and edits
#   make test-recovery   a night killed at more than thirty moments, each time followed by the next run
#   make bench-ingest [ROWS=400000]   ingestion beside DuckDB alone, and its memory
#   make bench-build [SHARE=0.1]   all tables beside one more night, on a share of the country
#   make dev    Dagster's UI on http://localhost:3000
#   make check-mapping MAPPING=mappings/x.yml FILE=...   what of a file would be accepted, and why not the rest
#   make retract FILE=... REASON=...   take a file back out of the lake, for good and on the record
#   make lint   the style rules alone
#   make lock   requirements.lock anew, from pyproject.toml (needs uv)
#   make clean  forget what was made at run time: data/, dbt's target; the environment stays

PYTHON ?= python3
# Share of the country's 25 million dossiers that `make run` makes up: 0.01 is a quarter of a million.
SCALE ?= 0.01
ROWS ?= 400000
SHARE ?= 0.1
BIN := .venv/bin

# Absolute, because dbt and Dagster start in folders of their own.
export SERVICE_INDEX_DATA ?= $(CURDIR)/data
# What readers of files take for a pattern (orchestration/settings.py), and blanks, which make takes for two paths.
ifneq ($(strip $(foreach c,[ ] * ? { } ' " \ `,$(findstring $(c),$(SERVICE_INDEX_DATA)))),)
$(error found a character of []*?{}'" or a backslash in SERVICE_INDEX_DATA, $(SERVICE_INDEX_DATA); put data elsewhere)
endif
ifneq ($(words $(SERVICE_INDEX_DATA)),1)
$(error found a blank in SERVICE_INDEX_DATA, $(SERVICE_INDEX_DATA), expected one path without; put data elsewhere)
endif
export DAGSTER_HOME ?= $(SERVICE_INDEX_DATA)/dagster
export PYTHONPATH := $(CURDIR)
# Government data: nobody is told what is done here.
export DO_NOT_TRACK := 1
# Vietnamese names, whatever the terminal claims to speak.
export PYTHONUTF8 := 1
# What the shell says to dbt is meant for other projects (orchestration/dbt_environment.py).
$(foreach name,$(filter DBT_%,$(.VARIABLES)),$(eval unexport $(name)))
export DBT_SEND_ANONYMOUS_USAGE_STATS := false

DBT := $(BIN)/dbt --quiet --no-use-colors
DBT_FILES := $(shell find dbt_project seeds/reference seeds/agreements -name target -prune -o -type f \
	\( -name '*.sql' -o -name '*.yml' -o -name '*.csv' \) -print)

.PHONY: run refresh backfill pull approve rollback unhold close releases test test-slow test-recovery bench-ingest bench-build check-mapping retract dev lint lint-python lint-sql format lock clean manifest install

run: install manifest $(DAGSTER_HOME)/dagster.yaml
	@$(BIN)/python -m orchestration.cli land-samples
	@$(BIN)/python -m orchestration.simulate --scale $(SCALE)
	@$(MAKE) --no-print-directory refresh

# A night adds to the tables of the last one; FULL=1 makes them all anew.
refresh: install manifest $(DAGSTER_HOME)/dagster.yaml
	@$(BIN)/python -m orchestration.cli refresh $(if $(FULL),--rebuild)
	@$(BIN)/python -m orchestration.cli report

backfill: install manifest $(DAGSTER_HOME)/dagster.yaml
	@$(BIN)/python -m orchestration.cli backfill "$(FROM)" "$(TO)"

pull: install
	@$(BIN)/python -m orchestration.cli pull "$(DAY)"

approve: install manifest $(DAGSTER_HOME)/dagster.yaml
	@$(BIN)/python -m orchestration.cli approve "$(HOLD)" --by "$(BY)" --reason "$(REASON)"

rollback: install
	@$(BIN)/python -m orchestration.cli rollback --by "$(BY)" --reason "$(REASON)" $(if $(TO),--to "$(TO)")

unhold: install
	@$(BIN)/python -m orchestration.cli unhold --by "$(BY)" --reason "$(REASON)"

close: install
	@$(BIN)/python -m orchestration.cli close "$(MONTH)" $(if $(REVISE),--revise "$(REVISE)")

releases: install
	@$(BIN)/python -m orchestration.cli releases

test: lint
	@$(BIN)/python -m pytest -m "not slow and not recovery"

test-slow: install manifest
	@$(BIN)/python -m pytest -m slow

# The cases share an installation, so that each worker makes its own and takes cases from the other's queue.
test-recovery: install manifest
	@$(BIN)/python -m pytest -m recovery --dist worksteal

bench-ingest: install
	@$(BIN)/python bench/ingest.py $(ROWS)

bench-build: install
	@$(BIN)/python bench/build.py $(SHARE)

check-mapping: install
	@$(BIN)/python -m orchestration.ingest.check_mapping "$(MAPPING)" "$(FILE)" $(SOURCE)

retract: install
	@$(BIN)/python -m orchestration.cli retract "$(FILE)" "$(REASON)"

dev: install manifest $(DAGSTER_HOME)/dagster.yaml
	@$(BIN)/dagster dev --module-name orchestration.definitions --host 127.0.0.1 --port 3000

# Both halves take most of a minute, on a core each.
lint: install manifest
	@$(MAKE) --no-print-directory --jobs 2 lint-python lint-sql

lint-python:
	@$(BIN)/ruff format --check --quiet . || { echo "ruff format: run 'make format'"; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy

lint-sql:
	@$(BIN)/sqlfluff lint --disable-progress-bar dbt_project/models 2>/dev/null
	@$(BIN)/dbt-bouncer run --config-file pyproject.toml

format: install manifest
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .
	@$(BIN)/sqlfluff fix -q dbt_project/models

install: .venv/installed

.venv/installed: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, found " + sys.version.split()[0] + "; name another with PYTHON=...")'
	@echo "installing into .venv (a few minutes, once)"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

manifest: dbt_project/target/manifest.json

# What Dagster and the linters know of the dbt project. The target `memory` needs no build database.
dbt_project/target/manifest.json: .venv/installed $(DBT_FILES)
	@cd dbt_project && ../$(DBT) parse --profiles-dir . --target memory
	@touch $@

$(DAGSTER_HOME)/dagster.yaml: orchestration/dagster.yaml
	@mkdir -p $(@D) && cp $< $@

lock:
	@uv pip compile --universal --python-version 3.11 --generate-hashes --no-strip-extras \
		--no-emit-index-url --no-emit-find-links --no-annotate --no-header --quiet \
		--group pyproject.toml:dev pyproject.toml --output-file requirements.lock

clean:
	@rm -rf data dbt_project/target dbt_project/logs
