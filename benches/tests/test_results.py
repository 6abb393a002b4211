"""Targets, chart and tables of a run's results."""

import copy
import xml.etree.ElementTree as ElementTree

import pytest

from benches import chart, report, targets
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
    Contender,
)
from benches.measure import Pair, Samples
from benches.results import Figures, Results, TargetResult
from benches.targets import INSTRUCTION_LIMITS, QuickCheck, Target, evaluate, evaluated, quick_failures


def figures(cpu_ms: float, log_events: int | None = 1_000, instructions: float | None = None) -> Figures:
    measured: Figures = {
        "cpu_ms": cpu_ms,
        "wall_p50_ms": cpu_ms,
        "wall_p99_ms": cpu_ms,
        "peak_mib": 30.0,
        "invocations": 3,
        "response_bytes": 1_000,
        "output_bytes": 700,
        "records_reingested": 0,
        "log_events_returned": log_events,
    }
    if instructions is not None:
        measured["instructions"] = instructions
    return measured


def paired(measured: Figures, compared_with: str, cpu_ratio: float) -> Figures:
    return {**measured, "compared_with": compared_with, "cpu_ratio": cpu_ratio}


def results() -> Results:
    contenders = {
        FUNCTION: figures(10, instructions=55e6),
        BLUEPRINT: paired(figures(200), FUNCTION, cpu_ratio=20),
        JSON: paired(figures(12), FUNCTION, cpu_ratio=1.2),
        DEFAULT_PATH: paired({**figures(20), "output_bytes": 80}, BLUEPRINT, cpu_ratio=0.1),
        FORMER_DEFAULT: paired({**figures(60), "output_bytes": 320}, DEFAULT_PATH, cpu_ratio=3),
        FLOOR: paired({**figures(9.5, None, instructions=50e6), "output_bytes": None}, FUNCTION, cpu_ratio=0.95),
    }
    workloads = {name: copy.deepcopy(contenders) for name in ("quiet", "small", "full", "json", "overflow")}
    workloads["json"] |= {
        VRL: paired(figures(15), FUNCTION, cpu_ratio=1.5),
        BLUEPRINT_JSON: paired(figures(90), VRL, cpu_ratio=6),
    }
    workloads["overflow"] |= {GZIP: paired(figures(30, 2_000), FUNCTION, cpu_ratio=3)}
    del workloads["overflow"][FORMER_DEFAULT]
    return {
        "date": "2026-03-02T01:00:00+00:00",
        "commit": None,
        "lines": "generated",
        "machine": {
            "cpu": "A <CPU> & more",
            "cores": 2,
            "architecture": "x86_64",
            "kernel": "6",
            "python": "CPython 3",
            "packages": {"awslambdaric": "1", "boto3": "1"},
        },
        "workloads": {
            name: {
                "records": 5,
                "log_events": 1_000,
                "event_bytes": 150_000,
                "inflated_bytes": 1_000_000,
                "compressed_bytes": 100_000,
                "json_bytes": 1_500,
                "json_gzip_bytes": 100,
                "contenders": each,
            }
            for name, each in workloads.items()
        },
        "start_ms": {FUNCTION: 4.0, BLUEPRINT: 150.0},
        "targets": [],
    }


def unmeasured(_results: Results) -> None:
    return None


def by_name(evaluated_targets: list[TargetResult]) -> dict[str, TargetResult]:
    return {target["what"]: target for target in evaluated_targets}


def outcome(target: Target, value: float) -> tuple[bool | None, bool | None]:
    found = evaluated(target, value)
    return found["is_met"], found["is_met_quick"]


@pytest.mark.parametrize(
    ("value", "expected"), [(5.0, (True, True)), (4.99, (False, True)), (4.0, (False, True)), (3.99, (False, False))]
)
def test_at_least(value: float, expected: tuple[bool, bool]) -> None:
    assert outcome(Target("ratio", True, 5, "x", unmeasured), value) == expected


@pytest.mark.parametrize(
    ("value", "expected"), [(2.0, (True, True)), (2.01, (False, True)), (2.5, (False, True)), (2.51, (False, False))]
)
def test_at_most(value: float, expected: tuple[bool, bool]) -> None:
    assert outcome(Target("ratio", False, 2, "x", unmeasured), value) == expected


def test_a_quick_run_is_held_to_what_is_reached_of_a_missed_target() -> None:
    target = Target("ratio", True, 15, "x", unmeasured, reached=10)
    assert [outcome(target, value) for value in (15, 8, 7.9)] == [(True, True), (False, True), (False, False)]


def test_a_quick_run_checks_no_absolute_figure() -> None:
    assert outcome(Target("start", False, 15, "ms", unmeasured), 1_000) == (False, None)


