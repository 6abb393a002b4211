"""Measures CPU time, wall time, memory and starts of contenders that alternate, so that noise affects both alike.

Every ratio belongs to a pair that runs by itself: A B A B. With all contenders in one round, what ran before matters:
the floor took 5.0 ms right after the blueprint, and 5.4 when it alternated with the function.

Every contender is started anew several times. Now and then a process needs half as much CPU time again for as long as
it lives: 38 ms instead of 25, for the same event as other processes of its binary. With only one process of each, that
could decide the figure.
"""

import math
import statistics
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field

from benches import output, same_work
from benches.contenders import BLUEPRINT, BLUEPRINT_JSON, FLOOR, FUNCTION, JSON, VRL, Contender, Programs
from benches.lambda_api import Invocation
from benches.packing import Event
from benches.process import MeasuredProcess
from benches.results import Figures

MEBIBYTE = 1 << 20


@dataclass(frozen=True)
class Effort:
    """How much is measured. A pair is started `processes` times in sequence, with `turns` each time."""

    processes: int
    warm_up: int
    turns: int
    invocations_a_turn: int
    starts: int
    counted_invocations: int


FULL = Effort(processes=12, warm_up=3, turns=3, invocations_a_turn=3, starts=21, counted_invocations=12)
QUICK = Effort(processes=4, warm_up=2, turns=2, invocations_a_turn=2, starts=7, counted_invocations=6)


@dataclass
class Samples:
    """The measurements of one contender."""

    cpu_seconds: list[float] = field(default_factory=list)
    wall_seconds: list[float] = field(default_factory=list)
    peak_bytes: int = 0
    last: Invocation | None = None

    @classmethod
    def together(cls, samples: Iterable["Samples"]) -> "Samples":
        """The samples of all the pairs that a contender belongs to."""
        together = cls()
        for each in samples:
            together.cpu_seconds += each.cpu_seconds
            together.wall_seconds += each.wall_seconds
            together.peak_bytes = max(together.peak_bytes, each.peak_bytes)
            together.last = each.last
        return together

    def figures(self, contender: Contender) -> Figures:
        """The reported figures of a contender. The response of the floor has no rows."""
        if self.last is None:
            raise ValueError("expected at least one invocation, found none")
        response = self.last.response
        data = None if contender.name == FLOOR else output.delivered(response)
        return {
            "cpu_ms": statistics.median(self.cpu_seconds) * 1e3,
            "wall_p50_ms": _percentile(self.wall_seconds, 50) * 1e3,
            "wall_p99_ms": _percentile(self.wall_seconds, 99) * 1e3,
            "peak_mib": self.peak_bytes / MEBIBYTE,
            "invocations": len(self.cpu_seconds),
            "response_bytes": len(response),
            "output_bytes": None if data is None else len(data),
            "records_reingested": self.last.records_reingested,
            # Each log event is one line, because no message of a workload contains a line break.
            "log_events_returned": None if data is None else _lines(data, contender),
        }


class Pair:
    """A contender, the one it is compared with, and the samples of both while they alternated."""

    def __init__(self, contender: Contender, other: Contender) -> None:
        self._contender, self._other = contender, other
        self.samples = {other.name: Samples(), contender.name: Samples()}

    @property
    def other(self) -> str:
        """The name of the contender that this one is compared with."""
        return self._other.name

    def cpu_ratio(self) -> float:
        """CPU time of the contender / CPU time of the other one."""
        contender, other = (
            statistics.median(self.samples[each.name].cpu_seconds) for each in (self._contender, self._other)
        )
        return contender / other

    def measure(self, event: Event, effort: Effort) -> None:
        """Starts one process of each, and lets the two alternate."""
        with ExitStack() as stack:
            running = []
            for contender in (self._other, self._contender):
                process = stack.enter_context(MeasuredProcess(contender.command, contender.environment))
                process.start()
                for _ in range(effort.warm_up):
                    process.invoke(event.body)
                running.append((process, self.samples[contender.name]))
            for _ in range(effort.turns):
                for process, samples in running:
                    for _ in range(effort.invocations_a_turn):
                        samples.last, cpu_seconds = process.measured(event.body)
                        samples.cpu_seconds.append(cpu_seconds)
                        samples.wall_seconds.append(samples.last.wall_seconds)
            for process, samples in running:
                samples.peak_bytes = max(samples.peak_bytes, process.peak_memory_bytes())


