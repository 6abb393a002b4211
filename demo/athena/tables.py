"""Reads the rows of a Glue table from S3 objects, as the table's SerDe describes them.

Supported are text files with the OpenX JSON SerDe or Hive's RegexSerDe, plain or compressed, and partition projection.
"""

import gzip
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from demo.athena import zstd
from demo.athena.errors import QueryError
from demo.athena.projection import Projection

JSON_SERDE = "org.openx.data.jsonserde.JsonSerDe"
REGEX_SERDE = "org.apache.hadoop.hive.serde2.RegexSerDe"

# Trino's reader of text files accepts each of these as the end of a line.
_END_OF_LINE = re.compile("\r\n|\n|\r")

Row = dict[str, Any]


@dataclass(frozen=True)
class Column:
    """A column of a table, with its type in Hive's notation."""

    name: str
    hive_type: str

    @property
    def duckdb_type(self) -> str:
        """The type in DuckDB."""
        return exp.DataType.build(self.hive_type, dialect="hive").sql("duckdb")

    @property
    def athena_type(self) -> str:
        """The type as Athena's information schema writes it."""
        return exp.DataType.build(self.hive_type, dialect="hive").sql("trino").lower()

    @property
    def is_integer(self) -> bool:
        """Whether the type is an integer of any size."""
        return exp.DataType.build(self.hive_type, dialect="hive").is_type(*exp.DataType.INTEGER_TYPES)

    @property
    def is_map(self) -> bool:
        """Whether the type is a map."""
        return exp.DataType.build(self.hive_type, dialect="hive").is_type(exp.DataType.Type.MAP)


@dataclass(frozen=True)
class Table:
    """A table of the Glue Data Catalog."""

    name: str
    location: str
    data_columns: list[Column]
    partition_columns: list[Column]
    serde: str
    serde_parameters: dict[str, str]
    parameters: dict[str, str]

    @staticmethod
    def from_glue(definition: dict[str, Any]) -> "Table":
        """Reads a table in the shape of Glue's GetTable."""
        storage = definition.get("StorageDescriptor") or {}
        serde = storage.get("SerdeInfo") or {}
        return Table(
            name=definition["Name"],
            location=storage.get("Location", ""),
            data_columns=[_column(each) for each in storage.get("Columns") or []],
            partition_columns=[_column(each) for each in definition.get("PartitionKeys") or []],
            serde=serde.get("SerializationLibrary", ""),
            serde_parameters=serde.get("Parameters") or {},
            parameters=definition.get("Parameters") or {},
        )

    @property
    def columns(self) -> list[Column]:
        """All columns, in the order of `SELECT *`."""
        return self.data_columns + self.partition_columns

    @property
    def projection(self) -> Projection | None:
        """The table's partition projection, if it has one."""
        if self.parameters.get("projection.enabled", "").lower() != "true":
            return None
        names = [column.name for column in self.partition_columns]
        return Projection.from_parameters(names, self.location, self.parameters)


def _column(definition: dict[str, str]) -> Column:
    return Column(definition["Name"], definition.get("Type", "string"))


def read_rows(table: Table, objects: Iterable[tuple[str, bytes]]) -> Iterator[Row]:
    """The rows of a table. `objects` are the locations and bodies of the objects under the table's location."""
    read_line = _line_reader(table)
    projection = table.projection
    if table.partition_columns and projection is None:
        # Without projection, Athena reads only the partitions that are registered in the catalog. Here there are none.
        return
    for location, body in objects:
        partition = projection.values(location) if projection else {}
        if partition is None or _is_hidden(location.removeprefix(table.location)):
            continue
        lines = _END_OF_LINE.split(decompress(location, body).decode(errors="replace"))
        for line in lines if lines[-1] else lines[:-1]:
            yield read_line(line) | partition


def _is_hidden(key: str) -> bool:
    return any(part.startswith(("_", ".")) for part in key.split("/"))


def decompress(name: str, body: bytes) -> bytes:
    """The content of an object. As in Athena, the extension tells the compression."""
    if name.endswith(".gz"):
        return gzip.decompress(body)
    if name.endswith(".zst"):
        return zstd.decompress(body)
    return body


def _line_reader(table: Table) -> Callable[[str], Row]:
    names = [column.name for column in table.data_columns]
    if table.serde == JSON_SERDE:
        return _json_reader(table.data_columns, table.serde_parameters)
    if table.serde == REGEX_SERDE:
        pattern = re.compile(table.serde_parameters["input.regex"], re.DOTALL)

        def read_match(line: str) -> Row:
            match = pattern.fullmatch(line)
            return dict(zip(names, match.groups(), strict=False)) if match else {}

        return read_match
    raise QueryError("HIVE_UNSUPPORTED_FORMAT", f"the model of Athena does not support the SerDe {table.serde}")


def _json_reader(columns: list[Column], parameters: dict[str, str]) -> Callable[[str], Row]:
    ignores_case = parameters.get("case.insensitive", "TRUE").upper() == "TRUE"
    ignores_malformed = parameters.get("ignore.malformed.json", "FALSE").upper() == "TRUE"
    keys = {column.name: parameters.get(f"mapping.{column.name}", column.name) for column in columns}

    def read_object(line: str) -> Row:
        try:
            value = json.loads(line)
        except ValueError:
            value = None
        if not isinstance(value, dict):
            if ignores_malformed:
                return {}
            raise QueryError("HIVE_CURSOR_ERROR", "Row is not a valid JSON Object - JSONException")
        if ignores_case:
            value = {key.lower(): member for key, member in value.items()}
        return {column.name: _member(value.get(keys[column.name]), column) for column in columns}

    return read_object


def _member(value: Any, column: Column) -> Any:
    if value is not None and column.hive_type == "string" and not isinstance(value, str):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return value
