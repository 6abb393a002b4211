"""The targets of the function as data, and whether the results of a run reach them.

Most are ratios within one run, which differ little from machine to machine. Bytes do not differ at all.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum, auto

from benches.contenders import (
    BLUEPRINT,
    BLUEPRINT_JSON,
    DEFAULT_PATH,
    FLOOR,
    FORMER_DEFAULT,
    FUNCTION,
    GZIP,
    JSON,
    VRL,
)
from benches.results import Figures, Results, TargetResult

QUICK_SHARE = 0.8  # the share of a target that a quick run on a busy machine has to reach

# Instructions of the function / of the floor. Counted several times on x86_64: small 1.13, full 1.44 to 1.48,
# json 1.73 to 1.79, overflow 1.60. Each limit is 5 % above the highest.
INSTRUCTION_LIMITS = {"small": 1.19, "full": 1.56, "json": 1.88, "overflow": 1.68}
INSTRUCTIONS_ARCHITECTURE = "x86_64"


class QuickCheck(Enum):
    """What a quick run asks of a target."""

    SHARE = auto()  # QUICK_SHARE of the target, or of what is reached of a missed one
    WHOLE = auto()  # all of the target, or of what is reached of a missed one: the value has no noise
    NONE = auto()  # nothing: noise is larger than what the check would find


@dataclass(frozen=True)
class Target:
    """One target. `value` takes its value from a run's results; None if this run did not measure it."""

    what: str
    is_at_least: bool
    bound: float
    unit: str
    value: Callable[[Results], float | None]
    reached: float | None = None  # of a missed target, as docs/performance.md explains; a quick run is held to this
    quick_check: QuickCheck = QuickCheck.SHARE

    @property
    def is_ratio(self) -> bool:
        """Whether the target compares two contenders of the same run."""
        return self.unit == "x"

    @property
    def quick_bound(self) -> float | None:
        """The bound that a quick run is held to; None if a quick run does not check this target."""
        if self.quick_check is QuickCheck.NONE:
            return None
        bound = self.bound if self.reached is None else self.reached
        if self.quick_check is QuickCheck.WHOLE:
            return bound
        if not self.is_ratio:
            return None
        return bound * QUICK_SHARE if self.is_at_least else bound / QUICK_SHARE


def evaluate(results: Results) -> list[TargetResult]:
    """Each target with its value in these results. A target without a value is neither met nor missed."""
    return [evaluated(target, target.value(results)) for target in _targets(results)]


def evaluated(target: Target, value: float | None) -> TargetResult:
    """A target and its value, as reported."""

    def holds(bound: float | None) -> bool | None:
        if value is None or bound is None:
            return None
        return value >= bound if target.is_at_least else value <= bound

    return {
        "what": target.what,
        "value": value,
        "sign": ">=" if target.is_at_least else "<=",
        "bound": target.bound,
        "unit": target.unit,
        "is_met": holds(target.bound),
        "quick_bound": target.quick_bound,
        "is_met_quick": holds(target.quick_bound),
    }


def quick_failures(targets: list[TargetResult]) -> list[str]:
    """What a quick run fails for: a message for each target that misses its quick bound."""
    return [
        f"{target['what']}: expected {target['sign']} {target['quick_bound']:.2f} (the target is {target['bound']:g}), "
        f"found {target['value']:.2f}"
        for target in targets
        if target["is_met_quick"] is False
    ]


def _targets(results: Results) -> Iterator[Target]:
    blueprint_targets: list[tuple[str, float, float | None]] = [
        ("small", 6, None),
        ("full", 6, None),
        ("json", 6, None),
        ("overflow", 15, 11.1),
    ]
    for workload, factor, reached in blueprint_targets:
        what = f"{workload}: CPU of the blueprint / CPU of the function"
        yield Target(what, True, factor, "x", _cpu_ratio(workload, BLUEPRINT, FUNCTION), reached)
    floor_targets: list[tuple[str, float, float | None]] = [("full", 1.15, 1.24), ("json", 1.3, 1.32)]
    for workload, factor, reached in floor_targets:
        what = f"{workload}: CPU of the function / CPU of the floor"
        value = _cpu_ratio(workload, FUNCTION, FLOOR)
        yield Target(what, False, factor, "x", value, reached, quick_check=QuickCheck.NONE)
    is_counted_here = results["machine"]["architecture"] == INSTRUCTIONS_ARCHITECTURE
    check = QuickCheck.WHOLE if is_counted_here else QuickCheck.NONE
    for workload, factor in INSTRUCTION_LIMITS.items():
        what = f"{workload}: instructions of the function / of the floor"
        yield Target(what, False, factor, "x", _instruction_ratio(workload, FUNCTION, FLOOR), quick_check=check)
    yield from _default_path_targets(results)
    for workload in results["workloads"]:
        what = f"{workload}: CPU with OUTPUT_FORMAT=json / CPU with message"
        yield Target(what, False, 1.3, "x", _cpu_ratio(workload, JSON, FUNCTION))
    what = "json: CPU of the blueprint's json transform / CPU of VRL parse_json"
    yield Target(what, True, 4, "x", _cpu_ratio("json", BLUEPRINT_JSON, VRL))
    what = "overflow: CPU with gzip / CPU without, per log event returned"
    yield Target(what, False, 2, "x", _cpu_ratio_per_log_event("overflow", GZIP, FUNCTION), reached=2.14)
    what = "overflow: records re-ingested with gzip"
    yield Target(what, False, 0, "records", _reingested("overflow", GZIP), quick_check=QuickCheck.WHOLE)
    yield Target("start to first poll: function / blueprint", False, 0.1, "x", _start_ratio)
    yield Target("start to first poll", False, 15, "ms", lambda run: run["start_ms"][FUNCTION])
    yield Target("peak memory of the function, any workload and format", False, 64, "MiB", _peak_mib)


