"""Subscription filters that deliver to Firehose. MiniStack stores such filters but delivers nothing.

The payload has the shape that CloudWatch Logs sends, compressed with gzip level 6. Source:
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/logs/SubscriptionFilters.html
"""

import gzip
import itertools
import json
import logging
import time
from collections.abc import Callable
from typing import Any

from ministack.core.responses import get_account_id

from demo.firehose.quotas import MAX_RECORD_BYTES

logger = logging.getLogger(__name__)

# In the sample payloads of AWS's documentation, the id of a log event is its timestamp (ms) times 2^144, plus a number
# that grows by one from log event to log event. In decimal, such ids do not compress well.
ID_TIMESTAMP_SHIFT = 144
ID_DIGITS = 56
_sequence = itertools.count()


def install(cloudwatch_logs: Any, put_record: Callable[[str, bytes], str]) -> None:
    """Adds Firehose to the fan-out of log events, and the control message to PutSubscriptionFilter.

    `cloudwatch_logs` is MiniStack's module. `put_record` takes a stream's ARN and a record's data.
    """
    fan_out_elsewhere = cloudwatch_logs._fanout_to_subscription_filters
    put_filter = cloudwatch_logs._put_subscription_filter

    def fan_out(log_group: str, log_stream: str, events: list[dict[str, Any]]) -> None:
        fan_out_elsewhere(log_group, log_stream, events)
        log_groups = cloudwatch_logs._log_groups
        for each in list(log_groups.get(log_group, {}).get("subscriptionFilters", {}).values()):
            matching = [
                event
                for event in events
                if cloudwatch_logs._subscription_pattern_matches(each["filterPattern"], event["message"])
            ]
            if _is_firehose(each["destinationArn"]) and matching:
                for data in data_messages(get_account_id(), log_group, log_stream, each["filterName"], matching):
                    _put(put_record, each["destinationArn"], data)

    def put_filter_and_test(request: dict[str, Any]) -> Any:
        response = put_filter(request)
        if response[0] == 200 and _is_firehose(request.get("destinationArn", "")):
            _put(put_record, request["destinationArn"], control_message())
        return response

    cloudwatch_logs._fanout_to_subscription_filters = fan_out
    cloudwatch_logs._put_subscription_filter = put_filter_and_test


def data_messages(
    owner: str, log_group: str, log_stream: str, filter_name: str, events: list[dict[str, Any]]
) -> list[bytes]:
    """The records for one PutLogEvents request. Several records are made if one would exceed Firehose's quota.

    `events` have a `timestamp` (milliseconds since 1970) and a `message`. Each log event gets an id.
    """
    data = _compress(
        messageType="DATA_MESSAGE",
        owner=owner,
        logGroup=log_group,
        logStream=log_stream,
        subscriptionFilters=[filter_name],
        logEvents=[
            {
                "id": log_event_id(event["timestamp"], next(_sequence)),
                "timestamp": event["timestamp"],
                "message": event["message"],
            }
            for event in events
        ],
    )
    if len(data) <= MAX_RECORD_BYTES or len(events) == 1:
        return [data]
    half = len(events) // 2
    return [
        message
        for part in (events[:half], events[half:])
        for message in data_messages(owner, log_group, log_stream, filter_name, part)
    ]


def log_event_id(timestamp_ms: int, sequence: int) -> str:
    """The id of a log event, in the layout of CloudWatch Logs. Ids sort by timestamp, then by sequence number."""
    return f"{(timestamp_ms << ID_TIMESTAMP_SHIFT) + sequence:0{ID_DIGITS}d}"


def control_message() -> bytes:
    """The record that CloudWatch Logs sends to test a destination."""
    return _compress(
        messageType="CONTROL_MESSAGE",
        owner="CloudwatchLogs",
        logGroup="",
        logStream="",
        subscriptionFilters=[],
        logEvents=[
            {
                "id": "",
                "timestamp": int(time.time() * 1000),
                "message": "CWL CONTROL MESSAGE: Checking health of destination Firehose.",
            }
        ],
    )


def _compress(**payload: object) -> bytes:
    return gzip.compress(json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode(), compresslevel=6)


def _is_firehose(destination_arn: str) -> bool:
    return ":deliverystream/" in destination_arn


def _put(put_record: Callable[[str, bytes], str], arn: str, data: bytes) -> None:
    try:
        put_record(arn, data)
    except Exception:
        # An error of a destination never fails PutLogEvents.
        logger.exception("subscription filter: %s", arn)
