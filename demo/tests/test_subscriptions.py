"""Subscription filters send the payload of CloudWatch Logs."""

import gzip
import json
import random
from typing import Any

from demo.emulator.subscriptions import data_messages, log_event_id
from demo.firehose.quotas import MAX_RECORD_BYTES

# A log event in a sample payload of AWS:
# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/logs/SubscriptionFilters.html#FirehoseExample
AWS_TIMESTAMP_MS = 1432826855000
AWS_ID = "31953106606966983378809025079804211143289615424298221568"


def payloads(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The payloads of the records that these log events become."""
    return [json.loads(gzip.decompress(data)) for data in data_messages("1", "group", "stream", "filter", events)]


def test_log_event_id_has_the_layout_of_aws() -> None:
    sequence = int(AWS_ID) - AWS_TIMESTAMP_MS * 2**144
    assert 0 <= sequence < 2**144
    assert log_event_id(AWS_TIMESTAMP_MS, sequence) == AWS_ID
    assert int(log_event_id(AWS_TIMESTAMP_MS, 5)) >> 144 == AWS_TIMESTAMP_MS


def test_log_event_ids_have_56_digits_at_any_time() -> None:
    assert {len(log_event_id(timestamp, 7)) for timestamp in (0, 1, 4_102_444_800_000)} == {56}


def test_ids_of_a_payload_grow_by_one() -> None:
    [payload] = payloads([{"timestamp": 1733356800000, "message": text} for text in "abc"])
    first, *others = [int(event["id"]) for event in payload["logEvents"]]
    assert others == [first + 1, first + 2]
    assert [event["message"] for event in payload["logEvents"]] == ["a", "b", "c"]


def test_log_events_over_the_quota_of_a_record_become_several_records() -> None:
    chance = random.Random(1)
    events = [{"timestamp": 1, "message": chance.randbytes(250_000).hex()} for _ in range(6)]
    records = data_messages("1", "group", "stream", "filter", events)
    assert len(records) > 1
    assert max(map(len, records)) <= MAX_RECORD_BYTES
    messages = [event["message"] for payload in payloads(events) for event in payload["logEvents"]]
    assert messages == [event["message"] for event in events]
