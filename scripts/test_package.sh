#!/usr/bin/env bash
# Lambda's Amazon Linux 2023, whose glibc is 2.34, can run the zip of `make package`.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

package=${CARGO_TARGET_DIR:-target}/lambda/firehose-logs-transform/bootstrap.zip
[ -f "$package" ] || { echo "test_package: $package is missing: run make package" >&2; exit 1; }
headers=$(.venv/bin/python scripts/test_package.py "$package" "$work/bootstrap")

# The check rejects a glibc that is too old.
if refusal=$(.venv/bin/python scripts/test_package.py "$package" "$work/refused" 2.3 2>&1); then
  echo 'test_package: expected the check to reject glibc 2.3, but it passed' >&2
  exit 1
fi
grep -q 'glibc 2\.3$' <<<"$refusal" || { echo "$refusal" >&2; exit 1; }

# The program starts. Without a Runtime API it logs one line and exits with code 1.
code=0
env -i "$work/bootstrap" >"$work/out" 2>"$work/err" || code=$?
if [ "$code" != 1 ] || [ "$(cat "$work/out" "$work/err" | wc -l)" != 1 ] ||
  ! grep -q '"error":"AWS_LAMBDA_RUNTIME_API is not set' "$work/out"; then
  echo "test_package: expected one line and code 1, found code $code and this output:" >&2
  cat "$work/out" "$work/err" >&2
  exit 1
fi
echo "make package: bootstrap starts; $headers"
