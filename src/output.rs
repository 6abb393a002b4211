//! A record's output, from that of its log events: as it is, or as one gzip member.
//!
//! Firehose concatenates the data of records, and concatenated gzip members are one gzip file (RFC 1952, section 2.2). So
//! each record can be compressed by itself, S3 gets `.gz` objects with Firehose's own compression off, and the response
//! has room for about ten times as many log events.

mod compress;
pub mod partition;

use std::io::{self, Write};

use self::compress::{Gzip, WHOLE_BYTES};
use crate::cloudwatch_logs::message::DataMessage;
use crate::config::OutputCompression;
use crate::firehose::quotas::RESPONSE_BUDGET_BYTES;
use crate::transform::{Transform, TransformError};

/// Buffers for the output of one record after another.
#[derive(Debug, Default)]
pub struct OutputBuffer {
    /// Output of log events; with compression what has not gone through it yet.
    plain: Vec<u8>,
    gzip: Gzip,
    /// Bytes of each log event's output before compression.
    plain_lens: Vec<usize>,
}

/// Why a record has no output.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    /// One of its log events cannot be transformed.
    #[error(transparent)]
    Transform(#[from] TransformError),
    /// Compressing failed.
    #[error("cannot compress the output")]
    Compress(#[from] io::Error),
}

/// The output of one record.
#[derive(Debug)]
pub struct Output<'b> {
    /// All of it, unless it is more than any response holds: then some of it.
    pub bytes: &'b [u8],
    /// Bytes of all of it.
    pub len: usize,
    plain_lens: &'b [usize],
}

impl OutputBuffer {
    /// Transforms every log event of `message`.
    ///
    /// # Errors
    /// A log event cannot be transformed.
    pub fn fill(
        &mut self,
        message: &DataMessage<'_>,
        transform: &dyn Transform,
        compression: OutputCompression,
    ) -> Result<Output<'_>, OutputError> {
        self.plain.clear();
        self.plain_lens.clear();
        match compression {
            OutputCompression::None => self.fill_plain(message, transform),
            OutputCompression::Gzip { level } => self.fill_gzip(message, transform, level),
        }
    }

    /// Bytes of memory that stay in use between records.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.plain.capacity() + self.gzip.capacity() + self.plain_lens.capacity() * size_of::<usize>()
    }

    fn fill_plain(&mut self, message: &DataMessage<'_>, transform: &dyn Transform) -> Result<Output<'_>, OutputError> {
        // Past a whole response only the sizes matter, and memory stays bounded.
        let len = self.transform_all(message, transform, RESPONSE_BUDGET_BYTES, |_| Ok(()))?;
        Ok(Output { bytes: &self.plain, len, plain_lens: &self.plain_lens })
    }

    fn fill_gzip(
        &mut self,
        message: &DataMessage<'_>,
        transform: &dyn Transform,
        level: u32,
    ) -> Result<Output<'_>, OutputError> {
        let mut gzip = std::mem::take(&mut self.gzip);
        let mut in_parts = None;
        let transformed = self.transform_all(message, transform, WHOLE_BYTES, |part| {
            in_parts.get_or_insert_with(|| gzip.begin(level)).write_all(part)
        });
        self.gzip = gzip;
        let plain_len = transformed?;
        let (bytes, len) = match in_parts {
            None => {
                let member = self.gzip.whole(&self.plain, level)?;
                (member, member.len())
            }
            Some(mut member) => {
                member.write_all(&self.plain)?;
                self.gzip.end(member)?
            }
        };
        // Nothing compresses to a header and a trailer, which is not nothing.
        Ok(Output { bytes, len: if plain_len == 0 { 0 } else { len }, plain_lens: &self.plain_lens })
    }

    /// Transforms every log event, and gives what has come together to `spill` whenever it is more than `most` bytes.
    /// The rest stays in `plain`. Gives the bytes of all of it.
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

impl Output<'_> {
    /// Bytes of each log event's share of the output: what a record is split by.
    #[must_use]
    pub fn lens_of_log_events(&self) -> Vec<usize> {
        let plain_len: usize = self.plain_lens.iter().sum();
        let share = |&len: &usize| {
            let share = (len as u128 * self.len as u128).checked_div(plain_len as u128).unwrap_or(0);
            usize::try_from(share).unwrap_or(usize::MAX)
        };
        self.plain_lens.iter().map(share).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloudwatch_logs::message::{LogEvent, LogsMessage};

    /// A mebibyte of text for each log event, whatever is in it.
    struct Mebibyte;

    impl Transform for Mebibyte {
        fn append(&self, _: &DataMessage<'_>, _: &LogEvent<'_>, out: &mut Vec<u8>) -> Result<(), TransformError> {
            out.resize(out.len() + 1024 * 1024, b'm');
            Ok(())
        }
    }

    #[test]
    fn output_past_a_response_is_counted_and_not_kept() {
        let log_events = vec![r#"{"id":"i","timestamp":0,"message":"m"}"#; 100].join(",");
        let text = format!(
            r#"{{"messageType":"DATA_MESSAGE","owner":"1","logGroup":"g","logStream":"s","logEvents":[{log_events}]}}"#
        );
        let Ok(LogsMessage::Data(message)) = LogsMessage::parse(&text) else { panic!("a DATA_MESSAGE") };

        let mut buffer = OutputBuffer::default();
        let output = buffer.fill(&message, &Mebibyte, OutputCompression::None).unwrap();
        assert_eq!((output.len, output.lens_of_log_events().len()), (100 * 1024 * 1024, 100));
        assert!(buffer.plain.capacity() <= 3 * RESPONSE_BUDGET_BYTES, "{}", buffer.plain.capacity());

        let mut buffer = OutputBuffer::default();
        let output = buffer.fill(&message, &Mebibyte, OutputCompression::Gzip { level: 1 }).unwrap();
        assert!(output.len < RESPONSE_BUDGET_BYTES && output.len == output.bytes.len());
        assert!(buffer.plain.capacity() <= 3 * WHOLE_BYTES, "{}", buffer.plain.capacity());
    }
}
