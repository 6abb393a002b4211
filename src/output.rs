//! From the log events of a record to the record's data: transformed, and compressed if configured.
//!
//! Compression, frames, and what dynamic partitioning learns about a record belong here. Two things belong
//! elsewhere: the output of one log event ([`transform`](crate::transform)), and whether data fits the response
//! ([`plan`](crate::plan)).
//!
//! Firehose concatenates the data of records. Concatenated gzip members are one gzip file (RFC 1952, section 2.2), and
//! concatenated zstd frames are one zstd file (RFC 8878, section 3). So output can be compressed here, in one frame for each
//! record or in frames that records share. Firehose's own compression stays off, and the response has room for about ten
//! times as many log events.

mod compress;
pub(crate) mod frames;
mod options;
pub(crate) mod partition;

use std::io;

use self::compress::{Compressor, WHOLE_BYTES};
use self::frames::Frame;
pub use self::options::{Compression, Framing, OutputOptions};
use crate::cloudwatch_logs::message::DataMessage;
use crate::firehose::quotas::RESPONSE_BUDGET_BYTES;
use crate::transform::{Transform, TransformError};

/// The output of one record after another, in memory that the next one reuses.
#[derive(Debug, Default)]
pub struct OutputBuffer {
    /// The output of one record before compression, if the record shares no frame.
    plain: Vec<u8>,
    /// Bytes of each log event's output before compression, for the last record.
    plain_lens: Vec<usize>,
    compressor: Compressor,
    data_is_plain: bool,
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

/// Where a record's output went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Appended {
    /// Into the shared buffer: this many bytes.
    Shared(usize),
    /// Into a frame of its own, since it is too large to share one. The frame is [`OutputBuffer::data`].
    Alone,
}

impl OutputBuffer {
    /// Transforms every log event of `message`. [`Self::data`] is the output then, in a frame of its own if compressed.
    ///
    /// # Errors
    /// A log event cannot be transformed.
    pub fn fill(
        &mut self,
        message: &DataMessage<'_>,
        transform: &dyn Transform,
        compression: Compression,
    ) -> Result<(), OutputError> {
        let mut plain = std::mem::take(&mut self.plain);
        plain.clear();
        let appended = self.append(message, transform, compression, &mut plain);
        self.plain = plain;
        if let Appended::Shared(len) = appended? {
            self.data_is_plain = len == 0 || compression == Compression::None;
            // Nothing would compress to a header and a trailer.
            self.data_len =
                if self.data_is_plain { len } else { self.compressor.compress(&self.plain, compression)? };
        }
        Ok(())
    }

    /// Transforms every log event of `message`, and appends the output to `shared`. Output above the limit of a frame is
    /// compressed in parts instead, to a frame of its own.
    ///
    /// # Errors
    /// A log event cannot be transformed. `shared` is unchanged then.
    pub(crate) fn append(
        &mut self,
        message: &DataMessage<'_>,
        transform: &dyn Transform,
        compression: Compression,
        shared: &mut Vec<u8>,
    ) -> Result<Appended, OutputError> {
        let start = shared.len();
        let appended = self.try_append(message, transform, compression, shared);
        if !matches!(appended, Ok(Appended::Shared(_))) {
            shared.truncate(start);
        }
        appended
    }

    fn try_append(
        &mut self,
        message: &DataMessage<'_>,
        transform: &dyn Transform,
        compression: Compression,
        out: &mut Vec<u8>,
    ) -> Result<Appended, OutputError> {
        // Without compression, only the size matters above a whole response.
        let most = if compression == Compression::None { RESPONSE_BUDGET_BYTES } else { WHOLE_BYTES };
        let start = out.len();
        let mut len = 0;
        self.plain_lens.clear();
        let frame = {
            let mut compressor = Some(&mut self.compressor);
            let mut in_parts = None;
            for event in &message.log_events {
                let event_start = out.len();
                transform.append(message, event, out)?;
                let event_len = out.len() - event_start;
                self.plain_lens.push(event_len);
                len += event_len;
                if out.len() - start > most {
                    if let Some(compressor) = compressor.take() {
                        in_parts = Some(compressor.begin(compression)?);
                    }
                    if let Some(frame) = &mut in_parts {
                        frame.write_all(&out[start..])?;
                    }
                    out.truncate(start);
                }
            }
            let Some(mut frame) = in_parts else { return Ok(Appended::Shared(len)) };
            frame.write_all(&out[start..])?;
            frame.finish()?
        };
        self.data_len = self.compressor.end(frame);
        self.data_is_plain = false;
        Ok(Appended::Alone)
    }

    /// Compresses the first `count` records of a shared frame. [`Self::data`] is the frame then. Returns its length.
    pub(crate) fn compress(&mut self, frame: &Frame, count: usize, compression: Compression) -> io::Result<usize> {
        self.data_is_plain = false;
        self.data_len = self.compressor.compress(frame.plain_of(count), compression)?;
        Ok(self.data_len)
    }

    /// The data: all of it, or a part of it if it is larger than any response.
    #[must_use]
    pub fn data(&self) -> &[u8] {
        if self.data_is_plain { &self.plain } else { self.compressor.frame() }
    }

    /// Bytes of all of the data.
    #[must_use]
    pub fn data_len(&self) -> usize {
        self.data_len
    }

    /// Bytes of the last record's output before compression.
    pub(crate) fn plain_len(&self) -> usize {
        self.plain_lens.iter().sum()
    }

    /// Each log event's share of the data, in bytes. Records are split by these shares.
    #[must_use]
    pub fn lens_of_log_events(&self) -> Vec<usize> {
        let plain_len = self.plain_len();
        let share = |&len: &usize| {
            let share = (len as u128 * self.data_len as u128).checked_div(plain_len as u128).unwrap_or(0);
            usize::try_from(share).unwrap_or(usize::MAX)
        };
        self.plain_lens.iter().map(share).collect()
    }

    /// Bytes of memory kept between records.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.plain.capacity() + self.compressor.capacity() + self.plain_lens.capacity() * size_of::<usize>()
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
