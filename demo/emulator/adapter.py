"""Replaces MiniStack's Firehose and Athena's engine with the models. They need private names, so the version is pinned.

MiniStack's PutRecord and PutRecordBatch call the function for each record and hold a lock meanwhile, so the function
cannot re-ingest. They lose failed records, and they deliver raw records when the function fails.
"""

import base64
import binascii
import contextvars
import json
import os
import threading
from collections.abc import Callable
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ministack.core.responses import error_response_json, json_response
from ministack.services import athena, cloudwatch_logs, firehose, glue, lambda_svc, s3

from demo.emulator import queries, subscriptions
from demo.firehose import FunctionError, InvalidArgumentError, Services, Stream, StreamConfiguration

MINISTACK_VERSION = "1.5.33"

# The model multiplies Firehose's times by this factor. The default is 1, real time.
TIME_FACTOR_VARIABLE = "FIREHOSE_TIME_FACTOR"
# The model appends a line of JSON to this file for each request, invocation and object.
JOURNAL_VARIABLE = "FIREHOSE_JOURNAL"

_streams: dict[str, Stream] = {}  # by ARN
_lock = threading.Lock()


def install() -> None:
    """Replaces MiniStack's functions. Call this once, before MiniStack accepts requests."""
    if (found := version("ministack")) != MINISTACK_VERSION:
        raise SystemExit(f"the demo needs MiniStack {MINISTACK_VERSION}; version {found} is installed")
    firehose._HANDLERS["PutRecord"] = _put_record
    firehose._HANDLERS["PutRecordBatch"] = _put_record_batch
    firehose._HANDLERS["DeleteDeliveryStream"] = _delete_delivery_stream
    queries.install(athena, glue, s3)
    subscriptions.install(cloudwatch_logs, put_record=lambda arn, data: _stream(arn.split("/")[-1]).put_record(data))


class _NoSuchStreamError(Exception):
    pass


def _stream(name: str) -> Stream:
    """The model of a stream. It is made at the first record, and gets the stream's current configuration each time."""
    with firehose._lock:
        description = firehose._streams.get(name)
        if description is None:
            raise _NoSuchStreamError(name)
        destination = description["destinations"][0]["config"]
        configuration = StreamConfiguration.from_api(name, description["arn"], description["version"], destination)
        is_from_kinesis = description["type"] == "KinesisStreamAsSource"
    if is_from_kinesis:
        raise InvalidArgumentError(f"Stream {name} has a Kinesis stream as its source and accepts no direct puts.")
    with _lock:
        stream = _streams.get(configuration.arn)
        if stream is None:
            factor = float(os.environ.get(TIME_FACTOR_VARIABLE, "1"))
            stream = _streams[configuration.arn] = Stream(configuration, _services(), factor)
            # MiniStack keeps account and region of a request in context variables.
            target = contextvars.copy_context().run
            threading.Thread(target=target, args=(stream.run,), name=f"firehose-{name}", daemon=True).start()
    stream.configuration = configuration
    return stream


def _put_record(request: dict[str, Any]) -> Any:
    def put(stream: Stream) -> dict[str, Any]:
        return {"RecordId": stream.put_record(_data(request.get("Record", {}))), "Encrypted": True}

    return _respond(request, put)


def _put_record_batch(request: dict[str, Any]) -> Any:
    def put(stream: Stream) -> dict[str, Any]:
        ids = stream.put_record_batch([_data(record) for record in request.get("Records", [])])
        entries = [{"RecordId": record_id} for record_id in ids]
        return {"FailedPutCount": 0, "Encrypted": True, "RequestResponses": entries}

    return _respond(request, put)


_delete_from_ministack = firehose._HANDLERS["DeleteDeliveryStream"]


def _delete_delivery_stream(request: dict[str, Any]) -> Any:
    arn = firehose._stream_arn(request.get("DeliveryStreamName", ""))
    with _lock:
        stream = _streams.pop(arn, None)
    if stream:
        stream.close()
    return _delete_from_ministack(request)


def _respond(request: dict[str, Any], put: Callable[[Stream], dict[str, Any]]) -> Any:
    name = request.get("DeliveryStreamName", "")
    try:
        return json_response(put(_stream(name)))
    except _NoSuchStreamError:
        return error_response_json("ResourceNotFoundException", f"Firehose {name} not found.", 400)
    except InvalidArgumentError as error:
        return error_response_json("InvalidArgumentException", str(error), 400)


def _data(record: dict[str, Any]) -> bytes:
    try:
        return base64.b64decode(record.get("Data", ""), validate=True)
    except binascii.Error as error:
        raise InvalidArgumentError("Data is not base64.") from error


@cache
def _services() -> Services:
    return Services(invoke=_invoke, put_object=_put_object, observe=_journal())


def _invoke(function_arn: str, event: dict[str, Any]) -> bytes:
    name, qualifier = lambda_svc._resolve_name_and_qualifier(function_arn)
    function, _ = lambda_svc._get_func_record_for_qualifier(name, qualifier)
    if function is None:
        raise FunctionError(f"no function {function_arn}")
    result = lambda_svc._execute_function_with_config_scope(function, event)
    if result.get("error") or result.get("throttle"):
        raise FunctionError(str(result.get("body")))
    body = result.get("body")
    if isinstance(body, bytes):
        return body
    # MiniStack has parsed the response. Compact JSON restores the length that the function sent.
    return body.encode() if isinstance(body, str) else json.dumps(body, separators=(",", ":")).encode()


def _put_object(bucket: str, key: str, body: bytes) -> None:
    status, _, response = s3._put_object(bucket, key, body, {"content-type": "application/octet-stream"})
    if status != 200:
        raise RuntimeError(f"PutObject {bucket}/{key}: {status} {response!r}")


def _journal() -> Callable[[dict[str, Any]], None]:
    path = os.environ.get(JOURNAL_VARIABLE)
    if not path:
        return lambda _observation: None
    lock = threading.Lock()

    def write(observation: dict[str, Any]) -> None:
        with lock, Path(path).open("a", encoding="utf-8") as journal:
            journal.write(json.dumps(observation) + "\n")

    return write
