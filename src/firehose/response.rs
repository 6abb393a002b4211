//! What Firehose gets back, and how many bytes of JSON that is.
//!
//! Own types, since the ones in `aws_lambda_events` write `data` and `metadata` on every row: on a dropped record these
//! are bytes of the response spent on nothing, and on a kept one they make an exact budget needlessly large.
//!
//! Source: "Required parameters for data transformation",
//! <https://docs.aws.amazon.com/firehose/latest/dev/data-transformation-status-model.html>.

mod row;

use std::io;

use base64::Engine;
use bytes::{Bytes, BytesMut};
use serde::Serialize;

use crate::firehose::base64_engine::STANDARD;

use self::row::base64_len;
pub use self::row::{FRAME_LEN, Metadata, RecordResult, dropped_row_len, failed_row_len, ok_row_len};

/// A response in the making, as JSON: a row for each of the event's records, in its order.
///
/// The data is encoded into its place. A value to serialise later would be two more passes over megabytes: one to encode
/// it, and one to look at each of its bytes for what to escape.
#[derive(Debug)]
pub struct ResponseWriter {
    /// Longer than what is written, where the response before was.
    json: BytesMut,
    written: usize,
}

/// A row of a record that is put back on the stream: what is to become of it shows only when the others stand already.
#[derive(Debug, Clone, Copy)]
pub struct UndecidedRow {
    /// Where in the JSON the value of `result` begins.
    result_at: usize,
}

impl ResponseWriter {
    /// Begins a response, in the memory of another if nobody else has that any more.
    #[must_use]
    pub fn over(response: Bytes) -> Self {
        let mut writer = Self { json: response.try_into_mut().unwrap_or_default(), written: 0 };
        writer.put(br#"{"records":["#);
        writer
    }

    /// Adds the row of a record of which nothing is returned.
    pub fn put_row(&mut self, record_id: &str, result: RecordResult) {
        self.begin_row(record_id);
        self.put_serialized(&result);
        self.put(b"}");
    }

    /// Adds the row of a record that is returned with its output, which is `data` before base64.
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

    /// Adds a row that is `ProcessingFailed` unless [`Self::decide_dropped`] says otherwise.
    #[must_use]
    pub fn put_undecided_row(&mut self, record_id: &str) -> UndecidedRow {
        self.begin_row(record_id);
        let result_at = self.written;
        self.put_serialized(&RecordResult::ProcessingFailed);
        self.put(b"}");
        UndecidedRow { result_at }
    }

    /// Makes it a row of a record that is dropped. Spaces fill it up, for what follows stays where it is.
    pub fn decide_dropped(&mut self, row: UndecidedRow) {
        let undecided = &mut self.json[row.result_at..][..UNDECIDED.len()];
        undecided.fill(b' ');
        undecided[..DROPPED.len()].copy_from_slice(DROPPED);
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
        // Neither a string nor a result can fail to serialise, and there is always room.
        let _ = serde_json::to_writer(self, value);
    }

    fn put_base64(&mut self, data: &[u8]) {
        let room = self.room(base64_len(data.len()));
        self.written += STANDARD.encode_slice(data, room).unwrap_or_default();
    }

    /// The next `len` bytes.
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

const UNDECIDED: &[u8] = br#""ProcessingFailed"}"#;
const DROPPED: &[u8] = br#""Dropped"}"#;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::output::partition::PartitionValues;

    fn written(write: impl FnOnce(&mut ResponseWriter)) -> String {
        // What an earlier response has left must not show.
        let mut writer = ResponseWriter::over(Bytes::from(vec![b'x'; 64]));
        write(&mut writer);
        String::from_utf8(writer.finish().to_vec()).unwrap()
    }

    fn row_len(write: impl FnOnce(&mut ResponseWriter)) -> usize {
        written(write).len() - FRAME_LEN
    }

    proptest! {
        #[test]
        fn row_lengths_are_what_is_written(id in any::<String>(), output in prop::collection::vec(any::<u8>(), 0..50)) {
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
    fn undecided_row_takes_as_much_whatever_is_decided() {
        let undecided = |is_dropped| {
            written(|writer| {
                let row = writer.put_undecided_row("1");
                writer.put_row("2", RecordResult::Dropped);
                if is_dropped {
                    writer.decide_dropped(row);
                }
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
    fn memory_of_the_last_response_is_used_again() {
        let mut writer = ResponseWriter::over(Bytes::new());
        writer.put_ok_row("1", &vec![0; 100_000], None);
        let first = writer.finish();
        let memory = first.as_ptr().addr();
        let len = first.len();
        let mut writer = ResponseWriter::over(first);
        assert_eq!(writer.json.len(), len);
        writer.put_ok_row("1", &vec![0; 90_000], None);
        assert_eq!(writer.finish().as_ptr().addr(), memory);
    }
}
