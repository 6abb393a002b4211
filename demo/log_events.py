"""Writes lines to a log group with PutLogEvents.

Quotas: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
"""

import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

MAX_REQUEST_BYTES = 1_048_576  # of UTF-8, plus 26 for each log event
MAX_REQUEST_EVENTS = 10_000
EVENT_OVERHEAD_BYTES = 26


def read_lines(path: Path) -> list[str]:
    """The lines of a file, one for each log event. Empty lines are left out: a log event needs a character.

    Only a line feed ends a line. A carriage return before the line feed stays in the message. A line over the quota is
    cut.
    """
    text = path.read_bytes().decode("utf-8", errors="replace")
    return [_cut(line) for line in text.split("\n") if line]


def requests(lines: Iterable[str], max_events: int = MAX_REQUEST_EVENTS) -> Iterator[list[str]]:
    """Groups lines into requests within the quotas of PutLogEvents."""
    group: list[str] = []
    size = 0
    for line in lines:
        line_bytes = len(line.encode()) + EVENT_OVERHEAD_BYTES
        if group and (size + line_bytes > MAX_REQUEST_BYTES or len(group) == max_events):
            yield group
            group, size = [], 0
        group.append(line)
        size += line_bytes
    if group:
        yield group


def put_lines(
    logs: Any, log_group: str, log_stream: str, lines: Iterable[str], max_events: int = MAX_REQUEST_EVENTS
) -> None:
    """Writes each line as a log event with the current time. `logs` is a client of CloudWatch Logs."""
    logs.create_log_stream(logGroupName=log_group, logStreamName=log_stream)
    for group in requests(lines, max_events):
        now_ms = int(time.time() * 1000)
        logs.put_log_events(
            logGroupName=log_group,
            logStreamName=log_stream,
            logEvents=[{"timestamp": now_ms, "message": line} for line in group],
        )


def _cut(line: str) -> str:
    encoded = line.encode()
    if len(encoded) <= MAX_REQUEST_BYTES - EVENT_OVERHEAD_BYTES:
        return line
    return encoded[: MAX_REQUEST_BYTES - EVENT_OVERHEAD_BYTES].decode(errors="ignore")
