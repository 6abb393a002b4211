#!/usr/bin/env bash
# Readers accept what Firehose makes of OUTPUT_COMPRESSION=gzip: an object of many gzip members, one a record.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

{
  printf '注文を受け付けました 😀\n{"a":"b"}\n\ttab\n\n'
  for number in $(seq 5000); do echo "line $number of many: $((number * number % 7919))"; done
} >"$work/in.log"

cargo build --quiet --bins --examples
programs=${CARGO_TARGET_DIR:-target}/debug
"$programs/examples/pack" --events-per-record 300 "$work/in.log" >"$work/event.json"
for format in message json; do
  OUTPUT_FORMAT=$format OUTPUT_COMPRESSION=gzip "$programs/firehose-logs-transform" run <"$work/event.json" \
    2>"$work/log" >"$work/response.json" || { cat "$work/log" >&2; exit 1; }
  "$programs/examples/unpack" <"$work/response.json" >"$work/$format.gz" 2>>"$work/log"
done
.venv/bin/python scripts/gzip_readers.py "$work/in.log" "$work/message.gz" "$work/json.gz"
