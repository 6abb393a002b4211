"""One emulator and one `terraform apply` for all end-to-end tests."""

import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from demo.emulator.server import Emulator
from demo.infrastructure import Infrastructure
from demo.pipeline import Pipeline

# Firehose's 60 s for an invocation become 0.6 s, and its 300 s for an object become 3 s.
TIME_FACTOR = 0.01

Applied = tuple[Emulator, Infrastructure, dict[str, dict[str, Any]]]
"""The emulator, Terraform's state on it, and the module's outputs by pipeline."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--package", type=Path, help="zip with the function's binary as bootstrap")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "last: runs after all other tests, in whatever file it is")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.get_closest_marker("last") is not None)


@pytest.fixture(scope="session")
def package(request: pytest.FixtureRequest) -> Path:
    """The function's package. Without it the end-to-end tests fail, so that nobody skips them unknowingly."""
    path: Path | None = request.config.getoption("--package")
    if path is None or not path.is_file():
        pytest.fail(f"--package must name the function's zip, found: {path}")
    return path.resolve()


@pytest.fixture(scope="session")
def applied(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Applied]:
    """The emulator with everything that Terraform created on it."""
    directory = tmp_path_factory.mktemp("applied")
    emulator = Emulator(directory, TIME_FACTOR)
    emulator.start()
    infrastructure = Infrastructure(emulator, pipeline_settings(package, directory), directory)
    try:
        infrastructure.init()
        yield emulator, infrastructure, infrastructure.apply()
    finally:
        emulator.stop()


@pytest.fixture(scope="session")
def emulator(applied: Applied) -> Emulator:
    """The emulator's process."""
    return applied[0]


@pytest.fixture(scope="session")
def infrastructure(applied: Applied) -> Infrastructure:
    """Terraform's state on the emulator."""
    return applied[1]


@pytest.fixture(scope="session")
def pipelines(applied: Applied) -> dict[str, Pipeline]:
    """The pipelines, by the last part of their names."""
    emulator, _, outputs = applied
    return {name.removeprefix("e2e-"): Pipeline(emulator, each) for name, each in outputs.items()}


def pipeline_settings(package: Path, directory: Path) -> dict[str, dict[str, Any]]:
    """The pipelines of all end-to-end tests, as Terraform's variable `pipelines`."""

    def pipeline(name: str, **settings: object) -> dict[str, Any]:
        # Alarms take time to create, and one pipeline with alarms is enough.
        common = {"package_file": str(package), "log_group_names": [f"/source/{name}"], "has_alarms": False}
        return common | settings

    return {
        # The module's defaults.
        "e2e-json": pipeline("json", has_alarms=True),
        "e2e-queries": pipeline("queries"),
        # The layouts of AWS's guides.
        "e2e-parts": pipeline(
            "parts",
            s3_prefix="logs/succeed/year=!{timestamp:yyyy}/month=!{timestamp:MM}/day=!{timestamp:dd}/"
            "hour=!{timestamp:HH}/",
        ),
        "e2e-hours": pipeline("hours", s3_prefix="logs/succeed/!{timestamp:yyyy/MM/dd/HH}/"),
        # Plain output and the largest Lambda buffer: the function re-ingests the records that do not fit the response.
        "e2e-overflow": pipeline("overflow", output_compression="none", lambda_buffering_size_mb=3),
        # The article's format and prefix.
        "e2e-message": pipeline(
            "message",
            output_format="message",
            output_compression="none",
            s3_prefix="logs/succeed/!{timestamp:yyyy-MM-dd}/",
        ),
        "e2e-partitioned": pipeline(
            "partitioned",
            partition_keys=["log_group", "year", "month", "day"],
            s3_prefix="logs/succeed/log_group_key=!{partitionKeyFromLambda:log_group}/"
            "year=!{partitionKeyFromLambda:year}/month=!{partitionKeyFromLambda:month}/"
            "day=!{partitionKeyFromLambda:day}/",
        ),
        "e2e-program": pipeline("program", vrl_program='if .message == "" { abort }\n. = {"loud": upcase(.message)}'),
        "e2e-failing": pipeline("failing", package_file=str(failing_package(directory / "failing.zip"))),
    }


def failing_package(path: Path) -> Path:
    """Writes the package of a function that answers every invocation with an error."""
    bootstrap = f"""#!{sys.executable}
import os, urllib.request
runtime = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime/invocation/"
while True:
    with urllib.request.urlopen(runtime + "next") as invocation:
        request_id = invocation.headers["Lambda-Runtime-Aws-Request-Id"]
    error = b'{{"errorType": "Broken", "errorMessage": "this function always fails"}}'
    urllib.request.urlopen(urllib.request.Request(runtime + request_id + "/error", data=error)).close()
"""
    with zipfile.ZipFile(path, "w") as package:
        entry = zipfile.ZipInfo("bootstrap")
        entry.external_attr = 0o755 << 16
        package.writestr(entry, bootstrap)
    return path
