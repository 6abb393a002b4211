"""Partition projection: the values of partition columns come from the location of an object, not from the catalog.

Source: https://docs.aws.amazon.com/athena/latest/ug/partition-projection-supported-types.html
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from demo.athena.errors import QueryError

_PLACEHOLDER = re.compile(r"\$\{(\w+)\}")
_TIME_TOKEN = re.compile(r"'([^']*)'|yyyy|MM|dd|HH|mm|ss|([A-Za-z]+)|(.)", re.DOTALL)
_TIME_FIELDS = {"yyyy": ("%Y", 4), "MM": ("%m", 2), "dd": ("%d", 2), "HH": ("%H", 2), "mm": ("%M", 2), "ss": ("%S", 2)}
_NOW = re.compile(r"NOW(?:\s*([+-])\s*(\d+)\s*(YEAR|MONTH|WEEK|DAY|HOUR|MINUTE|SECOND)S?)?", re.IGNORECASE)
_UNIT_DAYS = {"YEAR": 365, "MONTH": 30, "WEEK": 7, "DAY": 1}


@dataclass(frozen=True)
class Projection:
    """The projection of a table: how its partition columns are found in the location of an object."""

    location: re.Pattern[str]
    columns: Mapping[str, Callable[[str], bool]]  # whether the column can have the value
    injected: frozenset[str]

    @staticmethod
    def from_parameters(columns: list[str], location: str, parameters: Mapping[str, str]) -> "Projection":
        """Reads the parameters of a Glue table with these partition columns."""
        template = parameters.get("storage.location.template")
        if template is None:
            template = location.rstrip("/") + "/" + "".join(f"{name}=${{{name}}}/" for name in columns)
        kinds = {name: _kind(name, parameters) for name in columns}
        parts = _PLACEHOLDER.split(template)
        pattern = "".join(
            f"(?P<{part}>{kinds[part][0]})" if index % 2 else re.escape(part) for index, part in enumerate(parts)
        )
        return Projection(
            location=re.compile(pattern),
            columns={name: accepts for name, (_, accepts) in kinds.items()},
            injected=frozenset(name for name in columns if _parameter(name, "type", parameters) == "injected"),
        )

    def values(self, location: str) -> dict[str, str] | None:
        """The partition values of an object, or None if no query finds the object."""
        match = self.location.match(location)
        if match and all(accepts(match[name]) for name, accepts in self.columns.items()):
            return match.groupdict()
        return None


def _parameter(column: str, name: str, parameters: Mapping[str, str], default: str | None = None) -> str:
    value = parameters.get(f"projection.{column}.{name}", default)
    if value is None:
        raise QueryError("INVALID_TABLE_PROPERTY", f"projection.{column}.{name} is missing")
    return value


def _kind(column: str, parameters: Mapping[str, str]) -> tuple[str, Callable[[str], bool]]:
    """A regular expression for a column's values, and whether the projection contains a value."""
    kind = _parameter(column, "type", parameters)
    if kind == "injected":
        return "[^/]+", lambda _value: True
    if kind == "enum":
        allowed = [value.strip() for value in _parameter(column, "values", parameters).split(",")]
        return "|".join(map(re.escape, allowed)), lambda value: value in allowed
    if kind == "integer":
        first, last = map(int, _parameter(column, "range", parameters).split(","))
        digits = int(_parameter(column, "digits", parameters, default="1"))
        return r"-?\d+", lambda value: first <= int(value) <= last and value == f"{int(value):0{digits}d}"
    if kind == "date":
        pattern, time_format = _read_format(_parameter(column, "format", parameters))
        first_day, last_day = (
            _read_time(text.strip(), time_format) for text in _parameter(column, "range", parameters).split(",")
        )
        return pattern, lambda value: _is_between(value, time_format, first_day, last_day)
    raise QueryError("INVALID_TABLE_PROPERTY", f"unknown projection type of {column}: {kind}")


def _read_format(pattern: str) -> tuple[str, str]:
    """A regular expression and a format of strptime for a pattern of Java's DateTimeFormatter."""
    regular_expression, time_format = "", ""
    for token in _TIME_TOKEN.finditer(pattern):
        quoted, unknown, plain = token.groups()
        if unknown:
            raise QueryError("INVALID_TABLE_PROPERTY", f"the model of Athena does not support {unknown} in {pattern}")
        if token.group() in _TIME_FIELDS:
            field, digits = _TIME_FIELDS[token.group()]
            regular_expression += rf"\d{{{digits}}}"
            time_format += field
        else:
            text = plain if plain is not None else quoted or "'"
            regular_expression += re.escape(text)
            time_format += text.replace("%", "%%")
    return regular_expression, time_format


def _read_time(text: str, time_format: str) -> datetime:
    """The end of a range: a formatted time, or NOW with an offset. Months have 30 days, and years 365."""
    if match := _NOW.fullmatch(text):
        sign, count, unit = match.groups()
        if sign is None:
            return datetime.now(UTC)
        unit = unit.upper()
        step = timedelta(days=_UNIT_DAYS[unit]) if unit in _UNIT_DAYS else timedelta(**{f"{unit.lower()}s": 1})
        return datetime.now(UTC) + int(f"{sign}{count}") * step
    return datetime.strptime(text, time_format).replace(tzinfo=UTC)


def _is_between(value: str, time_format: str, first: datetime, last: datetime) -> bool:
    try:
        return first <= datetime.strptime(value, time_format).replace(tzinfo=UTC) <= last
    except ValueError:
        return False
