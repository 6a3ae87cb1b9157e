# Every way to build, test and try health_crypto. The work is in tools/; continuous integration calls `make test`.
# Variables: PG_MAJOR (15), PG_CONFIG and DESTDIR (for install), TESTS (for regress), V=1 (show logs while they are written).

SHELL := /bin/bash
PG_CONFIG ?= pg_config
TESTS ?=
STEPS ?=
VERSIONS ?=
export PG_MAJOR V DESTDIR

.PHONY: help setup build all install uninstall deb dist test-packages test check check-tools regress regress-accept demo demo-stop test-fidelity test-reliability test-matrix test-report-browser \
	bench fuzz release clean-clusters clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 26

setup: ## install what building and testing need (Debian packages, cargo-pgrx)
	@tools/setup.sh

build: ## build the extension, install it into the private PostgreSQL below target/
	@tools/build.sh

all: ## build a release for the PostgreSQL of PG_CONFIG=..., as `pgxn install` asks for before it installs
	@tools/install.sh --build "$(PG_CONFIG)"

install: ## build a release, install it into the PostgreSQL of PG_CONFIG=...
	@tools/install.sh "$(PG_CONFIG)"

uninstall: ## remove what `make install` put into the PostgreSQL of PG_CONFIG=...
	@tools/install.sh --uninstall "$(PG_CONFIG)"

deb: ## a Debian package of a release, into target/deb (PG_MAJOR=17 for another PostgreSQL)
	@tools/deb.sh

dist: ## the bundle for PGXN, of what is committed, into target/dist
	@tools/dist.sh

test-packages: ## packages in full: the Debian package in a clean Debian 12, the bundle built by PGXN's client
	@tests/packages/run.sh --full

test: ## all that continuous integration runs (STEPS="core regress" for some)
	@tools/test.sh $(STEPS)

check: ## format, clippy and the core's tests only
	@tools/test.sh format clippy core

check-tools: ## what takes minutes: dependencies, coverage, Miri, 30 minutes of sqlsmith (PARTS="deny coverage" for some)
	@tools/check.sh $(PARTS)

regress: ## the regression tests only (TESTS="a b" for some); uses the last build
	@tools/regress.sh $(TESTS)

regress-accept: ## take the last results of TESTS="a b" as expected, for review
	@tools/regress.sh --accept $(TESTS)

demo: ## see it work on a hospital in a throw-away PostgreSQL
	@tools/demo.sh

demo-stop: ## stop and remove the demo's PostgreSQL
	@tools/demo.sh --stop

test-matrix: ## every PostgreSQL version: compile, regression suite, dump, replicas, pg_upgrade (VERSIONS="17 18")
	@tools/matrix.sh $(VERSIONS)

test-report-browser: ## the page of report_html() in a real Chromium: screenshots, print, and what it asks for
	@tools/setup.sh browser-packages
	@tests/report/run.sh --browser

test-fidelity: ## 5,000 random documents against the real GNU Health, and 100,000 adopted (SEED=n repeats a run)
	@tests/gnuhealth/run.sh --count 5000 $(if $(SEED),--seed $(SEED))
	@tests/adoption/run.sh

test-reliability: ## sessions, transactions, crashes, full disks, interruptions in full (an hour), into docs/RELIABILITY.md
	@tests/reliability/run.sh --full $(if $(SEED),--seed $(SEED))
	@tests/surface/run.sh
	@tests/gnuhealth/run.sh --part bypass $(if $(SEED),--seed $(SEED))
	@tests/badbytes/run.sh --full $(if $(SEED),--seed $(SEED))
	@tools/reliability_table

bench: ## measure
	@bench/run.sh

fuzz: ## fuzz the parsers, 10 minutes each (SECONDS_EACH=60 for less)
	@tools/fuzz.sh -s $(or $(SECONDS_EACH),600)

release: ## freeze the SQL of the version in Cargo.toml, date the changelog, commit and tag (VERSION=0.1.0)
	@tools/release.sh $(VERSION)

clean-clusters: ## stop and remove all throw-away clusters
	@tools/cluster.sh clean

clean: clean-clusters ## remove all that was built
	rm -rf target
