"""The model of Athena's engine keeps Athena's behaviour. There is one test for each rule."""

import gzip
import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from demo.athena import Catalog, MalformedQueryError, QueryError, Result, run, zstd

LOCATION = "s3://bucket/logs/"
COLUMNS = {"id": "string", "timestamp": "bigint", "message": "string", "extracted_fields": "map<string,string>"}
PROJECTED_DAY = {
    "projection.enabled": "true",
    "projection.day.type": "date",
    "projection.day.format": "yyyy-MM-dd",
    "projection.day.range": "2024-01-01,NOW+1DAYS",
    "storage.location.template": "s3://bucket/logs/day=${day}/",
}
JSON_SERDE = {
    "SerializationLibrary": "org.openx.data.jsonserde.JsonSerDe",
    "Parameters": {"case.insensitive": "FALSE", "ignore.malformed.json": "TRUE"},
}
REGEX_SERDE = {
    "SerializationLibrary": "org.apache.hadoop.hive.serde2.RegexSerDe",
    "Parameters": {"input.regex": "(.*)"},
}


def table(
    columns: dict[str, str] | None = None,
    partitions: Iterable[str] = (),
    parameters: dict[str, str] | None = None,
    serde: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """The table `events`, in the shape of Glue's GetTable."""
    return {
        "Name": "events",
        "PartitionKeys": [{"Name": name, "Type": "string"} for name in partitions],
        "Parameters": parameters or {},
        "StorageDescriptor": {
            "Location": LOCATION,
            "Columns": [{"Name": name, "Type": kind} for name, kind in (columns or COLUMNS).items()],
            "SerdeInfo": serde or JSON_SERDE,
        },
    }


def query(sql: str, objects: dict[str, bytes] | None = None, definition: dict[str, Any] | None = None) -> Result:
    """Runs a query with the database `logs`, whose table `events` has these objects under its location."""
    catalog = Catalog(
        databases=lambda: ["logs"],
        tables=lambda _database: [definition or table()],
        objects=lambda location: [(location + key, body) for key, body in (objects or {}).items()],
    )
    return run(sql, "logs", catalog)


def value(sql: str) -> str | None:
    """The text of a query's only value."""
    [[text]] = query(sql).rows
    return text


def lines(*events: object) -> bytes:
    """JSON lines."""
    return b"".join(json.dumps(event).encode() + b"\n" for event in events)


@pytest.mark.parametrize(
    ("expression", "kind", "text"),
    [
        ("1", "integer", "1"),
        ("count(*)", "bigint", "1"),
        ("sum(2)", "bigint", "2"),
        ("'text'", "varchar", "text"),
        ("CAST(NULL AS varchar)", "varchar", None),
        ("1 = 1", "boolean", "true"),
        ("1e0", "double", "1.0"),
        ("1.5e10", "double", "1.5E10"),
        ("-1.25e-4", "double", "-1.25E-4"),
        ("1.50", "decimal", "1.50"),
        ("date '2025-04-01'", "date", "2025-04-01"),
        ("from_unixtime(1743498307.123e0)", "timestamp with time zone", "2025-04-01 09:05:07.123 UTC"),
        ("CAST(from_unixtime(1743498307.123e0) AS timestamp)", "timestamp", "2025-04-01 09:05:07.123"),
        ("to_utf8('ab')", "varbinary", "61 62"),
        ("ARRAY[1, NULL]", "array", "[1, null]"),
        ("MAP(ARRAY['a', 'b'], ARRAY[true, false])", "map", "{a=true, b=false}"),
    ],
)
def test_value_has_the_type_and_text_of_athena(expression: str, kind: str, text: str | None) -> None:
    result = query(f"SELECT {expression} AS x")
    assert (result.columns, result.types, result.rows) == (["x"], [kind], [[text]])


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("date_format(from_unixtime(1743498307), '%Y-%m-%d %H:%i:%s')", "2025-04-01 09:05:07"),
        ("date_format(from_unixtime(1743498307) AT TIME ZONE 'Asia/Tokyo', '%Y/%m/%d/%H')", "2025/04/01/18"),
        ("date_trunc('hour', from_unixtime(1743498307))", "2025-04-01 09:00:00.000 UTC"),
        ("to_unixtime(from_unixtime(1743498307))", "1.743498307E9"),
        ("from_unixtime(1743498307) - interval '1' day", "2025-03-31 09:05:07.000 UTC"),
        ("strpos(lower('An ERROR'), 'error')", "4"),
        ("regexp_like('an Error here', '(?i)\\b(error|fatal)\\b')", "true"),
        ("regexp_extract('took 12 ms', '(\\d+) ms', 1)", "12"),
        ("json_extract_scalar('{\"level\": \"warn\"}', '$.level')", "warn"),
        ("split_part('a/b/c', '/', 2)", "b"),
        ("lower(to_hex(md5(to_utf8('a'))))", "0cc175b9c0f1b6a831c399e269772661"),
        ("array_join(ARRAY['a', 'b'], '-')", "a-b"),
        ("element_at(MAP(ARRAY['a'], ARRAY['x']), 'b')", None),
        ("approx_distinct(1)", "1"),
        ("count_if(1 = 1)", "1"),
        ("max_by('a', 1)", "a"),
        ("coalesce(try_cast('x' AS integer), 7)", "7"),
        ("7 / 2", "3"),
    ],
)
def test_function_of_trino_gives_the_answer_of_trino(expression: str, text: str | None) -> None:
    assert value(f"SELECT {expression}") == text


