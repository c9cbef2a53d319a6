# Everything starts here, from nothing but python3 (3.11 to 3.14), git and make. `make` alone lists the targets.

comma := ,
UV_VERSION := 0.13.9
BIN := .venv/bin
UV := env -u VIRTUAL_ENV UV_PYTHON_DOWNLOADS=never $(BIN)/uv
SYNC := $(UV) sync --quiet --locked --inexact --python $(BIN)/python
ARGS ?=
INFLUXDB ?= 2
SIMULATOR ?= yes
SITE ?= ./examples/containers
# Where alerts go: https://... (a webhook) or mailto:...; empty = nowhere.
ALERTS ?=
ALERT_ENV := $(if $(ALERTS),LANEWISE_ALERT_TYPE=$(if $(filter mailto:%,$(ALERTS)),email,webhook) LANEWISE_ALERT_TO='$(ALERTS:mailto:%=%)')
# By which name others reach this machine by https, empty = nobody does; on which of its addresses and which port.
TLS ?=
TLS_ON ?= 0.0.0.0
TLS_PORT ?= 443
COMPOSE := COMPOSE_PROFILES=influxdb$(INFLUXDB)$(if $(SIMULATOR),$(comma)simulator)$(if $(TLS),$(comma)tls) LANEWISE_SITE=$(SITE) \
	$(if $(TLS),LANEWISE_NAME=$(TLS) LANEWISE_TLS_ON=$(TLS_ON) LANEWISE_TLS_PORT=$(TLS_PORT)) \
	$(if $(filter 3,$(INFLUXDB)),LANEWISE_INFLUX_READER=influx_token) $(ALERT_ENV) docker compose
# Most tests wait for processes of others: one more at a time than the two cores they are made for.
JOBS ?= 3

# Without compiled modules every process compiles all it imports at its start, and the tests start hundreds.
unexport PYTHONDONTWRITEBYTECODE

.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help demo up down test check format docs site pictures bench fuzz chaos peers deb deb-try sbom containers lock wheel clean

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*  ## /  make \1\t/p' Makefile

demo: .venv/.runtime  ## a moving line at http://127.0.0.1:8000; ARGS="--headless --seconds 30 ..."
	$(BIN)/lanewise demo $(ARGS)

test: .venv/.dev peers  ## the whole test suite; ARGS="tests/test_epc.py -x"
	$(BIN)/pytest -n $(JOBS) --dist worksteal $(ARGS)

check: .venv/.dev  ## format, lint, types, import rules, lock file, documents that must match the code
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(UV) lock --quiet --check
	$(BIN)/python scripts/cli_docs.py --check
	$(BIN)/python scripts/config_docs.py --check
	$(BIN)/python scripts/telemetry_docs.py --check
	$(BIN)/python scripts/asyncapi_docs.py --check
	$(BIN)/python scripts/alarm_docs.py --check
	$(BIN)/python scripts/order_docs.py --check
	$(BIN)/python scripts/kpi_docs.py --check
	$(BIN)/python scripts/rights_docs.py --check
	$(BIN)/python -m grafana --check
	$(BIN)/python scripts/container_example.py --check

format: .venv/.dev  ## formats the code and sorts its imports
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix-only .

docs: .venv/.dev  ## writes the documents that come from the code
	$(BIN)/python scripts/cli_docs.py
	$(BIN)/python scripts/config_docs.py
	$(BIN)/python scripts/telemetry_docs.py
	$(BIN)/python scripts/asyncapi_docs.py
	$(BIN)/python scripts/alarm_docs.py
	$(BIN)/python scripts/order_docs.py
	$(BIN)/python scripts/kpi_docs.py
	$(BIN)/python scripts/rights_docs.py
	$(BIN)/python -m grafana
	$(BIN)/python scripts/container_example.py

site: .venv/.site peers  ## the documentation as pages in build/site; a broken link fails
	rm -rf build/site
	$(BIN)/sphinx-build -q -n -W --keep-going -b html -d build/doctrees docs build/site

pictures: .venv/.dev peers  ## the pages of a demo that runs, drawn for docs
	$(BIN)/python scripts/page_pictures.py $(ARGS)