@dataclass(frozen=True)
class Measured:
    """The figures of every contender on a workload, by name, and the sizes of the whole `json` output."""

    figures: dict[str, Figures]
    json_bytes: int
    json_gzip_bytes: int


def measure(programs: Programs, event: Event, effort: Effort, note: Callable[[str], None]) -> Measured:
    """Measures every contender on a workload."""
    workload = event.workload.name
    note(f"{workload}: checking that all do the same work")
    contenders = programs.on(workload)
    answers = {contender.name: _answer(contender, event) for contender in contenders}
    response_bytes = len(answers[FUNCTION].response)
    for floor in programs.floor_answering(response_bytes):
        same_work.expect_length(floor.name, _answer(floor, event), response_bytes)
        contenders.append(floor)
    _expect_same_work(answers)
    named = {contender.name: contender for contender in contenders}
    json_output = output.whole(named[JSON], event)
    _expect_whole_output(contenders, answers, event, json_output)

    pairs = {each.name: Pair(each, named[each.compared_with]) for each in contenders if each.compared_with}
    for number in range(effort.processes):
        note(f"{workload}: processes {number + 1} of {effort.processes}")
        for pair in pairs.values():
            pair.measure(event, effort)
    figures = {}
    for name, contender in named.items():
        samples = Samples.together(pair.samples[name] for pair in pairs.values() if name in pair.samples)
        figures[name] = samples.figures(contender)
        if name in pairs:
            figures[name]["compared_with"] = pairs[name].other
            figures[name]["cpu_ratio"] = pairs[name].cpu_ratio()
    return Measured(figures, len(json_output), output.in_one_gzip_stream(json_output))


def measure_starts(programs: Programs, effort: Effort) -> dict[str, float]:
    """Milliseconds from the start of a process to its first poll: the median of several starts that alternate."""
    function, blueprint, *_ = programs.on("small")
    contenders = [function, blueprint, *programs.floor_answering(1_000)]
    seconds: dict[str, list[float]] = {contender.name: [] for contender in contenders}
    for number in range(effort.starts + 1):
        for contender in contenders:
            with MeasuredProcess(contender.command, contender.environment) as process:
                took = process.start()
            # The first start does not count: it reads the program from disk, and CPython writes its bytecode.
            if number:
                seconds[contender.name].append(took)
    return {name: statistics.median(values) * 1e3 for name, values in seconds.items()}


def _answer(contender: Contender, event: Event) -> Invocation:
    with MeasuredProcess(contender.command, contender.environment) as process:
        process.start()
        return process.invoke(event.body)


def _expect_same_work(invocations: dict[str, Invocation]) -> None:
    def pair(one: str, other: str) -> tuple[str, Invocation, str, Invocation]:
        return one, invocations[one], other, invocations[other]

    same_work.expect_same_data(*pair(FUNCTION, BLUEPRINT))
    if VRL in invocations:
        same_work.expect_same_objects(*pair(VRL, BLUEPRINT_JSON))


def _expect_whole_output(
    contenders: list[Contender], answers: dict[str, Invocation], event: Event, json_output: bytes
) -> None:
    """The output of compressed contenders is what they give uncompressed, if nothing is re-ingested."""
    for contender in contenders:
        if contender.compression == "none" or answers[contender.name].records_reingested:
            continue
        is_json = contender.environment.get("OUTPUT_FORMAT") == "json"
        expected = json_output if is_json else output.whole(contender, event)
        data = output.decompressed(output.delivered(answers[contender.name].response), contender.compression)
        same_work.expect_whole_output(contender.name, data, contender.uncompressed().name, expected)


def _lines(data: bytes, contender: Contender) -> int:
    return output.decompressed(data, contender.compression).count(b"\n")


def _percentile(values: list[float], percent: int) -> float:
    """The percentile by nearest rank."""
    return sorted(values)[math.ceil(len(values) * percent / 100) - 1]
