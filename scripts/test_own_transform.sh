#!/usr/bin/env bash
# examples/own_transform.rs is a complete bootstrap: its `check`, `run` and `unpack` work like those of the function.
set -euo pipefail
cd "$(dirname "$0")/.."

cargo build --quiet --example own_transform
own_transform=${CARGO_TARGET_DIR:-target}/debug/examples/own_transform
"$own_transform" check >/dev/null
found=$("$own_transform" run <fixtures/json_output/event.json 2>/dev/null | "$own_transform" unpack 2>/dev/null | head -n 1)
expected=$'1733356800000\tweb/1\tGET /orders/1 200 12ms'
[ "$found" = "$expected" ] || { echo "own_transform: expected $expected, found $found" >&2; exit 1; }
echo 'own_transform: a complete bootstrap'
