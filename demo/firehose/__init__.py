"""A model of Amazon Data Firehose with one Lambda processor and an S3 destination.

It keeps the contract that a transforming function and the readers of its objects rely on. It is not AWS: `README.md`,
"The model of Firehose", says what it leaves out. Standard library only, and no emulator: what it needs of Lambda and S3
comes in as two callables (`Services`).

    put_record, put_record_batch -> Lambda buffer -> processing.process -> S3 buffers -> delivery
                                    stream.Stream                          stream.Stream

In reading order: `quotas`, `configuration`, `prefixes`, `processing`, `delivery`, `stream`.
"""

from demo.firehose.configuration import Processor, StreamConfiguration
from demo.firehose.processing import FunctionError
from demo.firehose.stream import InvalidArgument, Services, Stream

__all__ = ["FunctionError", "InvalidArgument", "Processor", "Services", "Stream", "StreamConfiguration"]
