"""Bytes and CPU time of each codec and level, per record and in frames: `python -m benches.frames --function FUNCTION`.

Prints Markdown tables, which docs/performance.md has. The log events are the same in each table; only the number of log
events in a record differs. All settings take turns, so noise affects all alike.
"""

import argparse
import signal
import statistics
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from benches import output, same_work
from benches.contenders import COMPRESSION, JSON_ENVIRONMENT, Contender
from benches.executables import executable
from benches.lambda_api import FunctionError
from benches.logs.source import line_source
from benches.packing import Event, pack
from benches.process import MeasuredProcess
from benches.same_work import DifferentWorkError
from benches.workloads import Workload

LEVELS = {"gzip": (1, 3, 6), "zstd": (1, 3, 6, 9, 12, 19)}
FRAMES = ("record", "batch")
LOG_EVENTS_A_RECORD = (3, 10, 50, 1_000)
LOG_EVENTS = 9_000  # their uncompressed output still fits one response
WARM_UP = 2
# The slowest levels take seconds. A process that has used this much CPU time is measured no longer.
ENOUGH_CPU_SECONDS = 1.0
HEADER = """\
| | bytes, a frame per record | bytes, shared frames | CPU ms, a frame per record | CPU ms, shared frames |
| --- | --- | --- | --- | --- |"""


@dataclass(frozen=True)
class Setting:
    """A codec and its level. `none` has no level."""

    compression: str
    level: int

    def contender(self, function: Path, frames: str) -> Contender:
        """The function with `json` output and this compression."""
        environment = dict(JSON_ENVIRONMENT)
        if self.compression != "none":
            environment |= {
                COMPRESSION: self.compression,
                "OUTPUT_COMPRESSION_LEVEL": str(self.level),
                "OUTPUT_FRAMES": frames,
            }
        return Contender(f"{self.name}, {frames}", [str(function)], environment)

    @property
    def name(self) -> str:
        """As a table shows it."""
        return self.compression if self.compression == "none" else f"{self.compression} {self.level}"


UNCOMPRESSED = Setting("none", 0)
SETTINGS = [Setting(compression, level) for compression, levels in LEVELS.items() for level in levels]


@dataclass
class Measured:
    """Delivered bytes, and the CPU time of each invocation."""

    output_bytes: int = 0
    cpu_seconds: list[float] = field(default_factory=list)

    @property
    def cpu_ms(self) -> float:
        """The median."""
        return statistics.median(self.cpu_seconds) * 1e3


@dataclass(frozen=True)
class Table:
    """What was measured with records of one size."""

    workload: Workload
    gzip_stream_bytes: int
    uncompressed: Measured
    measured: dict[tuple[Setting, str], Measured]

    def markdown(self) -> str:
        """The table. Bytes are relative to one gzip stream over everything."""
        stream, cpu_ms = self._bytes(self.gzip_stream_bytes), self.uncompressed.cpu_ms
        rows = [
            f"{self.workload.records:,} records of {self.workload.log_events:,} log events",
            "",
            HEADER,
            f"| none, with Firehose's own GZIP | {stream} | | {cpu_ms:.1f} | |",
        ]
        for setting in SETTINGS:
            record, batch = (self.measured[setting, frames] for frames in FRAMES)
            rows.append(
                f"| {setting.name} | {self._bytes(record.output_bytes)} | {self._bytes(batch.output_bytes)} "
                f"| {record.cpu_ms:.1f} | {batch.cpu_ms:.1f} |"
            )
        return "\n".join(rows)

    def _bytes(self, count: int) -> str:
        return f"{count:,} ({count / self.gzip_stream_bytes:.2f})"


def workloads(log_events: int) -> Iterator[Workload]:
    """The same number of log events in records of each size."""
    for each in LOG_EVENTS_A_RECORD:
        if log_events % each:
            raise ValueError(f"--log-events: expected a multiple of {each:,}, found {log_events:,}")
        yield Workload(f"records of {each:,}", log_events // each, each, "")


def measure(function: Path, event: Event, rounds: int, invocations: int) -> Table:
    """Measures every setting on an event. In each round, each setting gets a new process."""
    uncompressed = UNCOMPRESSED.contender(function, FRAMES[0])
    whole = output.whole(uncompressed, event)
    contenders = {(s, frames): s.contender(function, frames) for s in SETTINGS for frames in FRAMES}
    table = Table(
        event.workload, output.in_one_gzip_stream(whole), Measured(len(whole)), {key: Measured() for key in contenders}
    )
    for _ in range(rounds):
        _invoke(uncompressed, event, invocations, whole, table.uncompressed)
        for key, contender in contenders.items():
            _invoke(contender, event, invocations, whole, table.measured[key])
    return table


def _invoke(contender: Contender, event: Event, invocations: int, whole: bytes, measured: Measured) -> None:
    with MeasuredProcess(contender.command, contender.environment) as process:
        process.start()
        for _ in range(WARM_UP):
            process.invoke(event.body)
        used = 0.0
        for _ in range(invocations):
            invocation, cpu_seconds = process.measured(event.body)
            measured.cpu_seconds.append(cpu_seconds)
            used += cpu_seconds
            if used > ENOUGH_CPU_SECONDS:
                break
    data = output.delivered(invocation.response)
    plain = output.decompressed(data, contender.compression)
    same_work.expect_whole_output(contender.name, plain, contender.uncompressed().name, whole)
    measured.output_bytes = len(data)


def main(arguments: list[str] | None = None) -> int:
    """Prints the tables. Returns the exit code."""
    options = _options(arguments)
    # SIGTERM ends the run, and its processes, as Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with tempfile.TemporaryDirectory(prefix="benches-") as directory:
            function = executable(options.function, Path(directory))
            lines = line_source(options.logs)
            for workload in workloads(options.log_events):
                event = pack(workload, lines, function)
                print(measure(function, event, options.rounds, options.invocations).markdown(), end="\n\n", flush=True)
    except (FunctionError, DifferentWorkError, ValueError, OSError) as error:
        print(f"benches.frames: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benches.frames", description="Bytes and CPU time of frames.")
    parser.add_argument("--function", type=Path, required=True, help="an executable, or a zip with it as bootstrap")
    parser.add_argument("--logs", type=Path, help="a directory of log files, whose lines are used")
    parser.add_argument("--log-events", type=int, default=LOG_EVENTS, help="in each event (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="processes per setting (default: %(default)s)")
    parser.add_argument("--invocations", type=int, default=5, help="measured per process (default: %(default)s)")
    options = parser.parse_args(arguments)
    if not options.function.is_file():
        parser.error(f"{options.function} is not a file")
    if options.logs and not options.logs.is_dir():
        parser.error(f"--logs: {options.logs} is not a directory")
    return options


if __name__ == "__main__":
    sys.exit(main())
