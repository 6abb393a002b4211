"""A model of Amazon Data Firehose with one Lambda processor and an S3 destination.

The model keeps the contract that the function and the readers of its S3 objects rely on. It is not AWS: the section
"The model of Firehose" in `README.md` lists what is missing. It uses only the standard library and does not know the
emulator. Lambda and S3 are passed in as two callables (`Services`).

    put_record, put_record_batch -> Lambda buffer -> processing.process -> S3 buffers -> delivery
                                    stream.Stream                          stream.Stream

In reading order: `quotas`, `configuration`, `prefixes`, `processing`, `delivery`, `stream`.
"""

from demo.firehose.configuration import Processor, StreamConfiguration
from demo.firehose.processing import FunctionError
from demo.firehose.stream import InvalidArgumentError, Services, Stream

__all__ = ["FunctionError", "InvalidArgumentError", "Processor", "Services", "Stream", "StreamConfiguration"]
