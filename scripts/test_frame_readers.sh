#!/usr/bin/env bash
# Checks that common readers read every line of compressed objects that have thousands of frames, one for each record.
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
for codec in gzip zstd; do
  for format in message json; do
    OUTPUT_FORMAT=$format OUTPUT_COMPRESSION=$codec OUTPUT_FRAMES=record \
      "$function" run --lines --events-per-record 1 "$work/in.log" >"$work/$format.$codec" 2>"$work/log" ||
      { cat "$work/log" >&2; exit 1; }
  done
  .venv/bin/python scripts/frame_readers.py "$codec" "$work/in.log" "$work/message.$codec" "$work/json.$codec"
done
