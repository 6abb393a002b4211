//! What Firehose gets back, written as JSON, and its exact length.
//!
//! The types are our own, because those of `aws_lambda_events` write `data` and `metadata` on every row. On a dropped record
//! that wastes bytes of the response, and every reserved row would have to be longer.
//!
//! Source: "Required parameters for data transformation",
//! <https://docs.aws.amazon.com/firehose/latest/dev/data-transformation-status-model.html>.

mod row;

use std::io;

use base64::Engine;
use bytes::{Bytes, BytesMut};
use serde::Serialize;

use super::base64_engine::STANDARD;

use self::row::base64_len;
pub use self::row::{EMPTY_RESPONSE_LEN, failed_row_len, ok_row_len};
pub(crate) use self::row::{Metadata, PartitionValues, RecordResult, dropped_row_len};

/// Writes a response: one row for each record of the event, in the event's order.
///
/// Data is encoded straight into its place. Serialising a finished value instead would take two more passes over megabytes:
/// one to encode the data, and one to look for bytes to escape.
#[derive(Debug)]
pub struct ResponseWriter {
    /// May be longer than what is written, since it reuses the memory of the last response.
    json: BytesMut,
    written: usize,
    /// Rows whose result depends on re-ingestion: the position of each `result` value in the JSON.
    undecided: Vec<usize>,
}

