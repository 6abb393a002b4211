#!/usr/bin/env bash
# Common readers read every line of an object of OUTPUT_COMPRESSION=gzip, which has one gzip member per record.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

{
  printf '注文を受け付けました 😀\n{"a":"b"}\n\ttab\n\n'
  for number in $(seq 5000); do echo "line $number of many: $((number * number % 7919))"; done
} >"$work/in.log"

cargo build --quiet --bin firehose-logs-transform
function=${CARGO_TARGET_DIR:-target}/debug/firehose-logs-transform
for format in message json; do
  OUTPUT_FORMAT=$format OUTPUT_COMPRESSION=gzip "$function" run --lines --events-per-record 300 "$work/in.log" \
    >"$work/$format.gz" 2>"$work/log" || { cat "$work/log" >&2; exit 1; }
done
.venv/bin/python scripts/gzip_readers.py "$work/in.log" "$work/message.gz" "$work/json.gz"
