"""The settings of a stream: the part of CreateDeliveryStream that the model supports."""

from dataclasses import dataclass
from typing import Any

from demo.firehose import quotas

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True)
class Processor:
    """The Lambda processor of a stream. Sizes are in bytes before base64, times in seconds."""

    function_arn: str
    buffer_bytes: int = quotas.DEFAULT_PROCESSOR_BUFFER_MB * MEBIBYTE
    interval_seconds: float = quotas.DEFAULT_PROCESSOR_INTERVAL_SECONDS
    retries: int = quotas.DEFAULT_PROCESSOR_RETRIES

    @staticmethod
    def from_api(processing: dict[str, Any]) -> "Processor | None":
        """Reads the first Lambda processor of a `ProcessingConfiguration`."""
        if not processing.get("Enabled"):
            return None
        for processor in processing.get("Processors", []):
            if processor["Type"] != "Lambda":
                continue
            values = {each["ParameterName"]: each["ParameterValue"] for each in processor.get("Parameters", [])}
            return Processor(
                function_arn=values["LambdaArn"],
                buffer_bytes=int(float(values.get("BufferSizeInMBs", quotas.DEFAULT_PROCESSOR_BUFFER_MB)) * MEBIBYTE),
                interval_seconds=float(
                    values.get("BufferIntervalInSeconds", quotas.DEFAULT_PROCESSOR_INTERVAL_SECONDS)
                ),
                retries=int(values.get("NumberOfRetries", quotas.DEFAULT_PROCESSOR_RETRIES)),
            )
        return None


@dataclass(frozen=True)
class StreamConfiguration:
    """One stream with an S3 destination. Sizes are in bytes, times in seconds."""

    name: str
    arn: str
    bucket: str
    version: int = 1
    prefix: str = ""
    error_prefix: str = ""
    time_zone: str = "UTC"
    compression: str = "UNCOMPRESSED"
    file_extension: str = ""
    buffer_bytes: int = quotas.DEFAULT_BUFFER_MB * MEBIBYTE
    interval_seconds: float = quotas.DEFAULT_INTERVAL_SECONDS
    is_partitioned: bool = False
    processor: Processor | None = None

    @property
    def region(self) -> str:
        """The region in the ARN."""
        return self.arn.split(":")[3]

    @staticmethod
    def from_api(name: str, arn: str, version: int, destination: dict[str, Any]) -> "StreamConfiguration":
        """Reads an `ExtendedS3DestinationConfiguration`, in the shape of the API."""
        hints = destination.get("BufferingHints", {})
        compression = destination.get("CompressionFormat", "UNCOMPRESSED")
        if compression not in ("UNCOMPRESSED", "GZIP"):
            raise ValueError(f"the model of Firehose supports UNCOMPRESSED and GZIP, not {compression}")
        return StreamConfiguration(
            name=name,
            arn=arn,
            version=version,
            bucket=destination["BucketARN"].rsplit(":", 1)[1],
            prefix=destination.get("Prefix", ""),
            error_prefix=destination.get("ErrorOutputPrefix", ""),
            time_zone=destination.get("CustomTimeZone") or "UTC",
            compression=compression,
            file_extension=destination.get("FileExtension", ""),
            buffer_bytes=hints.get("SizeInMBs", quotas.DEFAULT_BUFFER_MB) * MEBIBYTE,
            interval_seconds=hints.get("IntervalInSeconds", quotas.DEFAULT_INTERVAL_SECONDS),
            is_partitioned=destination.get("DynamicPartitioningConfiguration", {}).get("Enabled", False),
            processor=Processor.from_api(destination.get("ProcessingConfiguration", {})),
        )
