//! Exponential backoff with full jitter.
//!
//! Source: "Exponential Backoff And Jitter",
//! <https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/>.

use std::fmt;
use std::time::Duration;

const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(10);

/// Longest pause after `attempts` attempts: 100 ms, doubled by each further attempt, at most 10 s.
pub(super) fn ceiling(attempts: u32) -> Duration {
    let doublings = attempts.saturating_sub(1).min(16);
    (FIRST * 2_u32.pow(doublings)).min(LONGEST)
}

/// Draws the actual pause, between zero and the longest.
pub struct Jitter(Box<dyn Fn(Duration) -> Duration + Send + Sync>);

impl Jitter {
    /// Every pause is equally likely. Functions that were throttled together therefore do not retry together.
    #[must_use]
    pub fn full() -> Self {
        Self(Box::new(|longest| longest.mul_f64(fastrand::f64())))
    }

    /// Always the longest pause.
    #[must_use]
    pub fn none() -> Self {
        Self(Box::new(|longest| longest))
    }

    pub(super) fn draw(&self, longest: Duration) -> Duration {
        (self.0)(longest)
    }
}

impl fmt::Debug for Jitter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Jitter")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_ten_seconds() {
        let millis: Vec<_> = [1, 2, 3, 7, 8, 20, u32::MAX].map(|attempts| ceiling(attempts).as_millis()).into();
        assert_eq!(millis, [100, 200, 400, 6_400, 10_000, 10_000, 10_000]);
    }

    #[test]
    fn full_jitter_draws_between_zero_and_the_longest() {
        let jitter = Jitter::full();
        let draws: Vec<_> = (0..1_000).map(|_| jitter.draw(Duration::from_secs(1))).collect();
        assert!(draws.iter().all(|pause| *pause <= Duration::from_secs(1)));
        assert!(draws.iter().any(|pause| *pause < Duration::from_millis(200)));
        assert!(draws.iter().any(|pause| *pause > Duration::from_millis(800)));
    }
}
