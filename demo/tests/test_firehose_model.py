"""The model of Firehose keeps its contract. There is one test for each rule, with a function written in Python."""

import base64
import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from demo.firehose import FunctionError, InvalidArgumentError, Processor, Services, Stream, StreamConfiguration, quotas

Event = dict[str, Any]
Answer = Callable[[Event], Any]
"""What the function returns for an event: a response, or the response's bytes."""

FUNCTION_ARN = "arn:aws:lambda:eu-west-1:123456789012:function:f:live"
PROCESSOR = Processor(FUNCTION_ARN, buffer_bytes=100, interval_seconds=60)
CONFIGURATION = StreamConfiguration(
    name="s",
    arn="arn:aws:firehose:eu-west-1:123456789012:deliverystream/s",
    bucket="b",
    prefix="ok/",
    error_prefix="!{firehose:error-output-type}/",
    buffer_bytes=1_000,
    interval_seconds=300,
    processor=PROCESSOR,
)


class World:
    """A stream with a clock that only tests move. Records the events that it sends and the objects that it writes."""

    def __init__(self, answer: Answer | None = None, **changes: Any) -> None:
        self.now = 0.0
        self.events: list[Event] = []
        self.objects: dict[str, bytes] = {}
        self.observations: list[dict[str, Any]] = []
        self.answer = answer or upper_case
        services = Services(self._invoke, self._put_object, self.observations.append, clock=lambda: self.now)
        self.stream = Stream(replace(CONFIGURATION, **changes), services)

    def _invoke(self, function_arn: str, event: Event) -> bytes:
        assert function_arn == FUNCTION_ARN
        self.events.append(event)
        answer = self.answer(event)
        return answer if isinstance(answer, bytes) else json.dumps(answer).encode()

    def _put_object(self, bucket: str, key: str, body: bytes) -> None:
        assert bucket == "b"
        self.objects[key] = body

    def at(self, seconds: float) -> "World":
        """Sets the clock, and lets the stream do everything that is due."""
        self.now = seconds
        self.stream.step()
        return self

    def deliver(self, *records: bytes) -> dict[str, bytes]:
        """Puts the records, and waits until all buffers are empty. Returns bodies by the first part of their keys."""
        for data in records:
            self.stream.put_record(data)
        self.at(60).at(360)
        return {key.split("/")[0]: body for key, body in self.objects.items()}

    def errors(self, *records: bytes) -> list[dict[str, Any]]:
        """Puts the records, and returns the lines of the error object."""
        lines = self.deliver(*records).get("processing-failed", b"").splitlines()
        return [json.loads(line) for line in lines]


def upper_case(event: Event) -> dict[str, Any]:
    return {"records": [ok(record, base64.b64decode(record["data"]).upper()) for record in event["records"]]}


def ok(record: dict[str, Any], data: bytes, **more: object) -> dict[str, Any]:
    return {"recordId": record["recordId"], "result": "Ok", "data": base64.b64encode(data).decode(), **more}


def fail(_event: Event) -> None:
    raise FunctionError("it broke")


def test_event_has_the_shape_of_firehose_and_several_records() -> None:
    world = World()
    world.deliver(b"one", b"two")
    [event] = world.events
    assert list(event) == ["invocationId", "deliveryStreamArn", "region", "records"]
    assert (event["deliveryStreamArn"], event["region"]) == (CONFIGURATION.arn, "eu-west-1")
    assert [list(record) for record in event["records"]] == [["recordId", "approximateArrivalTimestamp", "data"]] * 2
    assert [base64.b64decode(record["data"]) for record in event["records"]] == [b"one", b"two"]
    assert isinstance(event["records"][0]["approximateArrivalTimestamp"], int)


def test_function_is_called_when_the_lambda_buffer_is_old_enough() -> None:
    world = World()
    world.stream.put_record(b"x")
    assert not world.at(59.9).events
    assert len(world.at(60).events) == 1


