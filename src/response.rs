//! What Firehose gets back, and how many bytes of JSON that is.
//!
//! Own types, since the ones in `aws_lambda_events` write `data` and `metadata` on every row: on a dropped record these
//! are bytes of the response spent on nothing, and on a kept one they make an exact budget needlessly large.
//!
//! Source: "Required parameters for data transformation",
//! <https://docs.aws.amazon.com/firehose/latest/dev/data-transformation-status-model.html>.

use std::io;

use serde::Serialize;

use crate::partition::PartitionValues;

/// The answer to one event: a row for each of its records, in its order.
#[derive(Debug, Serialize)]
pub struct FirehoseResponse {
    /// The rows.
    pub records: Vec<ResponseRecord>,
}

/// The answer to one record.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ResponseRecord {
    /// As the event has it.
    pub record_id: String,
    /// What Firehose is to do.
    pub result: RecordResult,
    /// The output in base64: with [`RecordResult::Ok`], and only there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
    /// What dynamic partitioning goes by: with data, where `PARTITION_KEYS` asks for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata>,
}

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

impl FirehoseResponse {
    /// Bytes of the response as JSON.
    #[must_use]
    pub fn encoded_len(&self) -> usize {
        let rows: usize = self.records.iter().map(ResponseRecord::encoded_len).sum();
        FRAME_LEN + rows + self.records.len().saturating_sub(1)
    }
}

impl ResponseRecord {
    fn encoded_len(&self) -> usize {
        let data_len = self.data.as_ref().map_or(0, |data| DATA_MEMBER_LEN + data.len());
        row_without_data_len(&self.record_id, self.result) + data_len + metadata_len(self.metadata.as_ref())
    }
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
    let data_len = output_len.div_ceil(3).saturating_mul(4);
    row_without_data_len(record_id, RecordResult::Ok) + DATA_MEMBER_LEN + data_len + metadata_len(metadata)
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

#[cfg(test)]
mod tests {
    use base64::{Engine, engine::general_purpose::STANDARD};
    use proptest::prelude::*;

    use super::*;

    fn written_len(row: &ResponseRecord) -> usize {
        serde_json::to_string(row).unwrap().len()
    }

    proptest! {
        #[test]
        fn row_lengths_are_what_is_written(id in any::<String>(), output in prop::collection::vec(any::<u8>(), 0..50)) {
            let row = |result, data| ResponseRecord { record_id: id.clone(), result, data, metadata: None };
            prop_assert_eq!(dropped_row_len(&id), written_len(&row(RecordResult::Dropped, None)));
            prop_assert_eq!(failed_row_len(&id), written_len(&row(RecordResult::ProcessingFailed, None)));
            let ok = row(RecordResult::Ok, Some(STANDARD.encode(&output)));
            prop_assert_eq!(ok_row_len(&id, output.len(), None), written_len(&ok));
            prop_assert_eq!(ok.encoded_len(), written_len(&ok));
            let metadata = Some(Metadata { partition_keys: PartitionValues::from([("log_group", id.clone())]) });
            let ok = ResponseRecord { metadata, ..ok };
            prop_assert_eq!(ok_row_len(&id, output.len(), ok.metadata.as_ref()), written_len(&ok));
            prop_assert_eq!(ok.encoded_len(), written_len(&ok));
        }
    }

    #[test]
    fn response_length_is_what_is_written() {
        for rows in 0..3 {
            let row =
                || ResponseRecord { record_id: "r".into(), result: RecordResult::Dropped, data: None, metadata: None };
            let response = FirehoseResponse { records: std::iter::repeat_with(row).take(rows).collect() };
            assert_eq!(response.encoded_len(), serde_json::to_string(&response).unwrap().len());
        }
    }
}
