"""Instructions of an invocation, as Valgrind's callgrind counts them: a figure that a busy machine does not move.

Manual: https://valgrind.org/docs/manual/cl-manual.html
"""

import shutil
import tempfile
from pathlib import Path

from benches.contenders import Contender
from benches.process import MeasuredProcess

FEW, MORE = 2, 4


def is_available() -> bool:
    """Whether Valgrind is installed."""
    return shutil.which("valgrind") is not None


def count(contender: Contender, event: bytes) -> float:
    """Instructions of one invocation: what two invocations more take, halved, so that the start does not count."""
    return (_collected(contender, event, MORE) - _collected(contender, event, FEW)) / (MORE - FEW)


def _collected(contender: Contender, event: bytes, invocations: int) -> int:
    with tempfile.TemporaryDirectory(prefix="benches-callgrind-") as directory:
        out = Path(directory) / "callgrind.out"
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", *contender.command]
        with MeasuredProcess(command, contender.environment) as process:
            process.start()
            for _ in range(invocations):
                process.invoke(event)
            # Callgrind writes its counts when the signal ends the process.
            process.stop()
            totals = [line for line in _lines(out) if line.startswith(("totals:", "summary:"))]
            if not totals:
                raise RuntimeError(f"expected callgrind's totals in {out}, found none. It wrote:\n{process.log()}")
    return int(totals[-1].split()[1])


def _lines(path: Path) -> list[str]:
    return path.read_text(errors="replace").splitlines() if path.exists() else []
