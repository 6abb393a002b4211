#!/usr/bin/env bash
# The zip of `make package` is one that Lambda's Amazon Linux 2023 can run: its glibc is 2.34.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

package=${CARGO_TARGET_DIR:-target}/lambda/firehose-logs-transform/bootstrap.zip
[ -f "$package" ] || { echo "test_package: there is no $package: make package makes it" >&2; exit 1; }
headers=$(.venv/bin/python scripts/test_package.py "$package" "$work/bootstrap")

# A glibc that is too old is told from one that is not.
if refusal=$(.venv/bin/python scripts/test_package.py "$package" "$work/refused" 2.3 2>&1); then
  echo 'test_package: on glibc 2.3 the program would not start, and nothing said so' >&2
  exit 1
fi
grep -q 'and the runtime has glibc 2.3$' <<<"$refusal" || { echo "$refusal" >&2; exit 1; }

# It starts: without a Runtime API that is one line and the end.
code=0
env -i "$work/bootstrap" >"$work/out" 2>"$work/err" || code=$?
if [ "$code" != 1 ] || [ "$(cat "$work/out" "$work/err" | wc -l)" != 1 ] ||
  ! grep -q '"error":"AWS_LAMBDA_RUNTIME_API is not set' "$work/out"; then
  echo "test_package: the program ended with code $code, and wrote:" >&2
  cat "$work/out" "$work/err" >&2
  exit 1
fi
echo "make package: bootstrap starts; $headers"
