"""One stream: what producers may put, and when its buffers are full or old enough to be emptied."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from demo.firehose import quotas
from demo.firehose.configuration import StreamConfiguration
from demo.firehose.delivery import PROCESSING_FAILED, Buffer, to_object
from demo.firehose.prefixes import UnresolvedExpressionError, evaluate_prefix
from demo.firehose.processing import Failed, Invoke, Record, Transformed, now_ms, process

logger = logging.getLogger(__name__)

# Partition keys and error output type: each combination has a buffer, and so objects, of its own.
_BufferKey = tuple[tuple[tuple[str, str], ...], str]


class InvalidArgumentError(Exception):
    """A request that Firehose refuses as a whole (InvalidArgumentException)."""


def _ignore(_observation: dict[str, Any]) -> None:
    """Observes nothing."""


@dataclass(frozen=True)
class Services:
    """The outside world, as a stream sees it."""

    invoke: Invoke
    put_object: Callable[[str, str, bytes], None]  # bucket, key, body
    observe: Callable[[dict[str, Any]], None] = _ignore  # called with one flat dictionary for each request and action
    clock: Callable[[], float] = time.monotonic  # seconds


class Stream:
    """A DirectPut stream. Producers call from any thread; only one thread calls `step`.

    No lock is held while the function runs, because the function may re-ingest records into this stream.
    """

    def __init__(self, configuration: StreamConfiguration, services: Services, time_factor: float = 1.0) -> None:
        self.configuration = configuration
        self._services = services
        self._time_factor = time_factor
        self._wake = threading.Condition()
        self._waiting: list[tuple[float, Record]] = []  # the Lambda buffer, with times of arrival; guarded by _wake
        self._is_invoking = False
        self._is_closed = False
        self._buffers: dict[_BufferKey, Buffer] = {}

    def put_record(self, data: bytes) -> str:
        """PutRecord. Returns the record's id."""
        if len(data) > quotas.MAX_RECORD_BYTES:
            raise InvalidArgumentError(f"Record size exceeds {quotas.MAX_RECORD_BYTES} bytes.")
        return self._accept("put_record", [data])[0]

    def put_record_batch(self, batch: list[bytes]) -> list[str]:
        """PutRecordBatch. Returns the records' ids. A record over the quota fails the whole request, as in AWS."""
        if not 1 <= len(batch) <= quotas.MAX_BATCH_RECORDS:
            raise InvalidArgumentError(f"A batch has 1 to {quotas.MAX_BATCH_RECORDS} records.")
        if any(len(data) > quotas.MAX_RECORD_BYTES for data in batch):
            raise InvalidArgumentError(f"Record size exceeds {quotas.MAX_RECORD_BYTES} bytes.")
        if sum(map(len, batch)) > quotas.MAX_BATCH_BYTES:
            raise InvalidArgumentError(f"Records size exceeds {quotas.MAX_BATCH_BYTES} bytes.")
        return self._accept("put_record_batch", batch)

    def _accept(self, operation: str, record_data: list[bytes]) -> list[str]:
        records = [Record(data, now_ms()) for data in record_data]
        with self._wake:
            self._waiting += [(self._services.clock(), record) for record in records]
            during_invocation = self._is_invoking
            self._wake.notify()
        self._observe(
            operation, records=len(records), bytes=sum(map(len, record_data)), during_invocation=during_invocation
        )
        return [record.record_id for record in records]

    def step(self) -> None:
        """Does everything that is due: first invocations, then objects."""
        while records := self._take_records():
            self._process(records)
        for key, buffer in list(self._buffers.items()):
            is_full = buffer.size >= self.configuration.buffer_bytes
            if is_full or self._services.clock() >= buffer.opened_at + self._object_interval:
                del self._buffers[key]
                self._deliver(buffer)

    def run(self) -> None:
        """Calls `step` whenever something is due, until `close` is called."""
        while not self._is_closed:
            with self._wake:
                self._wake.wait(self._seconds_to_next())
            try:
                self.step()
            except Exception:
                # Firehose retries an object for 24 hours. The model logs the error and loses the object.
                logger.exception("stream %s", self.configuration.name)

    def close(self) -> None:
        """Ends `run`. Buffered records are lost, as they are when a stream is deleted."""
        with self._wake:
            self._is_closed = True
            self._wake.notify()

    @property
    def _object_interval(self) -> float:
        return self.configuration.interval_seconds * self._time_factor

    @property
    def _lambda_interval(self) -> float:
        processor = self.configuration.processor
        return processor.interval_seconds * self._time_factor if processor else 0.0

    def _seconds_to_next(self) -> float | None:
        due = [buffer.opened_at + self._object_interval for buffer in self._buffers.values()]
        if self._waiting:
            due.append(self._waiting[0][0] + self._lambda_interval)
            if self._waiting_bytes() >= self._lambda_buffer_bytes:
                due.append(0.0)
        return max(0.0, min(due) - self._services.clock()) if due else None

    @property
    def _lambda_buffer_bytes(self) -> int:
        return self.configuration.processor.buffer_bytes if self.configuration.processor else 0

    def _waiting_bytes(self) -> int:
        return sum(len(record.data) for _, record in self._waiting)

    def _take_records(self) -> list[Record]:
        """The records of the next invocation, if it is due: as many as fit the buffer, and at least one."""
        with self._wake:
            if not self._waiting:
                return []
            is_due = self._services.clock() >= self._waiting[0][0] + self._lambda_interval
            if not is_due and self._waiting_bytes() < self._lambda_buffer_bytes:
                return []
            records: list[Record] = []
            size = 0
            while self._waiting and (not records or size + len(self._waiting[0][1].data) <= self._lambda_buffer_bytes):
                record = self._waiting.pop(0)[1]
                records.append(record)
                size += len(record.data)
            self._is_invoking = True
        return records

    def _process(self, records: list[Record]) -> None:
        processor = self.configuration.processor
        outcomes: list[Transformed | Failed]
        try:
            if processor is None:
                outcomes = [Transformed(record, record.data) for record in records]
            else:
                outcomes = process(self.configuration, processor, records, self._services.invoke)
        finally:
            self._is_invoking = False
        outcomes = [self._check_partition(outcome) for outcome in outcomes]
        failed = [outcome for outcome in outcomes if isinstance(outcome, Failed)]
        for outcome in outcomes:
            self._add(outcome)
        self._observe(
            "invocation",
            records=len(records),
            bytes=sum(len(record.data) for record in records),
            ok=len(outcomes) - len(failed),
            dropped=len(records) - len(outcomes),
            failed=len(failed),
            attempts=max((each.attempts for each in failed), default=1),
        )

    def _check_partition(self, outcome: Transformed | Failed) -> Transformed | Failed:
        if isinstance(outcome, Failed) or not self.configuration.is_partitioned:
            return outcome
        try:
            evaluate_prefix(self.configuration.prefix, datetime.now(UTC), dict(outcome.partition_keys))
        except UnresolvedExpressionError:
            return Failed(outcome.record, "DynamicPartitioning.MissingPartitionKey", 1, now_ms())
        return outcome

    def _add(self, outcome: Transformed | Failed) -> None:
        key: _BufferKey
        if isinstance(outcome, Failed):
            processor = self.configuration.processor
            key, data = ((), PROCESSING_FAILED), outcome.line(processor.function_arn if processor else "")
        else:
            key, data = (outcome.partition_keys if self.configuration.is_partitioned else (), ""), outcome.data
        buffer = self._buffers.setdefault(key, Buffer(*key))
        buffer.add(data, outcome.record.arrival_ms, self._services.clock())
        if buffer.size >= self.configuration.buffer_bytes:
            self._deliver(self._buffers.pop(key))

    def _deliver(self, buffer: Buffer) -> None:
        key, body = to_object(self.configuration, buffer)
        self._services.put_object(self.configuration.bucket, key, body)
        self._observe("object", key=key, bytes=len(body), records=len(buffer.chunks))

    def _observe(self, event: str, **facts: object) -> None:
        self._services.observe({"event": event, "stream": self.configuration.name, **facts})
