"""The shape of a run's results, as target/bench/results.json and docs/performance.json hold them."""

from typing import NotRequired, TypedDict


class Figures(TypedDict):
    """What was measured of one contender on one workload."""

    cpu_ms: float
    wall_p50_ms: float
    wall_p99_ms: float
    peak_mib: float
    invocations: int
    response_bytes: int
    output_bytes: int | None  # the data of all Ok rows, before base64; the floor returns none
    records_reingested: int
    log_events_returned: int | None  # the floor returns none
    compared_with: NotRequired[str]  # the other contender of the pair
    cpu_ratio: NotRequired[float]  # CPU time / CPU time of the other contender
    instructions: NotRequired[float]


class WorkloadResults(TypedDict):
    """One workload: its size, and the figures of its contenders by name."""

    records: int
    log_events: int
    event_bytes: int
    compressed_bytes: int
    inflated_bytes: int
    json_bytes: int  # the json output of all log events, uncompressed
    json_gzip_bytes: int  # the same in one gzip stream of level 6: the best that Firehose's own GZIP could do
    contenders: dict[str, Figures]


class Machine(TypedDict):
    """The machine and the versions."""

    cpu: str
    cores: int | None
    architecture: str
    kernel: str
    python: str
    packages: dict[str, str]


class TargetResult(TypedDict):
    """A target and the value that a run reached. Without a value, or without a bound, there is no verdict."""

    what: str
    value: float | None
    sign: str
    bound: float
    unit: str
    is_met: bool | None
    quick_bound: float | None
    is_met_quick: bool | None


class Results(TypedDict):
    """A whole run."""

    date: str
    commit: str | None
    machine: Machine
    lines: str
    workloads: dict[str, WorkloadResults]
    start_ms: dict[str, float]
    targets: list[TargetResult]
