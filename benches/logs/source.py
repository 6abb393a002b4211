"""Where the log lines of a workload come from: generated, or read from the files of a directory.

Nothing here knows how lines are packed into records; see benches/packing.py.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from benches.logs.json_lines import json_lines
from benches.logs.lines import plain_lines
from benches.logs.programs import PROGRAMS
from benches.workloads import Workload

SUFFIXES = (".log", ".txt", ".jsonl")


@dataclass(frozen=True)
class RecordLines:
    """The lines of one record, and the name of the program or file that wrote them."""

    name: str
    lines: list[str]


class LineSource(Protocol):
    """Gives the lines of every record of a workload, the same ones each time."""

    def lines_of(self, workload: Workload) -> list[RecordLines]:
        """One entry per record."""


class GeneratedLines:
    """Lines generated in the shapes of real programs; the programs take turns."""

    def lines_of(self, workload: Workload) -> list[RecordLines]:
        """One entry per record."""
        if workload.name == "json":
            return _json_records(workload)
        names = list(PROGRAMS)
        return [
            RecordLines(name, plain_lines(name, workload.log_events, seed))
            for seed in range(workload.records)
            for name in [names[seed % len(names)]]
        ]


class DirectoryLines:
    """Lines from the log files of a directory; the files take turns, and each starts over after its last line.

    The workload `json` still has generated lines.
    """

    def __init__(self, directory: Path) -> None:
        self._files = _read(directory)

    def lines_of(self, workload: Workload) -> list[RecordLines]:
        """One entry per record."""
        if workload.name == "json":
            return _json_records(workload)
        names = list(self._files)
        taken = dict.fromkeys(names, 0)
        records = []
        for number in range(workload.records):
            name = names[number % len(names)]
            lines, first = self._files[name], taken[name]
            taken[name] += workload.log_events
            record = [lines[(first + index) % len(lines)] for index in range(workload.log_events)]
            records.append(RecordLines(name, record))
        return records


def line_source(directory: Path | None) -> LineSource:
    """The lines of a directory's log files; generated lines without a directory."""
    return DirectoryLines(directory) if directory else GeneratedLines()


def _json_records(workload: Workload) -> list[RecordLines]:
    return [RecordLines("json", json_lines(workload.log_events, seed)) for seed in range(workload.records)]


def _read(directory: Path) -> dict[str, list[str]]:
    files = {}
    for path in sorted(directory.iterdir()):
        if path.suffix in SUFFIXES:
            text = path.read_bytes().decode("utf-8", errors="replace")
            # CloudWatch Logs accepts no empty log event.
            if lines := [line for line in text.split("\n") if line]:
                files[path.stem.lower()] = lines
    if not files:
        raise ValueError(f"{directory} holds no file of log lines: expected names that end in .log, .txt or .jsonl")
    return files