def test_full_lambda_buffer_is_sent_without_the_record_that_does_not_fit() -> None:
    world = World()
    for _ in range(3):
        world.stream.put_record(b"x" * 40)
    world.at(0)
    assert [len(event["records"]) for event in world.events] == [2]


def test_record_larger_than_the_lambda_buffer_is_sent_alone() -> None:
    world = World()
    world.stream.put_record(b"x" * 500)
    world.stream.put_record(b"y")
    world.at(0).at(60)
    assert [len(event["records"]) for event in world.events] == [1, 1]


def test_object_is_written_when_its_buffer_is_old_enough() -> None:
    world = World()
    world.stream.put_record(b"x")
    assert not world.at(60).at(359.9).objects
    assert len(world.at(360).objects) == 1


def test_object_is_written_at_once_when_its_buffer_is_full() -> None:
    world = World(answer=lambda event: {"records": [ok(record, b"z" * 1_000) for record in event["records"]]})
    world.stream.put_record(b"x")
    assert [len(body) for body in world.at(60).objects.values()] == [1_000]


def test_ok_records_are_concatenated_and_dropped_records_are_left_out() -> None:
    def drop_second(event: Event) -> dict[str, Any]:
        first, second = event["records"]
        return {"records": [ok(first, b"1"), {"recordId": second["recordId"], "result": "Dropped"}]}

    assert World(drop_second).deliver(b"a", b"b") == {"ok": b"1"}


def test_processing_failed_record_keeps_its_bytes_in_an_error_object() -> None:
    world = World(
        lambda event: {"records": [{"recordId": event["records"][0]["recordId"], "result": "ProcessingFailed"}]}
    )
    [error] = world.errors(b"broken")
    assert list(error) == [
        "rawData", "errorCode", "errorMessage", "attemptsMade", "arrivalTimestamp", "attemptEndingTimestamp",
        "lambdaARN",
    ]  # fmt: skip
    assert base64.b64decode(error["rawData"]) == b"broken"
    assert (error["errorCode"], error["attemptsMade"]) == ("Lambda.ProcessingFailedStatus", 1)
    assert error["lambdaARN"] == FUNCTION_ARN
    assert error["arrivalTimestamp"] <= error["attemptEndingTimestamp"]


def test_failing_function_is_called_four_times_before_its_records_fail() -> None:
    world = World(fail)
    errors = world.errors(b"a", b"b")
    assert [(error["errorCode"], error["attemptsMade"]) for error in errors] == [("Lambda.FunctionError", 4)] * 2
    assert len({event["invocationId"] for event in world.events}) == 4
    assert len({event["records"][0]["recordId"] for event in world.events}) == 1


def test_function_that_recovers_loses_no_record() -> None:
    answers = iter([fail, fail, upper_case])
    assert World(lambda event: next(answers)(event)).deliver(b"a") == {"ok": b"A"}


def test_processor_sets_the_number_of_retries() -> None:
    world = World(fail, processor=replace(PROCESSOR, retries=0))
    assert world.errors(b"a")[0]["attemptsMade"] == 1


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (lambda _event: {"records": []}, "Lambda.MissingRecordId"),
        (lambda _event: b"no JSON", "Lambda.MissingRecordId"),
        (lambda _event: ["no", "records"], "Lambda.MissingRecordId"),
        (lambda event: {"records": [ok(event["records"][0], b"x")] * 2}, "Lambda.DuplicatedRecordId"),
        (lambda event: {"records": [{**ok(event["records"][0], b"x"), "data": None}]}, "Lambda.InvalidReturnFormat"),
        (lambda event: {"records": [{**ok(event["records"][0], b"x"), "result": "Fine"}]}, "Lambda.FunctionError"),
        (lambda event: {"records": [{**ok(event["records"][0], b"x"), "data": "%"}]}, "Lambda.FunctionError"),
    ],
)
def test_response_that_breaks_the_contract_fails_the_record(answer: Answer, code: str) -> None:
    assert [error["errorCode"] for error in World(answer).errors(b"a")] == [code]


