"""Packs log lines into Firehose events, as CloudWatch Logs and Firehose do.

The shape of a record's payload is documented in "Subscription filters with Amazon Data Firehose",
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html#FirehoseExample
"""

import base64
import gzip
import json
import random
from dataclasses import dataclass

from benches.logs.lines import START
from benches.logs.source import LineSource
from benches.workloads import Workload

ACCOUNT = "123456789012"
REGION = "ap-northeast-1"
STREAM_ARN = f"arn:aws:firehose:{REGION}:{ACCOUNT}:deliverystream/logs"
START_MS = int(START.timestamp() * 1000)
GZIP_LEVEL = 6
# In the sample payloads of AWS's documentation, an id is its timestamp (ms) times 2^144 plus a number that goes up by
# one from log event to log event of a record. Such ids do not compress well in decimal.
ID_TIMESTAMP_SHIFT = 144


@dataclass(frozen=True)
class Event:
    """A packed workload: the bytes of the event, and the number of log events behind each recordId."""

    workload: Workload
    body: bytes
    log_events: dict[str, int]
    compressed_bytes: int
    inflated_bytes: int


def pack(workload: Workload, source: LineSource) -> Event:
    """The event of a workload. The same lines give the same event."""
    rng = random.Random(workload.name)
    first_record_id = 10**55 * 4 + rng.randrange(10**54)
    records, log_events, compressed_bytes, inflated_bytes = [], {}, 0, 0
    for number, entry in enumerate(source.lines_of(workload)):
        payload = payload_bytes(rng, f"/ecs/{entry.name}", f"web/{number}", entry.lines)
        compressed = gzip.compress(payload, GZIP_LEVEL, mtime=0)
        # 56 digits, like Firehose's own ids: the first ones belong to the stream, the last ones to the record.
        record_id = str(first_record_id + number * (10**18 + rng.randrange(10**17)))
        data = base64.b64encode(compressed).decode()
        records.append({"recordId": record_id, "approximateArrivalTimestamp": START_MS + number, "data": data})
        log_events[record_id] = len(entry.lines)
        compressed_bytes += len(compressed)
        inflated_bytes += len(payload)
    event = {
        "invocationId": "3c8f5fd0-9a0e-4d49-8f0e-4b4d6a4f2f6c",
        "deliveryStreamArn": STREAM_ARN,
        "region": REGION,
        "records": records,
    }
    return Event(workload, _compact(event), log_events, compressed_bytes, inflated_bytes)


def payload_bytes(rng: random.Random, log_group: str, log_stream: str, messages: list[str]) -> bytes:
    """The JSON that CloudWatch Logs compresses: the messages with ids and rising timestamps."""
    timestamp = START_MS + rng.randrange(1_000_000)
    id_offset = rng.getrandbits(108) << 16
    log_events = []
    for index, message in enumerate(messages):
        # Lines come in bursts: two of three have the timestamp of the line before.
        timestamp += rng.choice((0, 0, rng.randrange(1, 200)))
        log_events.append({"id": _id(timestamp, id_offset + index), "timestamp": timestamp, "message": message})
    return _compact(
        {
            "messageType": "DATA_MESSAGE",
            "owner": ACCOUNT,
            "logGroup": log_group,
            "logStream": log_stream,
            "subscriptionFilters": ["firehose"],
            "logEvents": log_events,
        }
    )


def _id(timestamp_ms: int, offset: int) -> str:
    return f"{(timestamp_ms << ID_TIMESTAMP_SHIFT) + offset:056}"


def _compact(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
