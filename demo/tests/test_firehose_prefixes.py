"""The model of Firehose reads prefix expressions and stream configurations as Firehose does."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from demo.firehose import Processor, StreamConfiguration
from demo.firehose.delivery import Buffer, to_object
from demo.firehose.prefixes import UnresolvedExpressionError, evaluate_error_prefix, evaluate_prefix, format_timestamp

AT = datetime(2025, 4, 1, 9, 5, 7, tzinfo=ZoneInfo("UTC"))
# 2025-03-31 23:30 in UTC is 08:30 of the next day in Tokyo.
LATE_MS = int(datetime(2025, 3, 31, 23, 30, tzinfo=ZoneInfo("UTC")).timestamp() * 1000)


@pytest.mark.parametrize(
    ("template", "prefix"),
    [
        ("logs/day=!{timestamp:yyyy-MM-dd}/", "logs/day=2025-04-01/"),
        ("logs/!{timestamp:yyyy-MM-dd/}", "logs/2025-04-01/"),
        ("logs/!{timestamp:yyyy}/!{timestamp:MM/dd}/", "logs/2025/04/01/"),
        ("logs/account=!{partitionKeyFromLambda:owner}/", "logs/account=123456789012/"),
        ("logs/", "logs/2025/04/01/09/"),
        ("", "2025/04/01/09/"),
    ],
)
def test_prefix_is_evaluated(template: str, prefix: str) -> None:
    assert evaluate_prefix(template, AT, {"owner": "123456789012"}) == prefix


@pytest.mark.parametrize(
    ("template", "prefix"),
    [
        ("logs/!{firehose:error-output-type}/!{timestamp:yyyy-MM-dd}/", "logs/processing-failed/2025-04-01/"),
        ("failed/!{firehose:error-output-type}/", "failed/processing-failed/"),
        ("", "data/processing-failed/2025/04/01/09/"),
    ],
)
def test_error_prefix_is_evaluated(template: str, prefix: str) -> None:
    assert evaluate_error_prefix(template, "data/", AT, "processing-failed") == prefix


@pytest.mark.parametrize("template", ["!{partitionKeyFromLambda:group}/", "!{firehose:error-output-type}/", "!{x:y}/"])
def test_expression_without_a_value_is_an_error(template: str) -> None:
    with pytest.raises(UnresolvedExpressionError):
        evaluate_prefix(template, AT, {"owner": "1"})


@pytest.mark.parametrize(
    ("pattern", "text"), [("yyyy-MM-dd'T'HH:mm:ss", "2025-04-01T09:05:07"), ("yy''MM", "25'04"), ("'day='dd", "day=01")]
)
def test_timestamp_pattern_is_formatted(pattern: str, text: str) -> None:
    assert format_timestamp(pattern, AT) == text


def test_unsupported_letter_in_a_timestamp_pattern_is_an_error() -> None:
    with pytest.raises(UnresolvedExpressionError):
        format_timestamp("YYYY", AT)


def test_object_key_has_the_arrival_of_the_oldest_record_in_the_time_zone_of_the_stream() -> None:
    stream = StreamConfiguration("s", "arn:aws:firehose:r:1:deliverystream/s", "b", prefix="!{timestamp:yyyy-MM-dd}/")
    buffer = Buffer()
    buffer.add(b"later", LATE_MS + 86_400_000, 0.0)
    buffer.add(b"oldest", LATE_MS, 1.0)
    key, body = to_object(stream, buffer)
    assert key.startswith("2025-03-31/s-1-2025-03-31-23-30-00-")
    assert body == b"lateroldest"
    in_tokyo = StreamConfiguration("s", stream.arn, "b", prefix=stream.prefix, time_zone="Asia/Tokyo")
    assert to_object(in_tokyo, buffer)[0].startswith("2025-04-01/s-1-2025-04-01-08-30-00-")


def test_configuration_is_read_from_an_api_request() -> None:
    destination = {
        "BucketARN": "arn:aws:s3:::logs",
        "Prefix": "p/",
        "ErrorOutputPrefix": "e/",
        "CustomTimeZone": "Asia/Tokyo",
        "CompressionFormat": "GZIP",
        "FileExtension": ".json.gz",
        "BufferingHints": {"SizeInMBs": 64, "IntervalInSeconds": 60},
        "DynamicPartitioningConfiguration": {"Enabled": True},
        "ProcessingConfiguration": {
            "Enabled": True,
            "Processors": [{
                "Type": "Lambda",
                "Parameters": [
                    {"ParameterName": "LambdaArn", "ParameterValue": "arn:f"},
                    {"ParameterName": "BufferSizeInMBs", "ParameterValue": "0.25"},
                ],
            }],
        },
    }  # fmt: skip
    assert StreamConfiguration.from_api("s", "arn:s", 2, destination) == StreamConfiguration(
        name="s", arn="arn:s", bucket="logs", version=2, prefix="p/", error_prefix="e/", time_zone="Asia/Tokyo",
        compression="GZIP", file_extension=".json.gz", buffer_bytes=64 * 1024 * 1024, interval_seconds=60,
        is_partitioned=True, processor=Processor("arn:f", buffer_bytes=256 * 1024, interval_seconds=60, retries=3),
    )  # fmt: skip


def test_defaults_are_those_of_aws() -> None:
    stream = StreamConfiguration.from_api("s", "arn:s", 1, {"BucketARN": "arn:aws:s3:::logs"})
    assert (stream.buffer_bytes, stream.interval_seconds, stream.compression) == (5 * 1024 * 1024, 300, "UNCOMPRESSED")
    assert stream.processor is None
