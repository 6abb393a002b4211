"""Log events travel from PutLogEvents to S3 objects, and Athena reads them."""

import base64
import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from demo import athena_client, log_events
from demo.emulator.server import ACCOUNT
from demo.pipeline import Pipeline
from demo.tests.lines import awkward_lines, checksum, repetitive_lines

TIMEOUT_SECONDS = 60
# RFC 8878, section 3.1.1. In compressed text the four bytes hardly ever occur by chance.
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"

# The ids of log events sort in the order in which the log events were put.
COUNT_AND_CHECKSUM = """
    SELECT
        count(*),
        count(DISTINCT id),
        lower(to_hex(md5(to_utf8(array_join(array_agg(message ORDER BY id), chr(10))))))
    FROM log_events
    WHERE log_stream = 'file'
"""


def put_file(pipeline: Pipeline, name: str, directory: Path, lines: list[str], max_events: int = 10_000) -> list[str]:
    """Writes the lines to a file, and the lines of that file to the pipeline's log group. Returns the lines."""
    path = directory / "source.log"
    path.write_bytes("\n".join(lines).encode() + b"\n")
    lines = log_events.read_lines(path)
    log_events.put_lines(pipeline.emulator.client("logs"), f"/source/{name}", "file", lines, max_events)
    return lines


def from_stream(delivered: list[str], log_stream: str) -> list[dict[str, Any]]:
    """The log events of one log stream."""
    events = [json.loads(line) for line in delivered]
    return [event for event in events if event["log_stream"] == log_stream]


