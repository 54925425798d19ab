# Everything happens in scripts/setup.py, which also runs without make: python3 scripts/setup.py TARGET
PYTHON ?= python3
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help setup demo test check format bench lock

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo "  Arguments go in ARGS, another interpreter in PYTHON: make test ARGS=tests/sdk PYTHON=python3.12"

setup: ## make .venv and install what running spanfold needs
	@$(PYTHON) scripts/setup.py setup $(ARGS)

demo: ## set up, start everything, send real traffic and show the traces by model version
	@$(PYTHON) scripts/setup.py demo $(ARGS)

test: ## set up and run all tests
	@$(PYTHON) scripts/setup.py test $(ARGS)

check: ## lint, formatting, types and the direction of imports
	@$(PYTHON) scripts/setup.py check $(ARGS)

format: ## format the code and apply safe fixes
	@$(PYTHON) scripts/setup.py format $(ARGS)

bench: ## run the benchmarks (minutes)
	@$(PYTHON) scripts/setup.py bench $(ARGS)

lock: ## write requirements/*.lock anew after a change of dependencies
	@$(PYTHON) scripts/setup.py lock $(ARGS)
