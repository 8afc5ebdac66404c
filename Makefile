# What installs, runs and proves the project. Needs Python 3.11 or newer and make; the rest it installs in .venv.
# What takes a name, a reason or a file is `bin/service-index`: its arguments never pass through make or a shell.
#
#   make run    land the real samples and synthetic records, run the job, publish, print the rankings
#   make refresh [FULL=1]   the job on what has landed, without samples; FULL makes every table anew
#   make capture   ask the portal for its figures, then refresh; calls out (SERVICE_INDEX_CONTACT: who asks)
#   make releases   what is kept, what is served, what is held
#   make dev    Dagster's UI on http://localhost:3000, and what runs by itself
#   make test   a proof of each promise, in some minutes
#   make test-slow   what takes longer: each kind of bad file and full disk, calibration, the article's figures from
#                    records, volume, real names, holds, 40 sequences of clicks and edits
#   make test-search   200 of those sequences
#   make test-bi   what BI tools find: PostgreSQL under readers and kills, the scoreboard in a browser, metrics,
#                    the dashboard in Apache Superset
#   make test-spark   the same models on Apache Spark (Java from Debian), every mart compared with DuckDB's
#   make parity [SCALE=0.01]   two nights on both engines, and what differs, mart by mart
#   make cluster [SCALE=0.01]   all models on a Spark cluster of this machine beside DuckDB's, and what its log says:
#                    docs/scale-out.md
#   make test-recovery   a night killed at more than thirty moments, each time followed by the next run
#   make bench-ingest [ROWS=400000]   ingestion beside DuckDB alone, and its memory
#   make bench [SCALE=0.01]   every stage of the job on a share of the country, beside what a plain script takes:
#                    docs/performance.md
#   make bench-peers [SCALE=0.01]   the same counts of a day by hand in DuckDB, Polars, pandas and PostgreSQL, and by our models
#                    on DuckDB and, where it is installed, on Spark: docs/peers.md
#   make bench-queries   22 questions of a BI user, on what is served (and on PostgreSQL, where its address is set)
#   make lint   the style rules
#   make superset-datasets   bring the datasets of dashboards/superset to dbt's descriptions
#   make lock   compile requirements.lock and those of Superset, Spark and peers from pyproject.toml
#   make clean  forget what was made at run time: data/ (unless a month was closed in it), dbt's target; the environment stays

PYTHON ?= python3
# Share of the country's 25 million dossiers that `make run`, `make parity`, `make cluster` and benchmarks make up: 0.01 is a quarter of a million.
SCALE ?= 0.01
ROWS ?= 400000
RUN := bin/run

DBT := $(RUN) dbt --quiet --no-use-colors
DBT_FILES := $(shell find dbt_project seeds/reference seeds/agreements -name target -prune -o -type f \
	\( -name '*.sql' -o -name '*.yml' -o -name '*.csv' -o -name '*.md' \) -print)

.PHONY: run refresh capture releases test test-slow test-search test-bi test-spark parity cluster test-recovery bench bench-ingest bench-peers bench-queries dev lint lint-python lint-sql format superset-datasets lock clean manifest install

run: install
	@bin/service-index land-samples
	@bin/service-index simulate --scale $(SCALE)
	@$(MAKE) --no-print-directory refresh

# A night adds to the tables of the last one; FULL=1 is a full refresh.
refresh: install
	@bin/service-index refresh $(if $(FULL),--rebuild)
	@bin/service-index report

# What closes the breaker takes a reason: bin/service-index capture --resume WHY
capture: install
	@bin/service-index capture
	@$(MAKE) --no-print-directory refresh

releases: install
	@bin/service-index releases

dev: install
	@bin/service-index dev

test: install manifest
	@$(RUN) python -m pytest -m "not slow and not search and not recovery and not bi and not spark"

test-slow: install manifest
	@$(RUN) python -m pytest -m slow

test-search: install manifest
	@$(RUN) python -m pytest -m search

