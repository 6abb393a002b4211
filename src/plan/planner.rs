//! The fate of every record of an event, decided before anything is sent anywhere.
//!
//! This is the pure core: it knows the event, the configuration and the transform, and no clock, network or log. What it
//! decides is the fate table of `docs/semantics.md`, row by row.
//!
//! # Why plan the whole response first?
//!
//! A record put back on the stream cannot be taken back. Were the response found too large after that, Lambda would
//! refuse it, Firehose would send the whole batch again, and what was put back would be delivered twice.

use crate::cloudwatch_logs::decode::{self, DecodeError, Inflater};
use crate::cloudwatch_logs::message::{self, DataMessage, LogEvent, LogsMessage};
use crate::cloudwatch_logs::split;
use crate::config::Config;
use crate::firehose::event::{FirehoseEvent, FirehoseRecord};
use crate::firehose::quotas::MAX_RECORD_DATA_BYTES;
use crate::firehose::response::{Metadata, RecordResult, ResponseWriter, ok_row_len};
use crate::output::OutputBuffer;
use crate::output::partition;
use crate::plan::budget::{Budget, Place, TooManyRecords};
use crate::plan::fate::{Back, DropReason, FailReason, Fate};
use crate::plan::forecast::Forecast;
use crate::transform::Transform;

/// What becomes of each record, in the event's order, and what was seen on the way.
#[derive(Debug)]
pub struct Plan {
    /// One for each record.
    pub fates: Vec<Fate>,
    /// For the invocation's summary.
    pub tally: Tally,
}

/// What was seen while planning.
#[derive(Debug, Default)]
pub struct Tally {
    /// Log events that were transformed, wherever their output went.
    pub log_events: usize,
    /// Bytes of the records' data in base64.
    pub bytes_in: usize,
    /// Bytes of all texts that were read.
    pub bytes_inflated: usize,
}

/// What the fate of a record depends on, beside the record and those before it.
pub struct Rules<'a> {
    /// The limits, and what else was configured.
    pub config: &'a Config,
    /// What becomes of a log event.
    pub transform: &'a dyn Transform,
    /// The AWS account of the function, if it is known.
    pub account: Option<&'a str>,
}

/// What planning works in. The next event's plan uses the memory of this one's: big buffers that are made anew for each
/// invocation cost more in page faults than parsing does.
#[derive(Debug, Default)]
pub struct Workspace {
    original: Vec<u8>,
    inflater: Inflater,
    log_events: Vec<LogEvent<'static>>,
    output: OutputBuffer,
}

impl Workspace {
    /// Bytes of memory that stay in use between events.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.original.capacity()
            + self.inflater.capacity()
            + self.log_events.capacity() * size_of::<LogEvent<'_>>()
            + self.output.capacity()
    }
}

/// Plans the response to `event`, and writes its rows.
///
/// # Errors
/// The event has more records than a response has room for rows.
pub fn plan(
    event: &FirehoseEvent<'_>,
    rules: &Rules<'_>,
    workspace: &mut Workspace,
    response: &mut ResponseWriter,
) -> Result<Plan, TooManyRecords> {
    let budget = Budget::reserve_rows(event.records.iter().map(|record| &*record.record_id))?;
    let mut planner = Planner { rules, budget, forecast: Forecast::default(), tally: Tally::default() };
    let fates = event
        .records
        .iter()
        .map(|record| {
            let id = &*record.record_id;
            match planner.decide(record, workspace, response) {
                Ok(Decision::Keep) => Fate::Keep,
                Ok(Decision::Drop(reason)) => {
                    response.put_row(id, RecordResult::Dropped);
                    planner.budget.release_dropped(id);
                    Fate::Drop(reason)
                }
                Ok(Decision::PutBack(back)) => Fate::PutBack(back, response.put_undecided_row(id)),
                Err(reason) => {
                    response.put_row(id, RecordResult::ProcessingFailed);
                    Fate::Fail(reason)
                }
            }
        })
        .collect();
    Ok(Plan { fates, tally: planner.tally })
}

/// The fate of a record that has one, and of whose row only the one with data is in the response.
enum Decision {
    Keep,
    Drop(DropReason),
    PutBack(Back),
}

struct Planner<'a> {
    rules: &'a Rules<'a>,
    budget: Budget,
    forecast: Forecast,
    tally: Tally,
}

