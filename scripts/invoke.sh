#!/usr/bin/env bash
# Runs the function under `cargo lambda watch`, invokes it with events, and prints what Firehose would deliver.
#
#   LOGS=app.log scripts/invoke.sh      without LOGS: the event of fixtures/data_message
#
# The output goes to standard output, everything else to standard error. The function gets this shell's environment
# variables, such as OUTPUT_FORMAT. PACK_OPTIONS holds options of `pack`, such as "--control-message".
set -euo pipefail
cd "$(dirname "$0")/.."

logs=${LOGS:-}
work=$(mktemp -d)
watch_pid='' function_pid=''
stop() {
  [ -z "$function_pid" ] || kill "$function_pid" 2>/dev/null || true
  [ -z "$watch_pid" ] || kill "$watch_pid" 2>/dev/null || true
  wait 2>/dev/null || true
  rm -rf "$work"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# fail MESSAGE LOGFILE
fail() {
  echo "invoke: $1" >&2
  cat "$work/$2" >&2 2>/dev/null || true
  exit 1
}

[ -x "${CARGO_TARGET_DIR:-target}/debug/firehose-logs-transform" ] ||
  echo 'invoke: building the function, which takes some minutes the first time' >&2
cargo build --quiet --bin firehose-logs-transform
function=${CARGO_TARGET_DIR:-target}/debug/firehose-logs-transform
if [ -n "$logs" ]; then
  # shellcheck disable=SC2086 # PACK_OPTIONS holds several words
  "$function" pack ${PACK_OPTIONS:-} "$logs" >"$work/events.jsonl"
else
  tr -d '\n' <fixtures/data_message/event.json >"$work/events.jsonl"
  echo >>"$work/events.jsonl"
fi

# cargo-lambda provides only the Lambda APIs. If it also built the function, the function would be compiled twice.
port=$(.venv/bin/python -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
.venv/bin/cargo-lambda lambda watch --only-lambda-apis --invoke-address 127.0.0.1 --invoke-port "$port" \
  >"$work/watch.log" 2>&1 &
watch_pid=$!
for attempt in $(seq 100); do
  (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break
  kill -0 "$watch_pid" 2>/dev/null && [ "$attempt" -lt 100 ] || fail 'cargo lambda watch does not listen:' watch.log
  sleep 0.1
done

# Nothing may reach a real account. Re-ingestion gets one attempt, to a port where nothing listens. A record that would be
# re-ingested becomes ProcessingFailed, as the summary and an ERROR line show.
AWS_LAMBDA_FUNCTION_NAME=_ AWS_LAMBDA_FUNCTION_VERSION=1 AWS_LAMBDA_FUNCTION_MEMORY_SIZE=256 \
  AWS_LAMBDA_RUNTIME_API="http://127.0.0.1:$port/.rt" \
  AWS_ENDPOINT_URL=http://127.0.0.1:9 AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local \
  REINGEST_MAX_ATTEMPTS="${REINGEST_MAX_ATTEMPTS:-1}" \
  "$function" >"$work/function.log" 2>&1 &
function_pid=$!

while IFS= read -r event; do
  printf '%s' "$event" >"$work/event.json"
  .venv/bin/cargo-lambda lambda invoke --invoke-address 127.0.0.1 --invoke-port "$port" --data-file "$work/event.json" \
    >>"$work/responses.jsonl" 2>"$work/invoke.log" &
  invoke_pid=$!
  # A function that has ended would never answer.
  wait -n "$invoke_pid" "$function_pid" && invoked=yes || invoked=no
  kill -0 "$function_pid" 2>/dev/null || fail 'the function ended:' function.log
  [ "$invoked" = yes ] || fail 'the invocation failed:' invoke.log
done <"$work/events.jsonl"

grep -E '"level":"(WARN|ERROR)"' "$work/function.log" >&2 || true
"$function" unpack <"$work/responses.jsonl"
