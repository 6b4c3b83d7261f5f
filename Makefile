# The front door. Every target that needs the environment makes it first; a second call skips that.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON3 ?= python3
BIN := .venv/bin
ARGS ?=

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# Two processes, each with files of its own: importing TFX costs 10 s and more in each.
PARALLEL = --numprocesses 2 --dist loadfile

.PHONY: setup
setup: ## Make .venv: Python 3.10, the lock, this project, bytecode
	@$(PYTHON3) scripts/setup.py

.PHONY: run
run: setup ## Run the pipeline on the built-in data and print the result (ARGS="--help" for more)
	@$(BIN)/tfx-rebalance run $(ARGS)

.PHONY: test
test: lint types ## Everything CI runs: lint, types, all tests
	$(BIN)/pytest $(PARALLEL) -m "not full and not gpu" $(ARGS)

.PHONY: test-full
test-full: setup ## The largest example data sets in full; not part of CI
	$(BIN)/pytest -m full $(ARGS)

.PHONY: test-fast
test-fast: setup ## All tests but slow and whole-pipeline ones (ARGS="-k smote" for some of them)
	$(BIN)/pytest $(PARALLEL) -m "not e2e and not full and not slow and not gpu" $(ARGS)

.PHONY: test-e2e
test-e2e: setup ## The whole-pipeline tests alone
	$(BIN)/pytest $(PARALLEL) -m "e2e and not full" $(ARGS)

.PHONY: test-gpu
test-gpu: setup ## The Trainer's tests on this machine's GPUs (requirements/gpu.txt); fails without one
	$(BIN)/pytest tests/components/trainer -m "not full" $(ARGS)

.PHONY: format
format: setup ## Format the code and mend what ruff can mend
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

.PHONY: lint
lint: setup ## Check style, format and spelling
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell

.PHONY: types
types: setup ## Check the types (mypy --strict)
	scripts/types.sh

.PHONY: golden
golden: setup ## Write the golden files anew; read their diff before you commit it
	UPDATE_GOLDEN=1 $(BIN)/pytest tests/golden $(ARGS)

.PHONY: wheel
wheel: setup ## Prove that the wheel stands alone, then build it into dist/
	$(BIN)/pytest tests/test_wheel.py
	rm -rf build/lib build/bdist.*
	$(BIN)/python -m build --no-isolation --wheel --outdir dist

.PHONY: compile
compile: ROOT ?= gs://bucket/card-fraud
compile: IMAGE ?= tfx-rebalance:latest
compile: setup ## Compile the card fraud example for Kubeflow and Vertex into build/ (ROOT=, IMAGE=)
	mkdir -p build
	$(BIN)/tfx-rebalance compile examples/card_fraud.yaml --target kubeflow \
	  --set "kubeflow={root: '$(ROOT)', image: '$(IMAGE)'}" --output build/card_fraud.kubeflow.yaml
	$(BIN)/tfx-rebalance compile examples/card_fraud.yaml --target vertex \
	  --set "vertex={project: project, location: location, root: '$(ROOT)', image: '$(IMAGE)'}" \
	  --output build/card_fraud.vertex.yaml

.PHONY: image
image: ## Build the image for Kubeflow, Vertex and Beam's workers (ARGS=gpu; IMAGE=registry/name)
	@scripts/image.sh $(ARGS)

.PHONY: bench
bench: setup ## Run every benchmark; fails when one misses its target (ARGS="--quick")
	scripts/bench.sh $(ARGS)

.PHONY: lock
lock: setup ## Write requirements/*.txt from setup.py (ARGS="--upgrade" for newer pins)
	scripts/lock.sh $(ARGS)

.PHONY: clean
clean: ## Remove what make made, the environment included; output/ stays
	rm -rf .venv .venv-tools .types build dist *.egg-info .hypothesis
	rm -rf .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -prune -exec rm -rf {} +
