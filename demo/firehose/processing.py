"""Passes one event through the function: the event, the attempts, and the outcome of each record.

Sources: https://docs.aws.amazon.com/firehose/latest/dev/data-transformation-status-model.html and
https://docs.aws.amazon.com/firehose/latest/dev/data-transformation-failure-handling.html. Error codes, error messages
and the order of the members were read from error objects that Firehose wrote.
"""

import base64
import binascii
import json
import time
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from demo.firehose import quotas
from demo.firehose.configuration import Processor, StreamConfiguration

Invoke = Callable[[str, dict[str, Any]], bytes]
"""Takes a function's ARN and an event, and returns the response's bytes. Raises FunctionError."""

MESSAGES = {
    "Lambda.FunctionError": "The Lambda function was successfully invoked but it returned an error result.",
    "Lambda.ProcessingFailedStatus": "ProcessingFailed status set for record",
    "Lambda.MissingRecordId": (
        "One or more record Ids were not returned. Ensure that the Lambda function returns all received record Ids."
    ),
    "Lambda.DuplicatedRecordId": (
        "Multiple records were returned with the same record Id. Ensure that the Lambda function returns a unique "
        "record Id for each record."
    ),
    "Lambda.InvalidReturnFormat": (
        "The data field cannot be null when the SourceType is DirectPut or KinesisStreamAsSource and processing result "
        "is Ok. The value field cannot be null when the SourceType is MSKAsSource and processing result is Ok."
    ),
    # This code and message are the model's own.
    "DynamicPartitioning.MissingPartitionKey": "The function did not return every partition key that the prefix names.",
}


class FunctionError(Exception):
    """The invocation failed: an error of the function, a timeout, or throttling."""


@dataclass(frozen=True)
class Record:
    """A record that a producer put. `arrival_ms` is in milliseconds since 1970."""

    data: bytes
    arrival_ms: int
    record_id: str = field(default_factory=lambda: f"{uuid.uuid4().int:039d}000000")


@dataclass(frozen=True)
class Transformed:
    """An `Ok` record: its new bytes, and its keys for dynamic partitioning."""

    record: Record
    data: bytes
    partition_keys: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Failed:
    """A record that is written under the error prefix."""

    record: Record
    code: str
    attempts: int
    ended_ms: int

    def line(self, function_arn: str) -> bytes:
        """The line of the error object, with the members in Firehose's order."""
        members = json.dumps(
            {
                "rawData": base64.b64encode(self.record.data).decode(),
                "errorCode": self.code,
                "errorMessage": MESSAGES[self.code],
                "attemptsMade": self.attempts,
                "arrivalTimestamp": self.record.arrival_ms,
                "attemptEndingTimestamp": self.ended_ms,
                "lambdaARN": function_arn,
            },
            separators=(",", ":"),
        )
        return members.encode() + b"\n"


def process(
    stream: StreamConfiguration, processor: Processor, records: list[Record], invoke: Invoke
) -> list[Transformed | Failed]:
    """Calls the function with one event of these records. The result leaves out `Dropped` records."""
    rows, attempts = _attempt(stream, processor, records, invoke)
    ended_ms = now_ms()
    if rows is None:
        return [Failed(record, "Lambda.FunctionError", attempts, ended_ms) for record in records]

    seen = Counter(row.get("recordId") for row in rows)
    by_id = {row.get("recordId"): row for row in rows}
    outcomes: list[Transformed | Failed] = []
    for record in records:
        outcome = _outcome(record, by_id.get(record.record_id), seen[record.record_id])
        if isinstance(outcome, str):
            outcomes.append(Failed(record, outcome, attempts, ended_ms))
        elif outcome is not None:
            outcomes.append(outcome)
    return outcomes


def _attempt(
    stream: StreamConfiguration, processor: Processor, records: list[Record], invoke: Invoke
) -> tuple[list[dict[str, Any]] | None, int]:
    """The rows of the response, or None when every attempt failed, and the number of attempts."""
    attempts = 0
    while attempts <= processor.retries:
        attempts += 1
        try:
            return _parse(invoke(processor.function_arn, build_event(stream, records))), attempts
        except FunctionError:
            continue
    return None, attempts


def build_event(stream: StreamConfiguration, records: list[Record]) -> dict[str, Any]:
    """The event of one attempt. The invocation id is new for each attempt; record ids and data stay the same."""
    return {
        "invocationId": str(uuid.uuid4()),
        "deliveryStreamArn": stream.arn,
        "region": stream.region,
        "records": [
            {
                "recordId": record.record_id,
                "approximateArrivalTimestamp": record.arrival_ms,
                "data": base64.b64encode(record.data).decode(),
            }
            for record in records
        ],
    }


def _parse(response: bytes) -> list[dict[str, Any]]:
    """The rows of a response. A response without usable rows is no error: every recordId is then missing."""
    if len(response) > quotas.MAX_RESPONSE_BYTES:
        raise FunctionError(f"response has {len(response)} bytes, more than the quota: {quotas.MAX_RESPONSE_BYTES}")
    try:
        body = json.loads(response)
    except ValueError:
        return []
    found = body.get("records") if isinstance(body, dict) else None
    if not isinstance(found, list):
        return []
    rows = [row for row in found if isinstance(row, dict)]
    for row in rows:
        if row.get("result") not in ("Ok", "Dropped", "ProcessingFailed"):
            raise FunctionError(f"unknown result: {row.get('result')!r}")
    return rows


def _outcome(record: Record, row: dict[str, Any] | None, times: int) -> Transformed | str | None:
    """The transformed record, an error code, or None for a dropped record."""
    if row is None:
        return "Lambda.MissingRecordId"
    if times > 1:
        return "Lambda.DuplicatedRecordId"
    if row["result"] == "Dropped":
        return None
    if row["result"] == "ProcessingFailed":
        return "Lambda.ProcessingFailedStatus"
    if not isinstance(row.get("data"), str):
        return "Lambda.InvalidReturnFormat"
    try:
        data = base64.b64decode(row["data"], validate=True)
    except binascii.Error:
        return "Lambda.FunctionError"
    keys = (row.get("metadata") or {}).get("partitionKeys") or {}
    return Transformed(record, data, tuple(sorted(keys.items())))


def now_ms() -> int:
    """The time in milliseconds since 1970."""
    return time.time_ns() // 1_000_000
