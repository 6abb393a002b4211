"""The demo: `python -m demo --package bootstrap.zip [--logs FILE] [--keep]`. `make demo` calls it."""

import argparse
import json
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

from demo import athena, console, log_events, sample
from demo.emulator.server import ACCOUNT, REGION, Emulator
from demo.infrastructure import Infrastructure, TerraformError
from demo.pipeline import Pipeline

NAME = "demo-logs"
LOG_GROUPS = {"web": "/demo/web", "app": "/demo/app"}
QUERY = "last_hour_by_log_group"
BROKEN_RECORD = b"not what CloudWatch Logs sends"
# Firehose's times shrink a hundredfold: its 60 s for a batch and 300 s for an object take 0.6 s and 3 s.
TIME_FACTOR = 0.01
DELIVERY_TIMEOUT_SECONDS = 60


def main() -> int:
    """Runs the demo; the exit code."""
    arguments = _arguments()
    messages = {"app": log_events.read_lines(arguments.logs)} if arguments.logs else sample.log_events()
    if not all(messages.values()):
        console.fail(f"{arguments.logs} has no lines")
        return 1
    # SIGTERM ends the demo as Ctrl-C does: with its destroy.
    signal.signal(signal.SIGTERM, signal.default_int_handler)

    directory = Path(tempfile.mkdtemp(prefix="firehose-demo-"))
    emulator = Emulator(directory, TIME_FACTOR)
    pipelines = {NAME: {"package_file": str(arguments.package.resolve()), "log_group_names": list(LOG_GROUPS.values())}}
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
            # A second Ctrl-C would leave what this is about to stop.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            _stop(emulator, infrastructure)
            if is_explained:
                shutil.rmtree(directory, ignore_errors=True)
            else:
                console.fail(f"logs of the emulator, and the journal of Firehose, are in {directory}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m demo", description="The whole pipeline on this machine.")
    parser.add_argument("--package", type=Path, required=True, help="the function: a zip whose bootstrap is the binary")
    parser.add_argument("--logs", type=Path, help="a log file, each line a log event (without it, made-up lines)")
    parser.add_argument("--keep", action="store_true", help="leave everything running at the end")
    arguments = parser.parse_args()
    for path in (arguments.package, arguments.logs):
        if path and not path.is_file():
            parser.error(f"{path} is no file")
    return arguments


def _demonstrate(emulator: Emulator, infrastructure: Infrastructure, messages: dict[str, list[str]]) -> None:
    started = time.monotonic()
    with console.step("Start MiniStack with a model of Firehose"):
        emulator.start()
    with console.step("terraform init"):
        infrastructure.init()
    with console.step("terraform apply: subscription filter, stream, function, roles, bucket, table, queries"):
        outputs = infrastructure.apply()[NAME]
    pipeline = Pipeline(emulator, outputs)

    written = [message for group in messages.values() for message in group]
    with console.step(f"PutLogEvents: {len(written)} log events"):
        for kind, group in messages.items():
            log_events.put_lines(emulator.client("logs"), LOG_GROUPS[kind], "host-1", group, max_events=500)
    with console.step("Wait for the S3 objects"):
        # A line of the json format is one log event, whatever line breaks are in its message.
        delivered = pipeline.wait_for_lines(len(written), DELIVERY_TIMEOUT_SECONDS)
    if sorted(json.loads(line)["message"] for line in delivered) != sorted(written):
        raise RuntimeError(f"the {len(delivered)} log events in the objects are not the {len(written)} written")
    console.print_lines(f"{len(delivered)} log events, each as it was written and once")
    console.print_table(["object", "bytes"], pipeline.objects())
    events = [json.loads(line) for line in delivered[:: len(delivered) // 4 + 1]]
    console.print_table(["some of its lines: log_group", "message"], [[e["log_group"], e["message"]] for e in events])

    with console.step(f"Athena: named query {QUERY}"):
        sql = athena.named_query(emulator, outputs["named_query_ids"][QUERY])
        columns, rows = athena.run(emulator, outputs, athena.for_emulator(sql))
    console.print_lines(sql)
    console.print_table(columns, rows)

    with console.step("PutRecord: one record that is no CloudWatch Logs payload"):
        pipeline.put_record(BROKEN_RECORD)
    with console.step("Wait for it under the error prefix"):
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
Everything keeps running at {emulator.endpoint}; its files are in {infrastructure.directory}.

  bucket      {bucket}
  log groups  {", ".join(LOG_GROUPS.values())}
  journal     {emulator.journal_file} (each request, batch and object of the model of Firehose)

In a shell with

{exports}

these look around:

  aws logs put-log-events --log-group-name {log_group} --log-stream-name host-1 \\
    --log-events "timestamp=$(date +%s000),message=hello"
  aws s3 ls --recursive s3://{bucket}/logs/
  aws logs tail /aws/lambda/{NAME}
  curl -s '{emulator.endpoint}/{bucket}?list-type=2&prefix=logs/'

and this stops it all:

  {infrastructure.destroy_command()}
  kill -TERM -- -{emulator.pid} && rm -r {infrastructure.directory}
""")


if __name__ == "__main__":
    sys.exit(main())
