# Two commands to know: `make demo` runs the default experiment, `make test` the tests.
# Everything runs in .venv, made from envs/main.lock; what checks and tests need is in envs/dev.lock.

PYTHON ?= python3
CORES ?= 2
CONFIG ?= config/config.yaml
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DEV := $(VENV)/.ready-dev
BENCH := build/bench
METRICS := build/metrics
DOCS := build/docs
CLUSTER := tests/slurm/cluster
# tests of one file share what they need: one worker runs them, long files first as they are collected
PYTEST := $(BIN)/python -m pytest --numprocesses $(CORES) --dist loadfile --no-loadscope-reorder
SNAKEMAKE := PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/snakemake

.PHONY: help demo run dry-run dag test test-slurm metrics-env test-metrics lint unit rehearse bench model-types docs verify tables figures report setup clean lock

help: ## Show the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(READY) ## Make the environment in .venv

$(READY): envs/main.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "error: Python 3.11 or newer is needed; set PYTHON=/path/to/python3" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r envs/main.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps \
		--no-build-isolation --editable .
	@touch $@

$(DEV): envs/dev.lock $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -r envs/dev.lock
	@touch $@

demo: $(READY) ## Run the default experiment and show its main table
	$(SNAKEMAKE) --cores $(CORES)

run: $(READY) ## Run another experiment: make run CONFIG=FILE
	$(SNAKEMAKE) --cores $(CORES) --configfile $(CONFIG)

dry-run: $(READY) ## Show what would be done: make dry-run CONFIG=FILE
	$(SNAKEMAKE) --cores $(CORES) --configfile $(CONFIG) --dry-run

dag: $(READY) ## Draw the rules and their order as Mermaid text
	@$(SNAKEMAKE) --configfile $(CONFIG) --rulegraph mermaid-js 2>/dev/null

test: $(DEV) lint ## Check the code and run all tests
	$(PYTEST)
	@if why=$$($(CLUSTER) --check); then $(CLUSTER) $(BIN)/python -m pytest tests/slurm -m 'not slow'; \
		else echo "tests/slurm: skipped: $$why"; fi

test-slurm: $(DEV) ## Run the pipeline on a Slurm of two nodes, started for it and ended with it
	@$(CLUSTER) --install
	$(CLUSTER) $(BIN)/python -m pytest tests/slurm

metrics-env: $(METRICS)/.ready ## Make the environment of COMET and BERTScore in build/metrics

# apart from .venv: it needs older versions; the rule that computes these metrics finds it there
$(METRICS)/.ready: envs/metrics.lock
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))' \
		|| { echo "error: Python 3.11 or 3.12 is needed; set PYTHON=/path/to/python3" >&2; exit 2; }
	$(PYTHON) -m venv $(METRICS)
	$(METRICS)/bin/python -m pip install --quiet --disable-pip-version-check -r envs/metrics.lock
	@touch $@

test-metrics: $(DEV) metrics-env ## Run the tests of COMET and BERTScore with their own libraries
	$(BIN)/python -m pytest tests/integration/test_neural_metrics.py

unit: $(DEV) ## Run the unit tests only
	$(PYTEST) tests/unit

lint: $(DEV) ## Formatters, linters, types, the workflow's own lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/snakefmt --check --compact-diff Snakefile workflow
	$(SNAKEMAKE) --lint

rehearse: $(DEV) ## Run the whole grid of the paper with tiny data and tiny models
	rm -rf build/rehearsal
	PYTHONPATH=tests $(BIN)/python -m helpers.rehearsal build/rehearsal --cores $(CORES)

bench: $(READY) $(BENCH)/.ready ## Time training and generation, compared with a direct implementation and TRL
	PYTHONPATH=$(BENCH) $(BIN)/python -m benchmarks.speed
	PYTHONPATH=$(BENCH) $(BIN)/python -m benchmarks.generation
	$(SNAKEMAKE) --cores $(CORES)
	$(BIN)/python -m benchmarks.training

# what only benchmarks need, apart from .venv; without it the table says so
$(BENCH)/.ready: envs/bench.lock $(READY)
	-$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --upgrade \
		--target $(BENCH) -r $< && touch $@

model-types: $(DEV) ## Write docs/models.md anew: which model types are right
	@mkdir -p build
	$(BIN)/python tests/helpers/model_types.py > build/models.md
	mv build/models.md docs/models.md

docs: $(DOCS)/.ready ## Build the documentation as a site in build/site; warnings are errors
	rm -rf build/pages
	mkdir -p build/pages
	git ls-files --cached --others --exclude-standard -z | tar --null -cT - | tar -xC build/pages
	NO_MKDOCS_2_WARNING=1 $(DOCS)/bin/mkdocs build --quiet

$(DOCS)/.ready: envs/docs.lock
	$(PYTHON) -m venv $(DOCS)
	$(DOCS)/bin/python -m pip install --quiet --disable-pip-version-check -r envs/docs.lock
	@touch $@

tables: ## Make the tables again from existing scores: make tables CONFIG=FILE
figures: ## Make the figures again from existing scores
report: ## Make the report again from existing scores
tables figures report: $(READY)
	$(SNAKEMAKE) --cores 1 --configfile $(CONFIG) --forcerun $(@:figures=figure) -- $@

verify: $(READY) ## Make what results/reference holds again from its predictions and compare
	$(BIN)/python -m warmup verify $(dir $(wildcard results/reference/*/scores.tsv))

lock: $(READY) ## Write the conda files anew from envs/main.lock and envs/metrics.lock
	$(BIN)/python envs/render.py

clean: ## Delete the environment, logs and unfinished work; results stay
	rm -rf $(VENV) build .snakemake logs work
