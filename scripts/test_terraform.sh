#!/usr/bin/env bash
# The Terraform module: formatted, valid, tested against a mocked provider and the real one offline, and scanned.
set -euo pipefail
cd "$(dirname "$0")/../terraform"

command -v terraform >/dev/null || {
  echo 'test_terraform: Terraform is missing: install 1.7 or later from https://developer.hashicorp.com/terraform/install' >&2
  exit 1
}
# An account's settings have no say in the tests.
unset AWS_PROFILE AWS_REGION AWS_DEFAULT_REGION

terraform fmt -check -recursive -diff
for module in . examples/complete; do
  terraform -chdir="$module" init -backend=false -input=false -lockfile=readonly >/dev/null
  terraform -chdir="$module" validate
done
terraform test -no-color
../.venv/checkov/bin/checkov --directory . --framework terraform --compact --quiet --skip-download
echo 'checkov: no finding'
