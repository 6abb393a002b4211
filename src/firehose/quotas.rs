//! The numbers that AWS sets, and the one that we set below AWS's: each with its unit, its side and its source.
//!
//! Where AWS's pages mix KB and KiB, or leave open which side of base64 a number is on, the smaller reading is used: a
//! request that AWS would have taken is cheaper than one that it refuses.

/// Bytes of the whole serialised JSON response, at the most: framing, every row and all data after base64.
///
/// Lambda's own quota for a synchronous response is 6 MB; what lies between is left to Lambda.
/// Source: "Transform source data in Amazon Data Firehose",
/// <https://docs.aws.amazon.com/firehose/latest/dev/data-transformation.html>.
pub const RESPONSE_BUDGET_BYTES: usize = 6_000_000;

/// Records of one batch, at the most.
///
/// Source: <https://docs.aws.amazon.com/firehose/latest/APIReference/API_PutRecordBatch.html>, and the same for Kinesis:
/// <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html>.
pub const MAX_BATCH_RECORDS: usize = 500;

/// Bytes of all records of one batch, at the most, counted after base64 and with the partition keys.
///
/// AWS says "4 MB for the entire request" of Firehose and 5 MiB or more of Kinesis; the first, as 4 MiB of what
/// travels, holds for both. Source: as for [`MAX_BATCH_RECORDS`].
pub const MAX_BATCH_BYTES: usize = 4 * 1024 * 1024;

/// Bytes of one record's data before base64, at the most: 1,000 KiB.
///
/// Source: "Amazon Data Firehose Quota", <https://docs.aws.amazon.com/firehose/latest/dev/limits.html>. Kinesis takes
/// more than this.
pub const MAX_RECORD_DATA_BYTES: usize = 1_000 * 1024;

/// Characters of a Kinesis partition key, at the most.
///
/// Source: <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecordsRequestEntry.html>.
pub const MAX_PARTITION_KEY_CHARS: usize = 256;
