"""The demo: `python -m demo --package bootstrap.zip [--logs FILE] [--keep]`. `make demo` runs it."""

import argparse
import json
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from demo import athena_client, console, log_events, sample
from demo.emulator.server import ACCOUNT, REGION, Emulator
from demo.infrastructure import Infrastructure, TerraformError
from demo.pipeline import Pipeline

NAME = "demo-logs"
LOG_GROUPS = {"web": "/demo/web", "app": "/demo/app"}
QUERY = "last_hour_by_log_group"
BROKEN_RECORD = b"not what CloudWatch Logs sends"
# Firehose's times are divided by 100: 60 s for an invocation become 0.6 s, and 300 s for an object become 3 s.
TIME_FACTOR = 0.01
DELIVERY_TIMEOUT_SECONDS = 60
# Programs write their log events a few at a time, and each request becomes a record.
EVENTS_PER_REQUEST = 20


def main() -> int:
    """Runs the demo. Returns the exit code."""
    arguments = _arguments()
    messages = {"app": log_events.read_lines(arguments.logs)} if arguments.logs else sample.log_events()
    if not all(messages.values()):
        console.fail(f"no lines in {arguments.logs}")
        return 1
    # SIGTERM ends the demo like Ctrl-C does, so that destroy runs.
    signal.signal(signal.SIGTERM, signal.default_int_handler)

    directory = Path(tempfile.mkdtemp(prefix="firehose-demo-"))
    emulator = Emulator(directory, TIME_FACTOR)
    pipelines: dict[str, dict[str, Any]] = {
        NAME: {"package_file": str(arguments.package.resolve()), "log_group_names": list(LOG_GROUPS.values())}
    }
    infrastructure = Infrastructure(emulator, pipelines, directory)
    is_kept = is_explained = False
    try:
        _demonstrate(emulator, infrastructure, messages)
        is_kept, is_explained = arguments.keep, True
        return 0
    except KeyboardInterrupt:
        console.fail("interrupted")
        is_explained = True
        return 130
    except (TerraformError, TimeoutError, RuntimeError, OSError) as error:
        console.fail(error)
        return 1
    finally:
        if is_kept:
            _print_how_to_look_around(emulator, infrastructure)
        else:
            # A second Ctrl-C would interrupt the clean-up and leave processes running.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            _stop(emulator, infrastructure)
            if is_explained:
                shutil.rmtree(directory, ignore_errors=True)
            else:
                console.fail(f"the emulator's log and Firehose's journal are in {directory}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m demo", description="Runs the whole pipeline on this machine.")
    parser.add_argument("--package", type=Path, required=True, help="zip with the function's binary as bootstrap")
    parser.add_argument("--logs", type=Path, help="log file; each line is a log event (default: generated lines)")
    parser.add_argument("--keep", action="store_true", help="leave everything running at the end")
    arguments = parser.parse_args()
    for path in (arguments.package, arguments.logs):
        if path and not path.is_file():
            parser.error(f"not a file: {path}")
    return arguments


def _demonstrate(emulator: Emulator, infrastructure: Infrastructure, messages: dict[str, list[str]]) -> None:
    started = time.monotonic()
    with console.step("Start MiniStack with the model of Firehose"):
        emulator.start()
    with console.step("terraform init"):
        infrastructure.init()
    with console.step("terraform apply: subscription filter, stream, function, roles, bucket, table, queries"):
        outputs = infrastructure.apply()[NAME]
    pipeline = Pipeline(emulator, outputs)

    written = [message for group in messages.values() for message in group]
    with console.step(f"PutLogEvents: {len(written)} log events"):
        for kind, group in messages.items():
            log_events.put_lines(emulator.client("logs"), LOG_GROUPS[kind], "host-1", group, EVENTS_PER_REQUEST)
    with console.step("Wait for the S3 objects"):
        # In the json format each line is one log event, even if the message contains line breaks.
        delivered = pipeline.wait_for_lines(len(written), DELIVERY_TIMEOUT_SECONDS)
    if sorted(json.loads(line)["message"] for line in delivered) != sorted(written):
        raise RuntimeError(
            f"the {len(delivered)} log events in the objects differ from the {len(written)} log events written"
        )
    console.print_lines(f"{len(delivered)} log events delivered, each unchanged and exactly once")
    objects = pipeline.objects()
    console.print_table(["object", "bytes"], objects)
    delivered_bytes, sent_bytes = sum(size for _, size in objects), pipeline.sent_bytes()
    console.print_lines(
        f"{delivered_bytes:,} bytes in S3 for {sent_bytes:,} bytes that CloudWatch Logs sent as gzip: "
        f"{delivered_bytes / sent_bytes:.0%}"
    )
    events = [json.loads(line) for line in delivered[:: len(delivered) // 4 + 1]]
    console.print_table(["sample lines: log_group", "message"], [[e["log_group"], e["message"]] for e in events])

    with console.step(f"Athena: named query {QUERY}"):
        sql = athena_client.named_query(emulator, outputs["named_query_ids"][QUERY])
        columns, rows = athena_client.run(emulator, outputs, sql)
    console.print_lines(sql)
    console.print_table(columns, rows)

    with console.step("PutRecord: one record that is not a CloudWatch Logs payload"):
        pipeline.put_record(BROKEN_RECORD)
    with console.step("Wait for the record under the error prefix"):
        error = json.loads(pipeline.wait_for_errors(1, DELIVERY_TIMEOUT_SECONDS)[0])
    console.print_table(["member", "value"], error.items())
    print(f"  Done in {time.monotonic() - started:.1f} s")


def _stop(emulator: Emulator, infrastructure: Infrastructure) -> None:
    try:
        if infrastructure.has_state:
            with console.step("terraform destroy"):
                infrastructure.destroy()
    except TerraformError as error:
        console.fail(error)
    finally:
        if emulator.pid:
            with console.step("Stop MiniStack"):
                emulator.stop()


def _print_how_to_look_around(emulator: Emulator, infrastructure: Infrastructure) -> None:
    bucket = f"{NAME}-{ACCOUNT}-{REGION}"
    log_group = LOG_GROUPS["app"]
    exports = "\n".join(f"export {name}={value}" for name, value in emulator.environment().items())
    print(f"""
Everything keeps running at {emulator.endpoint}. The files are in {infrastructure.directory}.

  bucket      {bucket}
  log groups  {", ".join(LOG_GROUPS.values())}
  journal     {emulator.journal_file} (each request, invocation and object of the model of Firehose)

Set these variables in a shell:

{exports}

Then look around:

  aws logs put-log-events --log-group-name {log_group} --log-stream-name host-1 \\
    --log-events "timestamp=$(date +%s000),message=hello"
  aws s3 ls --recursive s3://{bucket}/logs/
  aws logs tail /aws/lambda/{NAME}
  aws athena start-query-execution --work-group {NAME} --query-execution-context Database={NAME.replace("-", "_")} \\
    --query-string "SELECT log_group, count(*) FROM log_events GROUP BY 1"
  curl -s '{emulator.endpoint}/{bucket}?list-type=2&prefix=logs/'

Stop everything:

  {infrastructure.destroy_command()}
  kill -TERM -- -{emulator.pid} && rm -r {infrastructure.directory}
""")


if __name__ == "__main__":
    sys.exit(main())
