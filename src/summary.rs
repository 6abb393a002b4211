//! The one INFO line of an invocation.

use std::time::Duration;

use tracing::info;

use crate::event::FirehoseEvent;
use crate::plan::{Fate, Tally};
use crate::quotas::RESPONSE_BUDGET_BYTES;
use crate::response::{FirehoseResponse, RecordResult};

/// What an invocation did, in numbers.
#[derive(Debug)]
pub(crate) struct Summary {
    tally: Tally,
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
            reingested: count(|fate| matches!(fate, Fate::Reingest(_))),
            split: count(|fate| matches!(fate, Fate::Split(_))),
            attempts: 0,
        }
    }

    pub(crate) fn log(
        &self,
        event: &FirehoseEvent<'_>,
        response: &FirehoseResponse<'_>,
        bytes_out: usize,
        took: Duration,
    ) {
        let count = |result| response.records.iter().filter(|row| row.result == result).count();
        info!(
            delivery_stream_arn = %event.delivery_stream_arn,
            records = response.records.len(),
            ok = count(RecordResult::Ok),
            dropped = count(RecordResult::Dropped),
            processing_failed = count(RecordResult::ProcessingFailed),
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
