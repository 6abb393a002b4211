"""Packing with the function's `pack` command, with a stand-in for the function."""

import base64
import gzip
import json
from pathlib import Path

import pytest

from benches import events
from benches.logs.source import RecordLines
from benches.packing import RECORD_LOG_BYTES, START_MS, pack, parts
from benches.tests import fake_tools
from benches.workloads import Workload


class Lines:
    """Records of given lines."""

    def __init__(self, *records: list[str]) -> None:
        self._records = records

    def lines_of(self, workload: Workload) -> list[RecordLines]:
        """One entry per record."""
        return [RecordLines(workload.name, record) for record in self._records]


SOURCE = Lines(["one", " two\r"], ["ログ", "a\u2028b", "c\x0bd"])
WORKLOAD = Workload("tiny", 2, 3, "")


def test_each_file_becomes_a_record_with_its_lines(tmp_path: Path) -> None:
    event = pack(WORKLOAD, SOURCE, fake_tools.packer(tmp_path / "function"))
    payloads = [
        json.loads(gzip.decompress(base64.b64decode(each["data"]))) for each in json.loads(event.body)["records"]
    ]
    messages = [[log_event["message"] for log_event in payload["logEvents"]] for payload in payloads]
    assert messages == [["one", " two\r"], ["ログ", "a\u2028b", "c\x0bd"]]
    assert [payload["logGroup"] for payload in payloads] == ["/pack/tiny-0", "/pack/tiny-1"]
    assert event.log_events == {"0": 2, "1": 3}
    assert {each["timestamp"] for payload in payloads for each in payload["logEvents"]} == {START_MS}
    assert event.compressed_bytes == sum(len(base64.b64decode(r["data"])) for r in json.loads(event.body)["records"])
    assert event.inflated_bytes == sum(len(json.dumps(payload)) for payload in payloads)


def test_records_that_are_missing_are_an_error(tmp_path: Path) -> None:
    function = fake_tools.packer(tmp_path / "function", omitted_files=1)
    with pytest.raises(ValueError, match=r"tiny: expected 2 records with 5 log events from .* pack, found 1 with 3"):
        pack(WORKLOAD, SOURCE, function)


def test_more_than_one_event_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="expected one event, found 2"):
        pack(WORKLOAD, SOURCE, fake_tools.packer(tmp_path / "function", events=2))


def test_an_error_of_the_function_is_shown(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="pack: exit code 3\nIt wrote:\ncannot pack"):
        pack(WORKLOAD, SOURCE, fake_tools.packer(tmp_path / "function", exit_code=3))


def test_a_record_beyond_the_limit_of_pack_is_halved() -> None:
    line = "x" * (RECORD_LOG_BYTES // 4)
    assert parts(RecordLines("a", [line] * 4)) == [RecordLines("a", [line] * 4)]
    assert parts(RecordLines("a", [line] * 4 + ["y"])) == [
        RecordLines("a", [line] * 3),
        RecordLines("a", [line, "y"]),
    ]
    assert [len(part.lines) for part in parts(RecordLines("a", [line] * 9))] == [3, 2, 4]
    beyond = "ロ" * (RECORD_LOG_BYTES // 3 + 1)
    assert parts(RecordLines("a", [beyond])) == [RecordLines("a", [beyond])]
    assert len(parts(RecordLines("a", [beyond, ""]))) == 2


def test_a_line_beyond_the_limit_stays_one_record(function: Path) -> None:
    lines = Lines(["x" * (RECORD_LOG_BYTES + 1), "y"], ["z"] * 3)
    assert list(pack(WORKLOAD, lines, function).log_events.values()) == [1, 1, 3]


def test_the_event_of_every_workload_is_written(tmp_path: Path) -> None:
    function = fake_tools.packer(tmp_path / "function")
    assert events.main([str(tmp_path / "events"), "--function", str(function)]) == 0
    written = {path.stem: len(json.loads(path.read_bytes())["records"]) for path in (tmp_path / "events").iterdir()}
    assert written == {"quiet": 2_000, "small": 500, "full": 6, "json": 4, "overflow": 14}


def test_writing_events_needs_the_function(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        events.main([str(tmp_path / "events"), "--function", str(tmp_path / "function")])
    assert "is not a file: run make package" in capsys.readouterr().err