def test_column_without_a_name_is_named_by_its_position() -> None:
    result = query("SELECT count(*), max(message) AS latest, min(message) FROM events")
    assert result.columns == ["_col0", "latest", "_col2"]


def test_comments_before_a_query_are_ignored() -> None:
    assert value("-- Username: a@b.c, query_id: 3, Scheduled: False -- \n /* x */ SELECT 5 -- five") == "5"


@pytest.mark.parametrize("sql", ["SELECT FROM WHERE", "SELECT (1", "", "SELECT 1; SELECT 2", "VACUUM events"])
def test_text_that_is_not_one_query_is_malformed(sql: str) -> None:
    with pytest.raises(MalformedQueryError):
        query(sql)


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("SELECT * FROM elsewhere.events", "SCHEMA_NOT_FOUND"),
        ("SELECT * FROM nothing", "TABLE_NOT_FOUND"),
        ("SELECT * FROM other.logs.events", "CATALOG_NOT_FOUND"),
        ("SELECT nothing FROM events", "GENERIC_USER_ERROR"),
        ("SELECT * FROM read_text('/etc/hostname')", "FUNCTION_NOT_REGISTERED"),
        ('SELECT * FROM "/etc/hostname"', "TABLE_NOT_FOUND"),
    ],
)
def test_unknown_name_fails_the_query_with_the_code_of_athena(sql: str, code: str) -> None:
    with pytest.raises(QueryError, match=f"^{code}: "):
        query(sql)


@pytest.mark.parametrize("name", ["events", "logs.events", '"awsdatacatalog"."logs"."events"', "LOGS.Events"])
def test_table_is_found_by_its_name(name: str) -> None:
    assert query(f"SELECT id FROM {name}", {"a.json": lines({"id": "1"})}).rows == [["1"]]


def test_with_clause_hides_a_table_of_the_same_name() -> None:
    assert value("WITH events AS (SELECT 'mine' AS id) SELECT id FROM events") == "mine"


def test_table_without_objects_is_empty() -> None:
    assert query("SELECT * FROM events").rows == []


@pytest.mark.parametrize(
    ("key", "body"),
    [
        ("a.json", lines({"id": "1"}, {"id": "2"})),
        ("a", lines({"id": "1"}, {"id": "2"}).rstrip()),
        ("a.json.gz", gzip.compress(lines({"id": "1"})) + gzip.compress(lines({"id": "2"}))),
        ("a.json.zst", zstd.compress(lines({"id": "1"})) + zstd.compress(b"") + zstd.compress(lines({"id": "2"}))),
    ],
)
def test_extension_of_an_object_tells_its_compression(key: str, body: bytes) -> None:
    assert query("SELECT id FROM events ORDER BY id", {key: body}).rows == [["1"], ["2"]]


def test_hidden_objects_are_skipped() -> None:
    assert query("SELECT id FROM events", {"_a": lines({"id": "1"}), ".b/c": lines({"id": "2"})}).rows == []


def test_json_members_become_columns() -> None:
    event = {"id": "1", "timestamp": 5, "message": "m", "extracted_fields": {"Level": "warn"}, "more": 1}
    result = query("SELECT *, extracted_fields['Level'] AS level FROM events", {"a": lines(event)})
    assert result.columns == [*COLUMNS, "level"]
    assert result.types == ["varchar", "bigint", "varchar", "map", "varchar"]
    assert result.rows == [["1", "5", "m", "{Level=warn}", "warn"]]


