"""A process of a contender: started as Lambda starts it, with its CPU time and memory as Linux counts them."""

import os
import subprocess
import tempfile
import time
from pathlib import Path

from benches.lambda_api import FunctionError, Invocation, LambdaApi
from benches.packing import REGION

REPOSITORY = Path(__file__).resolve().parents[1]
LAMBDA_ENVIRONMENT = {
    "AWS_LAMBDA_FUNCTION_NAME": "transform",
    "AWS_LAMBDA_FUNCTION_VERSION": "1",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
    "AWS_REGION": REGION,
    "AWS_DEFAULT_REGION": REGION,
    "AWS_ACCESS_KEY_ID": "id",
    "AWS_SECRET_ACCESS_KEY": "secret",
    # Lambda's environment, but for the files that could lead boto3 to a real account.
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "LANG": "en_US.UTF-8",
    "TZ": ":UTC",
    "PATH": "/usr/local/bin:/usr/bin:/bin",
}
STOP_SECONDS = 10
LOG_TAIL_CHARACTERS = 3_000


class MeasuredProcess:
    """One process with a Runtime API of its own. It ends with the `with` block, however that ends."""

    def __init__(self, command: list[str], environment: dict[str, str]):
        self._log = tempfile.TemporaryFile()
        self._process: subprocess.Popen | None = None
        self.api = LambdaApi(self._check)
        own = {"AWS_LAMBDA_RUNTIME_API": self.api.address, "AWS_ENDPOINT_URL": f"http://{self.api.address}"}
        self._command = command
        self._environment = LAMBDA_ENVIRONMENT | own | environment

    def __enter__(self) -> "MeasuredProcess":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> float:
        """Starts the process; seconds until it asked for its first event."""
        started = time.monotonic()
        self._process = subprocess.Popen(
            self._command,
            cwd=REPOSITORY,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        return self._explained(self.api.wait_for_poll) - started

    def invoke(self, event: bytes) -> Invocation:
        """One invocation."""
        return self._explained(self.api.invoke, event)

    def measured(self, event: bytes) -> tuple[Invocation, float]:
        """One invocation, and the seconds of CPU time it took: user and system, all threads, until the next poll."""
        clock = _cpu_clock(self._process.pid)
        before = time.clock_gettime(clock)
        invocation = self.invoke(event)
        return invocation, time.clock_gettime(clock) - before

    def peak_memory_bytes(self) -> int:
        """The most that was resident at any time so far."""
        for line in Path(f"/proc/{self._process.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
        raise RuntimeError(f"expected VmHWM in /proc/{self._process.pid}/status, found none: the process has ended")

    def stop(self) -> None:
        """Ends the process and closes its port."""
        process, self._process = self._process, None
        if process:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.api.close()

    def log(self) -> str:
        """The end of what the process wrote."""
        self._log.seek(0)
        return self._log.read().decode(errors="replace")[-LOG_TAIL_CHARACTERS:]

    def _check(self) -> None:
        if self._process and (code := self._process.poll()) is not None:
            raise FunctionError(f"it ended with code {code}")

    def _explained(self, call, *arguments):
        try:
            return call(*arguments)
        except FunctionError as error:
            raise FunctionError(f"{' '.join(self._command)}: {error}\nIt wrote:\n{self.log()}") from error


def _cpu_clock(pid: int) -> int:
    """The clock of a process's CPU time, as clock_getcpuclockid(3) makes it."""
    return (~pid << 3) | 2
