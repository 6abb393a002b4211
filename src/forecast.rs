//! Whether a record is worth inflating, once the response is nearly full.
//!
//! A record that cannot be returned is inflated, parsed and transformed for nothing, and when a batch is twice the
//! budget that is half of the work. How long a record's text is, the record itself says; how much output comes of a byte
//! of text, the records before it tell.
//!
//! # What if it guesses wrong?
//!
//! A record that would have fitted goes back to the stream, and costs its ingestion once more; nothing is lost. It can't
//! go on: nothing is ruled out before a record of the same event has been transformed, so a record that comes back alone
//! is always tried.

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

    /// Whether `text_len` bytes of text, even if they give as little output as any record so far, give more than fits
    /// in `left` bytes of base64.
    #[must_use]
    pub fn rules_out(&self, text_len: usize, left: usize) -> bool {
        let Some((seen_text, seen_output)) = self.leanest else {
            return false;
        };
        let output_len = (text_len as u128 * seen_output as u128).checked_div(seen_text as u128).unwrap_or(0);
        text_len >= ALWAYS_READ_BYTES && output_len * 4 / 3 > left as u128
    }
}

fn is_leaner((text, output): (usize, usize), (other_text, other_output): (usize, usize)) -> bool {
    (output as u128 * other_text as u128) < (other_output as u128 * text as u128)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_ruled_out_before_a_record_was_seen() {
        assert!(!Forecast::default().rules_out(usize::MAX, 0));
    }

    #[test]
    fn leanest_record_decides() {
        let mut forecast = Forecast::default();
        forecast.observe(10_000, 9_000);
        forecast.observe(10_000, 3_000);
        forecast.observe(10_000, 6_000);
        assert!(!forecast.rules_out(100_000, 40_000));
        assert!(forecast.rules_out(100_001, 39_999));
    }

    #[test]
    fn small_texts_are_always_read() {
        let mut forecast = Forecast::default();
        forecast.observe(10_000, 10_000);
        assert!(!forecast.rules_out(ALWAYS_READ_BYTES - 1, 0));
        assert!(forecast.rules_out(ALWAYS_READ_BYTES, 0));
    }
}
