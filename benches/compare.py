"""Compares the instructions of two builds of the function: `python -m benches.compare OLD NEW [--within PERCENT]`.

Both run on the same events, one after the other, under callgrind. OLD and NEW are executables, or zips that
`make package` built. NEW packs the events.
"""

import argparse
import signal
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from benches import instructions
from benches.contenders import (
    DEFAULT_PATH_ENVIRONMENT,
    GZIP_ENVIRONMENT,
    JSON_ENVIRONMENT,
    VRL_ENVIRONMENT,
    Contender,
)
from benches.executables import executable
from benches.lambda_api import FunctionError
from benches.logs.source import line_source
from benches.packing import Event, pack
from benches.report import print_table
from benches.same_work import difference
from benches.workloads import WORKLOADS

FORMATS = {
    "message": {},
    "json": JSON_ENVIRONMENT,
    "gzip": GZIP_ENVIRONMENT,
    "default": DEFAULT_PATH_ENVIRONMENT,
    "vrl": {"VRL_PROGRAM": '. = {"at": .timestamp, "message": .message}'},
}
# Only this workload has messages that are JSON.
VRL_PARSES_JSON_ON = "json"
INVOCATIONS = 10
HEADER = ["workload", "format", "old, M instructions", "new, M instructions", "new / old"]


@dataclass(frozen=True)
class Comparison:
    """The instructions of an invocation of both builds, on one workload and in one format."""

    workload: str
    output_format: str
    old: int
    new: int
    difference: str | None  # where the responses differ

    @property
    def percent(self) -> float:
        """New / old, in per cent."""
        return self.new / self.old * 100

    def is_within(self, percent: float) -> bool:
        """Whether new differs from old by at most this many per cent, more or less."""
        return abs(self.percent - 100) <= percent


def environment(output_format: str, workload: str) -> dict[str, str]:
    """The variables of a format on a workload."""
    if output_format == "vrl" and workload == VRL_PARSES_JSON_ON:
        return VRL_ENVIRONMENT
    return FORMATS[output_format]


def compare(
    old: Path, new: Path, events: Iterable[Event], formats: list[str], invocations: int
) -> Iterator[Comparison]:
    """Counts both builds on each event, in each format."""
    for event in events:
        workload = event.workload.name
        for output_format in formats:
            old_count, new_count = (
                instructions.count(
                    Contender(name, [str(path)], environment(output_format, workload)), event.body, invocations
                )
                for name, path in (("old", old), ("new", new))
            )
            responses = old_count.invocation.response, new_count.invocation.response
            where = None if responses[0] == responses[1] else difference("old", responses[0], "new", responses[1])
            yield Comparison(workload, output_format, old_count.instructions, new_count.instructions, where)


def row(comparison: Comparison) -> list[str]:
    """A comparison as it is printed."""
    return [
        comparison.workload,
        comparison.output_format,
        f"{comparison.old / 1e6:.2f}",
        f"{comparison.new / 1e6:.2f}",
        f"{comparison.percent:.2f} %",
    ]


def problems(comparisons: list[Comparison], within: float | None) -> Iterator[str]:
    """A message for each ratio beyond the limit, and for each pair of responses that differ."""
    for each in comparisons:
        name = f"{each.workload}, {each.output_format}"
        if within is not None and not each.is_within(within):
            yield f"{name}: expected 100 % +/- {within:g} %, found {each.percent:.2f} %"
        if each.difference:
            yield f"{name}: the responses differ: {each.difference}"


def main(arguments: list[str] | None = None) -> int:
    """Prints the comparison. Returns the exit code: 1 if a ratio is beyond --within, or if responses differ."""
    options = _options(arguments)
    if not instructions.is_available():
        print("benches.compare: Valgrind is not installed", file=sys.stderr)
        return 1
    # SIGTERM ends the run, and its processes, as Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    comparisons = []
    try:
        with tempfile.TemporaryDirectory(prefix="benches-") as directory:
            old, new = (executable(getattr(options, name), Path(directory) / name) for name in ("old", "new"))
            lines = line_source(options.logs)
            events = (pack(each, lines, new) for each in WORKLOADS if each.name in options.workload)
            for comparison in compare(old, new, events, options.format, options.invocations):
                comparisons.append(comparison)
                print("  ".join(row(comparison)), file=sys.stderr, flush=True)
    except (FunctionError, ValueError, OSError) as error:
        print(f"benches.compare: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    print_table([HEADER, *map(row, comparisons)])
    found = list(problems(comparisons, options.within))
    for problem in found:
        print(f"benches.compare: {problem}", file=sys.stderr)
    return 1 if found else 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    names = [workload.name for workload in WORKLOADS]
    parser = argparse.ArgumentParser(prog="python -m benches.compare", description="Instructions of two builds.")
    parser.add_argument("old", type=Path, help="an executable, or a zip with the binary as bootstrap")
    parser.add_argument("new", type=Path, help="the same")
    parser.add_argument("--workload", nargs="+", choices=names, default=names, help="default: all")
    parser.add_argument("--format", nargs="+", choices=list(FORMATS), default=list(FORMATS), help="default: all")
    parser.add_argument("--within", type=float, metavar="PERCENT", help="fail if a count differs by more")
    parser.add_argument("--logs", type=Path, help="a directory of log files, whose lines all workloads but json use")
    parser.add_argument("--invocations", type=int, default=INVOCATIONS, help="counted per build (default: %(default)s)")
    options = parser.parse_args(arguments)
    for path in (options.old, options.new):
        if not path.is_file():
            parser.error(f"{path} is not a file")
    return options


if __name__ == "__main__":
    sys.exit(main())
