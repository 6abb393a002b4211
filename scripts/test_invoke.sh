#!/usr/bin/env bash
# A log file passes through `make invoke` byte for byte: through pack, cargo-lambda, the function and unpack.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# All kinds of lines: ASCII, Japanese, emoji, JSON, tabs, control characters, CRLF, empty, long.
{
  printf 'GET /orders/1 200\n注文を受け付けました 😀\n{"a":"b\\\\c"}\n\ttabs\t\x1b[31mred\x1b[0m\ncarriage return\r\n\n'
  for number in $(seq 3000); do echo "line $number of many"; done
  head -c 300000 /dev/zero | tr '\0' x
  echo
} >"$work/in.log"

PACK_OPTIONS='--control-message --broken-record --events-per-record 700 --event-log-bytes 100000' \
  make --no-print-directory invoke LOGS="$work/in.log" >"$work/out.log" 2>"$work/err.log" || { cat "$work/err.log"; exit 1; }
cmp "$work/in.log" "$work/out.log"
summary='records: 1 Dropped, 5 Ok, 1 ProcessingFailed; output: 3007 lines'
grep -q "$summary" "$work/err.log" || { echo "expected $summary, found:"; cat "$work/err.log"; exit 1; }
echo 'make invoke: 3007 lines passed byte for byte'
