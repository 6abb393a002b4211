//! The numbers that AWS sets, and one limit of our own below AWS's. Each has its unit, its side of base64, and its source.
//!
//! AWS's pages mix KB and KiB, and some leave open which side of base64 a number is on. The smaller reading is used: a
//! refused request costs more than a request that is smaller than necessary.

/// Largest serialised JSON response, in bytes: framing, every row, and all data after base64.
///
/// Lambda's own quota for a synchronous response is 6 MB. The difference is left to Lambda.
/// Source: "Transform source data in Amazon Data Firehose",
/// <https://docs.aws.amazon.com/firehose/latest/dev/data-transformation.html>.
pub const RESPONSE_BUDGET_BYTES: usize = 6_000_000;

/// Most records in one batch.
///
/// Source: <https://docs.aws.amazon.com/firehose/latest/APIReference/API_PutRecordBatch.html>. Kinesis has the same quota:
/// <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html>.
pub const MAX_BATCH_RECORDS: usize = 500;

/// Most bytes in one batch, counted after base64 and with the partition keys.
///
/// AWS says "4 MB for the entire request" for Firehose, and 5 MiB or more for Kinesis. 4 MiB after base64 satisfies both.
/// Source: as for [`MAX_BATCH_RECORDS`].
pub const MAX_BATCH_BYTES: usize = 4 * 1024 * 1024;

/// Most bytes of one record's data before base64: 1,000 KiB.
///
/// Source: "Amazon Data Firehose Quota", <https://docs.aws.amazon.com/firehose/latest/dev/limits.html>. Kinesis accepts
/// more.
pub const MAX_RECORD_DATA_BYTES: usize = 1_000 * 1024;

/// Most characters of a Kinesis partition key.
///
/// Source: <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecordsRequestEntry.html>.
pub(crate) const MAX_PARTITION_KEY_CHARS: usize = 256;
