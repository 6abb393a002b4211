"""Checks that contenders did the same work. A difference is an error that names the place."""

import base64
import json
from collections.abc import Iterator

from benches.lambda_api import Invocation
from benches.output import rows


class DifferentWorkError(Exception):
    """Two contenders gave different output for the same record."""


def expect_same_data(name: str, one: Invocation, other_name: str, other: Invocation) -> None:
    """Every record that both kept has the same bytes."""
    for record_id, data, other_data in _kept_by_both(name, one, other_name, other):
        if data != other_data:
            raise DifferentWorkError(f"record {record_id}: {difference(name, data, other_name, other_data)}")


def expect_same_objects(name: str, one: Invocation, other_name: str, other: Invocation) -> None:
    """Every record that both kept has the same JSON values, line by line. The order of members may differ."""
    for record_id, data, other_data in _kept_by_both(name, one, other_name, other):
        lines, other_lines = data.splitlines(), other_data.splitlines()
        if len(lines) != len(other_lines):
            counts = f"{len(lines)} lines of {name}, {len(other_lines)} of {other_name}"
            raise DifferentWorkError(f"record {record_id}: {counts}")
        for line, other_line in zip(lines, other_lines, strict=True):
            if json.loads(line) != json.loads(other_line):
                raise DifferentWorkError(f"record {record_id}: {difference(name, line, other_name, other_line)}")


def expect_whole_output(name: str, output: bytes, expected_name: str, expected: bytes) -> None:
    """The output of all records has these bytes."""
    if output != expected:
        raise DifferentWorkError(difference(name, output, expected_name, expected))


def expect_length(name: str, invocation: Invocation, expected_bytes: int) -> None:
    """The response has this length."""
    found_bytes = len(invocation.response)
    if found_bytes != expected_bytes:
        raise DifferentWorkError(f"{name}: expected a response of {expected_bytes} bytes, found {found_bytes}")


def difference(name: str, data: bytes, other_name: str, other_data: bytes) -> str:
    """Where two byte strings differ first, and what each has there."""
    pairs = zip(data, other_data, strict=False)
    at = next((index for index, (a, b) in enumerate(pairs) if a != b), min(len(data), len(other_data)))
    return f"from byte {at} {name} has {data[at:][:40]!r}, {other_name} {other_data[at:][:40]!r}"


def _kept_by_both(name: str, one: Invocation, other_name: str, other: Invocation) -> Iterator[tuple[str, bytes, bytes]]:
    ours, theirs = rows(one.response), rows(other.response)
    if list(ours) != list(theirs):
        raise DifferentWorkError(f"{name} and {other_name} return different recordIds, or in another order")
    both = [key for key in ours if ours[key]["result"] == theirs[key]["result"] == "Ok"]
    if not both:
        raise DifferentWorkError(f"no record was kept by both {name} and {other_name}")
    for record_id in both:
        yield record_id, base64.b64decode(ours[record_id]["data"]), base64.b64decode(theirs[record_id]["data"])
