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


class UnresolvedExpressionError(Exception):
    """An expression has no value, for example because the function did not return that partition key."""


def evaluate_prefix(template: str, at: datetime, partition_keys: Mapping[str, str]) -> str:
    """The prefix of an object of log events. `at` is the arrival of its oldest record, in the stream's time zone.

    The default timestamp is appended only to a prefix without any expression.
    """
    if not _EXPRESSION.search(template):
        template += DEFAULT_TIMESTAMP
    return _evaluate(template, at, {"partitionKeyFromLambda": partition_keys})


def evaluate_error_prefix(template: str, prefix: str, at: datetime, error_output_type: str) -> str:
    """The prefix of an error object. Without an error prefix, the error type follows the stream's plain prefix."""
    template = template or f"{prefix}!{{firehose:error-output-type}}/{DEFAULT_TIMESTAMP}"
    return _evaluate(template, at, {"firehose": {"error-output-type": error_output_type}})


def format_timestamp(pattern: str, at: datetime) -> str:
    """Formats a time with the part of Java's DateTimeFormatter that prefixes use: y M d H m s and quoted text."""

    def field(match: re.Match[str]) -> str:
        quoted, unknown, plain = match.groups()
        if unknown:
            raise UnresolvedExpressionError(
                f"the model of Firehose does not support {unknown!r} in the pattern {pattern!r}"
            )
        if plain:
            return str(plain)
        if quoted is not None:
            return quoted.replace("''", "'") or "'"
        return at.strftime(_TIME_FIELDS[match.group()])

    return _TIME_TOKEN.sub(field, pattern)


def _evaluate(template: str, at: datetime, namespaces: Mapping[str, Mapping[str, str]]) -> str:
    def value(match: re.Match[str]) -> str:
        namespace, name = match.groups()
        if namespace == "timestamp":
            return format_timestamp(name, at)
        if (namespace, name) == ("firehose", "random-string"):
            return secrets.token_hex(6)[:11]
        try:
            return namespaces[namespace][name]
        except KeyError:
            raise UnresolvedExpressionError(f"no value for {match.group()}") from None

    return _EXPRESSION.sub(value, template)
