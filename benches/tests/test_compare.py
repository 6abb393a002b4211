"""Comparing the instructions of two builds, with stand-ins for valgrind and vgdb."""

import zipfile
from pathlib import Path

import pytest

from benches import compare, instructions
from benches.compare import Comparison, environment, problems, row
from benches.contenders import VRL_ENVIRONMENT, Contender
from benches.executables import executable
from benches.tests import fake_tools

SAME, MORE = [9_000, 900, 800, 810, 805], [9_000, 900, 816, 820, 818]


def run_compare(old: Path, new: Path, *options: str) -> int:
    names = ["--workload", "small", "--format", "message", "--invocations", "5"]
    return compare.main([str(old), str(new), *names, *options])


def test_equal_builds_are_within_any_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fake_tools.install(tmp_path, monkeypatch)
    old, new = (fake_tools.binary(tmp_path / name, SAME) for name in ("old", "new"))
    assert run_compare(old, new, "--within", "0") == 0
    printed = capsys.readouterr()
    assert printed.out.splitlines()[-1].split() == ["small", "message", "0.00", "0.00", "100.00", "%"]
    assert "benches.compare:" not in printed.err


def test_a_count_beyond_the_limit_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fake_tools.install(tmp_path, monkeypatch)
    old, new = fake_tools.binary(tmp_path / "old", SAME), fake_tools.binary(tmp_path / "new", MORE)
    assert run_compare(old, new) == 0
    assert run_compare(old, new, "--within", "2") == 0
    assert run_compare(old, new, "--within", "1.9") == 1
    assert "small, message: expected 100 % +/- 1.9 %, found 102.00 %" in capsys.readouterr().err
    assert run_compare(new, old, "--within", "1.9") == 1
    assert "found 98.04 %" in capsys.readouterr().err


def test_responses_that_differ_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fake_tools.install(tmp_path, monkeypatch)
    old = fake_tools.binary(tmp_path / "old", SAME, response="abc")
    new = fake_tools.binary(tmp_path / "new", SAME, response="abd")
    assert run_compare(old, new) == 1
    assert "the responses differ: from byte 2 old has b'c', new b'd'" in capsys.readouterr().err


def test_each_format_has_its_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_tools.install(tmp_path, monkeypatch)
    old = fake_tools.binary(tmp_path / "old", SAME, response="message")
    counted = instructions.count(Contender("old", [str(old)], environment("json", "small")), b"{}", 5)
    assert counted.invocation.response == b"json"
    assert environment("message", "json") == {}
    assert environment("gzip", "small") == {"OUTPUT_COMPRESSION": "gzip"}
    assert environment("vrl", "json") == VRL_ENVIRONMENT
    assert "parse_json" not in environment("vrl", "full")["VRL_PROGRAM"]


def test_without_valgrind_nothing_is_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    old = fake_tools.binary(tmp_path / "old", SAME)
    assert run_compare(old, old) == 1
    assert capsys.readouterr().err == "benches.compare: Valgrind is not installed\n"


def test_a_row_has_both_counts_and_their_ratio() -> None:
    comparison = Comparison("full", "gzip", 100_000_000, 101_000_000, None)
    assert row(comparison) == ["full", "gzip", "100.00", "101.00", "101.00 %"]
    assert list(problems([comparison], 1)) == []
    assert list(problems([comparison], 0.99)) == ["full, gzip: expected 100 % +/- 0.99 %, found 101.00 %"]


def test_two_packages_are_unpacked_side_by_side(tmp_path: Path) -> None:
    unpacked = []
    for name in ("old", "new"):
        with zipfile.ZipFile(tmp_path / f"{name}.zip", "w") as archive:
            archive.writestr("bootstrap", name)
        unpacked.append(executable(tmp_path / f"{name}.zip", tmp_path / name))
    assert [path.read_text() for path in unpacked] == ["old", "new"]
    assert all(path.stat().st_mode & 0o111 for path in unpacked)
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("main", "")
    with pytest.raises(ValueError, match=r"expected a file named bootstrap in the zip, found \['main'\]"):
        executable(tmp_path / "other.zip", tmp_path / "other")
