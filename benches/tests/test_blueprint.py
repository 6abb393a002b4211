"""The restated blueprint does what the published one does, on its own runtime, between the local endpoints."""

import base64
import gzip
import json
import sys
from collections.abc import Sequence
from typing import Any

import pytest

from benches.contenders import BLUEPRINT_ENVIRONMENT
from benches.lambda_api import FunctionError, Invocation
from benches.packing import STREAM_ARN
from benches.process import MeasuredProcess

Json = dict[str, Any]


def record(number: int, messages: Sequence[str] = (), message_type: str = "DATA_MESSAGE") -> Json:
    log_events = [{"id": str(index), "timestamp": 0, "message": message} for index, message in enumerate(messages)]
    payload = json.dumps({"messageType": message_type, "logEvents": log_events}, ensure_ascii=False).encode()
    return {"recordId": f"r{number}", "data": base64.b64encode(gzip.compress(payload)).decode()}


def invoke(records: list[Json], handler: str = "handler") -> tuple[list[Json], Invocation]:
    event = {"deliveryStreamArn": STREAM_ARN, "records": records}
    command = [sys.executable, "-m", "awslambdaric", f"benches.blueprint.{handler}"]
    with MeasuredProcess(command, BLUEPRINT_ENVIRONMENT) as process:
        process.start()
        invocation = process.invoke(json.dumps(event).encode())
    return json.loads(invocation.response)["records"], invocation


def decoded(row: Json) -> str:
    return base64.b64decode(row["data"]).decode()


def test_each_kind_of_record_gets_its_result() -> None:
    rows, invocation = invoke(
        [
            record(1, message_type="CONTROL_MESSAGE"),
            record(2, ["a", "ログ", "two\nlines"]),
            record(3),
            record(4, message_type="OTHER_MESSAGE"),
        ]
    )
    results = [(row["recordId"], row["result"]) for row in rows]
    assert results == [("r1", "Dropped"), ("r2", "Ok"), ("r3", "Dropped"), ("r4", "ProcessingFailed")]
    assert decoded(rows[1]) == "a\nログ\ntwo\nlines\n"
    assert not any("data" in row for row in (rows[0], rows[2], rows[3]))
    assert invocation.records_reingested == 0


def test_every_record_from_the_first_that_does_not_fit_is_reingested() -> None:
    rows, invocation = invoke([record(1, ["a" * 3_000_000]), record(2, ["b" * 3_000_000]), record(3, ["c"])])
    assert [row["result"] for row in rows] == ["Ok", "Dropped", "Dropped"]
    assert invocation.records_reingested == 2


def test_a_record_that_fits_no_response_fails() -> None:
    rows, _ = invoke([record(1, ["a" * 4_500_000])])
    assert rows == [{"recordId": "r1", "result": "ProcessingFailed"}]


def test_the_json_transform_parses_and_rewrites_each_object() -> None:
    rows, _ = invoke([record(1, ['{"a":[1,null],"b":"\\u30ed"}'])], "json_handler")
    assert decoded(rows[0]) == '{"a": [1, null], "b": "\\u30ed"}\n'


def test_an_error_includes_the_output_of_the_process() -> None:
    with pytest.raises(FunctionError, match=r"(?s)Not a gzipped file.*It wrote:.*Traceback"):
        invoke([{"recordId": "r1", "data": base64.b64encode(b"not gzip").decode()}])
