"""Invocations and starts in turn: A B A B, so that what the machine does meanwhile befalls both alike.

Every ratio is of a pair that runs by itself. With all contenders in one round, each has what came before it: the floor took
5.0 ms behind the blueprint, and 5.4 in turn with the function.

Every contender is started anew several times. Now and then a process takes half as much again for as long as it lives, beside
others of the same binary on the same event: 38 ms for 25. One process of each would make that a figure.
"""

import math
import statistics
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field

from benches import same_work
from benches.contenders import BLUEPRINT, BLUEPRINT_JSON, FLOOR, FUNCTION, GZIP, VRL, Contender, Programs
from benches.lambda_api import Invocation
from benches.packing import Event
from benches.process import MeasuredProcess

MEBIBYTE = 1 << 20


@dataclass(frozen=True)
class Effort:
    """How much is measured. A pair is started `processes` times, one after the other, and has `turns` each time."""

    processes: int
    warm_up: int
    turns: int
    invocations_a_turn: int
    starts: int


FULL = Effort(processes=12, warm_up=3, turns=3, invocations_a_turn=3, starts=21)
QUICK = Effort(processes=6, warm_up=2, turns=2, invocations_a_turn=2, starts=7)


@dataclass
class Samples:
    """What was measured of a contender."""

    cpu_seconds: list[float] = field(default_factory=list)
    wall_seconds: list[float] = field(default_factory=list)
    peak_bytes: int = 0
    last: Invocation | None = None

    @classmethod
    def together(cls, samples: Iterable["Samples"]) -> "Samples":
        """Of all the pairs that a contender is in."""
        together = cls()
        for each in samples:
            together.cpu_seconds += each.cpu_seconds
            together.wall_seconds += each.wall_seconds
            together.peak_bytes = max(together.peak_bytes, each.peak_bytes)
            together.last = each.last
        return together

    def figures(self, log_events: dict[str, int] | None) -> dict:
        """As they are reported. `log_events` of each recordId, where the response is an answer to the records."""
        return {
            "cpu_ms": statistics.median(self.cpu_seconds) * 1e3,
            "wall_p50_ms": _percentile(self.wall_seconds, 50) * 1e3,
            "wall_p99_ms": _percentile(self.wall_seconds, 99) * 1e3,
            "peak_mib": self.peak_bytes / MEBIBYTE,
            "invocations": len(self.cpu_seconds),
            "response_bytes": len(self.last.response),
            "records_reingested": self.last.records_reingested,
            "log_events_returned": log_events and same_work.returned_log_events(self.last.response, log_events),
        }


class Pair:
    """A contender and the one beside it, and what was measured of both while they took turns."""

    def __init__(self, contender: Contender, beside: Contender):
        self._contenders = (beside, contender)
        self.samples = {each.name: Samples() for each in self._contenders}

    def cpu_ratio(self) -> dict:
        """The contender's CPU in that of the one beside it, as it is reported."""
        beside, contender = (statistics.median(each.cpu_seconds) for each in self.samples.values())
        return {"beside": self._contenders[0].name, "cpu_ratio": contender / beside}

    def measure(self, event: Event, effort: Effort) -> None:
        """One process of each, in turn."""
        with ExitStack() as stack:
            running = []
            for contender in self._contenders:
                process = stack.enter_context(MeasuredProcess(contender.command, contender.environment))
                process.start()
                for _ in range(effort.warm_up):
                    process.invoke(event.body)
                running.append((process, self.samples[contender.name]))
            for _ in range(effort.turns):
                for process, sample in running:
                    for _ in range(effort.invocations_a_turn):
                        sample.last, cpu_seconds = process.measured(event.body)
                        sample.cpu_seconds.append(cpu_seconds)
                        sample.wall_seconds.append(sample.last.wall_seconds)
            for process, sample in running:
                sample.peak_bytes = max(sample.peak_bytes, process.peak_memory_bytes())


def measure(programs: Programs, event: Event, effort: Effort, note: Callable[[str], None]) -> dict[str, dict]:
    """The figures of every contender on a workload, by its name."""
    name = event.workload.name
    note(f"{name}: checking that all do the same work")
    contenders = programs.on(name)
    answers = {contender.name: _answer(contender, event) for contender in contenders}
    response_bytes = len(answers[FUNCTION].response)
    for contender in programs.floor_answering(response_bytes):
        same_work.expect_length(contender.name, _answer(contender, event), response_bytes)
        contenders.append(contender)
    _expect_same_work(answers)

    named = {contender.name: contender for contender in contenders}
    pairs = {each.name: Pair(each, named[each.beside]) for each in contenders if each.beside}
    for number in range(effort.processes):
        note(f"{name}: processes {number + 1} of {effort.processes}")
        for pair in pairs.values():
            pair.measure(event, effort)
    figures = {}
    for contender in named:
        samples = Samples.together(pair.samples[contender] for pair in pairs.values() if contender in pair.samples)
        figures[contender] = samples.figures(event.log_events if contender != FLOOR else None)
        if contender in pairs:
            figures[contender] |= pairs[contender].cpu_ratio()
    return figures


def _answer(contender: Contender, event: Event) -> Invocation:
    with MeasuredProcess(contender.command, contender.environment) as process:
        process.start()
        return process.invoke(event.body)


def measure_starts(programs: Programs, effort: Effort) -> dict[str, float]:
    """Milliseconds from starting the process to its first poll: the median of several starts, in turn."""
    function, blueprint, *_ = programs.on("small")
    contenders = [function, blueprint, *programs.floor_answering(1_000)]
    seconds: dict[str, list[float]] = {contender.name: [] for contender in contenders}
    for number in range(effort.starts + 1):
        for contender in contenders:
            with MeasuredProcess(contender.command, contender.environment) as process:
                took = process.start()
            # The first one reads the program from the disk, and CPython writes its bytecode.
            if number:
                seconds[contender.name].append(took)
    return {name: statistics.median(values) * 1e3 for name, values in seconds.items()}


def _expect_same_work(invocations: dict[str, Invocation]) -> None:
    def pair(one: str, other: str) -> tuple:
        return one, invocations[one], other, invocations[other]

    same_work.expect_same_data(*pair(FUNCTION, BLUEPRINT))
    if VRL in invocations:
        same_work.expect_same_objects(*pair(VRL, BLUEPRINT_JSON))
    if GZIP in invocations:
        same_work.expect_same_inflated(*pair(GZIP, FUNCTION))


def _percentile(values: list[float], percent: int) -> float:
    """By nearest rank."""
    return sorted(values)[math.ceil(len(values) * percent / 100) - 1]
