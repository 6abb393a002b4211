"""Reading what the function would deliver, and comparing it."""

import base64
import gzip
import json
import sys
from collections.abc import Callable

import pytest
import zstandard

from benches import output, same_work
from benches.contenders import DEFAULT_PATH_ENVIRONMENT, FLOOR, FORMER_DEFAULT_ENVIRONMENT, Contender
from benches.lambda_api import FunctionError, Invocation
from benches.measure import Samples
from benches.packing import Event
from benches.workloads import Workload

# Answers at most `most` records of an event, each with its own data. It drops the others, as if they were re-ingested.
LIMITED = """
import json, os, sys, urllib.request

base = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime/invocation/"
most = int(sys.argv[1])
assert not any(name.startswith(("OUTPUT_COMPRESSION", "OUTPUT_FRAMES")) for name in os.environ)
assert os.environ["OUTPUT_FORMAT"] == "json"
while True:
    with urllib.request.urlopen(base + "next") as event:
        request_id = event.headers["Lambda-Runtime-Aws-Request-Id"]
        records = json.load(event)["records"]
    rows = [
        {"recordId": each["recordId"], "result": "Ok", "data": each["data"]}
        if number < most else {"recordId": each["recordId"], "result": "Dropped"}
        for number, each in enumerate(records)
    ]
    data = json.dumps({"records": rows}).encode()
    urllib.request.urlopen(base + request_id + "/response", data=data).close()
"""


def response(*data: bytes | None) -> bytes:
    rows = [
        {"recordId": str(number), "result": "Dropped"}
        if each is None
        else {"recordId": str(number), "result": "Ok", "data": base64.b64encode(each).decode()}
        for number, each in enumerate(data)
    ]
    return json.dumps({"records": rows}).encode()


def event(*data: bytes) -> Event:
    records = json.loads(response(*data))["records"]
    return Event(Workload("tiny", len(data), 1, ""), json.dumps({"records": records}).encode(), {}, 0, 0)


def limited(most: int) -> Contender:
    environment = FORMER_DEFAULT_ENVIRONMENT
    return Contender("limited", [sys.executable, "-c", LIMITED, str(most)], environment)


def test_delivered_data_is_that_of_all_ok_rows_in_order() -> None:
    assert output.delivered(response(b"a\n", None, b"b\n", b"c")) == b"a\nb\nc"


@pytest.mark.parametrize(("compression", "compress"), [("gzip", gzip.compress), ("zstd", zstandard.compress)])
def test_all_frames_are_decompressed(compression: str, compress: Callable[[bytes], bytes]) -> None:
    frames = [compress(part) for part in (b"one\n" * 100_000, b"", b"two\n")]
    assert output.decompressed(b"".join(frames), compression) == b"one\n" * 100_000 + b"two\n"


def test_uncompressed_data_stays_as_it_is() -> None:
    assert output.decompressed(b"one\n", "none") == b"one\n"


def test_a_frame_with_the_data_of_other_records_counts_all_log_events() -> None:
    data = zstandard.compress(b"a\nb\nc\n")
    samples = Samples([1.0], [1.0], 1, Invocation(response(data, None, None), 1.0, 0))
    figures = samples.figures(Contender("function", [], DEFAULT_PATH_ENVIRONMENT))
    assert (figures["log_events_returned"], figures["output_bytes"]) == (3, len(data))


def test_the_floor_delivers_nothing() -> None:
    figures = Samples([1.0], [1.0], 1, Invocation(b'"=="', 1.0, 0)).figures(Contender(FLOOR, []))
    assert (figures["log_events_returned"], figures["output_bytes"], figures["response_bytes"]) == (None, None, 4)


@pytest.mark.parametrize("most", [1, 2, 5])
def test_the_whole_output_takes_as_many_invocations_as_needed(most: int) -> None:
    assert output.whole(limited(most), event(b"a", b"b", b"c", b"d", b"e")) == b"abcde"


def test_records_that_fit_no_response_are_an_error() -> None:
    with pytest.raises(FunctionError, match="limited, uncompressed: expected the output of 2 records, found none"):
        output.whole(limited(0), event(b"a", b"b"))


def test_without_compression_only_the_other_settings_stay() -> None:
    assert limited(1).compression == "gzip"
    assert limited(1).uncompressed().compression == "none"
    assert limited(1).uncompressed().environment == {"OUTPUT_FORMAT": "json"}


def test_one_gzip_stream_has_level_6() -> None:
    data = b"".join(f"line {number * number}\n".encode() for number in range(10_000))
    assert output.in_one_gzip_stream(data) == len(gzip.compress(data, 6, mtime=0))
    assert output.in_one_gzip_stream(data) < len(gzip.compress(data, 1, mtime=0))


def test_output_that_differs_is_an_error_with_the_place() -> None:
    same_work.expect_whole_output("one", b"abc", "other", b"abc")
    with pytest.raises(same_work.DifferentWorkError, match="from byte 2 one has b'd', other b'c'"):
        same_work.expect_whole_output("one", b"abd", "other", b"abc")
    with pytest.raises(same_work.DifferentWorkError, match="from byte 2 one has b'', other b'c'"):
        same_work.expect_whole_output("one", b"ab", "other", b"abc")