@pytest.fixture(scope="session")
def file_lines(pipelines: dict[str, Pipeline], tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The lines of a file. The pipeline with the module's defaults has delivered all of them."""
    lines = put_file(pipelines["json"], "json", tmp_path_factory.mktemp("file"), awkward_lines(6_000, seed=1), 50)
    pipelines["json"].wait_for_lines(len(lines), TIMEOUT_SECONDS)
    return lines


def test_objects_hold_each_line_of_the_file_once(pipelines: dict[str, Pipeline], file_lines: list[str]) -> None:
    events = sorted(from_stream(pipelines["json"].lines(), "file"), key=lambda event: event["id"])
    assert [event["message"] for event in events] == file_lines
    assert len({event["id"] for event in events}) == len(file_lines)
    assert {(event["owner"], event["log_group"]) for event in events} == {(ACCOUNT, "/source/json")}
    assert pipelines["json"].errors() == []


def test_athena_computes_the_count_and_checksum_of_the_file(
    pipelines: dict[str, Pipeline], file_lines: list[str]
) -> None:
    pipeline = pipelines["json"]
    _, rows = athena_client.run(pipeline.emulator, pipeline.outputs, COUNT_AND_CHECKSUM)
    assert rows == [(len(file_lines), len(file_lines), checksum(file_lines))]


@pytest.mark.usefixtures("file_lines")
def test_events_hold_several_records(pipelines: dict[str, Pipeline]) -> None:
    assert max(invocation["records"] for invocation in pipelines["json"].journal("invocation")) > 10


@pytest.mark.usefixtures("file_lines")
def test_control_message_of_the_subscription_is_dropped(pipelines: dict[str, Pipeline]) -> None:
    invocations, summaries = pipelines["json"].journal("invocation"), pipelines["json"].summaries()
    assert sum(summary["dropped"] for summary in summaries) == 1
    assert sum(invocation["failed"] for invocation in invocations) == 0
    # Firehose counts every record that shares the frame of an earlier one as dropped.
    in_frame = sum(summary["delivered_in_frame"] for summary in summaries)
    assert in_frame > 0
    assert sum(invocation["dropped"] for invocation in invocations) == 1 + in_frame


@pytest.mark.usefixtures("file_lines")
def test_default_objects_are_a_few_zstd_frames_under_the_day_of_arrival(pipelines: dict[str, Pipeline]) -> None:
    pipeline = pipelines["json"]
    s3 = pipeline.emulator.client("s3")
    frames = 0
    for key, _ in pipeline.objects():
        assert key.startswith("logs/succeed/day=20") and key.endswith(".json.zst")
        body = s3.get_object(Bucket=pipeline.outputs["bucket_name"], Key=key)["Body"].read()
        frames += body.count(ZSTD_MAGIC)
    records = sum(invocation["records"] for invocation in pipeline.journal("invocation"))
    assert frames == sum(summary["frames"] for summary in pipeline.summaries())
    assert records > 100 and 1 <= frames <= records / 10


@pytest.mark.usefixtures("file_lines")
def test_objects_are_smaller_than_what_cloudwatch_logs_sent(pipelines: dict[str, Pipeline]) -> None:
    pipeline = pipelines["json"]
    # These lines hardly compress, and the json format adds the origin of each log event.
    assert sum(size for _, size in pipeline.objects()) < 0.95 * pipeline.sent_bytes()


def test_records_that_do_not_fit_the_response_are_reingested_and_delivered_once(
    pipelines: dict[str, Pipeline], tmp_path: Path
) -> None:
    pipeline = pipelines["overflow"]
    lines = put_file(pipeline, "overflow", tmp_path, repetitive_lines(12_000_000))
    events = from_stream(pipeline.wait_for_lines(len(lines), TIMEOUT_SECONDS), "file")
    assert sorted(event["message"] for event in events) == sorted(lines)
    assert len({event["id"] for event in events}) == len(lines)
    reingested = [each for each in pipeline.journal("put_record_batch") if each["during_invocation"]]
    assert sum(each["records"] for each in reingested) > 0
    assert not any(each["failed"] for each in pipeline.journal("invocation"))


def test_message_format_writes_plain_messages_under_the_prefix_of_the_article(
    pipelines: dict[str, Pipeline], tmp_path: Path
) -> None:
    pipeline = pipelines["message"]
    before = pipeline.lines()
    lines = put_file(pipeline, "message", tmp_path, awkward_lines(1_000, seed=2))
    after = pipeline.wait_for_lines(len(before) + len(lines), TIMEOUT_SECONDS)
    assert Counter(after) - Counter(before) == Counter(lines)
    assert all(key.startswith("logs/succeed/20") and key.endswith(".log.gz") for key, _ in pipeline.objects())


def test_partition_keys_are_in_the_object_keys(pipelines: dict[str, Pipeline], tmp_path: Path) -> None:
    pipeline = pipelines["partitioned"]
    before = len(pipeline.lines())
    lines = put_file(pipeline, "partitioned", tmp_path, awkward_lines(500, seed=3))
    delivered = pipeline.wait_for_lines(before + len(lines), TIMEOUT_SECONDS)
    assert Counter(event["message"] for event in from_stream(delivered, "file")) == Counter(lines)
    for key, _ in pipeline.objects():
        folders = dict(folder.split("=") for folder in key.split("/")[2:-1])
        assert list(folders) == ["log_group_key", "year", "month", "day"]
        assert "/" not in folders["log_group_key"] and folders["log_group_key"].endswith("partitioned")


def test_vrl_program_of_the_module_makes_the_output(pipelines: dict[str, Pipeline], tmp_path: Path) -> None:
    pipeline = pipelines["program"]
    lines = put_file(pipeline, "program", tmp_path, [f"request {number}" for number in range(100)])
    delivered = pipeline.wait_for_lines(len(lines), TIMEOUT_SECONDS)
    assert sorted(delivered) == sorted(json.dumps({"loud": line.upper()}, separators=(",", ":")) for line in lines)


def test_broken_records_become_error_objects_and_the_record_beside_them_is_delivered(
    pipelines: dict[str, Pipeline],
) -> None:
    pipeline = pipelines["overflow"]
    payload = gzip.compress(json.dumps({
        "messageType": "DATA_MESSAGE", "owner": ACCOUNT, "logGroup": "g", "logStream": "neighbour",
        "subscriptionFilters": ["f"], "logEvents": [{"id": "1", "timestamp": 1, "message": "spared"}],
    }).encode())  # fmt: skip
    broken = [b"no gzip", payload[:-20], gzip.compress(b"no JSON"), gzip.compress(b'{"messageType": "OTHER"}'), b""]
    before = len(pipeline.lines())
    pipeline.emulator.client("firehose").put_record_batch(
        DeliveryStreamName=pipeline.outputs["delivery_stream_name"],
        Records=[{"Data": data} for data in [*broken[:2], payload, *broken[2:]]],
    )
    errors = [json.loads(line) for line in pipeline.wait_for_errors(len(broken), TIMEOUT_SECONDS)]
    assert sorted(base64.b64decode(error["rawData"]) for error in errors) == sorted(broken)
    assert {error["errorCode"] for error in errors} == {"Lambda.ProcessingFailedStatus"}
    assert {error["lambdaARN"] for error in errors} == {pipeline.outputs["function_alias_arn"]}
    spared = from_stream(pipeline.wait_for_lines(before + 1, TIMEOUT_SECONDS), "neighbour")
    assert [event["message"] for event in spared] == ["spared"]
    assert any(key.startswith("logs/processing-failed/20") for key, _ in pipeline.objects())


def test_records_of_a_failing_function_become_error_objects(pipelines: dict[str, Pipeline], tmp_path: Path) -> None:
    pipeline = pipelines["failing"]
    lines = put_file(pipeline, "failing", tmp_path, awkward_lines(100, seed=4), 10)
    # One of the errors is the control message of the subscription.
    errors = [json.loads(line) for line in pipeline.wait_for_errors(11, TIMEOUT_SECONDS)]
    assert {(error["errorCode"], error["attemptsMade"]) for error in errors} == {("Lambda.FunctionError", 4)}
    payloads = [json.loads(gzip.decompress(base64.b64decode(error["rawData"]))) for error in errors]
    kept = [
        event["message"] for each in payloads if each["messageType"] == "DATA_MESSAGE" for event in each["logEvents"]
    ]
    assert sorted(kept) == sorted(lines)
    assert pipeline.lines() == []