up:  ## a whole site in containers, see docs/deploy.md; TLS=lane.example, ALERTS=https://... or mailto:..., INFLUXDB=3, SIMULATOR=, SITE=./my-site
	python3 scripts/compose_secrets.py
	$(if $(TLS),$(if $(LANEWISE_CERTIFICATE),,$(COMPOSE) run --build --rm certificate))
	$(COMPOSE) up --build --detach --wait
	$(if $(TLS),$(COMPOSE) kill --signal HUP tls)
	$(if $(ALERTS),,@echo "Alerts go nowhere. Set where: make up ALERTS=https://... or ALERTS=mailto:..., see docs/deploy.md")

down:  ## ends it; the data stay
	$(COMPOSE) --profile "*" down

bench: .venv/.dev  ## every measurement of bench/, one after the other
	@for bench in $(basename $(notdir $(wildcard bench/[a-z]*.py))); do \
		echo "== $$bench"; $(BIN)/python -m bench.$$bench $(ARGS) || exit 1; \
	done

fuzz: .venv/.fuzz  ## gives every border what nobody would send, led by coverage; ARGS="--seconds 60 --only epc"
	nice $(BIN)/python -m fuzz $(ARGS)

chaos: .venv/.dev peers  ## a site on which everything goes wrong that a seed draws; ARGS="--faults 100 --seed 1"
	$(BIN)/python -m chaos $(ARGS)

peers:  ## foreign programs that the tests talk to, by apt-get
	@scripts/peers

deb: .venv/.dev  ## dist/lanewise_VERSION_ARCH.deb for Debian 12; ARGS="--python 3.13" for Debian 13
	$(BIN)/python scripts/deb.py $(ARGS)

deb-try: .venv/.dev  ## installs, upgrades from 0.1.0, restores and removes that package in a bare Debian; root, some minutes
	$(BIN)/python scripts/deb_try.py $(ARGS)

containers: .venv/.dev peers  ## builds the Dockerfile and starts compose.yaml's services of ours without an engine; root
	$(BIN)/python scripts/containers.py $(ARGS)

sbom: .venv/.dev  ## dist/sbom.cdx.json, CycloneDX of the lock file, and dist/licences.txt of what comes along
	@mkdir -p dist build
	$(UV) export --quiet --locked --no-default-groups --extra sparkplug --no-emit-project --format cyclonedx1.5 --output-file dist/sbom.cdx.json >/dev/null
	$(UV) export --quiet --locked --no-default-groups --extra sparkplug --no-emit-project --output-file build/locked.txt >/dev/null
	rm -rf build/locked && $(UV) pip install --quiet --target build/locked --require-hashes --requirement build/locked.txt
	rm -rf build/locked/reportlab/fonts
	$(BIN)/python scripts/licences.py build/locked | tee dist/licences.txt

lock: .venv/.uv-$(UV_VERSION)  ## renews uv.lock; ARGS="--upgrade"
	$(UV) lock --python $(BIN)/python $(ARGS)

wheel: .venv/.dev  ## dist/lanewise-*.whl
	$(BIN)/hatchling build -t wheel -d dist

clean:  ## removes the environments, caches and builds
	rm -rf .venv .bench .peers build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find api edge grafana lanewise_client plc rfid tests bench scripts -name __pycache__ -prune -exec rm -rf {} +

.venv/.uv-$(UV_VERSION):
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || { rm -rf .venv && python=$$(scripts/python) && $$python -m venv .venv; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@touch $@

.venv/.runtime: .venv/.uv-$(UV_VERSION) pyproject.toml uv.lock
	$(SYNC)
	@touch $@

.venv/.dev: .venv/.uv-$(UV_VERSION) pyproject.toml uv.lock
	$(SYNC) --group dev
	@touch .venv/.runtime $@

.venv/.fuzz: .venv/.uv-$(UV_VERSION) pyproject.toml uv.lock
	$(SYNC) --group dev --group fuzz
	@touch .venv/.runtime .venv/.dev $@

.venv/.site: .venv/.uv-$(UV_VERSION) pyproject.toml uv.lock
	$(SYNC) --group dev --group site
	@touch $@
