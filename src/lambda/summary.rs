//! The one INFO line of an invocation.

use std::time::Duration;

use tracing::info;

use crate::firehose::event::FirehoseEvent;
use crate::firehose::quotas::RESPONSE_BUDGET_BYTES;
use crate::plan::fate::{Back, Fate};
use crate::plan::planner::Tally;

/// What an invocation did, in numbers.
#[derive(Debug)]
pub(crate) struct Summary {
    tally: Tally,
    ok: usize,
    /// Those that were put back among them, once the stream has accepted them.
    pub(crate) dropped: usize,
    /// Those among them that the stream has not accepted back.
    pub(crate) processing_failed: usize,
    reingested: usize,
    split: usize,
    /// Rounds of requests to the stream.
    pub(crate) attempts: u32,
}

impl Summary {
    pub(crate) fn of(fates: &[Fate], tally: Tally) -> Self {
        let count = |is_meant: fn(&Fate) -> bool| fates.iter().filter(|fate| is_meant(fate)).count();
        Self {
            tally,
            ok: count(|fate| matches!(fate, Fate::Keep)),
            dropped: count(|fate| matches!(fate, Fate::Drop(_))),
            processing_failed: count(|fate| matches!(fate, Fate::Fail(_))),
            reingested: count(|fate| matches!(fate, Fate::PutBack(Back::Whole(_), _))),
            split: count(|fate| matches!(fate, Fate::PutBack(Back::InPieces(_), _))),
            attempts: 0,
        }
    }

    pub(crate) fn log(&self, event: &FirehoseEvent<'_>, bytes_out: usize, took: Duration) {
        info!(
            delivery_stream_arn = %event.delivery_stream_arn,
            records = event.records.len(),
            ok = self.ok,
            dropped = self.dropped,
            processing_failed = self.processing_failed,
            reingested = self.reingested,
            split = self.split,
            attempts = self.attempts,
            log_events = self.tally.log_events,
            bytes_in = self.tally.bytes_in,
            bytes_inflated = self.tally.bytes_inflated,
            bytes_out,
            budget_bytes = RESPONSE_BUDGET_BYTES,
            duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            "invocation answered"
        );
    }
}
