# Apart from a Rust toolchain, Python 3 and Terraform, the targets install what they need, into target/ and .venv/.
# A rule's text after ## is its line in `make help`.

SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.PHONY: demo invoke package check lint test bench bench-quick bench-stages bench-record floor fixtures help \
  prerequisites terraform-prerequisite

LAMBDA := $(or $(CARGO_TARGET_DIR),target)/lambda
PACKAGE := $(LAMBDA)/firehose-logs-transform/bootstrap.zip
PYTHON := demo benches scripts
BENCH = .venv/bench/bin/python -m benches --package $(PACKAGE) --floor $(LAMBDA)/floor/bootstrap $${LOGS:+--logs "$$LOGS"}

demo: terraform-prerequisite .venv/demo/ready ## The whole pipeline on this machine, on an emulator of AWS [LOGS=FILE] [KEEP=1]
	@echo 'Building the function, which takes some minutes the first time'
	@$(MAKE) --no-print-directory --silent package
	@.venv/demo/bin/python -m demo --package $(PACKAGE) $${LOGS:+--logs "$$LOGS"} $${KEEP:+--keep}

invoke: .venv/ready ## Run the function on a log file or a fixture, between cargo-lambda's Lambda APIs [LOGS=FILE]
	@scripts/invoke.sh

# cargo-lambda finds zig on the PATH and links with it, against an older glibc than this machine's.
package: .venv/ready ## Build the zip for Lambda, for this machine's architecture
	PATH="$$PWD/.venv/bin:$$PATH" cargo lambda build --release --locked --output-format zip

check: lint test ## Everything that must pass before a change lands, except the benchmark

lint: .venv/ready .venv/demo/ready .venv/bench/ready ## Formatting and lints of Rust, Python, shell scripts and the Dockerfile
	cargo fmt --check
	cargo clippy --all-targets --features floor -- -D warnings
	cargo clippy --no-default-features --all-targets -- -D warnings
	RUSTDOCFLAGS='-D warnings' cargo doc --no-deps --document-private-items
	.venv/bin/ruff format --check $(PYTHON)
	.venv/bin/ruff check $(PYTHON)
	.venv/bin/mypy --python-executable .venv/demo/bin/python demo
	.venv/bin/mypy --python-executable .venv/bench/bin/python benches
	.venv/bin/mypy --python-executable .venv/bin/python scripts
	.venv/bin/shellcheck scripts/*.sh .ci/run
	.venv/bin/hadolint Dockerfile
	@rust=$$(sed -n 's/^channel = "\(.*\)"/\1/p' rust-toolchain.toml); grep -q "^ARG BUILD_IMAGE=.*/rust:$$rust-" Dockerfile || \
	  { echo "make: expected Rust $$rust of rust-toolchain.toml in the Dockerfile, found another version" >&2; exit 1; }

test: terraform-prerequisite .venv/ready .venv/checkov/ready .venv/demo/ready .venv/bench/ready ## All tests. None depends on timing
	cargo test
	scripts/test_invoke.sh
	scripts/test_own_transform.sh
	scripts/test_frame_readers.sh
	$(MAKE) --no-print-directory package
	scripts/test_package.sh
	scripts/test_terraform.sh
	.venv/demo/bin/python -m pytest --quiet demo/tests --package $(PACKAGE)
	.venv/bench/bin/python -m pytest --quiet benches/tests --function $(PACKAGE)

bench: package floor .venv/bench/ready ## Compare the function with the blueprint and the floor; results in target/bench [LOGS=DIRECTORY]
	@$(BENCH) --instructions --json target/bench/results.json
	@.venv/bench/bin/python -m benches.chart target/bench/results.json target/bench/chart.svg

bench-quick: package floor .venv/bench/ready ## The same in about a minute and a half; fails if a ratio is far off its target
	@$(BENCH) --quick --json target/bench/quick.json

bench-stages: package .venv/bench/ready ## Measure each stage of an invocation by itself, with criterion [STAGES=full/parse]
	@.venv/bench/bin/python -m benches.events --function $(PACKAGE) target/bench/events
	cargo bench --no-default-features --bench stages -- $(STAGES)

bench-record: bench ## Run the benchmark, and copy its results to the documentation
	cp target/bench/results.json docs/performance.json
	cp target/bench/chart.svg docs/performance.svg

floor: .venv/ready ## Build the benchmark's floor: the same runtime, which only inflates
	PATH="$$PWD/.venv/bin:$$PATH" cargo lambda build --release --locked --features floor --bin floor

fixtures: prerequisites ## Regenerate the generated files of fixtures/ and examples/vrl/tests/
	UPDATE_FIXTURES=1 cargo test --quiet --test tests -- every_fixture_is_answered every_example_gives
	git diff --stat fixtures examples/vrl

help: ## Print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

prerequisites:
	@command -v cargo >/dev/null || { echo 'make: Rust is missing: install it from https://rustup.rs' >&2; exit 1; }
	@command -v python3 >/dev/null || { echo 'make: Python 3 is missing: install python3 with its venv module' >&2; exit 1; }

terraform-prerequisite:
	@command -v terraform >/dev/null || \
	  { echo 'make: Terraform is missing: install 1.7 or later from https://developer.hashicorp.com/terraform/install' >&2; exit 1; }

# Separate environments, because these pin versions that conflict with the others.
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
