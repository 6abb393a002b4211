#!/usr/bin/env bash
# examples/own_transform.rs is a whole bootstrap: it checks its configuration and answers an event, as the function does.
set -euo pipefail
cd "$(dirname "$0")/.."

cargo build --quiet --examples
programs=${CARGO_TARGET_DIR:-target}/debug/examples
"$programs/own_transform" check >/dev/null
found=$("$programs/own_transform" run <fixtures/json_output/event.json 2>/dev/null | "$programs/unpack" 2>/dev/null | head -n 1)
expected=$'1733356800000\tweb/1\tGET /orders/1 200 12ms'
[ "$found" = "$expected" ] || { echo "own_transform: expected $expected, found $found" >&2; exit 1; }
echo 'own_transform: a bootstrap of its own'
