//! A record's output, from that of its log events: as it is, or as one gzip member.
//!
//! Firehose concatenates the data of records, and concatenated gzip members are one gzip file (RFC 1952, section 2.2). So
//! each record can be compressed by itself, S3 gets `.gz` objects with Firehose's own compression off, and the response
//! has room for about ten times as many log events.

use std::io::{self, Write};
use std::ops::Range;

use flate2::{Compression, write::GzEncoder};

use crate::config::OutputCompression;
use crate::logs_message::DataMessage;
use crate::quotas::RESPONSE_BUDGET_BYTES;
use crate::transform::{Transform, TransformError};

/// The outputs of an event's records, one behind the other.
#[derive(Debug, Default)]
pub struct Outputs {
    bytes: Vec<u8>,
    /// With compression: output of log events that has not gone through it yet.
    chunk: Vec<u8>,
    /// Bytes of the output of each of the last record's log events, before compression.
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
pub struct Output {
    /// Where it is in [`Outputs`]; of one that is more than any response holds only some is there.
    pub range: Range<usize>,
    /// Bytes of all of it.
    pub len: usize,
}

impl Outputs {
    /// Transforms every log event of `message`, and adds their output.
    ///
    /// # Errors
    /// A log event cannot be transformed. What there is of the record's output is taken away again.
    pub fn add(
        &mut self,
        message: &DataMessage<'_>,
        transform: &dyn Transform,
        compression: OutputCompression,
    ) -> Result<Output, OutputError> {
        let start = self.bytes.len();
        self.plain_lens.clear();
        let added = match compression {
            OutputCompression::None => self.add_plain(message, transform),
            OutputCompression::Gzip { level } => self.add_gzip(message, transform, Compression::new(level)),
        };
        match added {
            Ok(len) => Ok(Output { range: start..self.bytes.len(), len }),
            Err(error) => {
                self.bytes.truncate(start);
                Err(error)
            }
        }
    }

    /// Takes the output that was added last away again.
    pub fn remove_last(&mut self, output: &Output) {
        self.bytes.truncate(output.range.start);
    }

    /// Takes all outputs away. Their memory is kept for those to come.
    pub fn clear(&mut self) {
        self.bytes.clear();
    }

    /// The output of one record.
    #[must_use]
    pub fn get(&self, range: Range<usize>) -> &[u8] {
        &self.bytes[range]
    }

    /// Bytes of memory that stay in use between events.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.bytes.capacity() + self.chunk.capacity()
    }

    /// Bytes of each log event's share of the output that was added last: what its record is split by.
    #[must_use]
    pub fn lens_of_log_events(&self, output: &Output) -> Vec<usize> {
        let plain_len: usize = self.plain_lens.iter().sum();
        let share = |&len: &usize| {
            let share = (len as u128 * output.len as u128).checked_div(plain_len as u128).unwrap_or(0);
            usize::try_from(share).unwrap_or(usize::MAX)
        };
        self.plain_lens.iter().map(share).collect()
    }

    fn add_plain(&mut self, message: &DataMessage<'_>, transform: &dyn Transform) -> Result<usize, OutputError> {
        let start = self.bytes.len();
        // Past a whole response only the sizes matter, and memory stays bounded.
        transform_all(message, transform, &mut self.bytes, &mut self.plain_lens, RESPONSE_BUDGET_BYTES, |bytes| {
            bytes.truncate(start);
            Ok(())
        })
    }

    fn add_gzip(
        &mut self,
        message: &DataMessage<'_>,
        transform: &dyn Transform,
        level: Compression,
    ) -> Result<usize, OutputError> {
        self.chunk.clear();
        let mut member = GzEncoder::new(Bounded { bytes: &mut self.bytes, len: 0 }, level);
        let plain_len =
            transform_all(message, transform, &mut self.chunk, &mut self.plain_lens, CHUNK_BYTES, |chunk| {
                member.write_all(chunk)?;
                chunk.clear();
                Ok(())
            })?;
        member.write_all(&self.chunk)?;
        let kept = member.finish()?;
        // Nothing compresses to a header and a trailer, which is not nothing.
        Ok(if plain_len == 0 { 0 } else { kept.len })
    }
}

/// Appends the output of every log event to `out`, and its bytes to `lens`. Has `spill` make room whenever more than
/// `most` bytes have come together. Gives the bytes of all of it.
fn transform_all(
    message: &DataMessage<'_>,
    transform: &dyn Transform,
    out: &mut Vec<u8>,
    lens: &mut Vec<usize>,
    most: usize,
    mut spill: impl FnMut(&mut Vec<u8>) -> io::Result<()>,
) -> Result<usize, OutputError> {
    let start = out.len();
    let mut len = 0;
    for event in &message.log_events {
        let before = out.len();
        transform.append(message, event, out)?;
        let event_len = out.len() - before;
        lens.push(event_len);
        len += event_len;
        if out.len() - start > most {
            spill(out)?;
        }
    }
    Ok(len)
}

/// How much goes through the compressor at once.
const CHUNK_BYTES: usize = 64 * 1024;

/// Keeps what a response can hold, and counts the rest.
struct Bounded<'b> {
    bytes: &'b mut Vec<u8>,
    len: usize,
}

impl Write for Bounded<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.len += bytes.len();
        if self.len <= RESPONSE_BUDGET_BYTES {
            self.bytes.extend_from_slice(bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs_message::{LogEvent, LogsMessage};

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

        let mut outputs = Outputs::default();
        let output = outputs.add(&message, &Mebibyte, OutputCompression::None).unwrap();
        assert_eq!((output.len, outputs.lens_of_log_events(&output).len()), (100 * 1024 * 1024, 100));
        assert!(outputs.capacity() <= 3 * RESPONSE_BUDGET_BYTES, "{}", outputs.capacity());

        let mut outputs = Outputs::default();
        let output = outputs.add(&message, &Mebibyte, OutputCompression::Gzip { level: 1 }).unwrap();
        assert!(output.len < RESPONSE_BUDGET_BYTES && output.len == output.range.len());
        assert!(outputs.capacity() <= 3 * 1024 * 1024, "{}", outputs.capacity());
    }

    #[test]
    fn compressed_output_past_a_response_is_counted_and_not_kept() {
        let mut bytes = Vec::new();
        let mut bounded = Bounded { bytes: &mut bytes, len: 0 };
        for _ in 0..100 {
            bounded.write_all(&vec![0; 1024 * 1024]).unwrap();
        }
        assert_eq!(bounded.len, 100 * 1024 * 1024);
        assert!(bounded.bytes.len() <= RESPONSE_BUDGET_BYTES);
    }
}