def test_message_that_looks_like_another_type_stays_text() -> None:
    result = query("SELECT message FROM events", {"a": lines({"message": "2025-04-01"}, {"message": "17"})})
    assert (result.types, result.rows) == (["varchar"], [["2025-04-01"], ["17"]])


@pytest.mark.parametrize("line", ["no JSON", '"text"', "[1]", "", '{"id": "1"'])
def test_malformed_line_is_a_row_of_nulls(line: str) -> None:
    body = line.encode() + b"\n" + lines({"id": "2"})
    assert query("SELECT id, message FROM events", {"a": body}).rows == [[None, None], ["2", None]]


def test_malformed_line_fails_the_query_without_ignore_malformed_json() -> None:
    serde = {**JSON_SERDE, "Parameters": {"case.insensitive": "FALSE"}}
    with pytest.raises(QueryError, match=r"^HIVE_CURSOR_ERROR: "):
        query("SELECT id FROM events", {"a": b"no JSON\n"}, table(serde=serde))


@pytest.mark.parametrize(("case_insensitive", "text"), [("FALSE", None), ("TRUE", "1")])
def test_json_key_with_upper_case_is_null_unless_case_is_ignored(case_insensitive: str, text: str | None) -> None:
    serde = {**JSON_SERDE, "Parameters": {"case.insensitive": case_insensitive}}
    assert query("SELECT id FROM events", {"a": lines({"ID": "1"})}, table(serde=serde)).rows == [[text]]


def test_value_of_another_type_fails_the_query() -> None:
    with pytest.raises(QueryError, match=r"^HIVE_BAD_DATA: "):
        query('SELECT "timestamp" FROM events', {"a": lines({"timestamp": "yesterday"})})


def test_regex_serde_reads_whole_lines() -> None:
    definition = table({"message": "string"}, serde=REGEX_SERDE)
    body = 'tab\there, "quotes", comma\n\nline separator \u2028\n'.encode()
    rows = query("SELECT message FROM events", {"a.log": body}, definition).rows
    assert rows == [['tab\there, "quotes", comma'], [""], ["line separator \u2028"]]


def test_carriage_return_ends_a_line_of_text() -> None:
    definition = table({"message": "string"}, serde=REGEX_SERDE)
    rows = query("SELECT message FROM events", {"a.log": b"one\rtwo\r\nthree\n"}, definition).rows
    assert rows == [["one"], ["two"], ["three"]]


def test_unknown_serde_fails_the_query() -> None:
    with pytest.raises(QueryError, match=r"^HIVE_UNSUPPORTED_FORMAT: "):
        query("SELECT * FROM events", {"a": b""}, table(serde={"SerializationLibrary": "x.ParquetHiveSerDe"}))


def test_partition_column_is_read_from_the_location() -> None:
    definition = table(partitions=["day"], parameters=PROJECTED_DAY)
    objects = {f"day={day}/a": lines({"id": day}) for day in ("2025-04-01", "2025-04-02")}
    result = query("SELECT id, day FROM events WHERE day > '2025-04-01'", objects, definition)
    assert result.rows == [["2025-04-02", "2025-04-02"]]


@pytest.mark.parametrize(
    ("key", "is_found"),
    [
        ("day=2024-01-01/a", True),
        ("day=2023-12-31/a", False),
        (f"day={datetime.now(UTC) + timedelta(days=1):%Y-%m-%d}/a", True),
        (f"day={datetime.now(UTC) + timedelta(days=3):%Y-%m-%d}/a", False),
        ("day=2025-02-30/a", False),
        ("2025-04-01/a", False),
    ],
)
def test_object_outside_the_projection_is_not_found(key: str, is_found: bool) -> None:
    definition = table(partitions=["day"], parameters=PROJECTED_DAY)
    assert len(query("SELECT id FROM events", {key: lines({"id": "1"})}, definition).rows) == int(is_found)


def test_projected_values_can_contain_slashes() -> None:
    parameters = PROJECTED_DAY | {
        "projection.day.format": "yyyy/MM/dd/HH",
        "projection.day.range": "2024/01/01/00,NOW+1DAYS",
        "storage.location.template": "s3://bucket/logs/${day}/",
    }
    definition = table(partitions=["day"], parameters=parameters)
    rows = query("SELECT day FROM events", {"2025/04/01/09/a": lines({"id": "1"})}, definition).rows
    assert rows == [["2025/04/01/09"]]


