"""The published blueprint that the function replaces, restated: the same steps in the same order.

AWS's blueprint is kinesis-firehose-cloudwatch-logs-processor-python. An article (Sansan Builders Blog, "Kinesis Data
Firehose で ログを ETL 処理して Redash からクエリする") keeps the blueprint's Firehose half, and logs each whole event
with aws_lambda_powertools (`log_event=True`). This file leaves that logging out, since AWS's own blueprint has none.
Leaving it out can only flatter the blueprint.
"""

import base64
import gzip
import json
import logging
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any

import boto3

MAX_ENCODED_BYTES = 6_000_000  # of one record's data, and what the blueprint assumes for a response
MAX_BATCH_RECORDS = 500
MAX_ATTEMPTS = 20

Json = dict[str, Any]
Transform = Callable[[Json], str]

logger = logging.getLogger(__name__)
logger.setLevel(logging.INFO)


def handler(event: Json, _context: object) -> Json:
    """The handler as published: each message and a line break."""
    return _answer(event, _message_line)


def json_handler(event: Json, _context: object) -> Json:
    """The handler with its transform edited for JSON logs: each message is parsed and written again."""
    return _answer(event, _parsed_line)


def _message_line(log_event: Json) -> str:
    message: str = log_event["message"]
    return message + "\n"


def _parsed_line(log_event: Json) -> str:
    return json.dumps(json.loads(log_event["message"])) + "\n"


def _answer(event: Json, transform: Transform) -> Json:
    stream_arn = event["deliveryStreamArn"]
    region = stream_arn.split(":")[3]
    stream_name = stream_arn.split("/")[1]
    rows = list(_rows(event["records"], transform))
    # The original decodes every record a second time, before it knows whether any is re-ingested.
    originals = {record["recordId"]: {"data": base64.b64decode(record["data"])} for record in event["records"]}

    batches: list[list[Json]] = []
    batch: list[Json] = []
    to_reingest, projected_bytes = 0, 0
    for row in rows:
        if row["result"] != "Ok":
            continue
        # Re-ingested records count too, so every record after the first that does not fit is re-ingested.
        projected_bytes += len(row["data"]) + len(row["recordId"])
        if projected_bytes > MAX_ENCODED_BYTES:
            to_reingest += 1
            batch.append({"Data": originals[row["recordId"]]["data"]})
            row["result"] = "Dropped"
            del row["data"]
        if len(batch) == MAX_BATCH_RECORDS:
            batches.append(batch)
            batch = []
    if batch:
        batches.append(batch)

    if batches:
        client = boto3.client("firehose", region_name=region)
        reingested = 0
        for batch in batches:
            _reingest(client, stream_name, batch, attempts_made=0)
            reingested += len(batch)
            logger.info("Reingested %d/%d records out of %d", reingested, to_reingest, len(event["records"]))
    else:
        logger.info("No records to be reingested")
    return {"records": rows}


def _rows(records: list[Json], transform: Transform) -> Iterator[Json]:
    for record in records:
        compressed = base64.b64decode(record["data"])
        with BytesIO(compressed) as file, gzip.GzipFile(fileobj=file, mode="r") as inflated:
            payload = json.loads(inflated.read())
        record_id = record["recordId"]
        if payload["messageType"] == "CONTROL_MESSAGE":
            yield {"result": "Dropped", "recordId": record_id}
        elif payload["messageType"] == "DATA_MESSAGE":
            joined = "".join([transform(log_event) for log_event in payload["logEvents"]])
            # The row holds bytes: the runtime's encoder, simplejson, accepts them as text.
            data = base64.b64encode(joined.encode("utf-8"))
            if len(data) == 0:
                yield {"result": "Dropped", "recordId": record_id}
            elif len(data) <= MAX_ENCODED_BYTES:
                yield {"data": data, "result": "Ok", "recordId": record_id}
            else:
                yield {"result": "ProcessingFailed", "recordId": record_id}
        else:
            yield {"result": "ProcessingFailed", "recordId": record_id}


def _reingest(client: Any, stream_name: str, records: list[Json], attempts_made: int) -> None:
    refused, codes, reason, response = [], [], "", None
    try:
        response = client.put_record_batch(DeliveryStreamName=stream_name, Records=records)
    except Exception as error:
        refused = records
        reason = str(error)
    if not refused and response and response["FailedPutCount"] > 0:
        for record, entry in zip(records, response["RequestResponses"], strict=True):
            if entry.get("ErrorCode"):
                codes.append(entry["ErrorCode"])
                refused.append(record)
        reason = "Individual error codes: " + ",".join(codes)
    if not refused:
        return
    if attempts_made + 1 >= MAX_ATTEMPTS:
        raise RuntimeError(f"Could not put records after {MAX_ATTEMPTS} attempts. {reason}")
    logger.warning("Some records failed while calling PutRecordBatch to Firehose stream, retrying. %s", reason)
    _reingest(client, stream_name, refused, attempts_made + 1)
