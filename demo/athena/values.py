"""Athena's names of types, and Athena's texts of values."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

TYPES = {
    "BIGINT": "bigint",
    "BLOB": "varbinary",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "DECIMAL": "decimal",
    "DOUBLE": "double",
    "FLOAT": "float",
    "HUGEINT": "bigint",  # the sum of integers in DuckDB, a bigint in Trino
    "INTEGER": "integer",
    "MAP": "map",
    "SMALLINT": "smallint",
    "STRUCT": "row",
    "TIME": "time",
    "TIMESTAMP": "timestamp",
    "TIMESTAMP WITH TIME ZONE": "timestamp with time zone",
    "TINYINT": "tinyint",
    "UBIGINT": "bigint",
    "UINTEGER": "bigint",
    "VARCHAR": "varchar",
}


def type_of(duckdb_type: str) -> str:
    """The name of a type in the metadata of a result."""
    if duckdb_type.endswith("]"):
        return "array"
    return TYPES.get(duckdb_type.split("(")[0].strip('"').strip(), "varchar")


def text_of(value: Any) -> str | None:
    """The text of a value in a result. NULL has none."""
    return None if value is None else _text(value)


def _text(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case float():
            return _double(value)
        case datetime():
            rounded = value + timedelta(microseconds=500)
            text = f"{rounded:%Y-%m-%d %H:%M:%S}.{rounded.microsecond // 1000:03d}"
            return text if value.tzinfo is None else f"{text} UTC"
        case date() | time() | int() | Decimal():
            return str(value)
        case bytes():
            return value.hex(" ")
        case list() | tuple():
            return "[" + ", ".join(map(_text, value)) + "]"
        case dict():
            return "{" + ", ".join(f"{_text(key)}={_text(member)}" for key, member in value.items()) + "}"
        case _:
            return str(value)


def _double(value: float) -> str:
    """The text of a double, as Java writes it: with an exponent below 0.001 and from 10,000,000."""
    if value != value or abs(value) == float("inf"):
        return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(value)]
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return str(value)
    mantissa, exponent = f"{value:e}".split("e")
    digits = "".join(map(str, Decimal(repr(value)).normalize().as_tuple().digits))
    mantissa = ("-" if value < 0 else "") + digits[0] + "." + (digits[1:] or "0")
    return f"{mantissa}E{int(exponent)}"
