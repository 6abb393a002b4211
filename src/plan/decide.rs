//! The fate of one record after another.

use std::collections::HashSet;

use super::budget::{Budget, Placement};
use super::fate::{Data, DropReason, FailReason, Fate, Reingestion};
use super::forecast::Forecast;
use super::{Rules, Tally, Workspace};
use crate::cloudwatch_logs::decode::{self, DecodeError};
use crate::cloudwatch_logs::message::{self, DataMessage, LogsMessage};
use crate::cloudwatch_logs::split;
use crate::firehose::event::{FirehoseEvent, FirehoseRecord};
use crate::firehose::quotas::MAX_RECORD_DATA_BYTES;
use crate::firehose::response::{Metadata, ok_row_len};
use crate::output::frames::{Frame, OpenFrames};
use crate::output::{Appended, Compression, OutputBuffer, partition};

/// Decides the records of one event, and keeps the budget between them.
pub(super) struct Decider<'a> {
    pub(super) event: &'a FirehoseEvent<'a>,
    pub(super) rules: &'a Rules<'a>,
    pub(super) budget: Budget,
    pub(super) forecast: Forecast,
    pub(super) tally: Tally,
    /// One for each record. A record without a fate is in an open frame, or not decided yet.
    pub(super) fates: Vec<Option<Fate>>,
    /// The `recordId`s that occur twice. Such records share no frame: `Ok` and `Dropped` for one id would contradict each other.
    repeated_ids: HashSet<&'a str>,
}

/// A record that was read.
struct Payload<'p> {
    record: usize,
    original: &'p [u8],
    text: &'p str,
    message: &'p DataMessage<'p>,
}

impl<'a> Decider<'a> {
    /// Begins an event. `budget` has the rows of all its records reserved.
    pub(super) fn new(event: &'a FirehoseEvent<'a>, rules: &'a Rules<'a>, budget: Budget) -> Self {
        let mut fates = Vec::new();
        fates.resize_with(event.records.len(), || None);
        let repeated_ids = if rules.output.shares_frames() { repeated_ids(event) } else { HashSet::new() };
        let (forecast, tally) = (Forecast::default(), Tally::default());
        Self { event, rules, budget, forecast, tally, fates, repeated_ids }
    }

    /// Decides the fate of a record, unless its output is left in an open frame. A frame that this record closes decides
    /// earlier records too.
    pub(super) fn decide(&mut self, record: usize, workspace: &mut Workspace) {
        let fate = self.try_decide(record, workspace).unwrap_or_else(|reason| Some(Fate::Fail(reason)));
        if let Some(fate) = fate {
            self.set_fate(record, fate);
        }
        self.place_closed(workspace);
    }

    /// Re-ingests a record as it came, since its output found no room. A record that is too large for that is split.
    pub(super) fn reingest_unchanged(&mut self, record: usize, workspace: &mut Workspace) {
        let original = &mut workspace.original;
        let is_original = decode_original(&self.event.records[record], original).is_ok();
        if is_original && original.len() <= MAX_RECORD_DATA_BYTES {
            self.set_fate(record, Fate::Reingest(Reingestion::Whole(original.clone())));
        } else {
            self.decide_again(record, workspace);
        }
    }

    /// Decides a record by itself after its frame found no room.
    pub(super) fn decide_again(&mut self, record: usize, workspace: &mut Workspace) {
        let fate = self.try_decide_again(record, workspace).unwrap_or_else(Fate::Fail);
        self.set_fate(record, fate);
    }

