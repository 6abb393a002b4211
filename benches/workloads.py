"""What the contenders are measured on: Firehose events, packed as CloudWatch Logs and Firehose pack them.

The shape of a record's payload: "Subscription filters with Amazon Data Firehose",
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html#FirehoseExample
"""

import base64
import gzip
import json
import random
from dataclasses import dataclass
from pathlib import Path

from benches.logs.json_lines import json_lines
from benches.logs.lines import START, plain_lines
from benches.logs.programs import PROGRAMS

ACCOUNT = "123456789012"
REGION = "ap-northeast-1"
STREAM_ARN = f"arn:aws:firehose:{REGION}:{ACCOUNT}:deliverystream/logs"
START_MS = int(START.timestamp() * 1000)
GZIP_LEVEL = 6
# The sample payloads in AWS's documentation show an id to be its timestamp (ms) times 2^144, and below that a number that
# goes up by one from log event to log event of a record. In decimal that is nothing that compresses well.
ID_TIMESTAMP_SHIFT = 144


@dataclass(frozen=True)
class Workload:
    """An event of one shape: `records` records of `log_events` log events each."""

    name: str
    records: int
    log_events: int
    what: str


@dataclass(frozen=True)
class Event:
    """A workload, packed: the event's bytes, and how many log events each recordId has."""

    workload: Workload
    body: bytes
    log_events: dict[str, int]
    compressed_bytes: int
    inflated_bytes: int


WORKLOADS = [
    Workload("small", 500, 10, "many small records, as of quiet log streams"),
    Workload("full", 5, 4_000, "some 5 MB of payloads, all of which fit one response"),
    Workload("json", 4, 2_600, "log events that are JSON objects themselves"),
    Workload("overflow", 12, 4_500, "far more than fits one response: about half is re-ingested"),
]


class Lines:
    """Where messages come from: made up, or from the files of a directory, whose lines then come again and again."""

    def __init__(self, directory: Path | None = None):
        self._files = _read(directory) if directory else None

    def take(self, workload: Workload) -> list[tuple[str, list[str]]]:
        """The program or file, and the messages, of each record of a workload."""
        if workload.name == "json":
            return [("json", json_lines(workload.log_events, seed)) for seed in range(workload.records)]
        if self._files is None:
            names = list(PROGRAMS)
            return [
                (names[seed % len(names)], plain_lines(names[seed % len(names)], workload.log_events, seed))
                for seed in range(workload.records)
            ]
        names = list(self._files)
        taken = dict.fromkeys(names, 0)
        records = []
        for number in range(workload.records):
            name = names[number % len(names)]
            lines, first = self._files[name], taken[name]
            taken[name] += workload.log_events
            records.append((name, [lines[(first + index) % len(lines)] for index in range(workload.log_events)]))
        return records


def pack(workload: Workload, lines: Lines) -> Event:
    """The workload's event, the same for the same lines."""
    chance = random.Random(workload.name)
    first_record_id = 10**55 * 4 + chance.randrange(10**54)
    rows, log_events, compressed_bytes, inflated_bytes = [], {}, 0, 0
    for number, (name, messages) in enumerate(lines.take(workload)):
        payload = payload_bytes(chance, f"/ecs/{name}", f"web/{number}", messages)
        record = gzip.compress(payload, GZIP_LEVEL, mtime=0)
        # Like Firehose's own, 56 digits: the first ones the stream's, the last ones the record's.
        record_id = str(first_record_id + number * (10**18 + chance.randrange(10**17)))
        data = base64.b64encode(record).decode()
        rows.append({"recordId": record_id, "approximateArrivalTimestamp": START_MS + number, "data": data})
        log_events[record_id] = len(messages)
        compressed_bytes += len(record)
        inflated_bytes += len(payload)
    event = {
        "invocationId": "3c8f5fd0-9a0e-4d49-8f0e-4b4d6a4f2f6c",
        "deliveryStreamArn": STREAM_ARN,
        "region": REGION,
        "records": rows,
    }
    return Event(workload, _compact(event), log_events, compressed_bytes, inflated_bytes)


def payload_bytes(chance: random.Random, log_group: str, log_stream: str, messages: list[str]) -> bytes:
    """What CloudWatch Logs compresses: the messages with timestamps that go on by some milliseconds, and their ids."""
    timestamp = START_MS + chance.randrange(1_000_000)
    below = chance.getrandbits(108) << 16
    log_events = []
    for index, message in enumerate(messages):
        # Lines come in bursts: two of three bear the millisecond of the line before.
        timestamp += chance.choice((0, 0, chance.randrange(1, 200)))
        log_events.append({"id": _id(timestamp, below + index), "timestamp": timestamp, "message": message})
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


def _id(timestamp_ms: int, below: int) -> str:
    return f"{(timestamp_ms << ID_TIMESTAMP_SHIFT) + below:056}"


def _compact(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def _read(directory: Path) -> dict[str, list[str]]:
    files = {}
    for path in sorted(directory.iterdir()):
        if path.suffix in (".log", ".txt", ".jsonl"):
            text = path.read_bytes().decode("utf-8", errors="replace")
            # CloudWatch Logs takes no empty log event.
            if lines := [line for line in text.split("\n") if line]:
                files[path.stem.lower()] = lines
    if not files:
        raise ValueError(f"{directory} holds no file of log lines: expected names that end in .log, .txt or .jsonl")
    return files
