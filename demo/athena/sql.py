"""Parses Athena SQL and translates it to DuckDB's dialect.

sqlglot does most of the work. This module adds the rules of Trino that sqlglot does not know: the names of columns
without an alias, the scale of decimal division, and the error for a key that a map does not have.
"""

import re
from collections.abc import Collection

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.scope import traverse_scope

from demo.athena.errors import QueryError

# DuckDB does not allow a user's schema with the name information_schema.
INFORMATION_SCHEMA = "information_schema"
INFORMATION_SCHEMA_IN_DUCKDB = "athena_information_schema"

_SHOW = re.compile(r"(?:SHOW)\s+(TABLES|DATABASES|SCHEMAS)(?:\s+(?:IN|FROM)\s+[`\"]?(\w+)[`\"]?)?$", re.IGNORECASE)


class MalformedQueryError(Exception):
    """The text is not one statement of Athena SQL."""


def parse(sql: str) -> exp.Query:
    """Parses one query. `SHOW TABLES` and `SHOW DATABASES` become the equivalent query on the information schema."""
    try:
        statements = [each for each in sqlglot.parse(sql, read="athena") if each is not None]
    except SqlglotError as error:
        raise MalformedQueryError(str(error)) from error
    if len(statements) != 1:
        raise MalformedQueryError(f"Only one sql statement is allowed. Found: {len(statements)}")
    [statement] = statements
    if isinstance(statement, exp.Command) and (show := _parse_show(statement)):
        return show
    if not isinstance(statement, exp.Query):
        raise MalformedQueryError(f"the model of Athena runs queries, and no {statement.key.upper()} statement")
    return statement


def _parse_show(statement: exp.Command) -> exp.Query | None:
    match = _SHOW.match(f"{statement.this} {statement.expression.name}".strip())
    if not match:
        return None
    kind, database = match.groups()
    if kind.upper() == "TABLES":
        schema = f"'{database}'" if database else "current_schema"
        sql = f"SELECT table_name AS tab_name FROM information_schema.tables WHERE table_schema = {schema} ORDER BY 1"
    else:
        sql = "SELECT schema_name AS database_name FROM information_schema.schemata ORDER BY 1"
    return parse(sql)


def table_references(query: exp.Query) -> list[exp.Table]:
    """The tables that a query reads, without the names of its own WITH clauses."""
    references = [
        source for scope in traverse_scope(query) for source in scope.sources.values() if isinstance(source, exp.Table)
    ]
    for reference in references:
        if not isinstance(reference.this, exp.Identifier):
            raise QueryError("FUNCTION_NOT_REGISTERED", f"Table function {reference.this.sql()} not registered")
    return references


def compared_columns(query: exp.Query) -> set[str]:
    """The columns that the query compares with values: by equality or with IN."""
    columns = set()
    for comparison in query.find_all(exp.EQ, exp.In):
        sides = [comparison.this, *comparison.args.get("expressions", []), comparison.args.get("expression")]
        values = [side for side in sides if isinstance(side, exp.Literal)]
        columns |= {side.name.lower() for side in sides if isinstance(side, exp.Column) and values}
    return columns


def translate(query: exp.Query, integer_columns: Collection[str] = (), map_columns: Collection[str] = ()) -> str:
    """The query in DuckDB's SQL. Integers and maps follow rules that need the names of the columns with these types."""
    query = query.copy()
    _name_columns(query)
    for reference in query.find_all(exp.Table):
        if reference.db.lower() == INFORMATION_SCHEMA:
            reference.set("db", exp.to_identifier(INFORMATION_SCHEMA_IN_DUCKDB))
            reference.set(
                "alias", reference.args.get("alias") or exp.TableAlias(this=exp.to_identifier(reference.name))
            )
    for division in list(query.find_all(exp.Div)):
        _keep_scale(division, integer_columns)
    for subscript in list(query.find_all(exp.Bracket)):
        _refuse_missing_key(subscript, map_columns)
    return query.sql("duckdb", comments=False)


def _name_columns(query: exp.Query) -> None:
    """Gives Trino's names to columns without an alias: `_col0`, `_col1`."""
    while not isinstance(query, exp.Select):
        if not isinstance(query.this, exp.Query):
            return
        query = query.this
    for index, column in enumerate(query.expressions):
        if not isinstance(column, exp.Alias | exp.Column | exp.Star):
            column.replace(exp.alias_(column.copy(), f"_col{index}"))


def _keep_scale(division: exp.Div, integer_columns: Collection[str]) -> None:
    """Rounds the quotient of an integer column and a decimal literal, as Trino does: 1234 / 1000.0 is 1.2.

    Trino's result has the larger scale of both operands. DuckDB's result is a double.
    """
    dividend, divisor = division.this.unnest(), division.expression.unnest()
    if (
        isinstance(dividend, exp.Column)
        and dividend.name.lower() in integer_columns
        and isinstance(divisor, exp.Literal)
        and not divisor.is_string
        and re.fullmatch(r"\d*\.\d+", divisor.name)
    ):
        scale = len(divisor.name.split(".")[1])
        division.replace(exp.Round(this=division.copy(), decimals=exp.Literal.number(scale)))


def _refuse_missing_key(subscript: exp.Bracket, map_columns: Collection[str]) -> None:
    """Makes `column['key']` fail if the map does not have the key, as in Trino. `element_at` returns NULL."""
    column = subscript.this
    if subscript.args.get("safe") or not isinstance(column, exp.Column) or column.name.lower() not in map_columns:
        return
    [key] = subscript.expressions
    is_valid = exp.or_(column.copy().is_(exp.null()), exp.func("map_contains", column.copy(), key.copy()))
    message = exp.DPipe(this=exp.Literal.string("Key not present in map: "), expression=key.copy())
    subscript.replace(exp.case().when(is_valid, subscript.copy()).else_(exp.func("error", message)))
