//! The bytes that the response may still take, exact to the byte.
//!
//! # Why reserve a row for every record first?
//!
//! Every record comes back, kept or not, so its row is spent whatever happens. Counting rows only as records are kept
//! lets 4,500 small records fill the budget with data and then break it with rows. What is reserved is the row of a
//! failed record, the longest without data: a record to be re-ingested has that row if Firehose refuses it, and that is
//! known only when the response can no longer be changed.
//!
//! # Why may a later record fit where an earlier one did not?
//!
//! Each record is placed by itself. A budget that closes at the first record that does not fit sends back everything
//! behind it, which Firehose bills again.

use crate::firehose::quotas::RESPONSE_BUDGET_BYTES;
use crate::firehose::response::{FRAME_LEN, dropped_row_len, failed_row_len};

/// What is left of [`RESPONSE_BUDGET_BYTES`] in one response.
#[derive(Debug)]
pub struct Budget {
    /// Bytes that data may still take.
    left: usize,
    /// Bytes that data could take before any was placed.
    whole: usize,
}

/// Where the output of one record can go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Into this response: its bytes are taken from the budget.
    ThisResponse,
    /// Into another response, with fewer records before it.
    AnotherResponse,
    /// Into a response with fewer records than this one, had it any room: one to itself at the worst.
    SmallerBatch,
    /// Into no response at all.
    NoResponse,
}

/// The rows alone take more than a response may.
#[derive(Debug, thiserror::Error)]
#[error(
    "expected an event whose rows fit in {RESPONSE_BUDGET_BYTES} bytes, found {records} records whose rows take {needed} \
     bytes; lower the Lambda buffer size of the Firehose stream"
)]
pub struct TooManyRecords {
    records: usize,
    needed: usize,
}

impl Budget {
    /// Reserves the row of every record of the event.
    pub fn reserve_rows<'a>(record_ids: impl ExactSizeIterator<Item = &'a str>) -> Result<Self, TooManyRecords> {
        let records = record_ids.len();
        let commas = records.saturating_sub(1);
        let needed = FRAME_LEN + commas + record_ids.map(failed_row_len).sum::<usize>();
        match RESPONSE_BUDGET_BYTES.checked_sub(needed) {
            Some(left) => Ok(Self { left, whole: left }),
            None => Err(TooManyRecords { records, needed }),
        }
    }

    /// Bytes that data may still take, base64 and all.
    #[must_use]
    pub fn left(&self) -> usize {
        self.left
    }

    /// Bytes that data could take before any was placed.
    #[must_use]
    pub fn whole(&self) -> usize {
        self.whole
    }

    /// Places a row of `row` bytes with a record's output, and takes them from the budget if they fit.
    pub fn try_place(&mut self, record_id: &str, row: usize) -> Place {
        let reserved = failed_row_len(record_id);
        let fits = |bytes: usize| row <= bytes + reserved;
        if fits(self.left) {
            self.left = self.left + reserved - row;
            Place::ThisResponse
        } else if fits(self.whole) {
            Place::AnotherResponse
        } else if FRAME_LEN + row <= RESPONSE_BUDGET_BYTES {
            Place::SmallerBatch
        } else {
            Place::NoResponse
        }
    }

    /// Gives back what a dropped row does not need of the row reserved for it.
    pub fn release_dropped(&mut self, record_id: &str) {
        self.left += failed_row_len(record_id) - dropped_row_len(record_id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::firehose::response::ok_row_len;

    /// The most output, in bytes before base64, that the response to a single record holds.
    fn most_output(id: &str) -> usize {
        (RESPONSE_BUDGET_BYTES - FRAME_LEN - ok_row_len(id, 0, None)) / 4 * 3
    }

    fn place(ids: &[&str], output_len: usize) -> Place {
        let mut budget = Budget::reserve_rows(ids.iter().copied()).unwrap();
        budget.try_place(ids[0], ok_row_len(ids[0], output_len, None))
    }

    #[test]
    fn one_under_at_and_one_over_the_budget() {
        // Base64 grows by four bytes at a time: of these ids one leaves no byte unused, and the others one to three.
        for id in ["r", "rr", "rrr", "rrrr"] {
            let most = most_output(id);
            assert_eq!(place(&[id], most - 1), Place::ThisResponse);
            assert_eq!(place(&[id], most), Place::ThisResponse);
            assert_eq!(place(&[id], most + 1), Place::NoResponse);
        }
    }

    #[test]
    fn record_that_only_fits_alone_asks_for_a_smaller_batch() {
        assert_eq!(place(&["r", "another"], most_output("r")), Place::SmallerBatch);
    }

    #[test]
    fn what_did_not_fit_does_not_stop_what_does() {
        let mut budget = Budget::reserve_rows(["r", "r", "r"].into_iter()).unwrap();
        assert_eq!(budget.try_place("r", ok_row_len("r", 3_000_000, None)), Place::ThisResponse);
        assert_eq!(budget.try_place("r", ok_row_len("r", 3_000_000, None)), Place::AnotherResponse);
        assert_eq!(budget.try_place("r", ok_row_len("r", 1_000, None)), Place::ThisResponse);
    }

    #[test]
    fn dropped_row_gives_back_what_it_does_not_need() {
        let mut budget = Budget::reserve_rows(["r", "dropped"].into_iter()).unwrap();
        let before = budget.left();
        budget.release_dropped("dropped");
        assert_eq!(budget.left() - before, "ProcessingFailed".len() - "Dropped".len());
    }

    #[test]
    fn rows_that_fit_no_response_are_named_with_their_bytes() {
        let id = "i".repeat(1_000_000);
        let error = Budget::reserve_rows([id.as_str(); 6].into_iter()).unwrap_err().to_string();
        assert_eq!(
            error,
            "expected an event whose rows fit in 6000000 bytes, found 6 records whose rows take 6000277 bytes; lower \
             the Lambda buffer size of the Firehose stream"
        );
    }
}
