//! The records of one invocation that are re-ingested.

use std::ops::Range;

use crate::firehose::event::{FirehoseEvent, FirehoseRecord};
use crate::firehose::reingest::{Destination, Entry, Outcome, Refusal, Reingester};
use crate::plan::fate::Reingestion;
use tokio::time::Instant;

use super::record_log;

/// Records to re-ingest, in the event's order.
#[derive(Default)]
pub(super) struct ReingestedRecords<'a> {
    entries: Vec<Entry>,
    /// Each record, and its share of the entries.
    records: Vec<(&'a FirehoseRecord<'a>, Range<usize>)>,
}

impl<'a> ReingestedRecords<'a> {
    pub(super) fn add(&mut self, event: &FirehoseEvent<'_>, record: &'a FirehoseRecord<'a>, reingestion: Reingestion) {
        let pieces = match reingestion {
            Reingestion::Whole(original) => vec![original],
            Reingestion::Split(pieces) => pieces,
        };
        let is_from_kinesis = event.source_kinesis_stream_arn.is_some();
        let partition_key = is_from_kinesis.then(|| record.partition_key());
        let start = self.entries.len();
        self.entries.extend(pieces.into_iter().map(|data| Entry { data, partition_key: partition_key.clone() }));
        self.records.push((record, start..self.entries.len()));
    }

    /// Sends the entries to the event's stream.
    pub(super) async fn send(&self, event: &FirehoseEvent<'_>, reingester: &Reingester, deadline: Instant) -> Outcome {
        if self.entries.is_empty() {
            return Outcome::default();
        }
        match Destination::from_event(event) {
            // Boxed, because the SDK's futures would add kilobytes to the future of every invocation.
            Ok(destination) => Box::pin(reingester.reingest(&destination, &self.entries, deadline)).await,
            Err(invalid_arn) => {
                let refusal = Refusal { is_final: true, reason: invalid_arn.to_string() };
                Outcome { refusals: vec![Some(refusal); self.entries.len()], attempts: 0 }
            }
        }
    }

    /// Whether each record was accepted, in order. A record counts as accepted if all its pieces were; if not, Firehose keeps
    /// the whole record, and a line says so.
    pub(super) fn are_accepted(&self, outcome: &Outcome) -> Vec<bool> {
        let is_accepted = |(record, entries): &(&FirehoseRecord<'_>, Range<usize>)| {
            let refusals = &outcome.refusals[entries.clone()];
            let is_accepted = refusals.iter().all(Option::is_none);
            if !is_accepted {
                record_log::not_reingested(&record.record_id, refusals);
            }
            is_accepted
        };
        self.records.iter().map(is_accepted).collect()
    }
}
