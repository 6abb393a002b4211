//! The one INFO line of an invocation.

use std::time::Duration;

use tracing::info;

use crate::firehose::event::FirehoseEvent;
use crate::firehose::quotas::RESPONSE_BUDGET_BYTES;
use crate::plan::fate::{Fate, Reingestion};
use crate::plan::{Plan, Tally};

/// The counts of one invocation.
#[derive(Debug)]
pub(super) struct Summary {
    tally: Tally,
    ok: usize,
    delivered_in_frame: usize,
    /// Includes re-ingested records that the stream accepted.
    dropped: usize,
    /// Includes records that the stream did not accept.
    processing_failed: usize,
    reingested: usize,
    split: usize,
    attempts: u32,
}

impl Summary {
    /// Counts the fates. Those of re-ingested records follow with [`Self::add_reingested`].
    pub(super) fn from_plan(Plan { fates, tally }: Plan) -> (Self, Vec<Fate>) {
        let count = |is_meant: fn(&Fate) -> bool| fates.iter().filter(|fate| is_meant(fate)).count();
        let summary = Self {
            tally,
            ok: count(|fate| matches!(fate, Fate::Deliver(..))),
            delivered_in_frame: count(|fate| matches!(fate, Fate::DeliverInFrame)),
            dropped: count(|fate| matches!(fate, Fate::Drop(_))),
            processing_failed: count(|fate| matches!(fate, Fate::Fail(_))),
            reingested: count(|fate| matches!(fate, Fate::Reingest(Reingestion::Whole(_)))),
            split: count(|fate| matches!(fate, Fate::Reingest(Reingestion::Split(_)))),
            attempts: 0,
        };
        (summary, fates)
    }

    /// Adds the results of re-ingestion.
    pub(super) fn add_reingested(&mut self, are_accepted: &[bool], attempts: u32) {
        let accepted = are_accepted.iter().filter(|is_accepted| **is_accepted).count();
        self.dropped += accepted;
        self.processing_failed += are_accepted.len() - accepted;
        self.attempts = attempts;
    }

    pub(super) fn log(&self, event: &FirehoseEvent<'_>, bytes_out: usize, took: Duration) {
        info!(
            delivery_stream_arn = %event.delivery_stream_arn,
            records = event.records.len(),
            ok = self.ok,
            delivered_in_frame = self.delivered_in_frame,
            dropped = self.dropped,
            processing_failed = self.processing_failed,
            reingested = self.reingested,
            split = self.split,
            attempts = self.attempts,
            log_events = self.tally.log_events,
            bytes_in = self.tally.bytes_in,
            bytes_inflated = self.tally.bytes_inflated,
            frames = self.tally.frames,
            bytes_plain = self.tally.bytes_plain,
            bytes_delivered = self.tally.bytes_delivered,
            bytes_out,
            budget_bytes = RESPONSE_BUDGET_BYTES,
            duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            "invocation answered"
        );
    }
}
