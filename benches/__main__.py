"""The benchmark: `python -m benches --package bootstrap.zip [--floor EXECUTABLE] [--quick]`. `make bench` calls it."""

import argparse
import json
import signal
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from benches import instructions, machine, report, targets
from benches.contenders import FUNCTION, Programs
from benches.executables import unpacked
from benches.lambda_api import FunctionError
from benches.logs.source import line_source
from benches.measure import FULL, QUICK, Effort, Measured, measure, measure_starts
from benches.packing import Event, pack
from benches.process import REPOSITORY
from benches.results import Figures, Results, WorkloadResults
from benches.same_work import DifferentWorkError
from benches.workloads import WORKLOADS

RESULTS = REPOSITORY / "target/bench/results.json"


def main() -> int:
    """Runs the benchmark. Returns the exit code."""
    arguments = _arguments()
    # SIGTERM ends the run, and its processes, as Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with tempfile.TemporaryDirectory(prefix="benches-") as directory:
            function = arguments.function or unpacked(arguments.package, Path(directory))
            results = _run(arguments, Programs(function.resolve(), arguments.floor and arguments.floor.resolve()))
    except (FunctionError, DifferentWorkError, ValueError, OSError) as error:
        print(f"\nbenches: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    arguments.json.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"\nEvery figure is in {arguments.json}", flush=True)
    failures = targets.quick_failures(results["targets"]) if arguments.quick else []
    for failure in failures:
        print(f"benches: {failure}", file=sys.stderr)
    return 1 if failures else 0


def _run(arguments: argparse.Namespace, programs: Programs) -> Results:
    effort = QUICK if arguments.quick else FULL
    results: Results = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": machine.commit(),
        "machine": machine.describe(),
        "lines": arguments.logs.resolve().name if arguments.logs else "generated",
        "workloads": {},
        "start_ms": {},
        "targets": [],
    }
    report.print_machine(results)
    counts = arguments.instructions or arguments.quick
    if counts and not instructions.is_available():
        print("No instruction counts: Valgrind is not installed, so the ratios to the floor are not checked")
        counts = False
    lines = line_source(arguments.logs)
    for workload in WORKLOADS:
        _note(f"{workload.name}: packing")
        event = pack(workload, lines, programs.function)
        measured = measure(programs, event, effort, _note)
        if counts and workload.name in targets.INSTRUCTION_LIMITS:
            _count_instructions(measured.figures, programs, event, effort)
        results["workloads"][workload.name] = _workload_results(event, measured)
        _note("")
        report.print_workload(workload.name, results["workloads"][workload.name])
    _note("starts")
    results["start_ms"] = measure_starts(programs, effort)
    _note("")
    report.print_starts(results["start_ms"])
    results["targets"] = targets.evaluate(results)
    report.print_targets(results["targets"])
    return results


def _count_instructions(figures: dict[str, Figures], programs: Programs, event: Event, effort: Effort) -> None:
    """Adds the instructions of the function, with `message`, and of the floor."""
    function, *_ = programs.on(event.workload.name)
    for contender in [function, *programs.floor_answering(figures[FUNCTION]["response_bytes"])]:
        _note(f"{event.workload.name}: instructions of the {contender.name}")
        count = instructions.count(contender, event.body, effort.counted_invocations)
        figures[contender.name]["instructions"] = count.instructions


def _workload_results(event: Event, measured: Measured) -> WorkloadResults:
    return {
        "records": len(event.log_events),
        "log_events": sum(event.log_events.values()),
        "event_bytes": len(event.body),
        "compressed_bytes": event.compressed_bytes,
        "inflated_bytes": event.inflated_bytes,
        "json_bytes": measured.json_bytes,
        "json_gzip_bytes": measured.json_gzip_bytes,
        "contenders": measured.figures,
    }


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benches", description="The function, the blueprint and the floor.")
    function = parser.add_mutually_exclusive_group(required=True)
    function.add_argument("--package", type=Path, help="the function: a zip with the binary as bootstrap")
    function.add_argument("--function", type=Path, help="the function: its executable")
    parser.add_argument("--floor", type=Path, help="an executable that only inflates; there is no floor without it")
    parser.add_argument("--logs", type=Path, help="a directory of log files, whose lines all workloads but json use")
    parser.add_argument("--json", type=Path, default=RESULTS, help="the file for the figures (default: %(default)s)")
    parser.add_argument(
        "--quick", action="store_true", help="a shorter run; exit code 1 for a ratio far off its target"
    )
    parser.add_argument("--instructions", action="store_true", help="count instructions too, with Valgrind")
    arguments = parser.parse_args()
    for path in (arguments.package, arguments.function, arguments.floor):
        if path and not path.is_file():
            parser.error(f"{path} is not a file")
    if arguments.logs and not arguments.logs.is_dir():
        parser.error(f"--logs: {arguments.logs} is not a directory")
    return arguments


def _note(text: str) -> None:
    """Shows the current step on a terminal, in a line that the next one overwrites."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
