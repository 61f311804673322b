# make demo   sets up .venv with what users need and runs the main job on a demo shop
# make up     runs a Prefect server with the schedules, a worker and the page on this machine, until Ctrl-C
# make test   sets everything up (Java, Chromium and pgbouncer, too, where it may) and runs linters, type checks and all tests
# make quick  ROOM=warehouses: ruff, and the tests of one room (a folder or file of tests/) that do not take long
# make bench  measures the main job on large histories, the sources, the lake, the topics, the segments and the page (20 GB of disk, an hour)

PYTHON ?= python3
BIN := .venv/bin
USABLE := .venv/.usable
READY := .venv/.ready
HERE := $(if $(wildcard $(READY)),$(READY),$(USABLE))  # the developers' environment, else the users'

# Where bytecode is not kept, every command compiles dbt and Great Expectations anew, which takes seconds.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo up test lint unit quick bench docs generate lock clean

demo: $(HERE)
	$(BIN)/agent-metrics demo --home .demo

up: $(HERE)
	[ -x $(BIN)/prefect ] || sh setup.sh prefect
	$(BIN)/agent-metrics up

test: lint unit

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	mkdir -p .venv/lint && CANDIDATE_FOLDER=.venv/lint $(BIN)/sqlfluff lint dbt_project/models

unit: $(READY)
	sh setup.sh java
	sh setup.sh chromium
	sh setup.sh pgbouncer
	$(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder

quick: $(READY)
	$(BIN)/ruff check .
	$(BIN)/pytest -m "not slow" tests/$(ROOM)

bench: $(READY)
	$(BIN)/python benchmarks/bench.py
	$(BIN)/python benchmarks/sources.py
	$(BIN)/python benchmarks/small_deliveries.py
	$(BIN)/python benchmarks/topics.py
	$(BIN)/python benchmarks/drawn_outcomes.py
	$(BIN)/agent-metrics demo --home .bench/demo
	$(BIN)/python benchmarks/demo_gaps.py .bench/demo
	$(BIN)/python benchmarks/audiences.py
	$(BIN)/python benchmarks/deliveries.py
	$(BIN)/python benchmarks/page.py

docs: $(HERE)
	$(BIN)/dbt docs generate --project-dir dbt_project --profiles-dir dbt_project \
	    --target-path $(CURDIR)/.dbt-docs --log-path $(CURDIR)/.dbt-docs

generate: $(READY)
	$(BIN)/python -m contract.generate
	$(BIN)/python -m flows.audiences.generate
	$(BIN)/python -m flows.dashboard.generate

COMPILE = $(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 \
    --generate-hashes --no-emit-index-url --no-emit-find-links --no-header

lock: $(READY)
	$(COMPILE) --extra dev -o requirements-dev.lock
	$(COMPILE) --extra dashboard -c requirements-dev.lock -o requirements.lock
	$(subst pyproject.toml,tests/golden/datacontract.in,$(COMPILE)) -o tests/golden/datacontract.lock

$(USABLE): requirements.lock pyproject.toml setup.sh
	PYTHON=$(PYTHON) sh setup.sh users

$(READY): requirements-dev.lock pyproject.toml setup.sh
	PYTHON=$(PYTHON) sh setup.sh developers

clean:
	rm -rf .venv .demo .bench .dbt-docs
