"""Counting instructions, with stand-ins for valgrind and vgdb."""

from pathlib import Path

import pytest

from benches import instructions
from benches.contenders import Contender
from benches.lambda_api import FunctionError
from benches.tests import fake_tools


def test_a_count_is_the_lowest_after_the_warm_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_tools.install(tmp_path, monkeypatch)
    binary = fake_tools.binary(tmp_path / "binary", [100, 100, 800, 810, 805], response="last")
    counted = instructions.count(Contender("function", [str(binary)]), b"{}", 5)
    assert counted.instructions == 800
    assert counted.invocation.response == b"last"


def test_counting_needs_more_invocations_than_the_warm_up() -> None:
    with pytest.raises(ValueError, match="expected more than 2 invocations to count, found 2"):
        instructions.count(Contender("function", ["true"]), b"{}", 2)


@pytest.mark.parametrize(
    ("vgdb", "message"),
    [
        ("#!{python}\nimport sys\nprint('no such process')\nsys.exit(1)\n", "(?s)vgdb.*exit code 1.*no such process"),
        ("#!{python}\n", "expected callgrind's totals in .*callgrind.out.1, found none"),
    ],
)
def test_a_failed_dump_is_an_error(vgdb: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_tools.install(tmp_path, monkeypatch, vgdb)
    binary = fake_tools.binary(tmp_path / "binary", [9_000, 900, 800])
    with pytest.raises(FunctionError, match=message):
        instructions.count(Contender("function", [str(binary)]), b"{}", 5)


def test_counting_needs_both_tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_tools.install(tmp_path, monkeypatch)
    assert instructions.is_available()
    (tmp_path / "vgdb").unlink()
    assert not instructions.is_available()
