# Every command of the project. CI calls only these.
PYTHON ?= python3
AWSCLI_VERSION := 1.46.3

UV := .tools/uv/bin/uv
RUN := .venv/bin/
export UV_PROJECT_ENVIRONMENT := $(CURDIR)/.venv
export UV_PYTHON_DOWNLOADS := never
# uv trusts its own root certificates by default; the system's include those of a company's TLS proxy, as for pip.
export UV_SYSTEM_CERTS ?= true

PARTS := libs/xray-model libs/tracing libs/pytest-xray-local backend operator xray-local
MANIFESTS := pyproject.toml uv.lock $(PARTS:%=%/pyproject.toml)
TYPED := $(PARTS:%=%/src) tests demo bench tools
CHECK_PYTHON = $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
  { echo "make: $(PYTHON) is $$($(PYTHON) -V 2>&1); expected Python 3.11 or newer (name another one: make PYTHON=python3.12)" >&2; exit 2; }
# python -m, but Ctrl-C prints no traceback.
RUN_MODULE := -c 'import runpy, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); \
  sys.argv[:] = sys.argv[1:]; runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)'
DOCKER ?= docker
WORKSPACE_VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)
TAG ?= $(WORKSPACE_VERSION)
IMAGES := backend=cruddur-backend operator=xray-operator xray-local=xray-local
BUILD_ARGS := --build-arg VERSION=$(TAG) \
  --build-arg REVISION=$(shell git rev-parse HEAD 2>/dev/null) $(if $(BASE),--build-arg BASE=$(BASE)) \
  $(foreach name,PIP_INDEX_URL UV_DEFAULT_INDEX,$(if $($(name)),--build-arg $(name))) # a mirror of PyPI, if one is set
# The collector under its makers' name, from Docker Hub's if Docker has that already: the two are the same image, and none is pulled.
COLLECTOR := $(shell sed -n 's/^ *image: \(.*opentelemetry-collector-contrib:.*\)/\1/p' compose.yaml)
TAG_COLLECTOR = $(DOCKER) image inspect $(COLLECTOR) >/dev/null 2>&1 || $(DOCKER) tag otel/$(notdir $(COLLECTOR)) $(COLLECTOR) 2>/dev/null || true
# What `make test` leaves to `make integration`: new environments, installed clients, the operator killed at each point, upgrades, walkthroughs, benchmarks.
WHOLE := tests/integration/package tests/integration/clients tests/integration/test_one_trace.py tests/integration/faults/test_kill_points.py \
  tests/integration/operator/test_crd_upgrade.py tests/integration/operator/test_chart_upgrade.py tests/pytest_xray_local/test_readme.py \
  tests/bench/test_command_line.py tests/docs/test_tutorial.py
SHORT_SCHEDULES := 16
# Processes that run the tests; one that has finished takes over tests of another. Many tests wait: two leave more than a
# third of two cores unused.
WORKERS ?= 3
PYTEST = $(RUN)python -m pytest --numprocesses=$(WORKERS) --dist=worksteal
# Fails on a broken link: as the forge resolves it, then as the site does. With --quiet, --strict would see no warnings.
DOCS = $(RUN)python -m tools.docs.links && NO_MKDOCS_2_WARNING=1 $(RUN)python -m mkdocs build --strict
COVERED := xray_model xray_operator cruddur_tracing pytest_xray_local
# The tests that show it. The others run without the measurement, which takes a quarter of the CPU time.
MEASURED := $(addprefix tests/,xray_model tracing operator pytest_xray_local contract)

.DEFAULT_GOAL := help
.PHONY: help setup tools cluster-tools chart-tools compose-tools lint-tools version images demo test check types agreements unit chart contract integration e2e dev walkthrough one-trace docs browser screenshots recording fuzz bench dist release release-check lock format generate clean

help: ## list the commands
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(UV): Makefile deploy/images/uv.txt
	@$(CHECK_PYTHON)
	@echo "installing uv into .tools/"
	@rm -rf .tools/uv; $(PYTHON) $(RUN_MODULE) venv .tools/uv || \
	  { echo "make: $(PYTHON) has no venv module (on Debian: apt-get install python3-venv)" >&2; exit 2; }
	@.tools/uv/bin/python $(RUN_MODULE) pip install --quiet --disable-pip-version-check --require-hashes --requirement deploy/images/uv.txt
	@touch $@

.venv/.synced: $(UV) $(MANIFESTS)
	@echo "installing the locked dependencies into .venv/"
	@$(UV) sync --frozen --quiet --python $(PYTHON)
	@touch $@

.venv/.demo: $(UV) $(MANIFESTS)
	@echo "installing what the demo runs into .venv/"
	@$(UV) sync --frozen --quiet --python $(PYTHON) --no-default-groups --group demo
	@touch $@

