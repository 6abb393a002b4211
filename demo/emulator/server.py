"""Starts the emulator's process on a free port of 127.0.0.1, and stops it."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

import boto3
from botocore.config import Config

HOST = "127.0.0.1"
ACCOUNT = "123456789012"
REGION = "ap-northeast-1"
START_TIMEOUT_SECONDS = 60
# Connect to this machine directly, without a proxy. A second attempt could put log events twice, so there is none.
CLIENT_CONFIG = Config(
    s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}, proxies={"http": None, "https": None}
)
REPOSITORY = Path(__file__).resolve().parents[2]


class Emulator:
    """The emulator's process, its endpoint and its clients. All files are in `directory`.

    `time_factor` shrinks Firehose's buffering times: at 0.01, five minutes are three seconds.
    """

    def __init__(self, directory: Path, time_factor: float = 0.01, port: int | None = None) -> None:
        self.port = port or free_port()
        self.endpoint = f"http://{HOST}:{self.port}"
        self.log_file = directory / "emulator.log"
        self.journal_file = directory / "firehose.jsonl"
        self._directory = directory
        self._time_factor = time_factor
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The id of the process, or None when it is not running."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Starts the process and waits until it accepts requests."""
        self.journal_file.touch()
        with self.log_file.open("wb") as log:
            process = self._process = subprocess.Popen(
                [sys.executable, "-m", "demo.emulator"],
                cwd=REPOSITORY,
                env=self._process_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # Ctrl-C must reach the demo only: the demo's destroy still needs the emulator.
                start_new_session=True,
            )
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        opener = build_opener(ProxyHandler({}))
        while True:
            try:
                opener.open(f"{self.endpoint}/_ministack/health", timeout=2).close()
                return
            except (URLError, OSError):
                self._check_start(process, deadline)
                time.sleep(0.1)

    def _check_start(self, process: subprocess.Popen[bytes], deadline: float) -> None:
        if process.poll() is not None or time.monotonic() > deadline:
            self.stop()
            raise RuntimeError(f"the emulator did not start:\n{self.log_file.read_text(errors='replace')[-2000:]}")

    def stop(self) -> None:
        """Stops the process and the functions that it runs."""
        process, self._process = self._process, None
        if process is None:
            return
        # `start` made a session, so this process group holds the emulator and the functions that it started.
        for sign in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(process.pid, sign)
            except ProcessLookupError:
                break
            try:
                process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                continue
        process.wait(timeout=5)

    def client(self, service: str) -> Any:
        """A boto3 client of this emulator."""
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=CLIENT_CONFIG,
        )

    def journal(self) -> list[dict[str, Any]]:
        """Everything that the model of Firehose has done so far, in order."""
        return [json.loads(line) for line in self.journal_file.read_text(encoding="utf-8").splitlines()]

    def environment(self) -> dict[str, str]:
        """The environment variables with which AWS clients reach this emulator and nothing else."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }

    def _process_environment(self) -> dict[str, str]:
        scratch = self._directory / "scratch"
        scratch.mkdir(exist_ok=True)
        # MiniStack passes its own environment to the function. The endpoint in it leads the function to Firehose.
        return (
            without_aws(os.environ)
            | self.environment()
            | {
                "BIND_HOST": HOST,
                "GATEWAY_PORT": str(self.port),
                "IOT_MTLS_ENABLED": "0",  # otherwise it listens on port 8883 of every interface
                "MINISTACK_ACCOUNT_ID": ACCOUNT,
                "MINISTACK_REGION": REGION,
                "S3_DATA_DIR": str(scratch / "s3"),
                "TMPDIR": str(scratch),
                "NO_PROXY": HOST,
                "no_proxy": HOST,
                "FIREHOSE_TIME_FACTOR": str(self._time_factor),
                "FIREHOSE_JOURNAL": str(self.journal_file),
            }
        )


def without_aws(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment without the variables that could lead a client to a real account."""
    return {name: value for name, value in environment.items() if not name.startswith("AWS_")}


def free_port() -> int:
    """A free port of 127.0.0.1."""
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        return int(listener.getsockname()[1])
