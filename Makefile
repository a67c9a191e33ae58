# make test    every test, in Rust and in Python; installs what it needs into the user's cache
# make lint    format, clippy with warnings as errors, the container file
# make docs    the API documentation, with warnings as errors
# make demo    the daemon's whole cycle against a simulated AWS
#
# CARGO_TARGET_DIR is honoured. Nothing here needs root, AWS or credentials.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:

CARGO ?= cargo
PYTHON ?= python3
VENV ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/ami-warden/venv
REQUIREMENTS := tests/requirements.txt tests/constraints.txt tests/sim/fidelity/requirements.txt

.PHONY: help all test test-rust test-python test-deploy venv lint docs demo

help:
	@sed -n 's/^# \{0,1\}//p; /^$$/q' Makefile

all: test lint docs

# One after the other, also under `make -j`: two at once would only wait for cargo's lock.
test:
	@$(MAKE) --no-print-directory test-rust
	@$(MAKE) --no-print-directory test-python
	@$(MAKE) --no-print-directory test-deploy
	@echo "all tests passed"

# `--locked`: the versions in Cargo.lock, or an error.
test-rust:
	$(CARGO) test --workspace --locked

# The programs that were just built, as `NAME=path` lines. `--examples` is there because it makes cargo choose the same
# features as for the tests: without it the SDK would be compiled a second time.
define programs
$(CARGO) build --workspace --bins --examples --locked --message-format=json-render-diagnostics | $(PYTHON) -c 'import json, shlex, sys; \
names = {"ami-warden": "AMI_WARDEN", "ami-warden-sim": "SIM_BINARY"}; \
found = [m for m in map(json.loads, sys.stdin) if m.get("executable") and m["target"]["kind"] == ["bin"]]; \
[print("export " + names[m["target"]["name"]] + "=" + shlex.quote(m["executable"])) for m in found if m["target"]["name"] in names]'
endef

# Over the wire: boto3 against the simulator, ami-warden against moto.
test-python: venv
	programs=$$($(programs)); eval "$$programs"; \
	$(VENV)/bin/python -m pytest -q -p no:cacheprovider tests/sim/fidelity; \
	$(VENV)/bin/python -m pytest -q -p no:cacheprovider tests/moto

# The program under the conditions of the container and of the unit.
test-deploy: venv
	programs=$$($(programs)); eval "$$programs"; \
	deploy/container/test-read-only.sh "$$AMI_WARDEN" "$$SIM_BINARY"; \
	$(VENV)/bin/python deploy/systemd/test-confined.py "$$AMI_WARDEN" "$$SIM_BINARY"

# Rebuilt when a requirement or the interpreter changes; the lock is for runs that share the cache.
venv: $(REQUIREMENTS)
	@mkdir -p "$(dir $(VENV))"; exec 9>"$(VENV).lock"; if command -v flock >/dev/null; then flock 9; fi; \
	wanted=$$(cat $(REQUIREMENTS) | cat - <($(PYTHON) -VV) | cksum); \
	if [ "$$(cat "$(VENV)/.wanted" 2>/dev/null)" = "$$wanted" ] && "$(VENV)/bin/python" -c '' 2>/dev/null; then exit 0; fi; \
	echo "installing the Python side of the tests into $(VENV)"; \
	if ! $(PYTHON) -c 'import venv, ensurepip' 2>/dev/null; then \
	    echo "$(PYTHON) cannot make virtual environments; on Debian: apt-get install python3-venv" >&2; exit 1; fi; \
	$(PYTHON) -m venv --clear "$(VENV)"; \
	"$(VENV)/bin/python" -m pip install --quiet --disable-pip-version-check -r tests/requirements.txt; \
	echo "$$wanted" >"$(VENV)/.wanted"

lint: venv
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	@if "$(VENV)/bin/python" -m pip install --quiet --disable-pip-version-check -r tests/requirements-lint.txt; \
	then "$(VENV)/bin/hadolint" deploy/container/Containerfile; \
	else echo "skipped: hadolint has no package for this machine"; fi
	@if command -v systemd-analyze >/dev/null; \
	then systemd-analyze security --offline=true --threshold=15 --no-pager deploy/systemd/ami-warden.service | tail -n 1; \
	else echo "skipped: there is no systemd-analyze here to judge the unit"; fi
	bash -n .ci/run deploy/container/test-read-only.sh

# `--examples` for the same features as everywhere else, as above.
docs:
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps --lib --examples --locked

demo:
	$(CARGO) run --locked --example demo
