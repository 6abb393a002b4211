//! One row of the response, and its length in bytes before it is written.

use std::collections::BTreeMap;
use std::io;

use serde::Serialize;

/// Partition values by key, in the order of the keys' names.
pub(crate) type PartitionValues = BTreeMap<&'static str, String>;

/// What an `Ok` row says besides its data.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Metadata {
    /// Values for `!{partitionKeyFromLambda:KEY}` in the stream's prefix.
    pub partition_keys: PartitionValues,
}

/// What Firehose does with a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum RecordResult {
    /// Firehose delivers the row's data.
    Ok,
    /// Firehose delivers nothing: the record has no output, or it was re-ingested.
    Dropped,
    /// Firehose delivers the original bytes under the error prefix.
    ProcessingFailed,
}

/// Bytes of a response without rows, `{"records":[]}`.
pub const EMPTY_RESPONSE_LEN: usize = r#"{"records":[]}"#.len();

/// Bytes of the `data` member without the data itself.
const DATA_MEMBER_LEN: usize = r#","data":"""#.len();

/// Bytes of a `Dropped` row.
#[must_use]
pub(crate) fn dropped_row_len(record_id: &str) -> usize {
    row_without_data_len(record_id, RecordResult::Dropped)
}

/// Bytes of a `ProcessingFailed` row.
#[must_use]
pub fn failed_row_len(record_id: &str) -> usize {
    row_without_data_len(record_id, RecordResult::ProcessingFailed)
}

/// Bytes of an `Ok` row with `output_len` bytes of output, before base64.
#[must_use]
pub fn ok_row_len(record_id: &str, output_len: usize, metadata: Option<&Metadata>) -> usize {
    let data_len = base64_len(output_len);
    row_without_data_len(record_id, RecordResult::Ok) + DATA_MEMBER_LEN + data_len + metadata_len(metadata)
}

/// Base64 characters for `len` bytes.
pub(super) fn base64_len(len: usize) -> usize {
    len.div_ceil(3).saturating_mul(4)
}

fn metadata_len(metadata: Option<&Metadata>) -> usize {
    metadata.map_or(0, |metadata| r#","metadata":"#.len() + serialized_len(metadata))
}

fn row_without_data_len(record_id: &str, result: RecordResult) -> usize {
    serialized_len(&record_id) + serialized_len(&result) + r#"{"recordId":,"result":}"#.len()
}

/// Bytes of a value as JSON, without writing it anywhere.
fn serialized_len(value: &impl Serialize) -> usize {
    struct Count(usize);
    impl io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    // Strings, results and string maps always serialise, and counting never fails.
    let _ = serde_json::to_writer(&mut count, value);
    count.0
}
