//! The bytes that remain in the response, exact to the byte.
//!
//! # Why reserve a row for every record first?
//!
//! Every record is returned, with data or without, so every record needs a row. If only the rows of `Ok` records counted,
//! 4,500 small records could fill the budget with data and then exceed it with rows. The reserved row is that of a failed
//! record, because no other row without data is longer. A re-ingested record gets that row if the stream refuses it, which is known only after
//! the other rows are written.
//!
//! # Why may a later record fit where an earlier one did not?
//!
//! Each record is placed by itself. A budget that closes at the first record that does not fit would re-ingest everything
//! behind it, and Firehose would bill that again.

use crate::firehose::quotas::RESPONSE_BUDGET_BYTES;
use crate::firehose::response::{EMPTY_RESPONSE_LEN, dropped_row_len, failed_row_len};

/// What remains of [`RESPONSE_BUDGET_BYTES`] in one response.
#[derive(Debug)]
pub(crate) struct Budget {
    /// Bytes that remain for data.
    left: usize,
    /// Bytes for data in a response to the same records without any data yet.
    whole: usize,
}

/// Which response can hold the output of one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Placement {
    /// This response. The bytes are taken from the budget.
    ThisResponse,
    /// Another response to as many records, if this record comes earlier in it.
    AnotherResponse,
    /// Only a response to fewer records than this event has, possibly to this one alone.
    SmallerEvent,
    /// No response at all.
    NoResponse,
}

/// The rows without data already exceed the budget.
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
    pub(crate) fn reserve_rows<'a>(record_ids: impl ExactSizeIterator<Item = &'a str>) -> Result<Self, TooManyRecords> {
        let records = record_ids.len();
        let commas = records.saturating_sub(1);
        let needed = EMPTY_RESPONSE_LEN + commas + record_ids.map(failed_row_len).sum::<usize>();
        match RESPONSE_BUDGET_BYTES.checked_sub(needed) {
            Some(left) => Ok(Self { left, whole: left }),
            None => Err(TooManyRecords { records, needed }),
        }
    }

    /// Bytes that remain for data, counted after base64.
    #[must_use]
    pub(crate) fn left(&self) -> usize {
        self.left
    }

    /// Bytes for data before any was placed, counted after base64.
    #[must_use]
    pub(crate) fn whole(&self) -> usize {
        self.whole
    }

    /// Places an `Ok` row of `row` bytes. If the row fits, its bytes are taken from the budget.
    pub(crate) fn try_place(&mut self, record_id: &str, row: usize) -> Placement {
        let reserved = failed_row_len(record_id);
        if self.try_take(reserved, row) {
            Placement::ThisResponse
        } else if row <= self.whole + reserved {
            Placement::AnotherResponse
        } else if EMPTY_RESPONSE_LEN + row <= RESPONSE_BUDGET_BYTES {
            Placement::SmallerEvent
        } else {
            Placement::NoResponse
        }
    }

    /// Places rows of `needed` bytes for records whose reserved rows have `reserved` bytes. If they fit, their bytes are taken
    /// from the budget.
    pub(crate) fn try_take(&mut self, reserved: usize, needed: usize) -> bool {
        let fits = self.has_room(reserved, needed);
        if fits {
            self.left = self.left + reserved - needed;
        }
        fits
    }

    /// Whether rows of `needed` bytes fit, for records whose reserved rows have `reserved` bytes.
    pub(crate) fn has_room(&self, reserved: usize, needed: usize) -> bool {
        needed <= self.left + reserved
    }

    /// Returns to the budget what a `Dropped` row needs less than the reserved one.
    pub(crate) fn release_dropped(&mut self, record_id: &str) {
        self.left += failed_row_len(record_id) - dropped_row_len(record_id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::firehose::response::ok_row_len;

    /// Most output, in bytes before base64, in the response to a single record.
    fn most_output(id: &str) -> usize {
        (RESPONSE_BUDGET_BYTES - EMPTY_RESPONSE_LEN - ok_row_len(id, 0, None)) / 4 * 3
    }

    fn place(ids: &[&str], output_len: usize) -> Placement {
        let mut budget = Budget::reserve_rows(ids.iter().copied()).unwrap();
        budget.try_place(ids[0], ok_row_len(ids[0], output_len, None))
    }

    #[test]
    fn one_under_at_and_one_over_the_budget() {
        // Base64 grows in steps of four bytes. One of these ids leaves no byte unused, the others one to three.
        for id in ["r", "rr", "rrr", "rrrr"] {
            let most = most_output(id);
            assert_eq!(place(&[id], most - 1), Placement::ThisResponse);
            assert_eq!(place(&[id], most), Placement::ThisResponse);
            assert_eq!(place(&[id], most + 1), Placement::NoResponse);
        }
    }

    #[test]
    fn record_that_only_fits_alone_needs_a_smaller_event() {
        assert_eq!(place(&["r", "another"], most_output("r")), Placement::SmallerEvent);
    }

    #[test]
    fn record_that_does_not_fit_does_not_stop_a_smaller_one() {
        let mut budget = Budget::reserve_rows(["r", "r", "r"].into_iter()).unwrap();
        assert_eq!(budget.try_place("r", ok_row_len("r", 3_000_000, None)), Placement::ThisResponse);
        assert_eq!(budget.try_place("r", ok_row_len("r", 3_000_000, None)), Placement::AnotherResponse);
        assert_eq!(budget.try_place("r", ok_row_len("r", 1_000, None)), Placement::ThisResponse);
    }

    #[test]
    fn dropped_row_releases_what_it_does_not_need() {
        let mut budget = Budget::reserve_rows(["r", "dropped"].into_iter()).unwrap();
        let before = budget.left();
        budget.release_dropped("dropped");
        assert_eq!(budget.left() - before, "ProcessingFailed".len() - "Dropped".len());
    }

    #[test]
    fn error_about_too_many_rows_gives_their_bytes() {
        let id = "i".repeat(1_000_000);
        let error = Budget::reserve_rows([id.as_str(); 6].into_iter()).unwrap_err().to_string();
        assert_eq!(
            error,
            "expected an event whose rows fit in 6000000 bytes, found 6 records whose rows take 6000277 bytes; lower \
             the Lambda buffer size of the Firehose stream"
        );
    }
}