def test_a_quick_run_holds_exact_values_to_the_whole_target() -> None:
    target = Target("ratio", False, 2, "x", unmeasured, quick_check=QuickCheck.WHOLE)
    assert [outcome(target, value) for value in (2.0, 2.01)] == [(True, True), (False, False)]
    missed = Target("ratio", False, 2, "x", unmeasured, reached=2.1, quick_check=QuickCheck.WHOLE)
    assert [outcome(missed, value) for value in (2.0, 2.1, 2.11)] == [(True, True), (False, True), (False, False)]


def test_a_quick_run_does_not_check_noisy_values() -> None:
    target = Target("ratio", False, 2, "x", unmeasured, quick_check=QuickCheck.NONE)
    assert [outcome(target, value) for value in (2.0, 1_000)] == [(True, None), (False, None)]


def test_a_quick_run_compares_instructions_with_the_floor_and_not_cpu_time() -> None:
    run = results()
    run["workloads"]["full"]["contenders"][FLOOR]["cpu_ratio"] = 0.01
    assert quick_failures(evaluate(run)) == []
    run["workloads"]["full"]["contenders"][FUNCTION]["instructions"] = 50e6 * (INSTRUCTION_LIMITS["full"] + 0.01)
    failures = quick_failures(evaluate(run))
    assert len(failures) == 1
    limit = INSTRUCTION_LIMITS["full"]
    assert failures[0].startswith("full: instructions of the function / of the floor: ")
    assert f"expected <= {limit:.2f} (the target is {limit:g}), found {limit + 0.01:.2f}" in failures[0]


def test_a_quick_run_still_compares_cpu_time_with_the_blueprint() -> None:
    run = results()
    run["workloads"]["overflow"]["contenders"][BLUEPRINT]["cpu_ratio"] = 8.8
    expected = "overflow: CPU of the blueprint / CPU of the function: expected >= 8.88 (the target is 15), found 8.80"
    assert quick_failures(evaluate(run)) == [expected]


def test_instruction_limits_hold_only_where_they_were_counted() -> None:
    run = results()
    run["machine"]["architecture"] = "aarch64"
    run["workloads"]["full"]["contenders"][FUNCTION]["instructions"] = 500e6
    target = by_name(evaluate(run))["full: instructions of the function / of the floor"]
    assert (target["value"], target["is_met"], target["is_met_quick"]) == (10, False, None)


def test_without_counts_their_targets_are_neither_met_nor_missed() -> None:
    run = results()
    for workload in run["workloads"].values():
        for measured in workload["contenders"].values():
            measured.pop("instructions", None)
    without = [target for target in evaluate(run) if target["value"] is None]
    assert [target["what"] for target in without] == [
        f"{name}: instructions of the function / of the floor" for name in INSTRUCTION_LIMITS
    ]
    assert all(target["is_met"] is None and target["is_met_quick"] is None for target in without)
    assert quick_failures(evaluate(run)) == []


def test_every_target_of_a_complete_run_has_a_value() -> None:
    found = evaluate(results())
    assert all(target["is_met"] for target in found)
    values = {target["what"]: target["value"] for target in found}
    assert values["overflow: CPU with gzip / CPU without, per log event returned"] == pytest.approx(1.5)
    assert values["small: CPU of the blueprint / CPU of the function"] == 20
    assert values["full: CPU of the function / CPU of the floor"] == pytest.approx(1 / 0.95)
    assert values["full: instructions of the function / of the floor"] == pytest.approx(1.1)


def test_the_default_path_is_compared_in_bytes_and_cpu_time() -> None:
    run = results()
    run["workloads"]["overflow"]["contenders"][DEFAULT_PATH]["log_events_returned"] = 2_000
    values = {target["what"]: target["value"] for target in evaluate(run)}
    assert values["quiet: bytes of the default path / of the former default"] == pytest.approx(0.25)
    assert values["overflow: bytes of the default path / of one gzip 6 stream"] == pytest.approx(0.8)
    assert values["quiet: CPU of the default path / of the former default"] == pytest.approx(1 / 3)
    per_log_event = "CPU of the blueprint / of the default path, per log event delivered"
    assert values[f"small: {per_log_event}"] == pytest.approx(10)
    assert values[f"overflow: {per_log_event}"] == pytest.approx(20)


def test_a_quick_run_holds_bytes_to_the_whole_target() -> None:
    run = results()
    run["workloads"]["quiet"]["contenders"][DEFAULT_PATH]["output_bytes"] = 93
    assert quick_failures(evaluate(run)) == [
        "quiet: bytes of the default path / of one gzip 6 stream: expected <= 0.92 (the target is 0.92), found 0.93"
    ]


def test_a_quick_run_fails_if_the_default_path_reingests() -> None:
    run = results()
    run["workloads"]["full"]["contenders"][DEFAULT_PATH]["records_reingested"] = 1
    assert quick_failures(evaluate(run)) == [
        "full: records re-ingested by the default path: expected <= 0.00 (the target is 0), found 1.00"
    ]