def test_record_missing_in_the_response_fails_alone() -> None:
    world = World(lambda event: {"records": [ok(event["records"][1], b"2")]})
    objects = world.deliver(b"a", b"b")
    assert objects["ok"] == b"2"
    assert base64.b64decode(json.loads(objects["processing-failed"])["rawData"]) == b"a"


@pytest.mark.parametrize(("over", "code"), [(0, None), (1, "Lambda.FunctionError")])
def test_response_over_the_lambda_quota_fails(over: int, code: str | None) -> None:
    def answer(event: Event) -> bytes:
        body = json.dumps({"records": [ok(event["records"][0], b"x")]}).encode()
        return body + b" " * (quotas.MAX_RESPONSE_BYTES + over - len(body))

    errors = World(answer).errors(b"a")
    assert [error["errorCode"] for error in errors] == ([code] if code else [])


def test_batch_has_at_most_500_records() -> None:
    world = World()
    assert len(world.stream.put_record_batch([b""] * 500)) == 500
    with pytest.raises(InvalidArgumentError):
        world.stream.put_record_batch([b""] * 501)
    with pytest.raises(InvalidArgumentError):
        world.stream.put_record_batch([])


def test_batch_has_at_most_4_mib() -> None:
    world = World()
    batch = [bytes(1024 * 1024)] * 4
    with pytest.raises(InvalidArgumentError):
        world.stream.put_record_batch(batch)  # each record is over its own quota
    batch = [bytes(512 * 1024)] * 8
    world.stream.put_record_batch(batch)
    with pytest.raises(InvalidArgumentError):
        world.stream.put_record_batch([*batch, b"x"])


def test_record_has_at_most_1000_kib() -> None:
    world = World()
    world.stream.put_record(bytes(1_024_000))
    with pytest.raises(InvalidArgumentError):
        world.stream.put_record(bytes(1_024_001))


def test_function_can_reingest_records_while_it_runs() -> None:
    def reingest(event: Event) -> dict[str, Any]:
        if len(world.events) == 1:
            world.stream.put_record_batch([b"again"])
            return {"records": [{"recordId": record["recordId"], "result": "Dropped"} for record in event["records"]]}
        return upper_case(event)

    world = World(reingest)
    world.stream.put_record(b"first")
    world.at(60).at(120).at(480)
    assert list(world.objects.values()) == [b"AGAIN"]
    puts = [each["during_invocation"] for each in world.observations if each["event"].startswith("put_")]
    assert puts == [False, True]


def test_gzip_object_is_one_member_with_the_extension_gz() -> None:
    world = World(compression="GZIP")
    world.deliver(b"a", b"b")
    [(key, body)] = world.objects.items()
    assert key.endswith(".gz")
    assert gzip.decompress(body) == b"AB"


def test_file_extension_replaces_the_extension_of_the_compression() -> None:
    world = World(compression="GZIP", file_extension=".json.gz")
    world.deliver(b"a")
    [key] = world.objects
    assert key.endswith(".json.gz") and not key.endswith(".gz.json.gz")


def test_each_combination_of_partition_keys_has_its_own_object() -> None:
    def by_first_letter(event: Event) -> dict[str, Any]:
        return {
            "records": [
                ok(record, data, metadata={"partitionKeys": {"letter": data[:1].decode()}})
                for record in event["records"]
                for data in [base64.b64decode(record["data"])]
            ]
        }

    world = World(by_first_letter, prefix="ok-!{partitionKeyFromLambda:letter}/", is_partitioned=True)
    assert world.deliver(b"a1", b"b1", b"a2") == {"ok-a": b"a1a2", "ok-b": b"b1"}


def test_record_without_a_partition_key_of_the_prefix_fails() -> None:
    world = World(prefix="ok-!{partitionKeyFromLambda:letter}/", is_partitioned=True)
    assert [error["errorCode"] for error in world.errors(b"a")] == ["DynamicPartitioning.MissingPartitionKey"]


def test_stream_without_a_processor_delivers_records_unchanged() -> None:
    assert World(processor=None).deliver(b"a", b"b") == {"ok": b"ab"}
