# `make check` is the one word for developers; CI runs it too.
.PHONY: check format lint types floors generated test ui docs soak pins schema bench bundle

UV ?= uv
RUN := $(UV) run
# The README's test command. CI has run it already when it comes to `make check` and says so here.
TEST ?= $(RUN) pytest

check: format lint types floors generated ui docs test
	@echo "make check: all green"

format:
	$(RUN) ruff format --check .

lint:
	$(RUN) ruff check .

types:
	$(RUN) pyright

floors:
	$(RUN) lint-imports

generated:
	$(RUN) python scripts/schema.py --check
	$(RUN) python scripts/pins.py --check

ui:
	cd funcnodes_react_flow && npm run check

docs:
	$(RUN) mkdocs build --strict --quiet

test:
	$(TEST)

# The full figures of the issues: hundreds of kills, long chaos, every published module.
soak:
	$(RUN) pytest -m soak --timeout 3600

schema:
	$(RUN) python scripts/schema.py

pins:
	$(RUN) python scripts/pins.py

bench:
	$(RUN) python -m benchmarks

fix:
	$(RUN) ruff format .
	$(RUN) ruff check --fix .
