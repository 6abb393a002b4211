//! Splits one payload into several with fewer log events each, by the size of their output.
//!
//! A piece is the payload's own text with fewer entries in `logEvents`. Everything around the log events stays byte for
//! byte, including unknown fields.
//!
//! # Why can this not loop?
//!
//! A payload is split for one of two reasons. Either its output does not fit a response: then each piece has fewer log
//! events. Or the record is too large to re-ingest: then each piece is small enough. A piece with a single log event is never split.

use std::io::{self, Write};
use std::ops::Range;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::pack::gzip_encoder;
use crate::firehose::quotas::{MAX_RECORD_DATA_BYTES, RESPONSE_BUDGET_BYTES};

/// Most bytes of output for one piece, before base64: a quarter of a response.
///
/// A piece as large as a response would need an event to itself, and would be re-ingested until it got one. Several pieces of
/// this size fit into one response, next to the other records of the event.
pub const PIECE_OUTPUT_BYTES: usize = RESPONSE_BUDGET_BYTES / 4 * 3 / 4;

/// The payload cannot be split into pieces that Firehose accepts.
#[derive(Debug, thiserror::Error)]
pub enum SplitError {
    /// One log event alone is too large for a record.
    #[error("expected log events of at most {MAX_RECORD_DATA_BYTES} bytes after gzip, found one of {found} bytes")]
    LogEventTooLarge {
        /// Bytes of a piece with this log event only.
        found: usize,
    },
    /// The text has no log events.
    #[error("expected a payload with log events")]
    NoLogEvents(#[from] serde_json::Error),
    /// Compressing failed.
    #[error("cannot compress a piece")]
    Compress(#[from] io::Error),
}

/// Splits the payload in `text` into gzip records, in order. `output_lens` is each log event's output in bytes.
///
/// A piece has at most [`PIECE_OUTPUT_BYTES`] of output or a single log event, and at most [`MAX_RECORD_DATA_BYTES`] after
/// gzip.
pub(crate) fn split(text: &str, output_lens: &[usize]) -> Result<Vec<Vec<u8>>, SplitError> {
    let payload = PayloadText::locate(text)?;
    let mut pieces = Vec::new();
    for events in cut_by_output(output_lens) {
        payload.compress(events, &mut pieces)?;
    }
    Ok(pieces)
}

/// Runs of log events. The output of a run stays within [`PIECE_OUTPUT_BYTES`], unless the run is a single log event.
fn cut_by_output(output_lens: &[usize]) -> Vec<Range<usize>> {
    let mut runs = Vec::new();
    let (mut start, mut run_len) = (0, 0_usize);
    for (index, &output_len) in output_lens.iter().enumerate() {
        if index > start && run_len.saturating_add(output_len) > PIECE_OUTPUT_BYTES {
            runs.push(start..index);
            (start, run_len) = (index, 0);
        }
        run_len = run_len.saturating_add(output_len);
    }
    runs.push(start..output_lens.len());
    runs
}

/// A payload's text, cut around its log events.
struct PayloadText<'a> {
    before: &'a str,
    log_events: Vec<&'a RawValue>,
    after: &'a str,
}

impl<'a> PayloadText<'a> {
    fn locate(text: &'a str) -> Result<Self, SplitError> {
        #[derive(Deserialize)]
        struct Envelope<'a> {
            #[serde(borrow, rename = "logEvents")]
            log_events: Vec<&'a RawValue>,
        }
        let Envelope { log_events } = serde_json::from_str(text)?;
        let offset = |event: &RawValue| event.get().as_ptr().addr() - text.as_ptr().addr();
        let start = log_events.first().map_or(0, |first| offset(first));
        let end = log_events.last().map_or(0, |last| offset(last) + last.get().len());
        Ok(Self { before: &text[..start], log_events, after: &text[end..] })
    }

    /// Compresses the payload with only these log events. A piece that is too large for a record is halved.
    fn compress(&self, events: Range<usize>, pieces: &mut Vec<Vec<u8>>) -> Result<(), SplitError> {
        let mut piece = gzip_encoder();
        piece.write_all(self.before.as_bytes())?;
        for (index, event) in self.log_events[events.clone()].iter().enumerate() {
            if index > 0 {
                piece.write_all(b",")?;
            }
            piece.write_all(event.get().as_bytes())?;
        }
        piece.write_all(self.after.as_bytes())?;
        let piece = piece.finish()?;
        if piece.len() <= MAX_RECORD_DATA_BYTES {
            pieces.push(piece);
            Ok(())
        } else if events.len() > 1 {
            let middle = events.start + events.len() / 2;
            self.compress(events.start..middle, pieces)?;
            self.compress(middle..events.end, pieces)
        } else {
            Err(SplitError::LogEventTooLarge { found: piece.len() })
        }
    }
}

#[cfg(test)]
mod tests {
    use flate2::read::GzDecoder;

    use super::*;

    fn texts(pieces: &[Vec<u8>]) -> Vec<String> {
        pieces.iter().map(|piece| io::read_to_string(GzDecoder::new(piece.as_slice())).unwrap()).collect()
    }

    #[test]
    fn pieces_keep_everything_except_the_other_log_events() {
        let text = "{\"new\":[1, 2],\"logEvents\": [ {\"a\":\"x\\ny\"} ,\n {\"b\": 2},{\"c\":3} ] , \"owner\":\"1\"}";
        let pieces = split(text, &[PIECE_OUTPUT_BYTES, 1, PIECE_OUTPUT_BYTES - 1]).unwrap();
        assert_eq!(
            texts(&pieces),
            [
                "{\"new\":[1, 2],\"logEvents\": [ {\"a\":\"x\\ny\"} ] , \"owner\":\"1\"}",
                "{\"new\":[1, 2],\"logEvents\": [ {\"b\": 2},{\"c\":3} ] , \"owner\":\"1\"}",
            ]
        );
    }

    #[test]
    fn outputs_are_cut_one_under_at_and_one_over() {
        let half = PIECE_OUTPUT_BYTES / 2;
        let rest = PIECE_OUTPUT_BYTES - half;
        assert_eq!(cut_by_output(&[half, rest - 1]).len(), 1);
        assert_eq!(cut_by_output(&[half, rest]).len(), 1);
        assert_eq!(cut_by_output(&[half, rest + 1]), [0..1, 1..2]);
    }

    #[test]
    fn log_event_larger_than_a_piece_gets_its_own() {
        assert_eq!(cut_by_output(&[1, usize::MAX, 1]), [0..1, 1..2, 2..3]);
    }

    #[test]
    fn piece_too_large_for_a_record_is_halved() {
        let noise = |seed: u64, len: usize| {
            let mut rng = fastrand::Rng::with_seed(seed);
            std::iter::repeat_with(|| rng.alphanumeric()).take(len).collect::<String>()
        };
        let event = |seed| format!("{{\"message\":\"{}\"}}", noise(seed, 800_000));
        let text = format!("{{\"logEvents\":[{},{}]}}", event(1), event(2));
        let pieces = split(&text, &[1, 1]).unwrap();
        assert_eq!(pieces.len(), 2);
        assert!(pieces.iter().all(|piece| piece.len() <= MAX_RECORD_DATA_BYTES));

        let too_large = format!("{{\"logEvents\":[{{\"message\":\"{}\"}}]}}", noise(3, 2_000_000));
        let error = split(&too_large, &[1]).unwrap_err();
        assert!(matches!(error, SplitError::LogEventTooLarge { found } if found > MAX_RECORD_DATA_BYTES));
    }
}
