//! The fate of one record.

use super::budget::{Budget, Placement};
use super::fate::{DropReason, FailReason, Fate, Reingestion};
use super::forecast::Forecast;
use super::{Rules, Tally, Workspace};
use crate::cloudwatch_logs::decode::{self, DecodeError};
use crate::cloudwatch_logs::message::{self, DataMessage, LogsMessage};
use crate::cloudwatch_logs::split;
use crate::firehose::event::FirehoseRecord;
use crate::firehose::quotas::MAX_RECORD_DATA_BYTES;
use crate::firehose::response::{Metadata, ok_row_len};
use crate::output::{OutputBuffer, partition};

/// Decides one record after another, and keeps the budget between them.
pub(super) struct Decider<'a> {
    rules: &'a Rules<'a>,
    budget: Budget,
    forecast: Forecast,
    tally: Tally,
}

impl<'a> Decider<'a> {
    /// Begins an event. `budget` has the rows of all its records reserved.
    pub(super) fn new(rules: &'a Rules<'a>, budget: Budget) -> Self {
        Self { rules, budget, forecast: Forecast::default(), tally: Tally::default() }
    }

    pub(super) fn into_tally(self) -> Tally {
        self.tally
    }

    /// Decides the fate of `record`. The output of a record to be delivered is left in `workspace`.
    pub(super) fn decide(&mut self, record: &FirehoseRecord<'_>, workspace: &mut Workspace) -> Fate {
        let fate = self.try_decide(record, workspace).unwrap_or_else(Fate::Fail);
        if let Fate::Drop(_) = fate {
            self.budget.release_dropped(&record.record_id);
        }
        fate
    }

    fn try_decide(&mut self, record: &FirehoseRecord<'_>, workspace: &mut Workspace) -> Result<Fate, FailReason> {
        let Workspace { original, inflater, log_events, output } = workspace;
        let base64 = record.base64_data().ok_or(DecodeError::NoData)?;
        self.tally.bytes_in += base64.len();
        decode::original_bytes(&base64, original)?;
        if self.can_be_reingested_unread(original) {
            return Ok(Fate::Reingest(Reingestion::Whole(original.clone())));
        }

        let text = decode::text(original, self.rules.options.max_decompressed_bytes, inflater)?;
        self.tally.bytes_inflated += text.len();
        let message = match LogsMessage::parse_into(text, &mut std::mem::take(log_events))? {
            LogsMessage::Control => return Ok(Fate::Drop(DropReason::Control)),
            LogsMessage::Data(message) => message,
        };
        let fate = match self.ignored_log_group(&message) {
            Some(log_group) => Ok(Fate::Drop(DropReason::IgnoredLogGroup(log_group))),
            None => self.decide_by_output(&record.record_id, original, text, &message, output),
        };
        *log_events = message::recycle(message.log_events);
        fate
    }

    fn decide_by_output(
        &mut self,
        record_id: &str,
        original: &[u8],
        text: &str,
        message: &DataMessage<'_>,
        output: &mut OutputBuffer,
    ) -> Result<Fate, FailReason> {
        output.fill(message, self.rules.transform, self.rules.output.compression)?;
        let output_len = output.data_len();
        self.tally.log_events += message.log_events.len();
        self.forecast.observe(text.len(), output_len);
        if output_len == 0 {
            return Ok(Fate::Drop(DropReason::NoOutput));
        }
        let metadata = partition::values(&self.rules.output.partition_keys, message)
            .map(|partition_keys| Metadata { partition_keys });
        let row = ok_row_len(record_id, output_len, metadata.as_ref());
        let fits_a_record = original.len() <= MAX_RECORD_DATA_BYTES;
        let is_one_log_event = message.log_events.len() == 1;
        match self.budget.try_place(record_id, row) {
            Placement::ThisResponse => Ok(Fate::Deliver(metadata)),
            Placement::NoResponse if is_one_log_event => Err(FailReason::LogEventTooLarge { output_len }),
            Placement::AnotherResponse if fits_a_record => Ok(Fate::Reingest(Reingestion::Whole(original.to_vec()))),
            Placement::SmallerBatch if fits_a_record && is_one_log_event => {
                Ok(Fate::Reingest(Reingestion::Whole(original.to_vec())))
            }
            // On a busy stream, a record that needs a small batch could wait for one for ever. Its pieces need not.
            _ => Ok(Fate::Reingest(Reingestion::Split(split::split(text, &output.lens_of_log_events())?))),
        }
    }

    /// Whether the record is unlikely to fit any more, and its trailer names no limit that it would exceed.
    fn can_be_reingested_unread(&self, original: &[u8]) -> bool {
        decode::declared_text_len(original).is_some_and(|text_len| {
            original.len() <= MAX_RECORD_DATA_BYTES
                && text_len <= self.rules.options.max_decompressed_bytes
                && self.forecast.rules_out(text_len, &self.budget)
        })
    }

    /// The message's log group, if its records are dropped.
    fn ignored_log_group(&self, message: &DataMessage<'_>) -> Option<String> {
        let log_group = message.log_group.text();
        let is_ignored = self.rules.options.ignored_log_groups.iter().any(|ignored| *ignored == log_group);
        (is_ignored || self.is_own_log_group(message, &log_group)).then(|| log_group.into_owned())
    }

    /// Whether the function's own log lines came back to it. A log group of the same name in another account is not its own.
    fn is_own_log_group(&self, message: &DataMessage<'_>, log_group: &str) -> bool {
        self.rules.options.own_log_group.as_deref() == Some(log_group)
            && self.rules.account.is_none_or(|account| message.owner.text() == account)
    }
}
