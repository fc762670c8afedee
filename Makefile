# Prerequisites: Python >= 3.11, make, and Docker or Java 17 + Maven (for a local Kafka; none needed when KAFKA_BOOTSTRAP_SERVERS is set).
# The targets for Kubernetes and images say in their help what else they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
WITHOUT_BROKER := tests/unit tests/component tests/contract tests/faults/checker tests/faults/simulation tests/faults/malformed tests/faults/tenants kits
KITS := $(patsubst %/pyproject.toml,%,$(wildcard kits/*/pyproject.toml))
MYPY_PATHS := shared services marktplatz deploy tests benchmarks examples $(KITS:%=%/src) $(KITS:%=%/tests)
ENGINE := deploy/docker/with-engine
LOCK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url

# Compiled files stay: a process starts in half the time, and tests are compiled longer than they run. Of packages most modules are
# never imported: pip compiles none of them.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help install demo up format lock clean
.PHONY: test test-with-broker test-without-broker test-browser test-fast test-wheel conformance test-upgrade test-faults test-planted chaos bench bench-memory
.PHONY: lint types layers dependencies schemas generated generated-check compatibility check docs hooks hooks-check
.PHONY: manifests manifests-checks manifests-tests test-rights test-mongodb test-asyncapi test-documents
.PHONY: images test-images sbom test-airgap images-arm64 test-images-arm64
.PHONY: ci ci-static ci-packages ci-waiting ci-computing

help: ## Show this list
	@grep -E '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-17s %s\n", $$1, $$2}'

# Every day

$(STAMP): requirements/dev.txt pyproject.toml $(KITS:%=%/pyproject.toml)
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed; set PYTHON=python3.x")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing the locked requirements (once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r requirements/dev.txt
	@PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . $(KITS:%=-e ./%)
	@touch $@

install: $(STAMP) ## Make the virtual environment from the hash-locked requirements

demo: $(STAMP) ## Play the whole main flow with real reference data and check every step
	@$(BIN)/marktplatz demo

up: $(STAMP) ## Keep the marketplace running on this machine (Ctrl-C ends it)
	@$(BIN)/marktplatz up

ifdef SIDE_BY_SIDE
test: test-with-broker test-without-broker
else
test: $(STAMP) ## Run all tests: unit, component, contract, integration on real Kafka, end to end; name the slowest
	@echo "Two parts run side by side for about half an hour on two processors; each prints its results when it is done."
	@$(MAKE) --no-print-directory --jobs 2 --output-sync=target SIDE_BY_SIDE=yes test
endif

test-with-broker: $(STAMP) ## Run the tests on a real Kafka, which wait as much as they compute
	@$(BIN)/pytest -q -n 2 --dist loadfile --no-loadscope-reorder --durations=20 tests/e2e tests/integration

test-without-broker: $(STAMP) ## Run the tests that need no broker, which only compute: they take what others leave of the processors
	@nice -n 10 $(BIN)/pytest -q -n 2 --dist loadfile --durations=20 $(WITHOUT_BROKER)

test-fast: $(STAMP) ## Run most of the tests that need no broker, in under a minute: all but those marked slow
	@$(BIN)/pytest -q -n 2 --dist loadfile -m 'not slow' $(WITHOUT_BROKER)

test-browser: $(STAMP) ## Look at every page of the portal in Chromium: accessible, without scripts, by keyboard, safe; pictures in build/screens; log in at an identity provider of others (needs chromium-headless-shell or chromium, node, npm)
	@$(BIN)/pytest -q tests/browser

conformance: $(STAMP) ## Install the kits from their wheels, run a portal and a partner system against a marketplace, verify the published archives; report in build/conformance
	@$(BIN)/python -m tests.conformance --report build/conformance

test-upgrade: $(STAMP) ## Run the previous version and this one on the same stores: rolling update, rollback
	@$(BIN)/pytest -q tests/upgrade

test-faults: $(STAMP) ## Reset, silence, kill and freeze what lies between fourteen consumers and their broker (about three minutes)
	@$(BIN)/pytest -q tests/faults/clients

chaos: $(STAMP) ## Run the product as processes, kill and freeze them and the broker, judge the history: make chaos SECONDS=600 SEED=7
	@$(BIN)/python -m tests.faults.process --seconds $(or $(SECONDS),60) --seed $(or $(SEED),1)

test-planted: $(STAMP) ## Plant bugs in processes: the judge of the histories must find each (about five minutes)
	@$(BIN)/pytest -q tests/faults/process

bench: $(STAMP) ## Measure throughput against a bare loop, latency from order to contract, the costliest requests, the in-house pre-check
	@$(BIN)/python -m benchmarks

format: $(STAMP)
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format --quiet .
	@$(BIN)/rumdl fmt --quiet .

lock: ## Compile requirements/*.txt from pyproject.toml, keeping what is pinned (needs uv); UPGRADE=1 takes the newest versions
	@$(LOCK) $(if $(UPGRADE),--upgrade) --extra demo --extra documents --extra motor --group dev -o requirements/dev.txt pyproject.toml $(KITS:%=%/pyproject.toml)
	@$(LOCK) -c requirements/dev.txt -o requirements/runtime.txt pyproject.toml
	@echo typst | $(LOCK) -c requirements/dev.txt -o requirements/documents.txt -

clean: ## Remove the virtual environment and local run data
	@rm -rf $(VENV) var build

# Static checks and generated files

lint: $(STAMP)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/rumdl check --quiet .

types: $(STAMP)
	@$(BIN)/mypy $(MYPY_PATHS)

layers: $(STAMP)
	@$(BIN)/lint-imports

dependencies: $(STAMP) ## Compare pyproject.toml with what the code imports and what requirements/*.txt pin
	@$(BIN)/deptry shared services marktplatz
	@$(BIN)/deptry --ignore DEP002,DEP004 tests benchmarks deploy examples $(KITS:%=%/tests)
	@for kit in $(KITS); do (cd $$kit && $(abspath $(BIN))/deptry src) || exit; done
	@$(BIN)/python -m deploy.packaging.lock

schemas: $(STAMP) ## Write shared/schemas from the message models and the topic registry
	@$(BIN)/python -m shared.schemas.generate

generated: $(STAMP) ## Write everything that is generated: schemas, topics and users, dashboards, handbook tables
	@$(BIN)/python -m shared.schemas.generate
	@$(BIN)/python -m deploy.generate.topics
	@$(BIN)/python -m deploy.generate.channels
	@$(BIN)/python -m deploy.generate.outside deploy/overlays/example-outside/outside
	@$(BIN)/python -m deploy.generate.dashboards
	@$(BIN)/python -m deploy.generate.handbook
	@$(BIN)/python -m deploy.generate.operations
	@$(BIN)/python -m deploy.generate.german

generated-check: $(STAMP)
	@$(BIN)/python -m deploy.generate

compatibility: $(STAMP) ## Compare the messages with those of the last release: what breaks must be a new type beside the old one
	@$(BIN)/python -m deploy.compatibility

check: lint types layers dependencies generated-check compatibility ## Static checks: ruff, rumdl (Markdown), mypy strict, import layers, dependencies, generated files up to date, messages compatible

hooks: $(STAMP) ## Let git run the checks of .pre-commit-config.yaml at each commit, on what changed and on the message
	@$(BIN)/prek install --quiet

hooks-check: $(STAMP) ## Run the hooks on every file
	@$(BIN)/prek run --all-files

test-wheel: $(STAMP) ## Build the wheels of product and kits, install each in an empty environment with the locked versions, and start it there
	@$(BIN)/pytest -q tests/deploy/packaging

docs: $(STAMP) ## Build build/docs: all pages, APIs, topics and messages as HTML to be read without a network; a broken link fails it
	@$(BIN)/python -m deploy.site

# Kubernetes (needs kubectl and promtool)

manifests: manifests-checks ## Build and check every overlay and combination of the Kubernetes manifests, and plant faults that the checks must catch
	@$(MAKE) --no-print-directory manifests-tests

manifests-checks: $(STAMP)
	@$(BIN)/python -m deploy.generate.handbook --check
	@$(BIN)/python -m deploy.checks

manifests-tests: $(STAMP)
	@$(BIN)/pytest -q -n 2 --dist loadfile tests/deploy/manifests tests/deploy/rollout tests/deploy/observability tests/deploy/handbook

test-rights: $(STAMP) ## Run every process, and portals and partners by SCRAM and by certificate, on a broker with the generated rights; compare granted with used, refuse the rest
	@$(BIN)/pytest -q tests/deploy/kafka_rights

test-mongodb: $(STAMP) ## Run the scripts of the components mongodb and backup: the real mongosh, a scripted replica set (needs node, npm)
	@$(BIN)/pytest -q -n 2 tests/deploy/mongodb

test-asyncapi: $(STAMP) ## Read the AsyncAPI documents by the parser of the AsyncAPI initiative: no diagnostics (needs node, npm)
	@$(BIN)/pytest -q tests/deploy/asyncapi

test-documents: $(STAMP) ## Judge PDFs of contracts by veraPDF and invoices by the rules of EN 16931 and KoSIT (needs Java 17, Maven)
	@$(BIN)/pytest -q tests/deploy/documents

# Images (need Docker, or root on Debian; arm64 elsewhere than on arm64: qemu-user-static, binfmt-support)

images: $(STAMP) ## Build the container image of the services, the same with the typesetter of documents, and Apache Kafka for the container tests
	@PYTHON=$(abspath $(BIN))/python $(ENGINE) deploy/docker/build --with-kafka
	@MARKTPLATZ_IMAGE=efa-marktplatz-documents PYTHON=$(abspath $(BIN))/python $(ENGINE) deploy/docker/build --target documents

test-images: $(STAMP) ## Run the built image hardened, beside Kafka in a container: main flow, drain, kill, broker restart, restore drill, dumps
	@$(ENGINE) $(BIN)/pytest -q tests/deploy/images

sbom: $(STAMP) ## Write build/sbom and build/sbom-documents: CycloneDX list of what each image holds, licences, known vulnerabilities where a database answers
	@$(ENGINE) $(BIN)/python deploy/docker/sbom.py
	@$(ENGINE) $(BIN)/python deploy/docker/sbom.py build/sbom-documents efa-marktplatz-documents

test-airgap: $(STAMP) ## Publish the built image and its bill of materials, carry them over an air gap, and try what must be refused
	@deploy/release/tools
	@$(ENGINE) $(BIN)/pytest -q tests/deploy/airgap

images-arm64: $(STAMP) ## Build the image for arm64, and the same with the typesetter of documents
	@$(ENGINE) deploy/docker/build --platform linux/arm64
	@MARKTPLATZ_IMAGE=efa-marktplatz-documents $(ENGINE) deploy/docker/build --platform linux/arm64 --target documents

test-images-arm64: $(STAMP) ## Run the image for arm64 hardened, push both under one index; after images and images-arm64
	@deploy/release/tools
	@$(ENGINE) $(BIN)/pytest -q tests/deploy/arm64

bench-memory: $(STAMP) ## Measure the most memory of each process, in containers of the built image, beside its request and limit
	@$(ENGINE) $(BIN)/python -m benchmarks --only memory --orders 200

# All of it

ci: $(STAMP) ## What CI runs: everything above but the benchmarks and the planted bugs
	@$(MAKE) --no-print-directory --jobs 2 --output-sync=target ci-static ci-packages
	@echo "Two parts run side by side for about forty minutes on two processors; each prints the results of its targets when they are done."
	@$(MAKE) --no-print-directory --jobs 2 --output-sync=target SIDE_BY_SIDE=yes test ci-waiting ci-computing

ci-static: ## The static checks, which take one processor, as ci-packages does: each once, most of them as a hook
	@$(MAKE) --no-print-directory --jobs 1 lint hooks-check compatibility

ci-packages: ## The part of the wheels and the overlays
	@$(MAKE) --no-print-directory --jobs 1 test-wheel manifests-checks

# The longest first, but what others need before them.
WAITING := images test-rights test-images conformance test-upgrade test-faults test-browser images-arm64 test-images-arm64 sbom test-airgap chaos test-mongodb test-asyncapi test-documents

ci-waiting: ## The part that waits as much as it computes: what else needs a broker, a container, a browser
	@$(ENGINE) $(MAKE) --no-print-directory --jobs 3 --output-sync=target IMAGES_FIRST=yes $(WAITING)

ci-computing: ## The part that only computes: it takes what the other one leaves of the processors
	@nice -n 10 $(MAKE) --no-print-directory --jobs 1 manifests-tests

ifdef SIDE_BY_SIDE
ci-waiting: test-with-broker
ci-computing: test-without-broker
endif

ifdef IMAGES_FIRST
sbom test-images images-arm64: images
test-airgap: sbom
test-images-arm64: images-arm64
endif