.tools/awscli/.$(AWSCLI_VERSION): $(UV)
	@echo "installing the AWS CLI $(AWSCLI_VERSION) into .tools/ (the tests drive it)"
	@$(UV) venv --quiet --clear --python $(PYTHON) .tools/awscli
	@$(UV) pip install --quiet --python .tools/awscli/bin/python awscli==$(AWSCLI_VERSION)
	@touch $@

setup: .venv/.synced .tools/awscli/.$(AWSCLI_VERSION) ## install everything the project needs, inside the project

tools: $(UV) ## put kube-apiserver, etcd, kubectl, kstatus, helm, helm3, otelcol, docker-compose, kind, skaffold, actionlint and kube-network-policies into bin/
	@$(PYTHON) tools/provide.py kube-apiserver etcd kubectl kstatus helm helm3 otelcol docker-compose kind skaffold actionlint kube-network-policies

cluster-tools: $(UV)
	@$(PYTHON) tools/provide.py kube-apiserver etcd kubectl kstatus

chart-tools: $(UV)
	@$(PYTHON) tools/provide.py helm helm3 otelcol

lint-tools: $(UV)
	@$(PYTHON) tools/provide.py actionlint

compose-tools: $(UV)
	@$(PYTHON) tools/provide.py docker-compose

images: ## build the three images with Docker and print their sizes (TAG BASE=python:3.13-slim DOCKER=docker)
	@set -e; for image in $(IMAGES); do folder=$${image%=*}; name=$${image#*=}:$(TAG); \
	  echo "building $$name"; \
	  $(DOCKER) build --quiet --file $$folder/Dockerfile --tag $$name $(BUILD_ARGS) . >/dev/null; \
	  $(DOCKER) image inspect --format '{{.Size}}' $$name | awk -v name=$$name '{printf "%-24s %d MB\n", name, $$1 / 1e6}'; \
	done

demo: $(if $(wildcard .venv/.synced),.venv/.synced,.venv/.demo) ## run the whole path and show it (ONCE=1: exit after the checks)
	@$(RUN)python -m demo $(if $(ONCE),--once)

test: check .tools/awscli/.$(AWSCLI_VERSION) cluster-tools chart-tools compose-tools lint-tools ## all gates and all tests without Docker, with coverage; few fault schedules (FAULT_SCHEDULES=16)
	@rm -f .coverage .coverage.*
	@FAULT_SCHEDULES=$(or $(FAULT_SCHEDULES),$(SHORT_SCHEDULES)) \
	  $(PYTEST) tests $(patsubst %,--ignore=%,tests/e2e $(WHOLE) $(MEASURED))
	@$(PYTEST) $(MEASURED) $(WHOLE:%=--ignore=%) --cov --cov-report=
	@set -e; for package in $(COVERED); do \
	  printf 'percent of the lines of %s that are covered (expected at least 95): ' $$package; \
	  $(RUN)coverage report --include="*/src/$$package/*" --format=total --fail-under=95; done

check: .venv/.synced ## lint, format, types, layers, structure, lock, generated files and docs
	@$(MAKE) --no-print-directory --jobs=2 types agreements

types: .venv/.synced
	@$(RUN)mypy $(TYPED)

agreements: .venv/.synced
	@$(RUN)ruff check .
	@$(RUN)ruff format --check .
	@$(RUN)lint-imports --no-cache
	@$(RUN)python -m tools.structure
	@$(UV) lock --check --quiet
	@$(RUN)python -m tools.xray_local_model --check
	@$(RUN)python -m tools.xray_local_api --check
	@$(RUN)python -m tools.operator_crds --check charts/cruddur/crds
	@$(RUN)python -m tools.operator_reference --check docs/operator-reference.md
	@$(RUN)python -m tools.chart.schema --check
	@$(RUN)python -m tools.chart.readme --check
	@$(RUN)python -m tools.docs.reference --check
	@$(DOCS)

unit: .venv/.synced compose-tools lint-tools ## the tests of each part
	@$(PYTEST) tests/xray_model tests/tracing tests/backend tests/xray_local tests/pytest_xray_local tests/operator tests/demo tests/bench tests/tools tests/images

chart: .venv/.synced chart-tools ## the chart: linted, rendered and validated, without a cluster; and the commands in docs/
	@$(PYTEST) tests/chart tests/docs

contract: setup ## one suite on the in-memory gateway and on boto3 against xray-local
	@$(PYTEST) tests/contract

integration: WORKERS = 4
integration: setup cluster-tools ## the whole integration suite: 100 fault schedules and all kill points on a real kube-apiserver (FAULT_SCHEDULES=1000; REST=1: without what make test runs)
	@$(if $(REST),FAULT_SEED=$(shell expr $(SHORT_SCHEDULES) + 1) FAULT_SCHEDULES=$(shell expr 100 - $(SHORT_SCHEDULES))) \
	  $(PYTEST) $(if $(REST),$(WHOLE) tests/integration/faults/test_schedules.py,tests/integration $(filter-out tests/integration/%,$(WHOLE)))

e2e: setup cluster-tools chart-tools compose-tools images ## the images, compose.yaml, and the chart on kind clusters, one for each process, with Docker (KIND_NODE_IMAGE, E2E=tests/e2e/kind)
	@$(PYTHON) tools/provide.py kind skaffold kube-network-policies
	@$(TAG_COLLECTOR)
	@TAG=$(TAG) $(RUN)python -m pytest --numprocesses=$(if $(E2E)$(KUBECONFIG),0,2) --dist=loadfile --no-loadscope-reorder --durations=12 $(or $(E2E),tests/e2e)

dev: .venv/.synced ## skaffold dev on the kind cluster `cruddur`, created if needed (PROFILE=collector)
	@$(PYTHON) tools/provide.py kubectl helm kind skaffold
	@$(TAG_COLLECTOR)
	@PATH="$(CURDIR)/bin:$$PATH" $(RUN)python -m tools.kind_cluster
	@PATH="$(CURDIR)/bin:$$PATH" SKAFFOLD_CONFIG=deploy/kind/skaffold-config.yaml skaffold dev --kube-context kind-cruddur $(if $(PROFILE),--profile=$(PROFILE))

walkthrough: setup cluster-tools ## the operator shown step by step on a real API server (WRITE=FILE keeps it)
	@$(RUN)python -m tools.walkthrough $(if $(WRITE),--write $(WRITE))

one-trace: .venv/.synced ## the bootcamp's app before and after our package is installed (WRITE=FILE keeps it)
	@$(RUN)python -m tools.one_trace $(if $(WRITE),--write $(WRITE))

docs: .venv/.synced ## the site of the docs in build/site; fails on a broken link (SERVE=1: on http://127.0.0.1:8000)
	@$(DOCS)
	@echo "the site is in build/site/; make docs SERVE=1 serves it"
	@$(if $(SERVE),$(RUN)python -m http.server --bind 127.0.0.1 --directory build/site)

browser: .venv/.synced ## the page in a real headless Chromium
	@$(RUN)python -m tools.browser.chromium >/dev/null
	@$(PYTEST) tests/browser

screenshots: .venv/.synced ## docs/images: every page of xray-local with the traffic of a shop, light, dark and on a phone
	@$(RUN)python -m tools.browser.chromium >/dev/null
	@$(RUN)python -m tools.browser.screenshots docs/images

recording: .venv/.synced ## docs/images/demo-*.svg: make demo in a terminal, recorded and drawn
	@$(RUN)python -m tools.recording docs/images/demo 'make demo ONCE=1'

fuzz: .venv/.synced ## a million random calls, datagrams, OTLP requests, filters and pages against xray-local (FUZZ_EXAMPLES=200000 of each)
	@FUZZ_EXAMPLES=$(or $(FUZZ_EXAMPLES),200000) $(PYTEST) tests/xray_local/fuzz

bench: .venv/.synced cluster-tools ## the measurements that the README quotes
	@$(UV) sync --frozen --quiet --group bench
	@$(RUN)python -m bench

version: ## print the version of the workspace
	@echo $(WORKSPACE_VERSION)

dist: .venv/.synced ## dist/: wheels and sdists of the parts, checked, installed alone on each Python and run (PYTHONS="3.12 3.13")
	@$(RUN)python -m tools.dist $(PYTHONS:%=--python=%)

release: release-check .venv/.synced ## verify a release, then commit and tag it here; never publishes (VERSION=0.2.0, DRY_RUN=1: only show it)
	@$(PYTHON) tools/provide.py helm
	@$(RUN)python -m tools.release $(if $(DRY_RUN),--dry-run) -- "$(VERSION)"

release-check: # before anything is installed or built
	@$(CHECK_PYTHON)
	@$(PYTHON) -m tools.release --check -- "$(VERSION)"

lock: $(UV) ## bring the lock file up to date
	@$(UV) lock

format: .venv/.synced ## format and fix what can be fixed
	@$(RUN)ruff check --fix --quiet .
	@$(RUN)ruff format --quiet .

generate: .venv/.synced ## write what is made from the code: CRDs, reference pages, the chart's schema, README and renders
	@$(RUN)python -m tools.operator_crds charts/cruddur/crds
	@$(RUN)python -m tools.chart.schema
	@$(RUN)python -m tools.chart.readme
	@$(RUN)python -m tools.operator_reference docs/operator-reference.md
	@$(RUN)python -m tools.xray_local_model
	@$(RUN)python -m tools.xray_local_api
	@$(RUN)python -m tools.docs.reference
	@$(PYTHON) tools/provide.py helm
	@$(RUN)python -m tools.chart.golden

clean: ## remove everything that was installed or generated
	@rm -rf .venv .tools bin .coverage .coverage.* .mypy_cache .ruff_cache .hypothesis .import_linter_cache
