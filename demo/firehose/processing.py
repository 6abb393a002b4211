"""One batch through the function: the event, the attempts, and what its answer makes of each record.

Sources: https://docs.aws.amazon.com/firehose/latest/dev/data-transformation-status-model.html and
https://docs.aws.amazon.com/firehose/latest/dev/data-transformation-failure-handling.html; the codes, messages and the
order of the members are those of error objects as Firehose writes them.
"""

import base64
import binascii
import json
import time
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from demo.firehose import quotas
from demo.firehose.configuration import Processor, StreamConfiguration

Invoke = Callable[[str, dict], bytes]
"""Function ARN and event to the bytes of the response; raises FunctionError."""

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
    # Code and message of this one are the model's own.
    "DynamicPartitioning.MissingPartitionKey": "The function did not return every partition key that the prefix names.",
}


class FunctionError(Exception):
    """The invocation failed: the function's own error, a timeout, throttling."""


@dataclass(frozen=True)
class Record:
    """What a producer put. `arrival_ms` is in milliseconds since 1970."""

    data: bytes
    arrival_ms: int
    record_id: str = field(default_factory=lambda: f"{uuid.uuid4().int:039d}000000")


@dataclass(frozen=True)
class Transformed:
    """An `Ok` record: its new bytes, and the keys that dynamic partitioning goes by."""

    record: Record
    data: bytes
    partition_keys: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Failed:
    """A record on its way to the error prefix."""

    record: Record
    code: str
    attempts: int
    ended_ms: int

    def line(self, function_arn: str) -> bytes:
        """The line of the error object, members in Firehose's order."""
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
    stream: StreamConfiguration, processor: Processor, batch: list[Record], invoke: Invoke
) -> list[Transformed | Failed]:
    """Calls the function with one batch. Records it answers `Dropped` are in neither form of the result."""
    answers, attempts = _attempt(stream, processor, batch, invoke)
    ended_ms = now_ms()
    if answers is None:
        return [Failed(record, "Lambda.FunctionError", attempts, ended_ms) for record in batch]

    seen = Counter(answer.get("recordId") for answer in answers)
    by_id = {answer.get("recordId"): answer for answer in answers}
    outcomes: list[Transformed | Failed] = []
    for record in batch:
        outcome = _outcome(record, by_id.get(record.record_id), seen[record.record_id])
        if isinstance(outcome, str):
            outcomes.append(Failed(record, outcome, attempts, ended_ms))
        elif outcome is not None:
            outcomes.append(outcome)
    return outcomes


def _attempt(stream, processor, batch, invoke) -> tuple[list[dict] | None, int]:
    """The answers and how many attempts they took; no answers where every attempt failed."""
    attempts = 0
    while attempts <= processor.retries:
        attempts += 1
        try:
            return _parse(invoke(processor.function_arn, event_of(stream, batch))), attempts
        except FunctionError:
            continue
    return None, attempts


def event_of(stream: StreamConfiguration, batch: list[Record]) -> dict:
    """The event. Every attempt has an invocation id of its own; record ids and data stay."""
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
            for record in batch
        ],
    }


def _parse(response: bytes) -> list[dict]:
    """The records of a response. One without usable records is no error: its record ids are missing, then."""
    if len(response) > quotas.MAX_RESPONSE_BYTES:
        raise FunctionError(f"response of {len(response)} bytes, over {quotas.MAX_RESPONSE_BYTES}")
    try:
        body = json.loads(response)
    except ValueError:
        return []
    records = body.get("records") if isinstance(body, dict) else None
    if not isinstance(records, list):
        return []
    answers = [answer for answer in records if isinstance(answer, dict)]
    for answer in answers:
        if answer.get("result") not in ("Ok", "Dropped", "ProcessingFailed"):
            raise FunctionError(f"result {answer.get('result')!r}")
    return answers


def _outcome(record: Record, answer: dict | None, times: int) -> Transformed | str | None:
    """The transformed record, the code of its failure, or nothing for a dropped one."""
    if answer is None:
        return "Lambda.MissingRecordId"
    if times > 1:
        return "Lambda.DuplicatedRecordId"
    if answer["result"] == "Dropped":
        return None
    if answer["result"] == "ProcessingFailed":
        return "Lambda.ProcessingFailedStatus"
    if not isinstance(answer.get("data"), str):
        return "Lambda.InvalidReturnFormat"
    try:
        data = base64.b64decode(answer["data"], validate=True)
    except binascii.Error:
        return "Lambda.FunctionError"
    keys = (answer.get("metadata") or {}).get("partitionKeys") or {}
    return Transformed(record, data, tuple(sorted(keys.items())))


def now_ms() -> int:
    """Milliseconds since 1970."""
    return time.time_ns() // 1_000_000
