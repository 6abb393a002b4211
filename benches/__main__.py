"""The benchmark: `python -m benches --package bootstrap.zip [--floor EXECUTABLE] [--quick]`. `make bench` calls it."""

import argparse
import json
import signal
import sys
import tempfile
import zipfile
from datetime import UTC, datetime
from pathlib import Path

from benches import instructions, machine, report, targets
from benches.contenders import FUNCTION, Programs
from benches.lambda_api import FunctionError
from benches.logs.source import line_source
from benches.measure import FULL, QUICK, measure, measure_starts
from benches.packing import pack
from benches.process import REPOSITORY
from benches.same_work import DifferentWork
from benches.workloads import WORKLOADS

RESULTS = REPOSITORY / "target/bench/results.json"


def main() -> int:
    """Runs the benchmark; the exit code."""
    arguments = _arguments()
    # SIGTERM ends the run as Ctrl-C does: with its processes.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with tempfile.TemporaryDirectory(prefix="benches-") as directory:
            function = arguments.function or _unpacked(arguments.package, Path(directory))
            results = _run(arguments, Programs(function.resolve(), arguments.floor and arguments.floor.resolve()))
    except (FunctionError, DifferentWork, ValueError, OSError) as error:
        print(f"\nbenches: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    arguments.json.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"\nEvery figure is in {arguments.json}", flush=True)
    return _verdict(results["targets"]) if arguments.quick else 0


def _run(arguments: argparse.Namespace, programs: Programs) -> dict:
    effort = QUICK if arguments.quick else FULL
    results = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": machine.commit(),
        "machine": machine.describe(),
        "lines": arguments.logs.resolve().name if arguments.logs else "made up",
        "workloads": {},
    }
    report.print_machine(results)
    counts = arguments.instructions and instructions.is_available()
    if arguments.instructions and not counts:
        print("No instruction counts: Valgrind is not installed")
    lines = line_source(arguments.logs)
    for workload in WORKLOADS:
        _note(f"{workload.name}: packing")
        event = pack(workload, lines)
        contenders = measure(programs, event, effort, _note)
        if counts:
            floor = programs.floor_answering(contenders[FUNCTION]["response_bytes"])
            for contender in [*programs.on(workload.name)[:1], *floor]:
                _note(f"{workload.name}: instructions of the {contender.name}")
                contenders[contender.name]["instructions"] = instructions.count(contender, event.body)
        results["workloads"][workload.name] = {
            "records": workload.records,
            "log_events_a_record": workload.log_events,
            "event_bytes": len(event.body),
            "compressed_bytes": event.compressed_bytes,
            "inflated_bytes": event.inflated_bytes,
            "contenders": contenders,
        }
        _note("")
        report.print_workload(workload.name, results["workloads"][workload.name])
    _note("starts")
    results["start_ms"] = measure_starts(programs, effort)
    _note("")
    report.print_starts(results["start_ms"])
    results["targets"] = targets.evaluate(results)
    report.print_targets(results["targets"])
    return results


def _verdict(evaluated: list[dict]) -> int:
    failed = [target for target in evaluated if target["is_met_quick"] is False]
    for target in failed:
        expected = f"{target['sign']} {target['quick_bound']:.2f} (the target is {target['bound']:g})"
        print(f"benches: {target['what']}: expected {expected}, found {target['value']:.2f}", file=sys.stderr)
    return 1 if failed else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benches", description="The function, the blueprint and the floor.")
    function = parser.add_mutually_exclusive_group(required=True)
    function.add_argument("--package", type=Path, help="the function: a zip whose bootstrap is the binary")
    function.add_argument("--function", type=Path, help="the function: its executable")
    parser.add_argument("--floor", type=Path, help="an executable that only inflates; without it there is no floor")
    parser.add_argument("--logs", type=Path, help="a directory of log files, the lines of all workloads but json")
    parser.add_argument("--json", type=Path, default=RESULTS, help="where the figures go (default: %(default)s)")
    parser.add_argument("--quick", action="store_true", help="in a minute; exit code 1 for a ratio far off its target")
    parser.add_argument("--instructions", action="store_true", help="count instructions too, under Valgrind")
    arguments = parser.parse_args()
    for path in (arguments.package, arguments.function, arguments.floor):
        if path and not path.is_file():
            parser.error(f"{path} is no file")
    if arguments.logs and not arguments.logs.is_dir():
        parser.error(f"--logs takes a directory of log files, and {arguments.logs} is none")
    return arguments


def _unpacked(package: Path, directory: Path) -> Path:
    bootstrap = directory / "bootstrap"
    if not zipfile.is_zipfile(package):
        raise ValueError(f"{package}: expected a zip, as make package makes it, found something else")
    with zipfile.ZipFile(package) as archive:
        if "bootstrap" not in archive.namelist():
            raise ValueError(f"{package}: expected a file named bootstrap in the zip, found {archive.namelist()}")
        bootstrap.write_bytes(archive.read("bootstrap"))
    bootstrap.chmod(0o755)
    return bootstrap


def _note(text: str) -> None:
    """What is being done, on a terminal, in a line that the next one overwrites."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
