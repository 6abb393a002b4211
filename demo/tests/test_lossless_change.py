"""Replacing a pipeline loses no log event with the steps in terraform/README.md, "Replacing a pipeline without loss".

The first pipeline has no dynamic partitioning and the second one has it. AWS allows this change only for a new stream.
"""

import itertools
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from demo import athena_client
from demo.emulator.server import REGION, Emulator
from demo.infrastructure import Infrastructure
from demo.pipeline import Pipeline

LOG_GROUP = "/source/change"
BUCKET = "e2e-change"
SECONDS_BETWEEN_LOG_EVENTS = 0.05
TIMEOUT_SECONDS = 60


@contextmanager
def writing(emulator: Emulator) -> Iterator[list[str]]:
    """Writes one log event after the other until the block ends. Yields the messages that were accepted so far."""
    logs, is_over = emulator.client("logs"), threading.Event()
    accepted: list[str] = []

    def write() -> None:
        for message in map("event {}".format, itertools.count()):
            event = {"timestamp": int(time.time() * 1000), "message": message}
            logs.put_log_events(logGroupName=LOG_GROUP, logStreamName="writer", logEvents=[event])
            accepted.append(message)
            if is_over.wait(SECONDS_BETWEEN_LOG_EVENTS):
                return

    logs.create_log_stream(logGroupName=LOG_GROUP, logStreamName="writer")
    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield accepted
    finally:
        is_over.set()
        writer.join()


@contextmanager
def bucket(emulator: Emulator) -> Iterator[None]:
    """A bucket of the user, which outlives both pipelines."""
    s3 = emulator.client("s3")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    try:
        yield
    finally:
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET):
            for entry in page.get("Contents", []):
                s3.delete_object(Bucket=BUCKET, Key=entry["Key"])
        s3.delete_bucket(Bucket=BUCKET)


def settings(package: Path, **more: object) -> dict[str, Any]:
    """A pipeline of this test, as Terraform's variable `pipelines` describes it."""
    common = {"package_file": str(package), "log_group_names": [LOG_GROUP], "existing_bucket_name": BUCKET}
    return common | {"has_alarms": False} | more


def messages(pipeline: Pipeline) -> set[str]:
    """The messages that the pipeline has delivered."""
    return {json.loads(line)["message"] for line in pipeline.lines()}


def wait_until(condition: Callable[[], bool], what: str) -> None:
    """Polls until the condition holds."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"after {TIMEOUT_SECONDS} s there is still no {what}")


def shows_the_log_group(pipeline: Pipeline) -> bool:
    """Whether the named query `last_hour_by_log_group` shows the log group."""
    sql = athena_client.named_query(pipeline.emulator, pipeline.outputs["named_query_ids"]["last_hour_by_log_group"])
    sql = sql.replace("'VALUE'", "'source_change'")
    return [row[0] for row in athena_client.run(pipeline.emulator, pipeline.outputs, sql)[1]] == [LOG_GROUP]


def is_empty(pipeline: Pipeline) -> bool:
    """Whether the stream has written all of its records."""
    name = pipeline.outputs["delivery_stream_name"]
    entries = [entry for entry in pipeline.emulator.journal() if entry["stream"] == name]

    def total(member: str, *events: str) -> int:
        return sum(entry[member] for entry in entries if entry["event"] in events)

    put, invoked = total("records", "put_record", "put_record_batch"), total("records", "invocation")
    return put == invoked and total("ok", "invocation") == total("records", "object")


def test_second_pipeline_beside_the_first_loses_no_log_event(emulator: Emulator, package: Path, tmp_path: Path) -> None:
    first = {"change-first": settings(package, s3_prefix="logs/first/day=!{timestamp:yyyy-MM-dd}/")}
    second = {
        "change-second": settings(
            package,
            partition_keys=["log_group", "year", "month", "day"],
            s3_prefix="logs/second/log_group_key=!{partitionKeyFromLambda:log_group}/"
            "year=!{partitionKeyFromLambda:year}/month=!{partitionKeyFromLambda:month}/"
            "day=!{partitionKeyFromLambda:day}/",
        )
    }
    first_without_subscriptions = {"change-first": first["change-first"] | {"log_group_names": []}}

    def apply(pipelines: dict[str, dict[str, Any]]) -> dict[str, Pipeline]:
        outputs = Infrastructure(emulator, pipelines, tmp_path).apply()
        return {name: Pipeline(emulator, each) for name, each in outputs.items()}

    with bucket(emulator):
        try:
            old = apply(first)["change-first"]
            with writing(emulator) as accepted:
                new = apply(first | second)["change-second"]
                wait_until(lambda: shows_the_log_group(new), "log group in the second table")
                apply(first_without_subscriptions | second)
                wait_until(lambda: is_empty(old), "empty first stream")
                apply(second)
            wait_until(lambda: accepted[-1] in messages(new), "last log event in the second table")

            streams = emulator.client("firehose").list_delivery_streams(Limit=100)["DeliveryStreamNames"]
            assert new.outputs["delivery_stream_name"] in streams
            assert old.outputs["delivery_stream_name"] not in streams
            by_old, by_new = messages(old), messages(new)
            assert by_old | by_new == set(accepted)
            # Log events were written before, during and after the time with two subscriptions.
            assert by_old - by_new
            assert by_old & by_new
            assert by_new - by_old
        finally:
            Infrastructure(emulator, first | second, tmp_path).destroy()
