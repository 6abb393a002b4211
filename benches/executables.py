"""Finds the executable of a function, also in the zip that `make package` builds."""

import os
import zipfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]


def made_package() -> Path:
    """Where `make package` puts the zip."""
    target = REPOSITORY / os.environ.get("CARGO_TARGET_DIR", "target")
    return target / "lambda/firehose-logs-transform/bootstrap.zip"


def executable(path: Path, directory: Path) -> Path:
    """The executable at `path`; that of a zip is unpacked to the directory."""
    return unpacked(path, directory) if path.suffix == ".zip" else path.resolve()


def unpacked(package: Path, directory: Path) -> Path:
    """The bootstrap of a package, unpacked to the directory."""
    if not zipfile.is_zipfile(package):
        raise ValueError(f"{package}: expected a zip, as built by make package, found something else")
    bootstrap = directory / "bootstrap"
    with zipfile.ZipFile(package) as archive:
        if "bootstrap" not in archive.namelist():
            raise ValueError(f"{package}: expected a file named bootstrap in the zip, found {archive.namelist()}")
        directory.mkdir(parents=True, exist_ok=True)
        bootstrap.write_bytes(archive.read("bootstrap"))
    bootstrap.chmod(0o755)
    return bootstrap