def _default_path_targets(results: Results) -> Iterator[Target]:
    """The default of the Terraform module beside its former default, Firehose's own GZIP and the blueprint."""
    exact = QuickCheck.WHOLE
    for workload, bound in {"quiet": 0.32, "small": 0.48, "full": 0.9, "json": 0.9}.items():
        what = f"{workload}: bytes of the default path / of the former default"
        yield Target(what, False, bound, "x", _bytes_ratio(workload, _former_default_bytes), quick_check=exact)
    for workload in results["workloads"]:
        what = f"{workload}: bytes of the default path / of one gzip 6 stream"
        yield Target(what, False, 0.92, "x", _bytes_ratio(workload, _gzip_stream_bytes), quick_check=exact)
    for workload in results["workloads"]:
        what = f"{workload}: records re-ingested by the default path"
        yield Target(what, False, 0, "records", _reingested(workload, DEFAULT_PATH), quick_check=exact)
    for workload, bound in {"quiet": 0.4, "small": 0.45, "full": 0.55, "json": 0.65}.items():
        what = f"{workload}: CPU of the default path / of the former default"
        yield Target(what, False, bound, "x", _cpu_ratio(workload, DEFAULT_PATH, FORMER_DEFAULT))
    for workload in results["workloads"]:
        what = f"{workload}: CPU of the blueprint / of the default path, per log event delivered"
        bound, reached = (7, 6.9) if workload == "overflow" else (4, None)
        yield Target(what, True, bound, "x", _cpu_ratio_per_log_event(workload, BLUEPRINT, DEFAULT_PATH), reached)


def _figures(results: Results, workload: str, contender: str) -> Figures:
    return results["workloads"][workload]["contenders"][contender]


def _cpu_ratio(workload: str, one: str, other: str) -> Callable[[Results], float | None]:
    """CPU of one / CPU of the other, measured while the two alternated."""

    def ratio(run: Results) -> float | None:
        if FLOOR in (one, other) and FLOOR not in run["workloads"][workload]["contenders"]:
            return None
        return _pair_ratio(run, workload, one, other)

    return ratio


def _pair_ratio(run: Results, workload: str, one: str, other: str) -> float:
    figures, others = _figures(run, workload, one), _figures(run, workload, other)
    if figures.get("compared_with") == other:
        return figures["cpu_ratio"]
    if others.get("compared_with") == one:
        return 1 / others["cpu_ratio"]
    raise ValueError(f"{workload}: {one} and {other} were not measured as a pair")


def _cpu_ratio_per_log_event(workload: str, one: str, other: str) -> Callable[[Results], float]:
    def log_events(run: Results, contender: str) -> int:
        returned = _figures(run, workload, contender)["log_events_returned"]
        if returned is None:
            raise ValueError(f"{workload}: {contender} returns no log events")
        return returned

    return lambda run: _pair_ratio(run, workload, one, other) * log_events(run, other) / log_events(run, one)


def _bytes_ratio(workload: str, other_bytes: Callable[[Results, str], int | None]) -> Callable[[Results], float | None]:
    """Output of the default path / other bytes; None if either does not hold the output of all records."""

    def ratio(run: Results) -> float | None:
        ours, others = _whole_output_bytes(run, workload, DEFAULT_PATH), other_bytes(run, workload)
        return None if ours is None or others is None else ours / others

    return ratio


def _whole_output_bytes(run: Results, workload: str, contender: str) -> int | None:
    figures = _figures(run, workload, contender)
    return None if figures["records_reingested"] else figures["output_bytes"]


def _former_default_bytes(run: Results, workload: str) -> int | None:
    return _whole_output_bytes(run, workload, FORMER_DEFAULT)


def _gzip_stream_bytes(run: Results, workload: str) -> int:
    return run["workloads"][workload]["json_gzip_bytes"]


def _reingested(workload: str, contender: str) -> Callable[[Results], float]:
    return lambda run: _figures(run, workload, contender)["records_reingested"]


def _instruction_ratio(workload: str, one: str, other: str) -> Callable[[Results], float | None]:
    """Instructions of one / instructions of the other; None if either was not counted."""

    def ratio(run: Results) -> float | None:
        contenders = run["workloads"][workload]["contenders"]
        counts = [contenders[name].get("instructions") for name in (one, other) if name in contenders]
        if len(counts) != 2 or counts[0] is None or counts[1] is None:
            return None
        return counts[0] / counts[1]

    return ratio


def _start_ratio(results: Results) -> float:
    return results["start_ms"][FUNCTION] / results["start_ms"][BLUEPRINT]


def _peak_mib(results: Results) -> float:
    return max(
        figures["peak_mib"]
        for workload in results["workloads"].values()
        for name, figures in workload["contenders"].items()
        if name.startswith(FUNCTION)
    )
