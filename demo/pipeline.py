"""One pipeline on the emulator: its stream and its objects."""

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
