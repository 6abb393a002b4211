"""The events have the shape that benches/README.md describes."""

import base64
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benches.logs.json_lines import json_lines
from benches.logs.lines import plain_lines
from benches.logs.programs import PROGRAMS
from benches.logs.source import DirectoryLines, GeneratedLines, RecordLines, line_source
from benches.packing import Event, pack, parts
from benches.workloads import WORKLOADS, Workload

BUDGET_BYTES = 6_000_000
MIB = 1 << 20
SMALL = next(workload for workload in WORKLOADS if workload.name == "small")


@pytest.fixture(scope="module")
def events(function: Path) -> dict[str, Event]:
    return {workload.name: pack(workload, GeneratedLines(), function) for workload in WORKLOADS}


def payloads(event: Event) -> list[dict[str, Any]]:
    return [json.loads(gzip.decompress(base64.b64decode(r["data"]))) for r in json.loads(event.body)["records"]]


def response_bytes(event: Event, line: Callable[[str], str] = lambda message: message + "\n") -> int:
    def row_bytes(payload: dict[str, Any]) -> int:
        output = "".join(line(log_event["message"]) for log_event in payload["logEvents"])
        return len(base64.b64encode(output.encode())) + 120  # recordId, result and framing

    return sum(map(row_bytes, payloads(event)))


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda workload: workload.name)
def test_events_have_the_counts_and_fields_of_real_ones(workload: Workload, events: dict[str, Event]) -> None:
    event = events[workload.name]
    packed = payloads(event)
    entries = [part for entry in GeneratedLines().lines_of(workload) for part in parts(entry)]
    assert [len(payload["logEvents"]) for payload in packed] == [len(entry.lines) for entry in entries]
    if workload.name in ("quiet", "small", "json"):
        assert [len(entry.lines) for entry in entries] == [workload.log_events] * workload.records
    messages = [log_event["message"] for payload in packed for log_event in payload["logEvents"]]
    assert messages == [line for entry in entries for line in entry.lines]
    assert len(messages) == workload.log_events * workload.records
    assert len({payload["logGroup"] for payload in packed}) == len(packed)
    assert list(event.log_events) == [record["recordId"] for record in json.loads(event.body)["records"]]
    assert {len(record_id) for record_id in event.log_events} == {56}
    for payload in packed:
        ids = [log_event["id"] for log_event in payload["logEvents"]]
        assert {len(each) for each in ids} == {56}
        assert ids == sorted(set(ids))
        timestamps = [log_event["timestamp"] for log_event in payload["logEvents"]]
        assert timestamps == sorted(timestamps)
    # The most that Firehose's Lambda buffer holds, and that an invocation carries.
    assert event.compressed_bytes < 3 * MIB
    assert len(event.body) < 6 * MIB


def test_only_overflow_exceeds_a_response(events: dict[str, Event]) -> None:
    def rewritten(message: str) -> str:
        return json.dumps(json.loads(message)) + "\n"

    assert response_bytes(events["quiet"]) < BUDGET_BYTES
    assert response_bytes(events["small"]) < BUDGET_BYTES
    assert response_bytes(events["full"]) < BUDGET_BYTES
    assert response_bytes(events["json"]) < BUDGET_BYTES
    assert response_bytes(events["json"], rewritten) < BUDGET_BYTES
    assert 1.5 * BUDGET_BYTES < response_bytes(events["overflow"]) < 2.2 * BUDGET_BYTES
    assert 4.5e6 < events["full"].inflated_bytes < 5.5e6


def test_the_same_lines_give_the_same_event(events: dict[str, Event], function: Path) -> None:
    assert pack(SMALL, GeneratedLines(), function).body == events["small"].body


@pytest.mark.parametrize("program", PROGRAMS)
def test_lines_of_a_program_vary(program: str) -> None:
    lines = plain_lines(program, 2_000, seed=1)
    assert len(set(lines)) > 1_000
    assert not any("\n" in line for line in lines)
    assert 0.01 < sum(not line.isascii() for line in lines) / len(lines) < 0.06


def test_json_lines_are_objects_of_the_stated_size() -> None:
    lines = json_lines(2_000, seed=1)
    assert all(250 <= len(line.encode()) <= 450 for line in lines)
    assert all(len(json.loads(line)) in (10, 11) for line in lines)
    assert any("\\n\\tat " in line for line in lines)
    assert any("\\u" in line for line in lines) and any(not line.isascii() for line in lines)


def test_records_take_the_lines_of_a_directory_in_order(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_bytes(b"one\n\ntwo\n\xff\n")
    (tmp_path / "b.txt").write_text("three\n")
    (tmp_path / "ignored.md").write_text("four\n")
    records = line_source(tmp_path).lines_of(SMALL)[:3]
    assert records[0] == RecordLines("a", ["one", "two", "\ufffd"] * 3 + ["one"])
    assert records[1] == RecordLines("b", ["three"] * 10)
    assert records[2] == RecordLines("a", ["two", "\ufffd", "one"] * 3 + ["two"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match=r"expected names that end in \.log"):
        DirectoryLines(tmp_path / "empty")
