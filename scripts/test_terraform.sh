#!/usr/bin/env bash
# Checks the Terraform module: format, validity, the README's tables, tests (mocked provider, real provider offline), checkov.
set -euo pipefail
cd "$(dirname "$0")/../terraform"

command -v terraform >/dev/null || {
  echo 'test_terraform: Terraform is missing: install 1.7 or later from https://developer.hashicorp.com/terraform/install' >&2
  exit 1
}
# The tests must not depend on the settings of an account.
unset AWS_PROFILE AWS_REGION AWS_DEFAULT_REGION

python3 ../scripts/terraform_docs.py --check
terraform fmt -check -recursive -diff
for module in . examples/complete; do
  terraform -chdir="$module" init -backend=false -input=false -lockfile=readonly >/dev/null
  terraform -chdir="$module" validate
done
terraform test -no-color
../.venv/checkov/bin/checkov --directory . --framework terraform --compact --quiet --skip-download
echo 'checkov: no finding'
