# `make help` lists every target. CI runs these same targets (.ci/run).

.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON := .venv/bin/python
BOOTSTRAP := deploy/local/bootstrap.sh
PACKAGES := guichet_contracts guichet_kit guichet_ctl guichet_chat guichet_requests guichet_contacts guichet_attachments \
	guichet_mailer guichet_local
PYTEST_ARGS ?=
# Where Node.js is put when the system has none.
export PATH := $(CURDIR)/.cache/node/bin:$(PATH)

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

.PHONY: up
up: web ## Run everything on this machine; Ctrl-C or `make down` stops it
	@$(PYTHON) -m guichet_local up

.PHONY: up-cluster
up-cluster: web ## The same as a cluster: three RabbitMQ nodes, three MongoDB members, two replicas of every service
	@$(PYTHON) -m guichet_local up-cluster

.PHONY: down
down: python ## Stop what `make up` or `make up-cluster` started
	@$(PYTHON) -m guichet_local down

.PHONY: status
status: python ## Tell what runs and whether it is ready
	@$(PYTHON) -m guichet_local status

.PHONY: ctl
ctl: python ## Run guichetctl on what `make up` runs: make ctl CTL="doctor"
	@$(PYTHON) -m guichet_local ctl $(CTL)

.PHONY: monitor
monitor: python ## Show Prometheus, with the dashboards' queries and the alerts, beside `make up`
	@$(PYTHON) -m guichet_local monitor

.PHONY: check-alerts
check-alerts: python ## Check the alert rules, and that each fires in its test and stays silent in its twin
	@$(PYTHON) -m guichet_local check-alerts

.PHONY: test
test: test-web test-python ## Run every test but the long ones of `make chaos`, `chaos-mail` and `cluster-test`, against real servers

.PHONY: test-web
test-web: web ## Run the unit tests of the web part
	npm test --prefix web

.PHONY: test-python
test-python: web ## Run the Python, service and browser tests; PYTEST_ARGS="tests/chat -k seq" picks some
	@$(PYTHON) -m guichet_local prepare-tests
ifdef PYTEST_ARGS
	$(PYTHON) -m pytest $(PYTEST_ARGS)
else
	tests/run services tests --ignore tests/e2e --ignore tests/chaos --ignore tests/cluster --ignore tests/deploy --numprocesses auto --dist loadfile --no-loadscope-reorder; services=$$?; \
	tests/run e2e tests/e2e --numprocesses 2 --dist loadfile && exit $$services
endif

.PHONY: chaos
chaos: web ## Let everything fail for CHAOS_MINUTES (10) while people work, and compare what they were told with what is there
	@$(PYTHON) -m guichet_local prepare-tests
	@$(PYTHON) -m tests.chaos

.PHONY: chaos-short
chaos-short: web ## The same for 90 seconds
	@$(PYTHON) -m guichet_local prepare-tests
	@CHAOS_MINUTES=1.5 $(PYTHON) -m tests.chaos

.PHONY: chaos-planted
chaos-planted: web ## Show that the short form finds each of the faults in tests/chaos/planted
	@$(PYTHON) -m guichet_local prepare-tests
	@$(PYTHON) -m tests.chaos.planted

.PHONY: chaos-mail
chaos-mail: python ## Kill mailer 50 times while 500 mails go each way, through a real Postfix and Dovecot
	@$(PYTHON) -m guichet_local prepare-tests
	$(PYTHON) -m pytest tests/chaos --capture=no

.PHONY: cluster-test
cluster-test: web ## Replace every replica and kill every part of a cluster while people work; CLUSTER_SEED repeats an order
	@$(PYTHON) -m guichet_local prepare-tests
	$(PYTHON) -m pytest tests/cluster --capture=no

.PHONY: rabbitmq4-test
rabbitmq4-test: python ## Run the kit's service tests on RabbitMQ 4 of Debian 13, laid into .cache/rabbitmq-4 (root)
	@$(PYTHON) -m guichet_local prepare-tests
	deploy/local/rabbitmq-4 $(CURDIR)/.cache/rabbitmq-4
	GUICHET_RABBITMQ_ROOT=$(CURDIR)/.cache/rabbitmq-4 $(PYTHON) -m pytest tests/local/test_rabbitmq.py tests/kit

