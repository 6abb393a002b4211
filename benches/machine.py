"""What a run's figures depend on besides the code: the machine, the versions and the commit."""

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

from benches.process import REPOSITORY
from benches.results import Machine

PACKAGES = ["awslambdaric", "boto3", "botocore", "simplejson"]


def describe() -> Machine:
    """CPU, cores, kernel, and the Python that runs the blueprint."""
    return {
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "architecture": platform.machine(),
        "kernel": platform.release(),
        "python": f"{platform.python_implementation()} {platform.python_version()} ({platform.python_compiler()})",
        "packages": {name: version(name) for name in PACKAGES},
    }


def commit() -> str | None:
    """The commit that is checked out, with `-dirty` if there are changes; None outside a git repository."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def _cpu_model() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown")
