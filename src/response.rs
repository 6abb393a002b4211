//! What Firehose gets back, and how many bytes of JSON that is.
//!
//! Own types, since the ones in `aws_lambda_events` write `data` and `metadata` on every row: on a dropped record these
//! are bytes of the response spent on nothing, and on a kept one they make an exact budget needlessly large.
//!
//! Source: "Required parameters for data transformation",
//! <https://docs.aws.amazon.com/firehose/latest/dev/data-transformation-status-model.html>.

use std::io::{self, Write};

use base64::Engine;
use bytes::BytesMut;
use serde::Serialize;

use crate::base64_engine::STANDARD;
use crate::partition::PartitionValues;

/// The answer to one event: a row for each of its records, in its order.
#[derive(Debug)]
pub struct FirehoseResponse<'a> {
    /// The rows.
    pub records: Vec<ResponseRecord<'a>>,
}

/// The answer to one record.
#[derive(Debug)]
pub struct ResponseRecord<'a> {
    /// As the event has it.
    pub record_id: &'a str,
    /// What Firehose is to do.
    pub result: RecordResult,
    /// The output, before base64: with [`RecordResult::Ok`], and only there.
    pub data: Option<&'a [u8]>,
    /// What dynamic partitioning goes by: with data, where `PARTITION_KEYS` asks for it.
    pub metadata: Option<&'a Metadata>,
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

impl FirehoseResponse<'_> {
    /// Bytes of the response as JSON.
    #[must_use]
    pub fn encoded_len(&self) -> usize {
        let rows: usize = self.records.iter().map(ResponseRecord::encoded_len).sum();
        FRAME_LEN + rows + self.records.len().saturating_sub(1)
    }

    /// Writes the response as JSON over what is in `json`, which ends up as long as [`Self::encoded_len`].
    ///
    /// The data is encoded into its place: a serialiser would look at each of its bytes for what to escape.
    pub fn write_json(&self, json: &mut BytesMut) {
        json.resize(self.encoded_len(), 0);
        let mut unwritten = Unwritten(json);
        unwritten.put(br#"{"records":["#);
        for (index, row) in self.records.iter().enumerate() {
            unwritten.put(if index == 0 { b"" } else { b"," });
            row.write_json(&mut unwritten);
        }
        unwritten.put(b"]}");
        debug_assert!(unwritten.0.is_empty(), "{} bytes were counted and not written", unwritten.0.len());
    }
}

impl ResponseRecord<'_> {
    fn encoded_len(&self) -> usize {
        match self.data {
            Some(data) => ok_row_len(self.record_id, data.len(), self.metadata),
            None => row_without_data_len(self.record_id, self.result),
        }
    }

    fn write_json(&self, unwritten: &mut Unwritten<'_>) {
        unwritten.put(br#"{"recordId":"#);
        unwritten.put_serialized(&self.record_id);
        unwritten.put(br#","result":"#);
        unwritten.put_serialized(&self.result);
        if let Some(data) = self.data {
            unwritten.put(br#","data":""#);
            unwritten.put_base64(data);
            unwritten.put(br#"""#);
            if let Some(metadata) = self.metadata {
                unwritten.put(br#","metadata":"#);
                unwritten.put_serialized(metadata);
            }
        }
        unwritten.put(b"}");
    }
}

/// What is still to be written of a response. Its length was counted before, so there is always room.
struct Unwritten<'j>(&'j mut [u8]);

impl Unwritten<'_> {
    fn put(&mut self, bytes: &[u8]) {
        let written = self.0.write_all(bytes);
        debug_assert!(written.is_ok(), "{} bytes were not counted", bytes.len());
    }

    fn put_serialized(&mut self, value: &impl Serialize) {
        let written = serde_json::to_writer(&mut self.0, value);
        debug_assert!(written.is_ok(), "a value was not counted");
    }

    fn put_base64(&mut self, data: &[u8]) {
        let written = STANDARD.encode_slice(data, self.0);
        debug_assert!(written.is_ok(), "{} bytes of data were not counted", data.len());
        self.0 = &mut std::mem::take(&mut self.0)[written.unwrap_or_default()..];
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
    use proptest::prelude::*;

    use super::*;

    fn written(records: Vec<ResponseRecord<'_>>) -> String {
        let response = FirehoseResponse { records };
        // What an earlier response has left must not show.
        let mut json = BytesMut::from(&[b'x'; 64][..]);
        response.write_json(&mut json);
        assert_eq!(json.len(), response.encoded_len());
        String::from_utf8(json.to_vec()).unwrap()
    }

    fn written_row_len(row: ResponseRecord<'_>) -> usize {
        written(vec![row]).len() - FRAME_LEN
    }

    proptest! {
        #[test]
        fn row_lengths_are_what_is_written(id in any::<String>(), output in prop::collection::vec(any::<u8>(), 0..50)) {
            let row = |result, data| ResponseRecord { record_id: &id, result, data, metadata: None };
            prop_assert_eq!(dropped_row_len(&id), written_row_len(row(RecordResult::Dropped, None)));
            prop_assert_eq!(failed_row_len(&id), written_row_len(row(RecordResult::ProcessingFailed, None)));
            let ok = row(RecordResult::Ok, Some(&output));
            prop_assert_eq!(ok_row_len(&id, output.len(), None), written_row_len(ok));
            let metadata = Metadata { partition_keys: PartitionValues::from([("log_group", id.clone())]) };
            let ok = ResponseRecord { metadata: Some(&metadata), ..row(RecordResult::Ok, Some(&output)) };
            prop_assert_eq!(ok_row_len(&id, output.len(), Some(&metadata)), written_row_len(ok));
        }
    }

    #[test]
    fn response_is_the_json_that_firehose_reads() {
        assert_eq!(written(vec![]), r#"{"records":[]}"#);
        let metadata = Metadata { partition_keys: PartitionValues::from([("log_group", "app".to_owned())]) };
        let rows = vec![
            ResponseRecord { record_id: "a\"b", result: RecordResult::Dropped, data: None, metadata: None },
            ResponseRecord {
                record_id: "2",
                result: RecordResult::Ok,
                data: Some("ログ\n".as_bytes()),
                metadata: Some(&metadata),
            },
            ResponseRecord { record_id: "3", result: RecordResult::ProcessingFailed, data: None, metadata: None },
        ];
        assert_eq!(
            written(rows),
            r#"{"records":[{"recordId":"a\"b","result":"Dropped"},{"recordId":"2","result":"Ok","data":"44Ot44KwCg==","metadata":{"partitionKeys":{"log_group":"app"}}},{"recordId":"3","result":"ProcessingFailed"}]}"#
        );
    }
}
