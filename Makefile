# What the targets need beyond a Rust toolchain and Python 3 they install themselves, into target/ and .venv/.

SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.PHONY: demo invoke package floor bench bench-quick bench-record bench-stages test lint check fixtures prerequisites terraform-prerequisite

LAMBDA := $(or $(CARGO_TARGET_DIR),target)/lambda
PACKAGE := $(LAMBDA)/firehose-logs-transform/bootstrap.zip
BENCH = .venv/bench/bin/python -m benches --package $(PACKAGE) --floor $(LAMBDA)/floor/bootstrap $${LOGS:+--logs "$$LOGS"}

# The whole pipeline on this machine, on an emulator of AWS: make demo [LOGS=app.log] [KEEP=1]
demo: terraform-prerequisite .venv/demo/ready
	@echo 'Building the function, which takes some minutes the first time'
	@$(MAKE) --no-print-directory --silent package
	@.venv/demo/bin/python -m demo --package $(PACKAGE) $${LOGS:+--logs "$$LOGS"} $${KEEP:+--keep}

# Runs the function on a log file, or on a fixture: make invoke LOGS=app.log
invoke: .venv/ready
	@scripts/invoke.sh

# The zip for Lambda, for this machine's architecture: target/lambda/firehose-logs-transform/bootstrap.zip. cargo-lambda links
# it with zig, which it looks for on the PATH, to an older glibc than this machine's.
package: .venv/ready
	PATH="$$PWD/.venv/bin:$$PATH" cargo lambda build --release --locked --output-format zip

# The same runtime with nothing to do but inflate, which the function is measured against.
floor: .venv/ready
	PATH="$$PWD/.venv/bin:$$PATH" cargo lambda build --release --locked --features floor --bin floor

# The function beside the blueprint, in one run: make bench [LOGS=DIRECTORY]. The results go to target/bench.
bench: package floor .venv/bench/ready
	@$(BENCH) --instructions --json target/bench/results.json
	@.venv/bench/bin/python -m benches.chart target/bench/results.json target/bench/chart.svg

# In a minute, and an error where the function has got slower beside the others.
bench-quick: package floor .venv/bench/ready
	@$(BENCH) --quick --json target/bench/quick.json

# What each stage of an invocation takes by itself, with criterion: make bench-stages [STAGES=full/parse].
bench-stages: .venv/bench/ready
	@.venv/bench/bin/python -m benches.events target/bench/events
	cargo bench --no-default-features --bench stages -- $(STAGES)

# A run whose figures the documentation shows.
bench-record: bench
	cp target/bench/results.json docs/performance.json
	cp target/bench/chart.svg docs/performance.svg

test: terraform-prerequisite .venv/ready .venv/checkov/ready .venv/demo/ready .venv/bench/ready
	cargo test
	scripts/test_invoke.sh
	scripts/test_own_transform.sh
	scripts/test_gzip_readers.sh
	$(MAKE) --no-print-directory package
	scripts/test_package.sh
	scripts/test_terraform.sh
	.venv/demo/bin/python -m pytest --quiet demo/tests --package $(PACKAGE)
	.venv/bench/bin/python -m pytest --quiet benches/tests
	$(MAKE) --no-print-directory bench-quick

lint: .venv/ready
	cargo fmt --check
	cargo clippy --all-targets --features floor -- -D warnings
	cargo clippy --no-default-features --all-targets -- -D warnings
	RUSTDOCFLAGS='-D warnings' cargo doc --no-deps --document-private-items
	.venv/bin/hadolint Dockerfile
	@rust=$$(sed -n 's/^channel = "\(.*\)"/\1/p' rust-toolchain.toml); grep -q "^ARG BUILD_IMAGE=.*/rust:$$rust-" Dockerfile || \
	  { echo "make: the Rust of the Dockerfile is not rust-toolchain.toml's $$rust" >&2; exit 1; }

check: lint test

# Writes the generated files of every fixture anew.
fixtures: prerequisites
	UPDATE_FIXTURES=1 cargo test --quiet --test tests -- every_fixture_is_answered every_example_gives
	git diff --stat fixtures examples/vrl

prerequisites:
	@command -v cargo >/dev/null || { echo 'make: Rust is missing: install it from https://rustup.rs' >&2; exit 1; }
	@command -v python3 >/dev/null || { echo 'make: Python 3 is missing: install python3 with its venv module' >&2; exit 1; }

terraform-prerequisite:
	@command -v terraform >/dev/null || \
	  { echo 'make: Terraform is missing: install 1.7 or later from https://developer.hashicorp.com/terraform/install' >&2; exit 1; }

# Environments of their own for what pins versions that the others don't want.
.venv/checkov/ready: tools/requirements-checkov.txt .venv/ready
.venv/demo/ready: demo/requirements.txt .venv/ready
.venv/bench/ready: benches/requirements.txt .venv/ready
.venv/checkov/ready .venv/demo/ready .venv/bench/ready:
	@python3 -m venv --clear $(@D)
	@$(@D)/bin/pip install --quiet --disable-pip-version-check -r $<
	@touch $@

.venv/ready: tools/requirements.txt | prerequisites
	@python3 -m venv --clear .venv || { echo 'make: python3 -m venv fails: install the venv module (python3-venv)' >&2; exit 1; }
	@.venv/bin/pip install --quiet --disable-pip-version-check -r tools/requirements.txt
	@touch $@