def test_bytes_of_a_part_of_the_output_are_not_compared() -> None:
    run = results()
    run["workloads"]["full"]["contenders"][DEFAULT_PATH]["records_reingested"] = 1
    run["workloads"]["json"]["contenders"][FORMER_DEFAULT]["records_reingested"] = 1
    assert [target["what"] for target in evaluate(run) if target["value"] is None] == [
        "full: bytes of the default path / of the former default",
        "json: bytes of the default path / of the former default",
        "full: bytes of the default path / of one gzip 6 stream",
    ]


def test_ratios_come_from_pairs_that_alternated() -> None:
    run = results()
    run["workloads"]["full"]["contenders"][BLUEPRINT]["cpu_ms"] = 1_000
    values = {target["what"]: target["value"] for target in evaluate(run)}
    assert values["full: CPU of the blueprint / CPU of the function"] == 20
    del run["workloads"]["full"]["contenders"][JSON]["compared_with"]
    with pytest.raises(ValueError, match="were not measured as a pair"):
        evaluate(run)


def test_figures_cover_all_pairs_of_a_contender() -> None:
    function, blueprint = Contender(FUNCTION, [], compared_with=None), Contender(BLUEPRINT, [])
    pair = Pair(blueprint, function)
    pair.samples[FUNCTION].cpu_seconds += [1.0, 2.0, 9.0]
    pair.samples[BLUEPRINT].cpu_seconds += [10.0, 12.0, 11.0]
    assert (pair.other, pair.cpu_ratio()) == (FUNCTION, 5.5)
    other = Samples([3.0], [4.0], peak_bytes=7)
    together = Samples.together([pair.samples[FUNCTION], other])
    assert (together.cpu_seconds, together.wall_seconds, together.peak_bytes) == ([1.0, 2.0, 9.0, 3.0], [4.0], 7)


def test_without_the_floor_its_targets_are_neither_met_nor_missed() -> None:
    run = results()
    for workload in run["workloads"].values():
        del workload["contenders"][FLOOR]
    without = [target for target in evaluate(run) if target["value"] is None]
    assert len(without) == 2 + len(INSTRUCTION_LIMITS)
    assert all(target["is_met"] is None and target["is_met_quick"] is None for target in without)


def text(element: ElementTree.Element | None) -> str:
    assert element is not None and element.text is not None
    return element.text


def test_the_chart_has_every_bar() -> None:
    drawing = ElementTree.fromstring(chart.svg(results()))
    namespace = {"svg": "http://www.w3.org/2000/svg"}
    bars = [rectangle for rectangle in drawing.iterfind("svg:rect", namespace) if len(rectangle)]
    # The floor delivers nothing, one gzip stream takes no CPU time of ours, and overflow has no former default.
    assert len(bars) == 5 * 10 - 2
    times = [bar for bar in bars if float(bar.get("x", "")) < chart.BYTES_X][:5]
    assert [bar.get("class") for bar in times] == ["blueprint", "function", "default", "former", "floor"]
    widths = [float(bar.get("width", "")) for bar in times]
    assert widths[0] / widths[1] == pytest.approx(20, rel=0.01)
    sizes = [bar for bar in bars if float(bar.get("x", "")) == chart.BYTES_X][:5]
    assert [bar.get("class") for bar in sizes] == ["blueprint", "function", "default", "former", "stream"]
    widths = [float(bar.get("width", "")) for bar in sizes]
    assert widths[0] / widths[2] == pytest.approx(700 / 80, rel=0.01)
    assert widths[0] / widths[4] == pytest.approx(7, rel=0.01)
    assert drawing.get("role") == "img" and text(drawing.find("svg:title", namespace))
    texts = [text(element) for element in drawing.iterfind("svg:text", namespace)]
    assert texts.count("200.0 ms, 20.0 \N{MULTIPLICATION SIGN} the function") == 5
    assert any("A <CPU> & more" in each for each in texts)


def test_a_bar_of_bytes_is_that_of_a_delivered_log_event() -> None:
    run = results()
    run["workloads"]["overflow"]["contenders"][FUNCTION]["log_events_returned"] = 10
    drawing = ElementTree.fromstring(chart.svg(run))
    titles = [text(title) for title in drawing.iterfind("{*}rect/{*}title")]
    assert titles.count(f"{FUNCTION}: 70 bytes") == 1 and titles.count(f"{FUNCTION}: 1 bytes") == 4


def test_the_report_names_what_is_not_met(capsys: pytest.CaptureFixture[str]) -> None:
    run = results()
    run["workloads"]["small"]["contenders"][BLUEPRINT]["cpu_ratio"] = 3
    run["targets"] = targets.evaluate(run)
    report.print_machine(run)
    for name, workload in run["workloads"].items():
        report.print_workload(name, workload)
    report.print_starts(run["start_ms"])
    report.print_targets(run["targets"])
    printed = capsys.readouterr().out
    assert printed.count(" NO\n") == 1
    assert "3.00 x" in printed
