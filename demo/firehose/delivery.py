"""Turns a buffer of bytes into one S3 object: prefix, name, extension, compression.

Source: https://docs.aws.amazon.com/firehose/latest/dev/s3-object-name.html
"""

import gzip
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from demo.firehose.configuration import StreamConfiguration
from demo.firehose.prefixes import evaluate_error_prefix, evaluate_prefix, format_timestamp

PROCESSING_FAILED = "processing-failed"


@dataclass
class Buffer:
    """The content of one future object. `oldest_ms` is the arrival of its oldest record, in milliseconds since 1970."""

    partition_keys: tuple[tuple[str, str], ...] = ()
    error_output_type: str = ""
    chunks: list[bytes] = field(default_factory=list)
    size: int = 0
    oldest_ms: int = 0
    opened_at: float = 0.0  # seconds on the monotonic clock

    def add(self, data: bytes, arrival_ms: int, now: float) -> None:
        """Appends one record's bytes."""
        if not self.chunks:
            self.oldest_ms, self.opened_at = arrival_ms, now
        self.oldest_ms = min(self.oldest_ms, arrival_ms)
        self.chunks.append(data)
        self.size += len(data)


def to_object(stream: StreamConfiguration, buffer: Buffer) -> tuple[str, bytes]:
    """The key and body of a buffer's object.

    A file extension replaces the extension of the compression. Error objects get neither compression nor an extension.
    No document says what Firehose does with error objects on a stream with compression.
    """
    at = datetime.fromtimestamp(buffer.oldest_ms / 1000, ZoneInfo(stream.time_zone))
    name = f"{stream.name}-{stream.version}-{format_timestamp('yyyy-MM-dd-HH-mm-ss', at)}-{uuid.uuid4()}"
    body = b"".join(buffer.chunks)
    if buffer.error_output_type:
        prefix = evaluate_error_prefix(stream.error_prefix, stream.prefix, at, buffer.error_output_type)
        return prefix + name, body

    prefix = evaluate_prefix(stream.prefix, at, dict(buffer.partition_keys))
    extension = stream.file_extension
    if stream.compression == "GZIP":
        body = gzip.compress(body)
        extension = extension or ".gz"
    return prefix + name + extension, body
