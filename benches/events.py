"""Writes the event of each workload to a directory: `python -m benches.events target/bench/events`."""

import sys
from pathlib import Path

from benches.workloads import WORKLOADS, Lines, pack


def main(directory: Path) -> None:
    """One file for each workload, named after it."""
    directory.mkdir(parents=True, exist_ok=True)
    for workload in WORKLOADS:
        (directory / f"{workload.name}.json").write_bytes(pack(workload, Lines()).body)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
