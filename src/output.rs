//! From the log events of a record to the record's data: transformed, and compressed if configured.
//!
//! Compression, and what dynamic partitioning learns about a record, belong here. What one log event becomes does not: see
//! [`transform`](crate::transform).
//!
//! Firehose concatenates the data of records, and concatenated gzip members are one gzip file (RFC 1952, section 2.2). So
//! each record can be compressed by itself. S3 gets `.gz` objects, Firehose's own compression stays off, and the response has
//! room for about ten times as many log events.

mod compress;
mod options;
pub(crate) mod partition;

use std::io::{self, Write};

use self::compress::{Gzip, WHOLE_BYTES};
pub use self::options::{Compression, OutputOptions};
use crate::cloudwatch_logs::message::DataMessage;
use crate::firehose::quotas::RESPONSE_BUDGET_BYTES;
use crate::transform::{Transform, TransformError};

/// The output of one record, in memory that the next record reuses.
#[derive(Debug, Default)]
pub struct OutputBuffer {
    /// The output before compression. With compression, only the part that is not compressed yet.
    plain: Vec<u8>,
    /// Bytes of each log event's output before compression.
    plain_lens: Vec<usize>,
    gzip: Gzip,
    is_compressed: bool,
    data_len: usize,
}

/// A record has no output.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    /// A log event cannot be transformed.
    #[error(transparent)]
    Transform(#[from] TransformError),
    /// Compression failed.
    #[error("cannot compress the output")]
    Compress(#[from] io::Error),
}

impl OutputBuffer {
    /// Transforms every log event of `message`, and replaces the output of the record before.
    ///
    /// # Errors
    /// A log event cannot be transformed.
    pub fn fill(
        &mut self,
        message: &DataMessage<'_>,
        transform: &dyn Transform,
        compression: Compression,
    ) -> Result<(), OutputError> {
        self.plain.clear();
        self.plain_lens.clear();
        self.is_compressed = compression != Compression::None;
        self.data_len = match compression {
            // Above a whole response only the sizes matter, so memory stays bounded.
            Compression::None => self.transform_all(message, transform, RESPONSE_BUDGET_BYTES, |_| Ok(()))?,
            Compression::Gzip { level } => self.fill_gzip(message, transform, level)?,
        };
        Ok(())
    }

    /// The record's data: all of it, or a part of it if it is larger than any response.
    #[must_use]
    pub fn data(&self) -> &[u8] {
        if self.is_compressed { self.gzip.member() } else { &self.plain }
    }

    /// Bytes of all of the data.
    #[must_use]
    pub fn data_len(&self) -> usize {
        self.data_len
    }

    /// Each log event's share of the data, in bytes. Records are split by these shares.
    #[must_use]
    pub fn lens_of_log_events(&self) -> Vec<usize> {
        let plain_len: usize = self.plain_lens.iter().sum();
        let share = |&len: &usize| {
            let share = (len as u128 * self.data_len as u128).checked_div(plain_len as u128).unwrap_or(0);
            usize::try_from(share).unwrap_or(usize::MAX)
        };
        self.plain_lens.iter().map(share).collect()
    }

    /// Bytes of memory kept between records.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.plain.capacity() + self.gzip.capacity() + self.plain_lens.capacity() * size_of::<usize>()
    }

    /// Returns the length of the gzip member, or 0 if there is nothing in it.
    fn fill_gzip(
        &mut self,
        message: &DataMessage<'_>,
        transform: &dyn Transform,
        level: u32,
    ) -> Result<usize, OutputError> {
        let mut gzip = std::mem::take(&mut self.gzip);
        let mut in_parts = None;
        let transformed = self.transform_all(message, transform, WHOLE_BYTES, |part| {
            in_parts.get_or_insert_with(|| gzip.begin(level)).write_all(part)
        });
        self.gzip = gzip;
        let plain_len = transformed?;
        let member_len = match in_parts {
            None => self.gzip.compress_whole(&self.plain, level)?,
            Some(mut member) => {
                member.write_all(&self.plain)?;
                self.gzip.end(member)?
            }
        };
        // Even the empty output compresses to a header and a trailer.
        Ok(if plain_len == 0 { 0 } else { member_len })
    }

    /// Transforms every log event, and returns the bytes of all output. Whenever `plain` exceeds `most` bytes, `spill` gets
    /// its content and it is cleared.
    fn transform_all(
        &mut self,
        message: &DataMessage<'_>,
        transform: &dyn Transform,
        most: usize,
        mut spill: impl FnMut(&[u8]) -> io::Result<()>,
    ) -> Result<usize, OutputError> {
        let mut len = 0;
        for event in &message.log_events {
            let start = self.plain.len();
            transform.append(message, event, &mut self.plain)?;
            let event_len = self.plain.len() - start;
            self.plain_lens.push(event_len);
            len += event_len;
            if self.plain.len() > most {
                spill(&self.plain)?;
                self.plain.clear();
            }
        }
        Ok(len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloudwatch_logs::message::{LogEvent, LogsMessage};
    use crate::testing::data_message;

    /// Outputs a mebibyte for each log event.
    struct Mebibyte;

    impl Transform for Mebibyte {
        fn append(&self, _: &DataMessage<'_>, _: &LogEvent<'_>, out: &mut Vec<u8>) -> Result<(), TransformError> {
            out.resize(out.len() + 1024 * 1024, b'm');
            Ok(())
        }
    }

    #[test]
    fn output_larger_than_a_response_is_counted_but_not_kept() {
        let text = data_message("/app", &["m"; 100]).to_string();
        let Ok(LogsMessage::Data(message)) = LogsMessage::parse(&text) else { panic!("a DATA_MESSAGE") };

        let mut output = OutputBuffer::default();
        output.fill(&message, &Mebibyte, Compression::None).unwrap();
        assert_eq!((output.data_len(), output.lens_of_log_events().len()), (100 * 1024 * 1024, 100));
        assert!(output.plain.capacity() <= 3 * RESPONSE_BUDGET_BYTES, "{}", output.plain.capacity());

        let mut output = OutputBuffer::default();
        output.fill(&message, &Mebibyte, Compression::Gzip { level: 1 }).unwrap();
        assert!(output.data_len() < RESPONSE_BUDGET_BYTES && output.data_len() == output.data().len());
        assert!(output.plain.capacity() <= 3 * WHOLE_BYTES, "{}", output.plain.capacity());
    }
}
