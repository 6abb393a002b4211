//! Whether a record is worth inflating, once the response is nearly full.
//!
//! A record that cannot be returned is inflated, parsed and transformed for nothing, and when a batch is twice the
//! budget that is half of the work. How long a record's text is, the record itself says; how much output comes of a byte
//! of text, the records before it tell.
//!
//! # What if it guesses wrong?
//!
//! A record that would have fitted goes back to the stream, and costs its ingestion once more; nothing is lost. It has
//! little chance to happen again: nothing is ruled out before half of the response is used, and a record that seems to
//! fit no response at all is read, so that it is split, or found to fit.

use crate::plan::budget::Budget;

/// Texts below this are always read: it costs little, and what is small is often no log data at all (a
/// `CONTROL_MESSAGE`), which ends here and needs no second journey.
const ALWAYS_READ_BYTES: usize = 4 * 1024;

/// What the records of this event have shown so far.
#[derive(Debug, Default)]
pub struct Forecast {
    /// Bytes of text and bytes of output of the record that gave the least output for its text.
    leanest: Option<(usize, usize)>,
}

impl Forecast {
    /// Notes that `text_len` bytes of text became `output_len` bytes of output.
    pub fn observe(&mut self, text_len: usize, output_len: usize) {
        let seen = (text_len, output_len);
        if self.leanest.is_none_or(|leanest| is_leaner(seen, leanest)) {
            self.leanest = Some(seen);
        }
    }

    /// Whether `text_len` bytes of text, even if they give as little output as any record so far, give more than what
    /// is left of a response at least half used, and no more than a whole one holds.
    #[must_use]
    pub fn rules_out(&self, text_len: usize, budget: &Budget) -> bool {
        let Some((seen_text, seen_output)) = self.leanest else {
            return false;
        };
        let output_len = (text_len as u128 * seen_output as u128).checked_div(seen_text as u128).unwrap_or(0);
        let encoded_len = output_len * 4 / 3;
        text_len >= ALWAYS_READ_BYTES
            && budget.left() < budget.whole() / 2
            && (budget.left() as u128) < encoded_len
            && encoded_len <= budget.whole() as u128
    }
}

fn is_leaner((text, output): (usize, usize), (other_text, other_output): (usize, usize)) -> bool {
    (output as u128 * other_text as u128) < (other_output as u128 * text as u128)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::firehose::response::ok_row_len;

    /// A budget of one record, of which `output_len` bytes of output have been placed.
    fn budget_after(output_len: usize) -> Budget {
        let mut budget = Budget::reserve_rows(["r"].into_iter()).unwrap();
        budget.try_place("r", ok_row_len("r", output_len, None));
        budget
    }

    /// What a forecast says that has seen ten kilobytes of text become these lengths of output.
    fn forecast(output_lens: &[usize]) -> Forecast {
        let mut forecast = Forecast::default();
        for &output_len in output_lens {
            forecast.observe(10_000, output_len);
        }
        forecast
    }

    #[test]
    fn nothing_is_ruled_out_before_a_record_was_seen() {
        assert!(!forecast(&[]).rules_out(1_000_000, &budget_after(4_400_000)));
    }

    #[test]
    fn nothing_is_ruled_out_before_half_of_the_response_is_used() {
        assert!(!forecast(&[10_000]).rules_out(4_000_000, &budget_after(2_249_000)));
        assert!(forecast(&[10_000]).rules_out(4_000_000, &budget_after(2_250_000)));
    }

    #[test]
    fn leanest_record_decides() {
        // 300,000 bytes of base64 are left, less what the rows take.
        let budget = budget_after(4_275_000);
        assert!(!forecast(&[9_000, 3_000, 6_000]).rules_out(749_000, &budget));
        assert!(forecast(&[9_000, 3_000, 6_000]).rules_out(750_000, &budget));
        assert!(!forecast(&[9_000, 0]).rules_out(750_000, &budget));
    }

    #[test]
    fn what_seems_to_fit_no_response_is_read() {
        let budget = budget_after(4_400_000);
        assert!(forecast(&[10_000]).rules_out(4_499_000, &budget));
        assert!(!forecast(&[10_000]).rules_out(4_501_000, &budget));
    }

    #[test]
    fn small_texts_are_always_read() {
        let budget = budget_after(4_499_900);
        assert!(!forecast(&[10_000]).rules_out(ALWAYS_READ_BYTES - 1, &budget));
        assert!(forecast(&[10_000]).rules_out(ALWAYS_READ_BYTES, &budget));
    }
}