test-bi: install manifest
	@bin/install-extra superset
	@$(RUN) python -m pytest -m bi

test-spark: install manifest
	@bin/install-extra spark
	@$(RUN) python -m pytest -m spark -n 1

parity: install
	@bin/install-extra spark
	@$(RUN) python bench/parity.py $(SCALE)

# On an installation that is built: `bin/run python bench/cluster.py 0.1 FOLDER`.
cluster: install
	@bin/install-extra spark
	@$(RUN) python bench/cluster.py $(SCALE)

# Installations are made once for both workers (tests/recovery/nights.py), which take cases from each other's queue.
test-recovery: install manifest
	@$(RUN) python -m pytest -m recovery --dist worksteal

bench-ingest: install
	@$(RUN) python bench/ingest.py $(ROWS)

bench: install manifest
	@$(RUN) python bench/nation.py $(SCALE)

bench-peers: install manifest
	@bin/install-extra peers
	@$(RUN) python -m bench.peers $(SCALE)

bench-queries: install
	@$(RUN) python bench/queries.py

lint: lint-python lint-sql

lint-python: install
	@$(RUN) ruff format --check --quiet . || { echo "ruff format: run 'make format'"; exit 1; }
	@$(RUN) ruff check --quiet .
	@$(RUN) mypy

lint-sql: install manifest
	@$(RUN) sqlfluff lint --processes 0 --disable-progress-bar dbt_project/models dbt_project/tests 2>/dev/null
	@$(RUN) sqlfluff lint --processes 0 --disable-progress-bar --templater raw orchestration/ingestion
	@$(RUN) dbt-bouncer run --config-file pyproject.toml

format: install manifest
	@$(RUN) ruff format .
	@$(RUN) ruff check --fix .
	@$(RUN) sqlfluff fix -q dbt_project/models dbt_project/tests
	@$(RUN) sqlfluff fix -q --templater raw orchestration/ingestion

install: .venv/installed

.venv/installed: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, found " + sys.version.split()[0] + "; name another with PYTHON=...")'
	@echo "installing into .venv (a few minutes, once)"
	@$(PYTHON) -m venv .venv
	@$(RUN) python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

manifest: dbt_project/target/manifest.json

# What Dagster, the linters and the semantic layer know of the dbt project. Parsing opens no database.
dbt_project/target/manifest.json: .venv/installed $(DBT_FILES)
	@cd dbt_project && ../$(DBT) --warn-error-options '{"error": ["Deprecations"]}' parse --profiles-dir . --target release
	@touch $@

superset-datasets: manifest
	@$(RUN) python -m orchestration.superset_datasets

lock: install
	@$(RUN) uv pip compile --universal --python-version 3.11 --generate-hashes --no-strip-extras \
		--no-emit-index-url --no-emit-find-links --no-annotate --no-header --quiet \
		--group pyproject.toml:dev pyproject.toml --output-file requirements.lock
	@$(RUN) uv pip compile --universal --python-version 3.11 --generate-hashes --no-strip-extras \
		--no-emit-index-url --no-emit-find-links --no-annotate --no-header --quiet \
		--group pyproject.toml:superset --output-file requirements-superset.lock
	@$(RUN) uv pip compile --universal --python-version 3.11 --generate-hashes --no-strip-extras \
		--no-emit-index-url --no-emit-find-links --no-annotate --no-header --quiet \
		--group pyproject.toml:spark --output-file requirements-spark.lock
	@$(RUN) uv pip compile --universal --python-version 3.11 --generate-hashes --no-strip-extras \
		--no-emit-index-url --no-emit-find-links --no-annotate --no-header --quiet \
		--group pyproject.toml:peers --output-file requirements-peers.lock

# What was delivered, taken back or closed nothing makes again.
clean:
	@test ! -e data/closed || { echo "data/closed holds closed months, which nothing makes again: remove data by hand" >&2; exit 1; }
	@rm -rf data dbt_project/target dbt_project/logs
