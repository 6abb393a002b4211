"""The function's binary, for the tests that need it."""

from pathlib import Path

import pytest

from benches.executables import executable, made_package


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--function", type=Path, default=made_package(), help="executable of the function, or its package")


@pytest.fixture(scope="session")
def function(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The function's executable. Without it the tests that need it fail, so that nobody skips them unknowingly."""
    path: Path = request.config.getoption("--function")
    if not path.is_file():
        pytest.fail(f"--function must name the function's executable or zip, found: {path}. Run make package")
    return executable(path, tmp_path_factory.mktemp("function"))
