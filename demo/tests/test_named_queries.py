"""The module's queries give the expected answers with each layout of S3 keys.

These are Athena's named queries and Redash's queries from the module's outputs. Each query is parsed as Athena SQL and
as Trino SQL. Each query runs twice: in Redash on the emulator, and in DuckDB on the objects, in a second implementation
of the Glue table. Neither engine is Trino, so sqlglot translates for both.
"""

import gzip
import json
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlglot

from demo import athena_client
from demo.athena import parse, translate
from demo.pipeline import Pipeline
from demo.tests.objects_table import open_table
from demo.tests.redash import DataSource

REDASH_GUIDE = Path(__file__).parents[2] / "docs" / "redash.md"
TIMEOUT_SECONDS = 60
# The first message is two hours old.
MESSAGES = ["error of then", "started", "Error: disk full", "an error, 日本語", "fatal: no route", "terrors", "done"]
WITH_ERROR = ["terrors", "an error, 日本語", "Error: disk full", "error of then"]  # newest first

# The pipelines whose tables have all columns, by the layout of their S3 keys.
LAYOUTS = {
    "queries": r"logs/succeed/day=\d{4}-\d\d-\d\d/",
    "parts": r"logs/succeed/year=\d{4}/month=\d\d/day=\d\d/hour=\d\d/",
    "hours": r"logs/succeed/\d{4}/\d\d/\d\d/\d\d/",
    "partitioned": r"logs/succeed/log_group_key=[^/]+/year=\d{4}/month=\d\d/day=\d\d/",
}
NAMED_QUERIES = {
    "last_hour_by_log_group": {"log_group": "string", "log_events": "integer", "latest": "datetime"},
    "search_by_text": {
        "event_time": "datetime",
        "log_group": "string",
        "log_stream": "string",
        "message": "string",
    },
    "each_log_event_once": {
        "id": "string",
        "event_time": "datetime",
        "log_group": "string",
        "log_stream": "string",
        "message": "string",
    },
}
REDASH_QUERIES = {
    "search_by_text": NAMED_QUERIES["search_by_text"],
    "errors_by_hour_and_log_group": {"hour": "datetime", "log_group": "string", "errors": "integer"},
    "each_log_event_once": NAMED_QUERIES["each_log_event_once"],
}

Rows = list[tuple[Any, ...]]
Run = Callable[[Pipeline, str], Rows]

PARAMETERS = {"log_group": "%", "text": "error", "day": "2025-04-01"}


@pytest.fixture(scope="module")
def times() -> list[int]:
    """The time of each message, in milliseconds since 1970."""
    now_ms = int(time.time() * 1000)
    return [now_ms - 2 * 3_600_000, *range(now_ms - 6, now_ms)]


@pytest.fixture(scope="module")
def queried(pipelines: dict[str, Pipeline], times: list[int]) -> dict[str, Pipeline]:
    """The pipelines. The messages are delivered twice, which at-least-once delivery allows."""
    for name in [*LAYOUTS, "message"]:
        pipeline, before = pipelines[name], len(pipelines[name].lines())
        for _ in range(2):
            # A subscription would give the log events other ids the second time, so the record is put directly.
            pipeline.put_record(_payload(f"/query/{name}", times))
        pipeline.wait_for_lines(before + 2 * len(MESSAGES), TIMEOUT_SECONDS)
    return pipelines


def _payload(log_group: str, times: list[int]) -> bytes:
    log_events = [
        {
            "id": f"q{number}",
            "timestamp": timestamp,
            "message": message,
            "extractedFields": {"word": message.split()[0]},
        }
        for number, (timestamp, message) in enumerate(zip(times, MESSAGES, strict=True))
    ]
    payload = {
        "messageType": "DATA_MESSAGE",
        "owner": "123456789012",
        "logGroup": log_group,
        "logStream": "queried",
        "subscriptionFilters": ["f"],
        "logEvents": log_events,
    }
    return gzip.compress(json.dumps(payload).encode())


def named_query(pipeline: Pipeline, name: str) -> str:
    """A named query. The placeholder that the user has to replace is replaced."""
    sql = athena_client.named_query(pipeline.emulator, pipeline.outputs["named_query_ids"][name])
    return sql.replace("'VALUE'", f"'{folders(pipeline).get('log_group_key')}'")


