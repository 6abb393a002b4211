"""One emulator and one apply for all end-to-end tests."""

import sys
import zipfile
from pathlib import Path

import pytest

from demo.emulator.server import Emulator
from demo.infrastructure import Infrastructure
from demo.pipeline import Pipeline

# Firehose's 60 s for a batch are 0.6 s, its 300 s for an object 3 s.
TIME_FACTOR = 0.01


def pytest_addoption(parser):
    parser.addoption("--package", type=Path, help="the function: a zip whose bootstrap is the binary")


def pytest_configure(config):
    config.addinivalue_line("markers", "last: runs after all other tests, whatever file it is in")


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: item.get_closest_marker("last") is not None)


@pytest.fixture(scope="session")
def package(request) -> Path:
    """The function's package. Without it the end-to-end tests fail: they are never skipped in silence."""
    path = request.config.getoption("--package")
    if path is None or not path.is_file():
        pytest.fail(f"--package must name the function's zip, found {path}")
    return path.resolve()


@pytest.fixture(scope="session")
def standing(package, tmp_path_factory):
    """The emulator, and what Terraform stood up on it, with the module's outputs by pipeline."""
    directory = tmp_path_factory.mktemp("standing")
    emulator = Emulator(directory, TIME_FACTOR)
    emulator.start()
    infrastructure = Infrastructure(emulator, pipeline_settings(package, directory), directory)
    try:
        infrastructure.init()
        yield emulator, infrastructure, infrastructure.apply()
    finally:
        emulator.stop()


@pytest.fixture(scope="session")
def emulator(standing) -> Emulator:
    """The emulator's process."""
    return standing[0]


@pytest.fixture(scope="session")
def infrastructure(standing) -> Infrastructure:
    """What Terraform stood up."""
    return standing[1]


@pytest.fixture(scope="session")
def pipelines(standing) -> dict[str, Pipeline]:
    """The pipelines that stand, by the last word of their names."""
    emulator, _, outputs = standing
    return {name.removeprefix("e2e-"): Pipeline(emulator, each) for name, each in outputs.items()}


def pipeline_settings(package: Path, directory: Path) -> dict[str, dict]:
    """The pipelines of all end-to-end tests, as Terraform gets them."""

    def pipeline(name, **settings):
        return {"package_file": str(package), "log_group_names": [f"/source/{name}"]} | settings

    return {
        # The module's defaults.
        "e2e-json": pipeline("json"),
        "e2e-queries": pipeline("queries"),
        # Plain output and the largest Lambda buffer: what a response has no room for is put back on the stream.
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
    """A function that answers every invocation with an error."""
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