@pytest.mark.parametrize(
    ("kind", "settings", "found", "not_found"),
    [
        ("integer", {"range": "1,12", "digits": "2"}, "07", "7"),
        ("integer", {"range": "1,12", "digits": "2"}, "12", "13"),
        ("enum", {"values": "a,b"}, "b", "c"),
        ("date", {"format": "yyyy", "range": "2024,NOW+1DAYS"}, "2025", "2023"),
    ],
)
def test_projection_types(kind: str, settings: dict[str, str], found: str, not_found: str) -> None:
    parameters = {"projection.enabled": "true", "projection.part.type": kind} | {
        f"projection.part.{name}": setting for name, setting in settings.items()
    }
    objects = {f"part={part}/a": lines({"id": part}) for part in (found, not_found)}
    rows = query("SELECT part FROM events", objects, table(partitions=["part"], parameters=parameters)).rows
    assert rows == [[found]]


def test_injected_column_needs_a_value_in_the_query() -> None:
    parameters = {"projection.enabled": "true", "projection.owner.type": "injected"}
    definition = table(partitions=["owner"], parameters=parameters)
    objects = {"owner=1/a": lines({"id": "x"}), "owner=2/a": lines({"id": "y"})}
    with pytest.raises(QueryError, match=r"^CONSTRAINT_VIOLATION: .*injected.* owner,"):
        query("SELECT id FROM events WHERE id = 'x'", objects, definition)
    assert query("SELECT id FROM events WHERE owner = '2'", objects, definition).rows == [["y"]]
    assert query("SELECT id FROM events WHERE owner IN ('1')", objects, definition).rows == [["x"]]


def test_unregistered_partitions_are_not_found() -> None:
    assert query("SELECT id FROM events", {"day=1/a": lines({"id": "1"})}, table(partitions=["day"])).rows == []


def test_decimal_division_of_an_integer_column_keeps_the_scale() -> None:
    objects = {"a": lines({"timestamp": 1743498307123})}
    sql = 'SELECT CAST(from_unixtime("timestamp" / {divisor}) AS timestamp) FROM events'
    assert query(sql.format(divisor="1000.0"), objects).rows == [["2025-04-01 09:05:07.100"]]
    assert query(sql.format(divisor="1e3"), objects).rows == [["2025-04-01 09:05:07.123"]]


def test_key_that_a_map_does_not_have_fails_the_query_except_with_element_at() -> None:
    objects = {"a": lines({"extracted_fields": {"level": "warn"}}, {"message": "without fields"})}
    assert query("SELECT extracted_fields['level'] FROM events", objects).rows == [["warn"], [None]]
    assert query("SELECT element_at(extracted_fields, 'user') FROM events", objects).rows == [[None], [None]]
    with pytest.raises(QueryError, match="Key not present in map: user"):
        query("SELECT e.extracted_fields['user'] FROM events AS e", objects)


def test_information_schema_lists_databases_tables_and_columns() -> None:
    definition = table(partitions=["day"], parameters=PROJECTED_DAY)
    result = query("SELECT * FROM information_schema.columns ORDER BY ordinal_position", definition=definition)
    shown = [dict(zip(result.columns, row, strict=True)) for row in result.rows]
    assert [(row["column_name"], row["data_type"], row["extra_info"]) for row in shown] == [
        ("id", "varchar", None),
        ("timestamp", "bigint", None),
        ("message", "varchar", None),
        ("extracted_fields", "map(varchar, varchar)", None),
        ("day", "varchar", "partition key"),
    ]
    assert {(row["table_catalog"], row["table_schema"], row["table_name"]) for row in shown} == {
        ("awsdatacatalog", "logs", "events")
    }
    assert query("SELECT t.table_name FROM information_schema.tables AS t").rows == [["events"]]
    assert query('SELECT schemata.schema_name FROM "awsdatacatalog".information_schema.schemata').rows == [["logs"]]


@pytest.mark.parametrize(
    ("sql", "column", "text"),
    [
        ("SHOW TABLES", "tab_name", "events"),
        ("show tables in logs", "tab_name", "events"),
        ("SHOW DATABASES", "database_name", "logs"),
        ("SHOW SCHEMAS", "database_name", "logs"),
    ],
)
def test_show_lists_tables_and_databases(sql: str, column: str, text: str) -> None:
    result = query(sql)
    assert (result.columns, result.rows) == ([column], [[text]])