.PHONY: bench
bench: web ## Measure, alone on the machine, and write docs/benchmarks.md; BENCH_ONLY=path,lists picks parts
	@$(PYTHON) -m guichet_local prepare-tests
	GUICHET_BENCHMARKS=$(CURDIR)/docs/benchmarks.md $(PYTHON) -m tests.bench

.PHONY: bench-compare
bench-compare: python ## Compare two results: make bench-compare A B, each a file or a revision
	@$(PYTHON) -m tests.bench.compare $(filter-out bench-compare,$(MAKECMDGOALS))

# The two that are named are no targets.
ifeq (bench-compare,$(firstword $(MAKECMDGOALS)))
.PHONY: $(filter-out bench-compare,$(MAKECMDGOALS))
$(filter-out bench-compare,$(MAKECMDGOALS)):
	@:
endif

.PHONY: guide
guide: web ## Play the treatment of a request, by chat and by e-mail, and write the agents' guide and the README's picture from it
	@$(PYTHON) -m guichet_local prepare-tests
	GUICHET_GUIDE_DIR=$(CURDIR)/docs/guide $(PYTHON) -m pytest tests/e2e/test_treatment.py tests/e2e/test_mail.py

.PHONY: trace
trace: web ## Send a message through the whole system, and draw its trace into docs/images/trace.svg
	@$(PYTHON) -m guichet_local prepare-tests
	GUICHET_TRACE_DIR=$(CURDIR)/docs/images $(PYTHON) -m pytest tests/e2e/test_trace.py

.PHONY: check
check: check-format check-types check-imports check-web check-contracts ## Check format, types, import rules, web and contracts

.PHONY: check-format
check-format: python ## Lint and check the format of the Python code
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .

.PHONY: check-types
check-types: python ## Check the types of all packages and tests
	.venv/bin/mypy $(addprefix -p ,$(PACKAGES))
	.venv/bin/mypy tests

.PHONY: check-imports
check-imports: python ## Check which package may import which
	.venv/bin/lint-imports

.PHONY: check-web
check-web: web ## Lint, check the types of and build the web part; print its sizes
	npm run lint --prefix web
	npm run typecheck --prefix web
	npm run build --prefix web

.PHONY: check-contracts
check-contracts: python ## Check that the generated API documents are fresh
	$(PYTHON) tests/contracts/generate.py --check

.PHONY: k8s-check
k8s-check: python ## Check the Kubernetes manifests: schemas, policies, references, network, settings
	@$(BOOTSTRAP) deploy-tools
	$(PYTHON) -m pytest tests/deploy

.PHONY: sbom
sbom: web ## Write bills of materials (CycloneDX) of each service and of the web part to .cache/sbom
	@$(BOOTSTRAP) deploy-tools
	deploy/tools/sbom

.PHONY: audit
audit: web ## Ask the databases of known vulnerabilities about every pinned package; says so where one cannot be asked
	@$(BOOTSTRAP) deploy-tools
	deploy/tools/audit

.PHONY: images-fetch
images-fetch: web ## Fetch what the images need, so that they build without network
	deploy/images/fetch

.PHONY: images-check
images-check: web images-fetch ## Build the images, bring compose.yaml up from them, play the chat's path against it
	@$(BOOTSTRAP) deploy-tools
	deploy/images/check

.PHONY: contracts
contracts: python ## Generate the API documents under docs/api again
	$(PYTHON) tests/contracts/generate.py

.PHONY: ci
ci: ## Run what CI runs: every check, then every test
	.ci/run

.PHONY: fmt
fmt: web ## Format the Python and web code
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .
	npm run format --prefix web

.PHONY: python
python: ## Make the virtual environment, where it is not up to date
	@$(BOOTSTRAP) python

.PHONY: web
web: python ## Install the web packages and build the web files, where they are not up to date
	@$(BOOTSTRAP) web

.PHONY: clean
clean: ## Remove what was installed and built; the data in .data stays
	rm -rf .venv .cache web/node_modules web/*/node_modules web/*/dist