def redash_query(pipeline: Pipeline, name: str, **parameters: str) -> str:
    """A query for Redash, with values for Redash's parameters."""
    return fill(pipeline.outputs["redash_queries"][name], pipeline, **parameters)


def fill(sql: str, pipeline: Pipeline, **parameters: str) -> str:
    """Replaces Redash's parameters, as Redash does before it sends a query."""
    parameters |= {"days_start": day(-1), "days_end": day(1)} | folders(pipeline)
    return re.sub(r"\{\{ (\S+) \}\}", lambda match: parameters[match[1].replace(".", "_")], sql)


def folders(pipeline: Pipeline) -> dict[str, str]:
    """The folder name of the queried log group, in a layout that has it."""
    for key, _ in pipeline.objects():
        if match := re.search(r"log_group_key=([^/]*query[^/]*)/", key):
            return {"log_group_key": match[1]}
    return {}


def day(offset: int) -> str:
    """A day in UTC, as Redash writes dates."""
    return f"{datetime.now(UTC) + timedelta(days=offset):%Y-%m-%d}"


def in_redash(pipeline: Pipeline, sql: str) -> Rows:
    return DataSource(pipeline).run(sql).rows


def on_objects(pipeline: Pipeline, sql: str) -> Rows:
    return open_table(pipeline).execute(translate(parse(sql))).fetchall()


each_run = pytest.mark.parametrize("run", [in_redash, on_objects])
each_layout = pytest.mark.parametrize("name", LAYOUTS)


@each_layout
def test_objects_have_the_layout(queried: dict[str, Pipeline], name: str) -> None:
    keys = [key for key, _ in queried[name].objects()]
    assert keys
    assert [key for key in keys if not re.match(LAYOUTS[name], key)] == []


@each_layout
def test_table_has_every_line_of_the_objects(queried: dict[str, Pipeline], name: str) -> None:
    condition = f"WHERE log_group_key = '{folders(queried[name])['log_group_key']}'" if name == "partitioned" else ""
    [(count,)] = in_redash(queried[name], f"SELECT count(*) FROM log_events {condition}")
    objects = [lines for key, lines in queried[name].objects_with_lines() if name != "partitioned" or "query" in key]
    assert count == sum(map(len, objects)) >= 2 * len(MESSAGES)


@pytest.mark.parametrize("dialect", ["athena", "trino"])
@pytest.mark.parametrize("name", [*LAYOUTS, "message"])
def test_queries_are_valid_sql(queried: dict[str, Pipeline], name: str, dialect: str) -> None:
    outputs = queried[name].outputs
    only_search = {"search_by_text"}
    assert set(outputs["named_query_ids"]) == (only_search if name == "message" else set(NAMED_QUERIES))
    assert set(outputs["redash_queries"]) == (only_search if name == "message" else set(REDASH_QUERIES))
    queries = [named_query(queried[name], query) for query in outputs["named_query_ids"]]
    queries += [redash_query(queried[name], query, **PARAMETERS) for query in outputs["redash_queries"]]
    for sql in queries:
        assert sqlglot.parse_one(sql, read=dialect, error_level=sqlglot.ErrorLevel.RAISE).key == "select"


@pytest.mark.parametrize("query", NAMED_QUERIES)
@each_layout
def test_columns_of_named_queries_have_types_in_redash(queried: dict[str, Pipeline], name: str, query: str) -> None:
    assert DataSource(queried[name]).run(named_query(queried[name], query)).types == NAMED_QUERIES[query]


@pytest.mark.parametrize("query", REDASH_QUERIES)
@each_layout
def test_columns_of_redash_queries_have_types_in_redash(queried: dict[str, Pipeline], name: str, query: str) -> None:
    sql = redash_query(queried[name], query, **PARAMETERS)
    assert DataSource(queried[name]).run(sql).types == REDASH_QUERIES[query]


@each_run
@each_layout
def test_last_hour_by_log_group(queried: dict[str, Pipeline], times: list[int], name: str, run: Run) -> None:
    [(log_group, log_events, latest)] = run(queried[name], named_query(queried[name], "last_hour_by_log_group"))
    assert (log_group, log_events) == (f"/query/{name}", 6)
    assert _milliseconds(latest) == times[-1]


