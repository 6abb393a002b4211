"""The named queries and the queries of docs/redash.md give the expected answers.

Each query is parsed as Athena SQL and as Trino SQL. Each query runs twice: through PyAthena on the emulator, and in
DuckDB on the objects, in a second implementation of the Glue table. Neither engine is Trino, so sqlglot translates for
both.
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

REDASH_GUIDE = Path(__file__).parents[2] / "docs" / "redash.md"
TIMEOUT_SECONDS = 60
# The first message is two hours old.
MESSAGES = ["error of then", "started", "Error: disk full", "an error, 日本語", "fatal: no route", "terrors", "done"]
WITH_ERROR = ["terrors", "an error, 日本語", "Error: disk full", "error of then"]  # newest first
Rows = list[tuple[Any, ...]]
Run = Callable[[Pipeline, str], Rows]

PIPELINES = ["queries", "message", "partitioned"]


@pytest.fixture(scope="module")
def times() -> list[int]:
    """The time of each message, in milliseconds since 1970."""
    now_ms = int(time.time() * 1000)
    return [now_ms - 2 * 3_600_000, *range(now_ms - 6, now_ms)]


@pytest.fixture(scope="module")
def queried(pipelines: dict[str, Pipeline], times: list[int]) -> dict[str, Pipeline]:
    """The pipelines. The messages are delivered twice, which at-least-once delivery allows."""
    for name in PIPELINES:
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


def named_queries(pipeline: Pipeline) -> dict[str, str]:
    """SQL by name. With partition keys, the placeholder that the user has to replace is replaced."""
    values = {key.split("log_group_key=")[1].split("/")[0] for key, _ in pipeline.objects() if "query" in key}
    return {
        name: athena_client.named_query(pipeline.emulator, query_id).replace("'VALUE'", f"'{''.join(values)}'")
        for name, query_id in pipeline.outputs["named_query_ids"].items()
    }


def redash_query(title: str, **parameters: str) -> str:
    """The query under a heading of docs/redash.md, with values for Redash's parameters."""
    section = REDASH_GUIDE.read_text(encoding="utf-8").split(f"### {title}\n")[1]
    [sql] = re.findall(r"```sql\n(.*?)```", section, re.DOTALL)[:1]
    return re.sub(r"\{\{ (\S+) \}\}", lambda match: parameters[match[1].replace(".", "_")], sql)


def on_emulator(pipeline: Pipeline, sql: str) -> Rows:
    return athena_client.run(pipeline.emulator, pipeline.outputs, sql)[1]


def on_objects(pipeline: Pipeline, sql: str) -> Rows:
    return open_table(pipeline).execute(translate(parse(sql))).fetchall()


def days() -> dict[str, str]:
    now = datetime.now(UTC)
    return {"days_start": f"{now - timedelta(days=1):%Y-%m-%d}", "days_end": f"{now + timedelta(days=1):%Y-%m-%d}"}


@pytest.mark.parametrize("dialect", ["athena", "trino"])
@pytest.mark.parametrize("name", PIPELINES)
def test_named_queries_are_valid_sql(queried: dict[str, Pipeline], name: str, dialect: str) -> None:
    queries = named_queries(queried[name])
    expected = {"search_by_text"} if name == "message" else {
        "last_hour_by_log_group", "search_by_text", "each_log_event_once",
    }  # fmt: skip
    assert set(queries) == expected
    for sql in queries.values():
        assert sqlglot.parse_one(sql, read=dialect, error_level=sqlglot.ErrorLevel.RAISE).key == "select"


@pytest.mark.parametrize("run", [on_emulator, on_objects])
@pytest.mark.parametrize("name", ["queries", "partitioned"])
def test_last_hour_by_log_group(queried: dict[str, Pipeline], times: list[int], name: str, run: Run) -> None:
    [(log_group, log_events, latest)] = run(queried[name], named_queries(queried[name])["last_hour_by_log_group"])
    assert (log_group, log_events) == (f"/query/{name}", 6)
    assert _milliseconds(latest) == times[-1]


@pytest.mark.parametrize("run", [on_emulator, on_objects])
@pytest.mark.parametrize("name", ["queries", "partitioned"])
def test_search_by_text(queried: dict[str, Pipeline], times: list[int], name: str, run: Run) -> None:
    rows = run(queried[name], named_queries(queried[name])["search_by_text"])
    assert [message for *_, message in rows] == [message for message in WITH_ERROR for _ in range(2)]
    assert [_milliseconds(row[0]) for row in rows[:2]] == [times[5]] * 2
    assert {row[1:3] for row in rows} == {(f"/query/{name}", "queried")}


@pytest.mark.parametrize("run", [on_emulator, on_objects])
def test_search_by_text_in_plain_messages(queried: dict[str, Pipeline], run: Run) -> None:
    rows = run(queried["message"], named_queries(queried["message"])["search_by_text"])
    assert sorted(message for (message,) in rows) == sorted(WITH_ERROR * 2)


@pytest.mark.parametrize("run", [on_emulator, on_objects])
@pytest.mark.parametrize("name", ["queries", "partitioned"])
def test_each_log_event_once(queried: dict[str, Pipeline], name: str, run: Run) -> None:
    rows = run(queried[name], named_queries(queried[name])["each_log_event_once"])
    assert [(row[0], row[-1]) for row in rows] == [(f"q{number}", MESSAGES[number]) for number in range(6, -1, -1)]


@pytest.mark.parametrize("run", [on_emulator, on_objects])
def test_redash_search_by_text(queried: dict[str, Pipeline], run: Run) -> None:
    sql = redash_query("Search by text", log_group="/query/%", text="日本", **days())
    assert [row[-1] for row in run(queried["queries"], sql)] == ["an error, 日本語"] * 2


@pytest.mark.parametrize("run", [on_emulator, on_objects])
def test_redash_errors_by_hour_and_log_group(queried: dict[str, Pipeline], run: Run) -> None:
    rows = run(queried["queries"], redash_query("Errors by hour and log group", **days()))
    # The first message is two hours older than the others, so it is always in another row.
    assert [row[1:] for row in rows] == [("/query/queries", 1), ("/query/queries", 3)]


@pytest.mark.parametrize("run", [on_emulator, on_objects])
def test_redash_each_log_event_once(queried: dict[str, Pipeline], run: Run) -> None:
    key = next(key for key, _ in queried["queries"].objects() if "day=" in key)
    sql = redash_query("Each log event once", day=key.split("day=")[1][:10])
    assert [row[-1] for row in run(queried["queries"], sql)] == MESSAGES


@pytest.mark.parametrize("run", [on_emulator, on_objects])
def test_redash_condition_on_a_partition_key(queried: dict[str, Pipeline], run: Run) -> None:
    pipeline = queried["partitioned"]
    folders = dict(part.split("=") for part in pipeline.objects()[0][0].split("/")[2:-1])
    condition = redash_query("With partition keys", day=folders["day"], log_group_key=folders["log_group_key"])
    [(count,)] = run(pipeline, f"SELECT count(*) FROM log_events {condition}")
    assert count > 0


@pytest.mark.parametrize("run", [on_emulator, on_objects])
def test_extracted_fields_are_a_map(queried: dict[str, Pipeline], run: Run) -> None:
    sql = "SELECT extracted_fields['word'] FROM log_events WHERE message = 'Error: disk full' LIMIT 1"
    assert run(queried["queries"], sql) == [("Error:",)]


def _milliseconds(value: datetime) -> int:
    moment = value if value.tzinfo else value.replace(tzinfo=UTC)
    return round(moment.timestamp() * 1000)
