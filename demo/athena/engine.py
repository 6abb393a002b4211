"""Runs one query: loads the tables that it names into DuckDB, and returns the result as Athena does."""

import json
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from sqlglot import exp

from demo.athena import sql as athena_sql
from demo.athena.errors import QueryError
from demo.athena.tables import Column, Table, read_rows
from demo.athena.values import text_of, type_of

CATALOG = "awsdatacatalog"
MAX_LINE_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True)
class Catalog:
    """The Glue Data Catalog and S3, as the engine sees them."""

    databases: Callable[[], list[str]]
    tables: Callable[[str], list[dict[str, Any]]]  # a database to its tables, in the shape of Glue's GetTable
    objects: Callable[[str], Iterable[tuple[str, bytes]]]  # a location to the locations and bodies of its objects


@dataclass(frozen=True)
class Result:
    """The names and types of the columns, and the text of each value."""

    columns: list[str]
    types: list[str]
    rows: list[list[str | None]]


def run(sql: str, database: str, catalog: Catalog) -> Result:
    """Runs a query. `database` is the default for tables without a database."""
    query = athena_sql.parse(sql)
    with duckdb.connect(":memory:") as connection, tempfile.TemporaryDirectory() as directory:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET integer_division = true")
        connection.execute(f"ATTACH ':memory:' AS {CATALOG}")
        connection.execute(f"USE {CATALOG}")
        for name in catalog.databases():
            connection.execute(f"CREATE SCHEMA {CATALOG}.{_quoted(name)}")
        if database in catalog.databases():
            connection.execute(f"USE {CATALOG}.{_quoted(database)}")

        columns: list[Column] = []
        loaded: set[tuple[str, str]] = set()
        for reference in athena_sql.table_references(query):
            schema = (reference.db or database).lower()
            # The information schema is loaded as a whole.
            name = "" if schema == athena_sql.INFORMATION_SCHEMA else reference.name.lower()
            if (schema, name) in loaded:
                continue
            loaded.add((schema, name))
            if not name:
                _create_information_schema(connection, catalog)
                continue
            table = _find(reference, schema, catalog)
            _check_injected_columns(table, query)
            _load(connection, schema, table, catalog, Path(directory))
            columns += table.columns

        # From here on, a query cannot read the files of this machine.
        connection.execute("SET enable_external_access = false")
        integers = {column.name for column in columns if column.is_integer}
        maps = {column.name for column in columns if column.is_map}
        return _execute(connection, athena_sql.translate(query, integers, maps))


def _execute(connection: duckdb.DuckDBPyConnection, sql: str) -> Result:
    try:
        result = connection.execute(sql)
        description = result.description or []
        rows = result.fetchall()
    except duckdb.Error as error:
        raise QueryError("GENERIC_USER_ERROR", str(error)) from error
    return Result(
        columns=[column[0] for column in description],
        types=[type_of(str(column[1])) for column in description],
        rows=[[text_of(value) for value in row] for row in rows],
    )


def _find(reference: exp.Table, database: str, catalog: Catalog) -> Table:
    if reference.catalog and reference.catalog.lower() != CATALOG:
        raise QueryError("CATALOG_NOT_FOUND", f"Catalog '{reference.catalog}' not found")
    if database not in catalog.databases():
        raise QueryError("SCHEMA_NOT_FOUND", f"Schema '{database}' does not exist")
    for definition in catalog.tables(database):
        if definition["Name"] == reference.name.lower():
            return Table.from_glue(definition)
    raise QueryError("TABLE_NOT_FOUND", f"Table '{CATALOG}.{database}.{reference.name}' does not exist")


def _check_injected_columns(table: Table, query: exp.Query) -> None:
    projection = table.projection
    if projection and (missing := sorted(projection.injected - athena_sql.compared_columns(query))):
        raise QueryError(
            "CONSTRAINT_VIOLATION",
            f"For the injected projected partition column {missing[0]}, the WHERE clause must contain only static "
            "equality conditions, and at least one such condition must be present.",
        )


def _load(
    connection: duckdb.DuckDBPyConnection, database: str, table: Table, catalog: Catalog, directory: Path
) -> None:
    name = f"{CATALOG}.{_quoted(database)}.{_quoted(table.name)}"
    columns = ", ".join(f"{_quoted(column.name)} {column.duckdb_type}" for column in table.columns)
    connection.execute(f"CREATE TABLE {name} ({columns})")
    path = directory / "rows.json"
    with path.open("w", encoding="utf-8") as file:
        for row in read_rows(table, catalog.objects(table.location)):
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    if path.stat().st_size:
        types = ", ".join(f"{_quoted(column.name)}: '{column.duckdb_type}'" for column in table.columns)
        try:
            connection.execute(
                f"INSERT INTO {name} SELECT * FROM read_json(?, format = 'newline_delimited', "
                f"maximum_object_size = {MAX_LINE_BYTES}, columns = {{{types}}})",
                [str(path)],
            )
        except duckdb.Error as error:
            raise QueryError("HIVE_BAD_DATA", str(error)) from error


def _create_information_schema(connection: duckdb.DuckDBPyConnection, catalog: Catalog) -> None:
    """Creates the tables that clients read to list databases, tables and columns."""
    schema = f"{CATALOG}.{athena_sql.INFORMATION_SCHEMA_IN_DUCKDB}"
    connection.execute(f"CREATE SCHEMA {schema}")
    connection.execute(f"CREATE TABLE {schema}.schemata (catalog_name VARCHAR, schema_name VARCHAR)")
    connection.execute(
        f"CREATE TABLE {schema}.tables "
        "(table_catalog VARCHAR, table_schema VARCHAR, table_name VARCHAR, table_type VARCHAR)"
    )
    connection.execute(
        f"CREATE TABLE {schema}.columns "
        "(table_catalog VARCHAR, table_schema VARCHAR, table_name VARCHAR, column_name VARCHAR, "
        "ordinal_position BIGINT, column_default VARCHAR, is_nullable VARCHAR, data_type VARCHAR, "
        "comment VARCHAR, extra_info VARCHAR)"
    )
    for database in catalog.databases():
        connection.execute(f"INSERT INTO {schema}.schemata VALUES (?, ?)", [CATALOG, database])
        for table in map(Table.from_glue, catalog.tables(database)):
            connection.execute(
                f"INSERT INTO {schema}.tables VALUES (?, ?, ?, 'BASE TABLE')", [CATALOG, database, table.name]
            )
            for position, column in enumerate(table.columns, start=1):
                connection.execute(
                    f"INSERT INTO {schema}.columns VALUES (?, ?, ?, ?, ?, NULL, 'YES', ?, NULL, ?)",
                    [CATALOG, database, table.name, column.name, position, column.athena_type, _extra(table, column)],
                )


def _extra(table: Table, column: Column) -> str | None:
    return "partition key" if column in table.partition_columns else None


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
