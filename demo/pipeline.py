"""One pipeline on the emulator: its stream and its objects."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from demo.athena.tables import decompress
from demo.emulator.server import Emulator

POLL_SECONDS = 0.2


@dataclass(frozen=True)
class Pipeline:
    """A pipeline on an emulator, with the module's outputs."""

    emulator: Emulator
    outputs: dict[str, Any]

    def lines(self) -> list[str]:
        """Every line of every object of log events."""
        return self._lines_of("data_location")

    def objects_with_lines(self) -> list[tuple[str, list[str]]]:
        """The key and the lines of each object of log events."""
        return list(self._read("data_location"))

    def errors(self) -> list[str]:
        """Every line of every error object."""
        return self._lines_of("error_location")

    def objects(self) -> list[tuple[str, int]]:
        """The key and the size (bytes) of each object that Firehose wrote, in order of the keys."""
        return sorted(self._list("data_location") + self._list("error_location"))

    def wait_for_lines(self, count: int, timeout_seconds: float) -> list[str]:
        """Polls until the objects hold at least this many lines."""
        return self._wait(self.lines, count, timeout_seconds)

    def wait_for_errors(self, count: int, timeout_seconds: float) -> list[str]:
        """Polls until the error objects hold at least this many lines."""
        return self._wait(self.errors, count, timeout_seconds)

    def sent_bytes(self) -> int:
        """Bytes of all records that Firehose has passed to the function, before base64."""
        return sum(invocation["bytes"] for invocation in self.journal("invocation"))

    def journal(self, event: str) -> list[dict[str, Any]]:
        """The entries of one kind in the journal of the stream."""
        stream = self.outputs["delivery_stream_name"]
        return [each for each in self.emulator.journal() if each["stream"] == stream and each["event"] == event]

    def summaries(self) -> list[dict[str, Any]]:
        """The summary lines that the function has logged, one for each invocation."""
        log_group = f"/aws/lambda/{self.outputs['function_name']}"
        pages = self.emulator.client("logs").get_paginator("filter_log_events").paginate(logGroupName=log_group)
        messages = [event["message"] for page in pages for event in page["events"]]
        return [json.loads(message) for message in messages if '"message":"invocation answered"' in message]

    def put_record(self, data: bytes) -> None:
        """Puts a record into the stream directly, without the subscription."""
        self.emulator.client("firehose").put_record(
            DeliveryStreamName=self.outputs["delivery_stream_name"], Record={"Data": data}
        )

    def _wait(self, read: Callable[[], list[str]], count: int, timeout_seconds: float) -> list[str]:
        deadline = time.monotonic() + timeout_seconds
        while len(lines := read()) < count:
            if time.monotonic() > deadline:
                raise TimeoutError(
                    f"found {len(lines)} of {count} lines after {timeout_seconds} s; see {self.emulator.log_file}"
                )
            time.sleep(POLL_SECONDS)
        return lines

    def _list(self, location: str) -> list[tuple[str, int]]:
        prefix = self.outputs[location].split("/", 3)[3]
        pages = self.emulator.client("s3").get_paginator("list_objects_v2")
        return [
            (entry["Key"], entry["Size"])
            for page in pages.paginate(Bucket=self.outputs["bucket_name"], Prefix=prefix)
            for entry in page.get("Contents", [])
        ]

    def _lines_of(self, location: str) -> list[str]:
        return [line for _, lines in self._read(location) for line in lines]

    def _read(self, location: str) -> Iterator[tuple[str, list[str]]]:
        s3 = self.emulator.client("s3")
        for key, _ in self._list(location):
            body = s3.get_object(Bucket=self.outputs["bucket_name"], Key=key)["Body"].read()
            yield key, decompress(key, body).decode().split("\n")[:-1]
