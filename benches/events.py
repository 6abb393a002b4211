"""Writes the event of each workload to a directory: `python -m benches.events target/bench/events`."""

import sys
from pathlib import Path

from benches.logs.source import GeneratedLines
from benches.packing import pack
from benches.workloads import WORKLOADS


def main(directory: Path) -> None:
    """Writes one file per workload, named after the workload."""
    directory.mkdir(parents=True, exist_ok=True)
    for workload in WORKLOADS:
        (directory / f"{workload.name}.json").write_bytes(pack(workload, GeneratedLines()).body)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
