//! What a row says, and how many bytes of JSON that is before it is written.

use std::io;

use serde::Serialize;

use crate::output::partition::PartitionValues;

/// What a row says beside its data.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Metadata {
    /// Values by key, for `!{partitionKeyFromLambda:KEY}` in the stream's prefix.
    pub partition_keys: PartitionValues,
}

/// What Firehose does with a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum RecordResult {
    /// It delivers the data.
    Ok,
    /// It delivers nothing: the record was filtered out, or put back on the stream.
    Dropped,
    /// It delivers the original bytes under the error prefix.
    ProcessingFailed,
}

/// Bytes of a response without rows: `{"records":[]}`.
pub const FRAME_LEN: usize = r#"{"records":[]}"#.len();

/// Bytes that data takes beside itself.
const DATA_MEMBER_LEN: usize = r#","data":"""#.len();

/// Bytes of the row of a record that is dropped.
#[must_use]
pub fn dropped_row_len(record_id: &str) -> usize {
    row_without_data_len(record_id, RecordResult::Dropped)
}

/// Bytes of the row of a record that failed.
#[must_use]
pub fn failed_row_len(record_id: &str) -> usize {
    row_without_data_len(record_id, RecordResult::ProcessingFailed)
}

/// Bytes of the row of a record that is kept with `output_len` bytes of output before base64.
#[must_use]
pub fn ok_row_len(record_id: &str, output_len: usize, metadata: Option<&Metadata>) -> usize {
    let data_len = base64_len(output_len);
    row_without_data_len(record_id, RecordResult::Ok) + DATA_MEMBER_LEN + data_len + metadata_len(metadata)
}

/// Characters of `len` bytes in base64.
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
    // Neither a string nor a result can fail to serialise, and counting never fails.
    let _ = serde_json::to_writer(&mut count, value);
    count.0
}
