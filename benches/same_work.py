"""Whether what is compared did the same work; what differs is an error, with the place."""

import base64
import gzip
import json

from benches.lambda_api import Invocation


class DifferentWork(Exception):
    """Two contenders gave different output for the same record."""


def rows(response: bytes) -> dict[str, dict]:
    """The rows of a response by recordId."""
    return {row["recordId"]: row for row in json.loads(response)["records"]}


def returned_log_events(response: bytes, log_events: dict[str, int]) -> int:
    """How many log events are in rows that are Ok."""
    return sum(log_events[record_id] for record_id, row in rows(response).items() if row["result"] == "Ok")


def expect_same_data(name: str, one: Invocation, other_name: str, other: Invocation) -> None:
    """Every record that both kept has the same bytes."""
    for record_id, data, other_data in _kept_by_both(name, one, other_name, other):
        if data != other_data:
            raise DifferentWork(f"record {record_id}: {_difference(name, data, other_name, other_data)}")


def expect_same_objects(name: str, one: Invocation, other_name: str, other: Invocation) -> None:
    """Every record that both kept has the same JSON values, line by line: programs order members as they like."""
    for record_id, data, other_data in _kept_by_both(name, one, other_name, other):
        lines, other_lines = data.splitlines(), other_data.splitlines()
        if len(lines) != len(other_lines):
            raise DifferentWork(f"record {record_id}: {len(lines)} lines of {name}, {len(other_lines)} of {other_name}")
        for line, other_line in zip(lines, other_lines, strict=True):
            if json.loads(line) != json.loads(other_line):
                raise DifferentWork(f"record {record_id}: {_difference(name, line, other_name, other_line)}")


def expect_same_inflated(name: str, one: Invocation, other_name: str, other: Invocation) -> None:
    """Every record that both kept has the same bytes, once those of the first are inflated."""
    for record_id, data, other_data in _kept_by_both(name, one, other_name, other):
        if (inflated := gzip.decompress(data)) != other_data:
            raise DifferentWork(f"record {record_id}: {_difference(name, inflated, other_name, other_data)}")


def expect_length(name: str, invocation: Invocation, expected_bytes: int) -> None:
    """The response is so long."""
    if len(invocation.response) != expected_bytes:
        raise DifferentWork(f"{name}: expected a response of {expected_bytes} bytes, found {len(invocation.response)}")


def _kept_by_both(name: str, one: Invocation, other_name: str, other: Invocation):
    ours, theirs = rows(one.response), rows(other.response)
    if list(ours) != list(theirs):
        raise DifferentWork(f"{name} and {other_name} answer with other recordIds, or in another order")
    both = [key for key in ours if ours[key]["result"] == theirs[key]["result"] == "Ok"]
    if not both:
        raise DifferentWork(f"no record was kept by both {name} and {other_name}")
    for record_id in both:
        yield record_id, base64.b64decode(ours[record_id]["data"]), base64.b64decode(theirs[record_id]["data"])


def _difference(name: str, data: bytes, other_name: str, other_data: bytes) -> str:
    pairs = zip(data, other_data, strict=False)
    at = next((index for index, (a, b) in enumerate(pairs) if a != b), min(len(data), len(other_data)))
    return f"from byte {at} {name} has {data[at:][:40]!r}, {other_name} {other_data[at:][:40]!r}"
