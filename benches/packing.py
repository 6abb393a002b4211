"""Packs log lines into Firehose events with the function's own `pack` command.

Each file that `pack` reads becomes one record. The id of a log event is made in one place, in Rust.
"""

import base64
import gzip
import json
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benches.logs.lines import START
from benches.logs.source import LineSource, RecordLines
from benches.workloads import Workload

REGION = "us-east-1"
STREAM_ARN = f"arn:aws:firehose:{REGION}:123456789012:deliverystream/pack"
START_MS = int(START.timestamp() * 1000)
# `pack` starts another record beyond this many bytes of log lines, as CloudWatch Logs does at about a megabyte.
RECORD_LOG_BYTES = 1_000_000
# More than any workload has, so that all records are in one event.
EVENT_LOG_BYTES = 1_000_000_000
PACK_TIMEOUT_SECONDS = 120


@dataclass(frozen=True)
class Event:
    """A packed workload: the bytes of the event, and the number of log events behind each recordId."""

    workload: Workload
    body: bytes
    log_events: dict[str, int]
    compressed_bytes: int
    inflated_bytes: int


def pack(workload: Workload, source: LineSource, function: Path) -> Event:
    """The event of a workload, packed by the function. The same lines give the same event."""
    entries = [part for entry in source.lines_of(workload) for part in parts(entry)]
    with tempfile.TemporaryDirectory(prefix="benches-pack-") as directory:
        files = list(_write(entries, Path(directory)))
        body = _pack(function, files, workload.log_events)
    event = _event(workload, body)
    expected, found = [len(entry.lines) for entry in entries], list(event.log_events.values())
    if found != expected:
        raise ValueError(
            f"{workload.name}: expected {len(expected)} records with {sum(expected)} log events from {function} pack, "
            f"found {len(found)} with {sum(found)}"
        )
    return event


def parts(entry: RecordLines) -> list[RecordLines]:
    """The lines in halves, until each part fits one record."""
    if len(entry.lines) == 1 or sum(len(line.encode()) for line in entry.lines) <= RECORD_LOG_BYTES:
        return [entry]
    middle = (len(entry.lines) + 1) // 2
    halves = entry.lines[:middle], entry.lines[middle:]
    return [part for half in halves for part in parts(RecordLines(entry.name, half))]


def _write(entries: list[RecordLines], directory: Path) -> Iterator[Path]:
    """Writes one file per record. Its name becomes the log group, so the number makes each log group's name unique."""
    for number, entry in enumerate(entries):
        path = directory / f"{entry.name}-{number}"
        path.write_text("".join(f"{line}\n" for line in entry.lines), encoding="utf-8", newline="")
        yield path


def _pack(function: Path, files: list[Path], events_per_record: int) -> bytes:
    options = {
        "--events-per-record": events_per_record,
        "--event-log-bytes": EVENT_LOG_BYTES,
        "--timestamp": START_MS,
    }
    command = [str(function), "pack", *(str(word) for option in options.items() for word in option), *map(str, files)]
    done = subprocess.run(command, capture_output=True, timeout=PACK_TIMEOUT_SECONDS, check=False)
    if done.returncode:
        raise ValueError(f"{function} pack: exit code {done.returncode}\nIt wrote:\n{done.stderr.decode()}")
    events = done.stdout.splitlines()
    if len(events) != 1:
        raise ValueError(f"{function} pack: expected one event, found {len(events)}")
    return events[0]


def _event(workload: Workload, body: bytes) -> Event:
    log_events, compressed_bytes, inflated_bytes = {}, 0, 0
    for record in json.loads(body)["records"]:
        compressed = base64.b64decode(record["data"])
        payload = gzip.decompress(compressed)
        log_events[record["recordId"]] = len(json.loads(payload)["logEvents"])
        compressed_bytes += len(compressed)
        inflated_bytes += len(payload)
    return Event(workload, body, log_events, compressed_bytes, inflated_bytes)
