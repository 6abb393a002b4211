"""AWS's quotas and defaults. The unit is bytes unless the name says otherwise."""

# Source: https://docs.aws.amazon.com/firehose/latest/APIReference/API_PutRecordBatch.html
MAX_BATCH_RECORDS = 500
MAX_BATCH_BYTES = 4 * 1024 * 1024  # before base64
MAX_RECORD_BYTES = 1_000 * 1024  # before base64

# Lambda's error message states this number: "exceeded maximum allowed payload size (6291556 bytes)".
MAX_RESPONSE_BYTES = 6_291_556

# Source: https://docs.aws.amazon.com/firehose/latest/APIReference/API_ProcessorParameter.html
DEFAULT_PROCESSOR_BUFFER_MB = 1
DEFAULT_PROCESSOR_INTERVAL_SECONDS = 60
DEFAULT_PROCESSOR_RETRIES = 3

# Source: https://docs.aws.amazon.com/firehose/latest/APIReference/API_BufferingHints.html
DEFAULT_BUFFER_MB = 5
DEFAULT_INTERVAL_SECONDS = 300
