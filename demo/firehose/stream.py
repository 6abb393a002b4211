"""One stream: what producers may put, and when buffers are full or old enough to move on."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from demo.firehose import quotas
from demo.firehose.configuration import StreamConfiguration
from demo.firehose.delivery import PROCESSING_FAILED, Buffer, object_of
from demo.firehose.prefixes import UnresolvedExpression, evaluate_prefix
from demo.firehose.processing import Failed, Invoke, Record, Transformed, now_ms, process

logger = logging.getLogger(__name__)


class InvalidArgument(Exception):
    """A request that Firehose refuses as a whole (InvalidArgumentException)."""


@dataclass(frozen=True)
class Services:
    """What a stream needs of the world."""

    invoke: Invoke
    put_object: Callable[[str, str, bytes], None]  # bucket, key, body
    observe: Callable[[dict], None] = lambda observation: None  # one flat dictionary for each thing that happened
    clock: Callable[[], float] = time.monotonic  # seconds


class Stream:
    """A DirectPut stream. Producers call from any thread; `step` belongs to one thread alone.

    No lock is held while the function runs: it may put records back on this very stream.
    """

    def __init__(self, configuration: StreamConfiguration, services: Services, time_factor: float = 1.0):
        self.configuration = configuration
        self._services = services
        self._time_factor = time_factor
        self._wake = threading.Condition()
        self._waiting: list[tuple[float, Record]] = []  # when it was put, for the Lambda buffer; guarded by _wake
        self._is_invoking = False
        self._is_closed = False
        self._buffers: dict[tuple, Buffer] = {}

    def put_record(self, data: bytes) -> str:
        """PutRecord: the record's id."""
        if len(data) > quotas.MAX_RECORD_BYTES:
            raise InvalidArgument(f"Record size exceeds {quotas.MAX_RECORD_BYTES} bytes.")
        return self._accept("put_record", [data])[0]

    def put_record_batch(self, batch: list[bytes]) -> list[str]:
        """PutRecordBatch: the records' ids. One record over the quota refuses the request, as in AWS."""
        if not 1 <= len(batch) <= quotas.MAX_BATCH_RECORDS:
            raise InvalidArgument(f"A batch has 1 to {quotas.MAX_BATCH_RECORDS} records.")
        if any(len(data) > quotas.MAX_RECORD_BYTES for data in batch):
            raise InvalidArgument(f"Record size exceeds {quotas.MAX_RECORD_BYTES} bytes.")
        if sum(map(len, batch)) > quotas.MAX_BATCH_BYTES:
            raise InvalidArgument(f"Records size exceeds {quotas.MAX_BATCH_BYTES} bytes.")
        return self._accept("put_record_batch", batch)

    def _accept(self, operation: str, batch: list[bytes]) -> list[str]:
        records = [Record(data, now_ms()) for data in batch]
        with self._wake:
            self._waiting += [(self._services.clock(), record) for record in records]
            during_invocation = self._is_invoking
            self._wake.notify()
        self._observe(operation, records=len(batch), bytes=sum(map(len, batch)), during_invocation=during_invocation)
        return [record.record_id for record in records]

    def step(self) -> None:
        """Does all that is due: invocations first, then objects."""
        while batch := self._take_batch():
            self._process(batch)
        for key, buffer in list(self._buffers.items()):
            is_full = buffer.size >= self.configuration.buffer_bytes
            if is_full or self._services.clock() >= buffer.opened_at + self._object_interval:
                del self._buffers[key]
                self._deliver(buffer)

    def run(self) -> None:
        """Steps whenever something is due, until `close`."""
        while not self._is_closed:
            with self._wake:
                self._wake.wait(self._seconds_to_next())
            try:
                self.step()
            except Exception:
                # Firehose would try the object again for 24 hours; losing it loudly is enough for a model.
                logger.exception("stream %s", self.configuration.name)

    def close(self) -> None:
        """Ends `run`. What is still buffered is lost, as it is with a deleted stream."""
        with self._wake:
            self._is_closed = True
            self._wake.notify()

    @property
    def _object_interval(self) -> float:
        return self.configuration.interval_seconds * self._time_factor

    @property
    def _batch_interval(self) -> float:
        processor = self.configuration.processor
        return processor.interval_seconds * self._time_factor if processor else 0.0

    def _seconds_to_next(self) -> float | None:
        due = [buffer.opened_at + self._object_interval for buffer in self._buffers.values()]
        if self._waiting:
            due.append(self._waiting[0][0] + self._batch_interval)
            if self._waiting_bytes() >= self._batch_bytes:
                due.append(0.0)
        return max(0.0, min(due) - self._services.clock()) if due else None

    @property
    def _batch_bytes(self) -> int:
        return self.configuration.processor.buffer_bytes if self.configuration.processor else 0

    def _waiting_bytes(self) -> int:
        return sum(len(record.data) for _, record in self._waiting)

    def _take_batch(self) -> list[Record]:
        """The records of the next invocation, if it is due: as many as the buffer holds, and one at the least."""
        with self._wake:
            if not self._waiting:
                return []
            is_due = self._services.clock() >= self._waiting[0][0] + self._batch_interval
            if not is_due and self._waiting_bytes() < self._batch_bytes:
                return []
            batch, size = [], 0
            while self._waiting and (not batch or size + len(self._waiting[0][1].data) <= self._batch_bytes):
                record = self._waiting.pop(0)[1]
                batch.append(record)
                size += len(record.data)
            self._is_invoking = True
        return batch

    def _process(self, batch: list[Record]) -> None:
        processor = self.configuration.processor
        try:
            if processor is None:
                outcomes = [Transformed(record, record.data) for record in batch]
            else:
                outcomes = process(self.configuration, processor, batch, self._services.invoke)
        finally:
            self._is_invoking = False
        outcomes = [self._check_partition(outcome) for outcome in outcomes]
        failed = [outcome for outcome in outcomes if isinstance(outcome, Failed)]
        for outcome in outcomes:
            self._add(outcome)
        self._observe(
            "batch",
            records=len(batch),
            bytes=sum(len(record.data) for record in batch),
            ok=len(outcomes) - len(failed),
            dropped=len(batch) - len(outcomes),
            failed=len(failed),
            attempts=max((each.attempts for each in failed), default=1),
        )

    def _check_partition(self, outcome: Transformed | Failed) -> Transformed | Failed:
        if isinstance(outcome, Failed) or not self.configuration.is_partitioned:
            return outcome
        try:
            evaluate_prefix(self.configuration.prefix, datetime.now(UTC), dict(outcome.partition_keys))
        except UnresolvedExpression:
            return Failed(outcome.record, "DynamicPartitioning.MissingPartitionKey", 1, now_ms())
        return outcome

    def _add(self, outcome: Transformed | Failed) -> None:
        if isinstance(outcome, Failed):
            keys, error_output_type = (), PROCESSING_FAILED
            data = outcome.line(self.configuration.processor.function_arn)
        else:
            keys, error_output_type = (outcome.partition_keys if self.configuration.is_partitioned else ()), ""
            data = outcome.data
        buffer = self._buffers.setdefault((keys, error_output_type), Buffer(keys, error_output_type))
        buffer.add(data, outcome.record.arrival_ms, self._services.clock())
        if buffer.size >= self.configuration.buffer_bytes:
            self._deliver(self._buffers.pop((keys, error_output_type)))

    def _deliver(self, buffer: Buffer) -> None:
        key, body = object_of(self.configuration, buffer)
        self._services.put_object(self.configuration.bucket, key, body)
        self._observe("object", key=key, bytes=len(body), records=len(buffer.chunks))

    def _observe(self, event: str, **facts) -> None:
        self._services.observe({"event": event, "stream": self.configuration.name, **facts})