impl ResponseWriter {
    /// Begins a response in the memory of an earlier one. New memory is allocated if the earlier one is still referenced.
    #[must_use]
    pub fn reusing(response: Bytes) -> Self {
        let json = response.try_into_mut().unwrap_or_default();
        let mut writer = Self { json, written: 0, undecided: Vec::new() };
        writer.put(br#"{"records":["#);
        writer
    }

    /// Adds a row without data.
    pub fn put_row(&mut self, record_id: &str, result: RecordResult) {
        self.begin_row(record_id);
        self.put_serialized(&result);
        self.put(b"}");
    }

    /// Adds an `Ok` row with `data`, which is encoded to base64 here.
    pub fn put_ok_row(&mut self, record_id: &str, data: &[u8], metadata: Option<&Metadata>) {
        self.begin_row(record_id);
        self.put_serialized(&RecordResult::Ok);
        self.put(br#","data":""#);
        self.put_base64(data);
        self.put(br#"""#);
        if let Some(metadata) = metadata {
            self.put(br#","metadata":"#);
            self.put_serialized(metadata);
        }
        self.put(b"}");
    }

    /// Adds the row of a record to be re-ingested. It stays `ProcessingFailed` unless [`Self::settle`] changes it.
    pub fn put_undecided_row(&mut self, record_id: &str) {
        self.begin_row(record_id);
        self.undecided.push(self.written);
        self.put_serialized(&RecordResult::ProcessingFailed);
        self.put(b"}");
    }

    /// Decides the undecided rows, in order: `true` makes a row `Dropped`.
    ///
    /// Later rows stay where they are, so spaces fill the rest of a row that becomes shorter.
    pub fn settle(&mut self, are_dropped: impl IntoIterator<Item = bool>) {
        for (result_at, is_dropped) in std::mem::take(&mut self.undecided).into_iter().zip(are_dropped) {
            if is_dropped {
                let row_end = &mut self.json[result_at..][..FAILED_ROW_END.len()];
                row_end.fill(b' ');
                row_end[..DROPPED_ROW_END.len()].copy_from_slice(DROPPED_ROW_END);
            }
        }
    }

    /// Ends the response.
    #[must_use]
    pub fn finish(mut self) -> Bytes {
        self.put(b"]}");
        self.json.truncate(self.written);
        self.json.freeze()
    }

    fn begin_row(&mut self, record_id: &str) {
        if self.json[..self.written].ends_with(b"}") {
            self.put(b",");
        }
        self.put(br#"{"recordId":"#);
        self.put_serialized(&record_id);
        self.put(br#","result":"#);
    }

    fn put(&mut self, bytes: &[u8]) {
        self.room(bytes.len()).copy_from_slice(bytes);
        self.written += bytes.len();
    }

    fn put_serialized(&mut self, value: &impl Serialize) {
        // Strings, results and string maps always serialise, and writing to memory never fails.
        let _ = serde_json::to_writer(self, value);
    }

    fn put_base64(&mut self, data: &[u8]) {
        let room = self.room(base64_len(data.len()));
        self.written += STANDARD.encode_slice(data, room).unwrap_or_default();
    }

    /// The next `len` bytes, allocated if need be.
    fn room(&mut self, len: usize) -> &mut [u8] {
        let end = self.written + len;
        if self.json.len() < end {
            self.json.resize(end, 0);
        }
        &mut self.json[self.written..end]
    }
}

impl io::Write for ResponseWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.put(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

const FAILED_ROW_END: &[u8] = br#""ProcessingFailed"}"#;
const DROPPED_ROW_END: &[u8] = br#""Dropped"}"#;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(write: impl FnOnce(&mut ResponseWriter)) -> String {
        // Bytes of an earlier response must not show.
        let mut writer = ResponseWriter::reusing(Bytes::from(vec![b'x'; 64]));
        write(&mut writer);
        String::from_utf8(writer.finish().to_vec()).unwrap()
    }

    fn row_len(write: impl FnOnce(&mut ResponseWriter)) -> usize {
        written(write).len() - EMPTY_RESPONSE_LEN
    }

    proptest! {
        #[test]
        fn row_lengths_equal_the_written_rows(id in any::<String>(), output in prop::collection::vec(any::<u8>(), 0..50)) {
            let of_result = |result| row_len(|writer| writer.put_row(&id, result));
            prop_assert_eq!(dropped_row_len(&id), of_result(RecordResult::Dropped));
            prop_assert_eq!(failed_row_len(&id), of_result(RecordResult::ProcessingFailed));
            let ok = |metadata| row_len(|writer| writer.put_ok_row(&id, &output, metadata));
            prop_assert_eq!(ok_row_len(&id, output.len(), None), ok(None));
            let metadata = Metadata { partition_keys: PartitionValues::from([("log_group", id.clone())]) };
            prop_assert_eq!(ok_row_len(&id, output.len(), Some(&metadata)), ok(Some(&metadata)));
        }
    }

    #[test]
    fn undecided_row_has_one_length_for_both_results() {
        let undecided = |is_dropped| {
            written(|writer| {
                writer.put_undecided_row("1");
                writer.put_row("2", RecordResult::Dropped);
                writer.settle([is_dropped]);
            })
        };
        assert_eq!(
            undecided(false),
            r#"{"records":[{"recordId":"1","result":"ProcessingFailed"},{"recordId":"2","result":"Dropped"}]}"#
        );
        assert_eq!(
            undecided(true),
            r#"{"records":[{"recordId":"1","result":"Dropped"}         ,{"recordId":"2","result":"Dropped"}]}"#
        );
    }

    #[test]
    fn undecided_rows_are_decided_in_their_order() {
        let json = written(|writer| {
            for id in ["1", "2", "3"] {
                writer.put_undecided_row(id);
            }
            writer.settle([false, true]);
        });
        let results: serde_json::Value = serde_json::from_str(&json).unwrap();
        let results: Vec<_> = results["records"].as_array().unwrap().iter().map(|row| row["result"].clone()).collect();
        assert_eq!(results, ["ProcessingFailed", "Dropped", "ProcessingFailed"]);
    }

    #[test]
    fn response_is_the_json_that_firehose_reads() {
        assert_eq!(written(|_| ()), r#"{"records":[]}"#);
        let metadata = Metadata { partition_keys: PartitionValues::from([("log_group", "app".to_owned())]) };
        let json = written(|writer| {
            writer.put_row("a\"b", RecordResult::Dropped);
            writer.put_ok_row("2", "ログ\n".as_bytes(), Some(&metadata));
            writer.put_row("3", RecordResult::ProcessingFailed);
        });
        assert_eq!(
            json,
            r#"{"records":[{"recordId":"a\"b","result":"Dropped"},{"recordId":"2","result":"Ok","data":"44Ot44KwCg==","metadata":{"partitionKeys":{"log_group":"app"}}},{"recordId":"3","result":"ProcessingFailed"}]}"#
        );
    }

    #[test]
    fn memory_of_the_last_response_is_reused() {
        let mut writer = ResponseWriter::reusing(Bytes::new());
        writer.put_ok_row("1", &vec![0; 100_000], None);
        let first = writer.finish();
        let memory = first.as_ptr().addr();
        let len = first.len();
        let mut writer = ResponseWriter::reusing(first);
        assert_eq!(writer.json.len(), len);
        writer.put_ok_row("1", &vec![0; 90_000], None);
        assert_eq!(writer.finish().as_ptr().addr(), memory);
    }
}