@each_run
@each_layout
def test_search_by_text(queried: dict[str, Pipeline], times: list[int], name: str, run: Run) -> None:
    rows = run(queried[name], named_query(queried[name], "search_by_text"))
    assert [message for *_, message in rows] == [message for message in WITH_ERROR for _ in range(2)]
    assert [_milliseconds(row[0]) for row in rows[:2]] == [times[5]] * 2
    assert {row[1:3] for row in rows} == {(f"/query/{name}", "queried")}


@each_run
def test_search_by_text_in_plain_messages(queried: dict[str, Pipeline], run: Run) -> None:
    rows = run(queried["message"], named_query(queried["message"], "search_by_text"))
    assert sorted(message for (message,) in rows) == sorted(WITH_ERROR * 2)


@each_run
@each_layout
def test_each_log_event_once(queried: dict[str, Pipeline], name: str, run: Run) -> None:
    rows = run(queried[name], named_query(queried[name], "each_log_event_once"))
    assert [(row[0], row[-1]) for row in rows] == [(f"q{number}", MESSAGES[number]) for number in range(6, -1, -1)]


@each_run
@each_layout
def test_redash_search_by_text(queried: dict[str, Pipeline], name: str, run: Run) -> None:
    sql = redash_query(queried[name], "search_by_text", log_group="/query/%", text="日本")
    assert [row[-1] for row in run(queried[name], sql)] == ["an error, 日本語"] * 2


@each_run
def test_redash_search_by_text_in_plain_messages(queried: dict[str, Pipeline], run: Run) -> None:
    sql = redash_query(queried["message"], "search_by_text", text="日本")
    assert [row[-1] for row in run(queried["message"], sql)] == ["an error, 日本語"] * 2


@each_run
@each_layout
def test_redash_errors_by_hour_and_log_group(queried: dict[str, Pipeline], name: str, run: Run) -> None:
    rows = run(queried[name], redash_query(queried[name], "errors_by_hour_and_log_group"))
    # The first message is two hours older than the others, so it is always in another row.
    assert [row[1:] for row in rows] == [(f"/query/{name}", 1), (f"/query/{name}", 3)]


@each_run
@each_layout
def test_redash_each_log_event_once(queried: dict[str, Pipeline], name: str, run: Run) -> None:
    delivered = _queried_day(queried[name])
    rows = run(queried[name], redash_query(queried[name], "each_log_event_once", day=delivered))
    assert [row[-1] for row in rows] == MESSAGES
    assert run(queried[name], redash_query(queried[name], "each_log_event_once", day="2024-01-01")) == []


@each_run
def test_extracted_fields_are_a_map(queried: dict[str, Pipeline], run: Run) -> None:
    sql = "SELECT extracted_fields['word'] FROM log_events WHERE message = 'Error: disk full' LIMIT 1"
    assert run(queried["queries"], sql) == [("Error:",)]


def test_queries_in_the_redash_guide_run_as_printed(queried: dict[str, Pipeline]) -> None:
    for sql in re.findall(r"```sql\n(.*?)```", REDASH_GUIDE.read_text(encoding="utf-8"), re.DOTALL):
        pipeline = queried["partitioned" if "log_group_key" in sql else "queries"]
        # The guide also prints conditions alone.
        query = sql if sql.startswith("SELECT") else f"SELECT count(*) AS log_events FROM log_events {sql}"
        filled = fill(query, pipeline, **PARAMETERS | {"day": _queried_day(pipeline)})
        answer = DataSource(pipeline).run(filled)
        assert None not in answer.types.values(), filled
        assert answer.rows, filled


def _queried_day(pipeline: Pipeline) -> str:
    """The day of the queried messages in the keys of their objects, as Redash writes dates."""
    keys = [key for key, lines in pipeline.objects_with_lines() if any('"queried"' in line for line in lines)]
    days = re.findall(r"/(?:\w+=)?(\d{4})\D+(\d\d)\D+(\d\d)", keys[0])
    return "-".join(days[0])


def _milliseconds(value: datetime) -> int:
    moment = value if value.tzinfo else value.replace(tzinfo=UTC)
    return round(moment.timestamp() * 1000)
