"""Writes the event of each workload to a directory: `python -m benches.events target/bench/events`."""

import argparse
import sys
import tempfile
from pathlib import Path

from benches.executables import executable, made_package
from benches.logs.source import GeneratedLines
from benches.packing import pack
from benches.workloads import WORKLOADS


def main(arguments: list[str] | None = None) -> int:
    """Writes one file per workload, named after the workload. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benches.events", description="The events of the workloads.")
    parser.add_argument("directory", type=Path, help="where to write the events")
    parser.add_argument("--function", type=Path, default=made_package(), help="packs the events (default: %(default)s)")
    options = parser.parse_args(arguments)
    if not options.function.is_file():
        parser.error(f"--function: {options.function} is not a file: run make package")
    options.directory.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(prefix="benches-") as directory:
            function = executable(options.function, Path(directory))
            for workload in WORKLOADS:
                event = pack(workload, GeneratedLines(), function)
                (options.directory / f"{workload.name}.json").write_bytes(event.body)
    except (ValueError, OSError) as error:
        print(f"benches.events: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
