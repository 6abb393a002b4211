"""Prefix expressions: `!{timestamp:yyyy-MM-dd}`, `!{firehose:error-output-type}`, `!{partitionKeyFromLambda:KEY}`.

Source: https://docs.aws.amazon.com/firehose/latest/dev/s3-prefixes.html
"""

import re
import secrets
from collections.abc import Mapping
from datetime import datetime

DEFAULT_TIMESTAMP = "!{timestamp:yyyy/MM/dd/HH/}"

_EXPRESSION = re.compile(r"!\{(\w+):([^}]*)\}")
_TIME_TOKEN = re.compile(r"'((?:[^']|'')*)'|yyyy|yy|MM|dd|HH|mm|ss|([A-Za-z]+)|(.)", re.DOTALL)
_TIME_FIELDS = {"yyyy": "%Y", "yy": "%y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S"}


class UnresolvedExpression(Exception):
    """An expression that nothing is known for, such as a partition key that the function did not return."""


def evaluate_prefix(template: str, at: datetime, partition_keys: Mapping[str, str]) -> str:
    """The prefix of an object of log events. `at` is the arrival of its oldest record, in the stream's time zone.

    Only a prefix without any expression gets the default timestamp behind it.
    """
    if not _EXPRESSION.search(template):
        template += DEFAULT_TIMESTAMP
    return _evaluate(template, at, {"partitionKeyFromLambda": partition_keys})


def evaluate_error_prefix(template: str, prefix: str, at: datetime, error_output_type: str) -> str:
    """The prefix of an error object. A stream without an error prefix puts the type behind its plain prefix."""
    template = template or f"{prefix}!{{firehose:error-output-type}}/{DEFAULT_TIMESTAMP}"
    return _evaluate(template, at, {"firehose": {"error-output-type": error_output_type}})


def format_timestamp(pattern: str, at: datetime) -> str:
    """Formats with the part of Java's DateTimeFormatter that prefixes use: y M d H m s and quoted text."""

    def field(match: re.Match) -> str:
        quoted, unknown, plain = match.groups()
        if unknown:
            raise UnresolvedExpression(f"the model of Firehose does not know {unknown!r} of the pattern {pattern!r}")
        if plain:
            return plain
        if quoted is not None:
            return quoted.replace("''", "'") or "'"
        return at.strftime(_TIME_FIELDS[match.group()])

    return _TIME_TOKEN.sub(field, pattern)


def _evaluate(template: str, at: datetime, namespaces: Mapping[str, Mapping[str, str]]) -> str:
    def value(match: re.Match) -> str:
        namespace, name = match.groups()
        if namespace == "timestamp":
            return format_timestamp(name, at)
        if (namespace, name) == ("firehose", "random-string"):
            return secrets.token_hex(6)[:11]
        try:
            return namespaces[namespace][name]
        except KeyError:
            raise UnresolvedExpression(f"no value for {match.group()}") from None

    return _EXPRESSION.sub(value, template)