impl Planner<'_> {
    fn decide(
        &mut self,
        record: &FirehoseRecord<'_>,
        workspace: &mut Workspace,
        response: &mut ResponseWriter,
    ) -> Result<Decision, FailReason> {
        let Workspace { original, inflater, log_events, output } = workspace;
        let base64 = record.base64_data().ok_or(DecodeError::NoData)?;
        self.tally.bytes_in += base64.len();
        decode::original_bytes(&base64, original)?;
        if self.is_not_worth_reading(original) {
            return Ok(Decision::PutBack(Back::Whole(original.clone())));
        }

        let text = decode::text(original, self.rules.config.max_decompressed_bytes, inflater)?;
        self.tally.bytes_inflated += text.len();
        let message = match LogsMessage::parse_into(text, &mut std::mem::take(log_events))? {
            LogsMessage::Control => return Ok(Decision::Drop(DropReason::Control)),
            LogsMessage::Data(message) => message,
        };
        let decision = match self.ignored_log_group(&message) {
            Some(log_group) => Ok(Decision::Drop(DropReason::IgnoredLogGroup(log_group))),
            None => self.decide_by_output(record, &Payload { original, text, message: &message }, output, response),
        };
        *log_events = message::recycle(message.log_events);
        decision
    }

    fn decide_by_output(
        &mut self,
        record: &FirehoseRecord<'_>,
        payload: &Payload<'_>,
        output: &mut OutputBuffer,
        response: &mut ResponseWriter,
    ) -> Result<Decision, FailReason> {
        let &Payload { original, text, message } = payload;
        let config = self.rules.config;
        let output = output.fill(message, self.rules.transform, config.output_compression)?;
        self.tally.log_events += message.log_events.len();
        self.forecast.observe(text.len(), output.len);
        if output.len == 0 {
            return Ok(Decision::Drop(DropReason::NoOutput));
        }
        let metadata =
            partition::values(&config.partition_keys, message).map(|partition_keys| Metadata { partition_keys });
        let row = ok_row_len(&record.record_id, output.len, metadata.as_ref());
        let goes_back_whole = original.len() <= MAX_RECORD_DATA_BYTES;
        let is_one_log_event = message.log_events.len() == 1;
        match self.budget.try_place(&record.record_id, row) {
            Place::ThisResponse => {
                response.put_ok_row(&record.record_id, output.bytes, metadata.as_ref());
                Ok(Decision::Keep)
            }
            Place::NoResponse if is_one_log_event => Err(FailReason::LogEventTooLarge { output_len: output.len }),
            Place::AnotherResponse if goes_back_whole => Ok(Decision::PutBack(Back::Whole(original.to_vec()))),
            Place::SmallerBatch if goes_back_whole && is_one_log_event => {
                Ok(Decision::PutBack(Back::Whole(original.to_vec())))
            }
            // A record that needs a batch of few others could wait for one for ever on a busy stream: its pieces need not.
            _ => Ok(Decision::PutBack(Back::InPieces(split::split(text, &output.lens_of_log_events())?))),
        }
    }

    /// Whether the record goes back unread: it would not fit any more, and nothing it says of itself speaks against it.
    fn is_not_worth_reading(&self, original: &[u8]) -> bool {
        decode::declared_text_len(original).is_some_and(|text_len| {
            original.len() <= MAX_RECORD_DATA_BYTES
                && text_len <= self.rules.config.max_decompressed_bytes
                && self.forecast.rules_out(text_len, &self.budget)
        })
    }

    /// The message's log group, if it is not to be transformed.
    fn ignored_log_group(&self, message: &DataMessage<'_>) -> Option<String> {
        let log_group = message.log_group.text();
        let is_ignored = self.rules.config.ignored_log_groups.iter().any(|ignored| *ignored == log_group);
        (is_ignored || self.is_own_log_group(message, &log_group)).then(|| log_group.into_owned())
    }

    /// Whether the function's own log lines come back to it. Another account's log group of the same name is not meant.
    fn is_own_log_group(&self, message: &DataMessage<'_>, log_group: &str) -> bool {
        self.rules.config.own_log_group.as_deref() == Some(log_group)
            && self.rules.account.is_none_or(|account| message.owner.text() == account)
    }
}

/// A record on its three levels.
struct Payload<'a> {
    original: &'a [u8],
    text: &'a str,
    message: &'a DataMessage<'a>,
}
