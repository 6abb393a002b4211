"""Runs a contender's process as Lambda would start it, and reads its CPU time and memory as Linux counts them."""

import os
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self, TypeVar

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
    # Lambda does not set these two. They keep boto3 from a real account's files.
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "LANG": "en_US.UTF-8",
    "TZ": ":UTC",
    "PATH": "/usr/local/bin:/usr/bin:/bin",
}
STOP_SECONDS = 10
LOG_TAIL_CHARACTERS = 3_000
T = TypeVar("T")


class MeasuredProcess:
    """One process with its own Runtime API. Leaving the `with` block ends both."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 (read after the process has ended)
        self._process: subprocess.Popen[bytes] | None = None
        self.api = LambdaApi(self._check)
        own = {"AWS_LAMBDA_RUNTIME_API": self.api.address, "AWS_ENDPOINT_URL": f"http://{self.api.address}"}
        self._command = command
        self._environment = LAMBDA_ENVIRONMENT | own | environment

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The id of the running process."""
        if self._process is None:
            raise RuntimeError(f"{' '.join(self._command)}: the process is not running")
        return self._process.pid

    def start(self) -> float:
        """Starts the process. Returns the seconds until its first poll for an event."""
        started = time.monotonic()
        self._process = subprocess.Popen(
            self._command,
            cwd=REPOSITORY,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        return self._with_log(self.api.wait_for_poll) - started

    def invoke(self, event: bytes) -> Invocation:
        """One invocation."""
        return self._with_log(lambda: self.api.invoke(event))

    def measured(self, event: bytes) -> tuple[Invocation, float]:
        """One invocation, and its CPU time in seconds: user and system, all threads, until the next poll."""
        clock = _cpu_clock(self.pid)
        before = time.clock_gettime(clock)
        invocation = self.invoke(event)
        return invocation, time.clock_gettime(clock) - before

    def peak_memory_bytes(self) -> int:
        """The peak resident memory of the process so far."""
        status = Path(f"/proc/{self.pid}/status")
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
        raise RuntimeError(f"expected VmHWM in {status}, found none: the process has ended")

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
        """The end of the process's output."""
        self._log.seek(0)
        return self._log.read().decode(errors="replace")[-LOG_TAIL_CHARACTERS:]

    def _check(self) -> None:
        if self._process and (code := self._process.poll()) is not None:
            raise FunctionError(f"it ended with code {code}")

    def _with_log(self, call: Callable[[], T]) -> T:
        try:
            return call()
        except FunctionError as error:
            raise FunctionError(f"{' '.join(self._command)}: {error}\nIt wrote:\n{self.log()}") from error


def _cpu_clock(pid: int) -> int:
    """The id of a process's CPU clock, made as clock_getcpuclockid(3) makes it."""
    return (~pid << 3) | 2
