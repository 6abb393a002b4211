"""Counts the instructions of an invocation with Valgrind's callgrind. A busy machine does not change the count.

Callgrind writes its counts, and starts again from zero, whenever vgdb tells it to. That is done after each invocation.
Manual: https://valgrind.org/docs/manual/cl-manual.html
"""

import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benches.contenders import Contender
from benches.lambda_api import FunctionError, Invocation
from benches.process import MeasuredProcess

TOOLS = ("valgrind", "vgdb")
# The first invocations allocate the buffers that later ones reuse.
WARM_UP = 2
DUMP_TIMEOUT_SECONDS = 60


@dataclass(frozen=True)
class Count:
    """The instructions of one invocation, and the last of the invocations that were counted."""

    instructions: int
    invocation: Invocation


def is_available() -> bool:
    """Whether Valgrind is installed."""
    return all(shutil.which(tool) for tool in TOOLS)


def count(contender: Contender, event: bytes, invocations: int) -> Count:
    """The lowest count of several invocations, the first two left out.

    The counts of one binary fall into groups 2 to 3 % apart, presumably because the pieces in which an event arrives
    decide whether its bytes are copied once more. Counts within a group differ by less than 0.1 %, so the lowest count
    can be reproduced.
    """
    if invocations <= WARM_UP:
        raise ValueError(f"expected more than {WARM_UP} invocations to count, found {invocations}")
    valgrind, vgdb = (shutil.which(tool) or tool for tool in TOOLS)
    with tempfile.TemporaryDirectory(prefix="benches-callgrind-") as directory:
        out = Path(directory) / "callgrind.out"
        command = [valgrind, "--tool=callgrind", f"--callgrind-out-file={out}", *contender.command]
        with MeasuredProcess(command, contender.environment) as process:
            process.start()
            counts = []
            for number in range(1, invocations + 1):
                invocation = process.invoke(event)
                _dump(vgdb, process.pid)
                counts.append(_total(Path(f"{out}.{number}"), process))
    return Count(min(counts[WARM_UP:]), invocation)


def _dump(vgdb: str, pid: int) -> None:
    command = [vgdb, f"--pid={pid}", "dump"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=DUMP_TIMEOUT_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise FunctionError(f"{' '.join(command)}: no answer within {DUMP_TIMEOUT_SECONDS} s") from error
    if done.returncode:
        raise FunctionError(f"{' '.join(command)}: exit code {done.returncode}\nIt wrote:\n{done.stdout}{done.stderr}")


def _total(path: Path, process: MeasuredProcess) -> int:
    lines = path.read_text(errors="replace").splitlines() if path.exists() else []
    totals = [line for line in lines if line.startswith(("totals:", "summary:"))]
    if not totals:
        raise FunctionError(f"expected callgrind's totals in {path}, found none. It wrote:\n{process.log()}")
    return int(totals[-1].split()[1])
