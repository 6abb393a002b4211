"""Loads a pipeline's objects into DuckDB as its Glue table describes them, partition projection included."""

import json
import re

import duckdb

from demo.pipeline import Pipeline

DUCKDB_TYPES = {"string": "VARCHAR", "bigint": "BIGINT", "map<string,string>": "MAP(VARCHAR, VARCHAR)"}


def open_table(pipeline: Pipeline) -> duckdb.DuckDBPyConnection:
    """A database that holds the pipeline's table as Athena sees it with partition projection.

    An object whose key does not match the location template is an error: no query would ever find that object.
    """
    database, table = pipeline.outputs["database_name"], pipeline.outputs["table_name"]
    definition = pipeline.emulator.client("glue").get_table(DatabaseName=database, Name=table)["Table"]
    columns = [(each["Name"], each["Type"]) for each in definition["StorageDescriptor"]["Columns"]]
    partitions = [(each["Name"], each["Type"]) for each in definition["PartitionKeys"]]
    template = definition["Parameters"]["storage.location.template"]

    rows = []
    for key, lines in pipeline.objects_with_lines():
        values = _projected(template, f"s3://{pipeline.outputs['bucket_name']}/{key}")
        for line in lines:
            event = json.loads(line) if definition["Parameters"]["classification"] == "json" else {"message": line}
            rows.append([event.get(name) for name, _ in columns] + [values[name] for name, _ in partitions])

    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(f'CREATE SCHEMA "{database}"')
    connection.execute(f'USE "{database}"')
    types = ", ".join(f'"{name}" {DUCKDB_TYPES[kind]}' for name, kind in columns + partitions)
    connection.execute(f'CREATE TABLE "{table}" ({types})')
    connection.executemany(f'INSERT INTO "{table}" VALUES ({", ".join("?" * (len(columns) + len(partitions)))})', rows)
    return connection


def _projected(template: str, location: str) -> dict[str, str]:
    """The values of the partition columns, from an object's location."""
    pattern = re.sub(r"\\\$\\\{(\w+)\\\}", r"(?P<\1>.+)", re.escape(template))
    match = re.match(pattern, location)
    if not match:
        raise AssertionError(f"{location} does not match {template}")
    return match.groupdict()
