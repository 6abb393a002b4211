"""The table of codecs and levels, with a stand-in for the function."""

import base64
import gzip
import json
import sys
from pathlib import Path

import pytest

from benches import frames
from benches.frames import FRAMES, SETTINGS, UNCOMPRESSED, Measured, Setting, Table, measure, workloads
from benches.packing import Event
from benches.same_work import DifferentWorkError
from benches.workloads import Workload

# Transforms and compresses as the environment says. With LOSES, what is compressed lacks its last byte.
FUNCTION = """#!{python}
import base64, gzip, json, os, urllib.request
import zstandard

base = f"http://{{os.environ['AWS_LAMBDA_RUNTIME_API']}}/2018-06-01/runtime/invocation/"
compression = os.environ.get("OUTPUT_COMPRESSION", "none")
level = int(os.environ.get("OUTPUT_COMPRESSION_LEVEL", "0"))
assert os.environ["OUTPUT_FORMAT"] == "json"
compress = {{
    "none": lambda data: data,
    "gzip": lambda data: gzip.compress(data, level),
    "zstd": lambda data: zstandard.compress(data, level),
}}[compression]
while True:
    with urllib.request.urlopen(base + "next") as event:
        request_id = event.headers["Lambda-Runtime-Aws-Request-Id"]
        records = json.load(event)["records"]
    texts = [gzip.decompress(base64.b64decode(each["data"])) for each in records]
    if os.environ.get("OUTPUT_FRAMES") == "batch":
        texts = [b"".join(texts)] + [None] * (len(texts) - 1)
    rows = []
    for each, text in zip(records, texts):
        row = {{"recordId": each["recordId"], "result": "Dropped" if text is None else "Ok"}}
        if text is not None:
            text = text[:-1] if {loses} and compression != "none" else text
            row["data"] = base64.b64encode(compress(text)).decode()
        rows.append(row)
    data = json.dumps({{"records": rows}}).encode()
    urllib.request.urlopen(base + request_id + "/response", data=data).close()
"""
TEXTS = [f"one line of record {number}\n".encode() * 20 for number in range(3)]


def function(path: Path, loses: bool = False) -> Path:
    path.write_text(FUNCTION.format(python=sys.executable, loses=loses))
    path.chmod(0o755)
    return path


def event() -> Event:
    records = [
        {"recordId": str(number), "data": base64.b64encode(gzip.compress(text)).decode()}
        for number, text in enumerate(TEXTS)
    ]
    return Event(Workload("tiny", 3, 20, ""), json.dumps({"records": records}).encode(), {}, 0, 0)


def test_every_setting_is_measured_in_both_kinds_of_frames(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "SETTINGS", [Setting("gzip", 6), Setting("zstd", 1)])
    table = measure(function(tmp_path / "function"), event(), rounds=2, invocations=3)
    assert table.uncompressed.output_bytes == sum(map(len, TEXTS))
    assert table.gzip_stream_bytes == len(gzip.compress(b"".join(TEXTS), 6))
    sizes = {(setting.name, kind): measured.output_bytes for (setting, kind), measured in table.measured.items()}
    assert set(sizes) == {("gzip 6", "record"), ("gzip 6", "batch"), ("zstd 1", "record"), ("zstd 1", "batch")}
    assert sizes["gzip 6", "record"] == sum(len(gzip.compress(text, 6)) for text in TEXTS)
    assert sizes["gzip 6", "batch"] == table.gzip_stream_bytes
    assert sizes["zstd 1", "batch"] < sizes["zstd 1", "record"]
    assert all(len(measured.cpu_seconds) == 6 for measured in table.measured.values())


def test_a_slow_process_is_measured_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "SETTINGS", [])
    monkeypatch.setattr(frames, "ENOUGH_CPU_SECONDS", 0)
    table = measure(function(tmp_path / "function"), event(), rounds=2, invocations=3)
    assert len(table.uncompressed.cpu_seconds) == 2


def test_output_that_lacks_something_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "SETTINGS", [Setting("zstd", 1)])
    with pytest.raises(DifferentWorkError, match="zstd 1, record has"):
        measure(function(tmp_path / "function", loses=True), event(), rounds=1, invocations=1)


def test_a_setting_has_its_environment() -> None:
    assert UNCOMPRESSED.contender(Path("f"), "batch").environment == {"OUTPUT_FORMAT": "json"}
    assert Setting("zstd", 19).contender(Path("f"), "record").environment == {
        "OUTPUT_FORMAT": "json",
        "OUTPUT_COMPRESSION": "zstd",
        "OUTPUT_COMPRESSION_LEVEL": "19",
        "OUTPUT_FRAMES": "record",
    }


def test_each_record_size_has_the_same_number_of_log_events() -> None:
    shapes = [(workload.records, workload.log_events) for workload in workloads(9_000)]
    assert shapes == [(3_000, 3), (900, 10), (180, 50), (9, 1_000)]
    with pytest.raises(ValueError, match="--log-events: expected a multiple of 3, found 1,000"):
        list(workloads(1_000))


def test_a_table_shows_bytes_relative_to_one_gzip_stream() -> None:
    measured = {
        (setting, kind): Measured(size, [0.001, 0.009, 0.002])
        for setting in SETTINGS
        for kind, size in zip(FRAMES, (2_900, 790), strict=True)
    }
    table = Table(Workload("tiny", 3_000, 3, ""), 1_000, Measured(9_000, [0.0142]), measured)
    title, _, _, separator, uncompressed, *rows = table.markdown().splitlines()
    assert title == "3,000 records of 3 log events" and separator == "| --- | --- | --- | --- | --- |"
    assert uncompressed == "| none, with Firehose's own GZIP | 1,000 (1.00) | | 14.2 | |"
    assert rows[3] == "| zstd 1 | 2,900 (2.90) | 790 (0.79) | 2.0 | 2.0 |"
    assert len(rows) == 9
