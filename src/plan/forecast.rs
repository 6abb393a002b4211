//! Predicts whether a record is worth inflating once the response is nearly full.
//!
//! Inflating, parsing and transforming a record that cannot be returned is wasted work. If the output of an event is twice
//! the budget, that is half of all work. The gzip trailer gives the inflated size, and earlier records give the ratio of output to text.
//!
//! # What if the prediction is wrong?
//!
//! A record that would have fitted is re-ingested, and its ingestion is billed once more. Nothing is lost. A second wrong
//! prediction is unlikely: nothing is ruled out before half of the response is used. A record that seems to fit no response
//! at all is read, so that it is either split or found to fit.

use crate::plan::budget::Budget;

/// Texts shorter than this are always read. That costs little, and a small record is often a `CONTROL_MESSAGE`, which would
/// be re-ingested for nothing.
const ALWAYS_READ_BYTES: usize = 4 * 1024;

/// What the records of this event have shown so far.
#[derive(Debug, Default)]
pub(super) struct Forecast {
    /// The record with the least output for its text: bytes of text, bytes of output.
    leanest: Option<(usize, usize)>,
}

impl Forecast {
    /// Records that `text_len` bytes of text became `output_len` bytes of output.
    pub(super) fn observe(&mut self, text_len: usize, output_len: usize) {
        let seen = (text_len, output_len);
        if self.leanest.is_none_or(|leanest| is_leaner(seen, leanest)) {
            self.leanest = Some(seen);
        }
    }

    /// Whether a record with `text_len` bytes of text can be re-ingested unread.
    ///
    /// That takes three conditions: at least half of the response is used; even at the lowest ratio so far the output exceeds
    /// what is left; and the output would fit an empty response. `open_text_len` is the text of records whose output waits in
    /// open frames, so its expected size is no longer left.
    #[must_use]
    pub(super) fn rules_out(&self, text_len: usize, open_text_len: usize, budget: &Budget) -> bool {
        if text_len < ALWAYS_READ_BYTES {
            return false;
        }
        let Some(encoded_len) = self.encoded_len(text_len) else { return false };
        let left = (budget.left() as u128).saturating_sub(self.encoded_len(open_text_len).unwrap_or(0));
        left < budget.whole() as u128 / 2 && left < encoded_len && encoded_len <= budget.whole() as u128
    }

    /// Bytes of output after base64 that `text_len` bytes of text give at the lowest ratio so far.
    fn encoded_len(&self, text_len: usize) -> Option<u128> {
        let (seen_text, seen_output) = self.leanest?;
        let output_len = (text_len as u128 * seen_output as u128).checked_div(seen_text as u128).unwrap_or(0);
        Some(output_len * 4 / 3)
    }
}

fn is_leaner((text, output): (usize, usize), (other_text, other_output): (usize, usize)) -> bool {
    (output as u128 * other_text as u128) < (other_output as u128 * text as u128)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::firehose::response::ok_row_len;

    /// The budget of one record after `output_len` bytes of output were placed.
    fn budget_after(output_len: usize) -> Budget {
        let mut budget = Budget::reserve_rows(["r"].into_iter()).unwrap();
        budget.try_place("r", ok_row_len("r", output_len, None));
        budget
    }

    /// A forecast that has seen records of 10,000 bytes of text with these lengths of output.
    fn forecast(output_lens: &[usize]) -> Forecast {
        let mut forecast = Forecast::default();
        for &output_len in output_lens {
            forecast.observe(10_000, output_len);
        }
        forecast
    }

    #[test]
    fn nothing_is_ruled_out_before_the_first_record() {
        assert!(!forecast(&[]).rules_out(1_000_000, 0, &budget_after(4_400_000)));
    }

    #[test]
    fn nothing_is_ruled_out_before_half_of_the_response_is_used() {
        assert!(!forecast(&[10_000]).rules_out(4_000_000, 0, &budget_after(2_249_000)));
        assert!(forecast(&[10_000]).rules_out(4_000_000, 0, &budget_after(2_250_000)));
    }

    #[test]
    fn record_with_the_lowest_ratio_decides() {
        // 300,000 bytes of base64 are left, minus the rows.
        let budget = budget_after(4_275_000);
        assert!(!forecast(&[9_000, 3_000, 6_000]).rules_out(749_000, 0, &budget));
        assert!(forecast(&[9_000, 3_000, 6_000]).rules_out(750_000, 0, &budget));
        assert!(!forecast(&[9_000, 0]).rules_out(750_000, 0, &budget));
    }

    #[test]
    fn record_that_seems_to_fit_no_response_is_read() {
        let budget = budget_after(4_400_000);
        assert!(forecast(&[10_000]).rules_out(4_499_000, 0, &budget));
        assert!(!forecast(&[10_000]).rules_out(4_501_000, 0, &budget));
    }

    #[test]
    fn expected_output_of_open_frames_is_no_longer_left() {
        let budget = budget_after(2_000_000);
        assert!(!forecast(&[10_000]).rules_out(1_500_000, 0, &budget));
        assert!(forecast(&[10_000]).rules_out(1_500_000, 1_500_000, &budget));
    }

    #[test]
    fn small_texts_are_always_read() {
        let budget = budget_after(4_499_900);
        assert!(!forecast(&[10_000]).rules_out(ALWAYS_READ_BYTES - 1, 0, &budget));
        assert!(forecast(&[10_000]).rules_out(ALWAYS_READ_BYTES, 0, &budget));
    }
}