    pub(super) fn record_id(&self, record: usize) -> &'a str {
        &self.event.records[record].record_id
    }

    fn set_fate(&mut self, record: usize, fate: Fate) {
        if let Fate::Drop(_) = fate {
            self.budget.release_dropped(self.record_id(record));
        }
        self.fates[record] = Some(fate);
    }

    fn try_decide(&mut self, record: usize, workspace: &mut Workspace) -> Result<Option<Fate>, FailReason> {
        self.decode(record, workspace)?;
        if self.can_be_reingested_unread(workspace) {
            if !workspace.frames.is_empty() {
                // Open frames may be smaller than expected. Their real size is known once they are closed.
                self.close_frames(workspace);
                decode_original(&self.event.records[record], &mut workspace.original)?;
            }
            if self.can_be_reingested_unread(workspace) {
                return Ok(Some(Fate::Reingest(Reingestion::Whole(workspace.original.clone()))));
            }
        }

        let Workspace { original, inflater, log_events, output, frames, closed } = workspace;
        let text = decode::text(original, self.rules.options.max_decompressed_bytes, inflater)?;
        self.tally.bytes_inflated += text.len();
        let message = match LogsMessage::parse_into(text, &mut std::mem::take(log_events))? {
            LogsMessage::Control => return Ok(Some(Fate::Drop(DropReason::Control))),
            LogsMessage::Data(message) => message,
        };
        let payload = Payload { record, original, text, message: &message };
        let fate = match self.ignored_log_group(&message) {
            Some(log_group) => Ok(Some(Fate::Drop(DropReason::IgnoredLogGroup(log_group)))),
            None if self.rules.output.shares_frames() => self.decide_in_frame(&payload, output, frames, closed),
            None => self.decide_alone(&payload, output).map(Some),
        };
        *log_events = message::recycle(message.log_events);
        fate
    }

    /// Decodes the record's data to its original bytes.
    fn decode(&mut self, record: usize, workspace: &mut Workspace) -> Result<(), DecodeError> {
        let base64 = self.event.records[record].base64_data().ok_or(DecodeError::NoData)?;
        self.tally.bytes_in += base64.len();
        decode::original_bytes(&base64, &mut workspace.original)
    }

    fn try_decide_again(&mut self, record: usize, workspace: &mut Workspace) -> Result<Fate, FailReason> {
        let Workspace { original, inflater, output, .. } = workspace;
        decode_original(&self.event.records[record], original)?;
        let text = decode::text(original, self.rules.options.max_decompressed_bytes, inflater)?;
        let LogsMessage::Data(message) = LogsMessage::parse(text)? else {
            return Ok(Fate::Drop(DropReason::Control));
        };
        output.fill(&message, self.rules.transform, self.rules.output.compression)?;
        self.decide_filled(&Payload { record, original, text, message: &message }, output)
    }

    /// Leaves the record's output in an open frame. A record that cannot share a frame is decided alone.
    fn decide_in_frame(
        &mut self,
        payload: &Payload<'_>,
        output: &mut OutputBuffer,
        frames: &mut OpenFrames,
        closed: &mut Vec<Frame>,
    ) -> Result<Option<Fate>, FailReason> {
        let key = partition::values(&self.rules.output.partition_keys, payload.message);
        let fate = if self.repeated_ids.contains(self.record_id(payload.record)) {
            self.decide_alone(payload, output)?
        } else {
            let (transform, compression) = (self.rules.transform, self.rules.output.compression);
            let appended = output.append(payload.message, transform, compression, frames.buffer(&key));
            if !matches!(appended, Ok(Appended::Shared(1..))) {
                frames.abandon(&key);
            }
            match appended? {
                Appended::Alone => {
                    self.observe_alone(payload, output);
                    self.decide_filled(payload, output)?
                }
                Appended::Shared(len) => {
                    self.tally.log_events += payload.message.log_events.len();
                    if len == 0 {
                        return Ok(Some(Fate::Drop(DropReason::NoOutput)));
                    }
                    closed.extend(frames.add(&key, payload.record, payload.text.len()));
                    return Ok(None);
                }
            }
        };
        if let Fate::Deliver(..) = fate {
            // Later records must not join the frame of earlier ones: their output would get ahead of this record's.
            closed.extend(frames.close(&key));
        }
        Ok(Some(fate))
    }

    fn decide_alone(&mut self, payload: &Payload<'_>, output: &mut OutputBuffer) -> Result<Fate, FailReason> {
        output.fill(payload.message, self.rules.transform, self.rules.output.compression)?;
        self.observe_alone(payload, output);
        self.decide_filled(payload, output)
    }

    fn observe_alone(&mut self, payload: &Payload<'_>, output: &OutputBuffer) {
        self.tally.log_events += payload.message.log_events.len();
        self.forecast.observe(payload.text.len(), output.data_len());
    }

    /// Decides a record by its own output, which is in `output`.
    fn decide_filled(&mut self, payload: &Payload<'_>, output: &OutputBuffer) -> Result<Fate, FailReason> {
        let &Payload { record, original, text, message } = payload;
        let output_len = output.data_len();
        if output_len == 0 {
            return Ok(Fate::Drop(DropReason::NoOutput));
        }
        let metadata = partition::values(&self.rules.output.partition_keys, message)
            .map(|partition_keys| Metadata { partition_keys });
        let row = ok_row_len(self.record_id(record), output_len, metadata.as_ref());
        let fits_a_record = original.len() <= MAX_RECORD_DATA_BYTES;
        let is_one_log_event = message.log_events.len() == 1;
        match self.budget.try_place(self.record_id(record), row) {
            Placement::ThisResponse => {
                let is_frame = self.rules.output.compression != Compression::None;
                self.tally.add_delivered(is_frame, output.plain_len(), output_len);
                // In the workspace, the data lasts until the next record. Rows behind an open frame are written later.
                let is_written_next = !self.rules.output.shares_frames();
                let data = if is_written_next { Data::InWorkspace } else { Data::Frame(output.data().to_vec()) };
                Ok(Fate::Deliver(data, metadata))
            }
            Placement::NoResponse if is_one_log_event => Err(FailReason::LogEventTooLarge { output_len }),
            Placement::AnotherResponse if fits_a_record => Ok(Fate::Reingest(Reingestion::Whole(original.to_vec()))),
            Placement::SmallerEvent if fits_a_record && is_one_log_event => {
                Ok(Fate::Reingest(Reingestion::Whole(original.to_vec())))
            }
            // On a busy stream, a small event may never come. The pieces of the record need none.
            _ => Ok(Fate::Reingest(Reingestion::Split(split::split(text, &output.lens_of_log_events())?))),
        }
    }

    /// Whether the record is unlikely to fit any more, and its trailer names no limit that it would exceed.
    fn can_be_reingested_unread(&self, Workspace { original, frames, .. }: &Workspace) -> bool {
        decode::declared_text_len(original).is_some_and(|text_len| {
            original.len() <= MAX_RECORD_DATA_BYTES
                && text_len <= self.rules.options.max_decompressed_bytes
                && self.forecast.rules_out(text_len, frames.text_bytes(), &self.budget)
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

fn decode_original(record: &FirehoseRecord<'_>, original: &mut Vec<u8>) -> Result<(), DecodeError> {
    let base64 = record.base64_data().ok_or(DecodeError::NoData)?;
    decode::original_bytes(&base64, original)
}

fn repeated_ids<'a>(event: &'a FirehoseEvent<'_>) -> HashSet<&'a str> {
    let mut seen = HashSet::with_capacity(event.records.len());
    event.records.iter().map(|record| &*record.record_id).filter(|id| !seen.insert(*id)).collect()
}
