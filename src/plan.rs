//! The fate of every record of an event, decided before anything is sent anywhere.
//!
//! This is the pure core: it knows the event, the configuration and the transform, and no clock, network or log. What it
//! decides is the fate table of `docs/semantics.md`, row by row.
//!
//! # Why plan the whole response first?
//!
//! A record put back on the stream cannot be taken back. Were the response found too large after that, Lambda would
//! refuse it, Firehose would send the whole batch again, and what was put back would be delivered twice.

use std::ops::Range;

use crate::budget::{Budget, Place, TooManyRecords};
use crate::config::Config;
use crate::decode::{self, DecodeError, Inflater};
use crate::event::{FirehoseEvent, FirehoseRecord};
use crate::forecast::Forecast;
use crate::logs_message::{DataMessage, LogsMessage, PayloadError};
use crate::output::{OutputError, Outputs};
use crate::partition;
use crate::quotas::{MAX_RECORD_DATA_BYTES, RESPONSE_BUDGET_BYTES};
use crate::response::{Metadata, ok_row_len};
use crate::split::{self, SplitError};
use crate::transform::Transform;

/// What becomes of each record, in the event's order, and what was seen on the way.
#[derive(Debug)]
pub struct Plan {
    /// One for each record.
    pub fates: Vec<Fate>,
    /// For the invocation's summary.
    pub tally: Tally,
}

/// What becomes of one record.
#[derive(Debug)]
pub enum Fate {
    /// It is returned with its output, which is there in the workspace's [`Outputs`], and what dynamic partitioning goes
    /// by.
    Keep(Range<usize>, Option<Metadata>),
    /// There is nothing to return of it.
    Drop(DropReason),
    /// Its original bytes go to the error prefix.
    Fail(FailReason),
    /// Its original bytes go back to the stream.
    Reingest(Vec<u8>),
    /// It goes back to the stream in pieces.
    Split(Vec<Vec<u8>>),
}

/// Why there is nothing to return of a record.
#[derive(Debug, PartialEq, Eq)]
pub enum DropReason {
    /// It is a `CONTROL_MESSAGE`.
    Control,
    /// It has no log events, or none that the transform kept.
    NoOutput,
    /// It is of a log group that is not to be transformed: the function's own, or one of `IGNORED_LOG_GROUPS`.
    IgnoredLogGroup(String),
}

/// Why a record cannot be transformed.
#[derive(Debug, thiserror::Error)]
pub enum FailReason {
    /// Its data holds no text.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// Its text is no subscription payload.
    #[error(transparent)]
    Payload(#[from] PayloadError),
    /// It cannot be transformed.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// Its one log event has more output than a response holds.
    #[error(
        "expected a log event whose row fits in a response of {RESPONSE_BUDGET_BYTES} bytes, found one of {output_len} \
         bytes of output before base64"
    )]
    LogEventTooLarge {
        /// Bytes of output before base64.
        output_len: usize,
    },
    /// It has to be put back, and is larger than Firehose takes, whole or in pieces.
    #[error(transparent)]
    Split(#[from] SplitError),
}

impl FailReason {
    /// Whether a person must look at it: the record is sound, and a limit or the transform stands in its way.
    #[must_use]
    pub fn needs_a_person(&self) -> bool {
        match self {
            Self::Decode(error) => matches!(error, DecodeError::TooLarge { .. }),
            Self::Payload(_) => false,
            Self::Output(_) | Self::LogEventTooLarge { .. } | Self::Split(_) => true,
        }
    }
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

/// What planning works in. The next event's plan uses the memory of this one's: big buffers that are made anew for each
/// invocation cost more in page faults than parsing does.
#[derive(Debug, Default)]
pub struct Workspace {
    /// The outputs of the records that are kept.
    pub outputs: Outputs,
    original: Vec<u8>,
    inflater: Inflater,
}

impl Workspace {
    /// Bytes of memory that stay in use between events.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.outputs.capacity() + self.original.capacity() + self.inflater.capacity()
    }
}

/// Plans the response to `event`, for a function of AWS account `account` if that is known.
///
/// # Errors
/// The event has more records than a response has room for rows.
pub fn plan(
    event: &FirehoseEvent<'_>,
    config: &Config,
    transform: &dyn Transform,
    account: Option<&str>,
    workspace: &mut Workspace,
) -> Result<Plan, TooManyRecords> {
    workspace.outputs.clear();
    let mut planner = Planner {
        config,
        transform,
        account,
        budget: Budget::reserve_rows(event.records.iter().map(|record| &*record.record_id))?,
        forecast: Forecast::default(),
        tally: Tally::default(),
    };
    let fates = event
        .records
        .iter()
        .map(|record| {
            let fate = planner.fate(record, workspace).unwrap_or_else(Fate::Fail);
            if matches!(fate, Fate::Drop(_)) {
                planner.budget.release_dropped(&record.record_id);
            }
            fate
        })
        .collect();
    Ok(Plan { fates, tally: planner.tally })
}

struct Planner<'a> {
    config: &'a Config,
    transform: &'a dyn Transform,
    account: Option<&'a str>,
    budget: Budget,
    forecast: Forecast,
    tally: Tally,
}

impl Planner<'_> {
    fn fate(&mut self, record: &FirehoseRecord<'_>, workspace: &mut Workspace) -> Result<Fate, FailReason> {
        let Workspace { outputs, original, inflater } = workspace;
        let base64 = record.base64_data().ok_or(DecodeError::NoData)?;
        self.tally.bytes_in += base64.len();
        decode::original_bytes(&base64, original)?;
        if self.is_not_worth_reading(original) {
            return Ok(Fate::Reingest(original.clone()));
        }

        let text = decode::text(original, self.config.max_decompressed_bytes, inflater)?;
        self.tally.bytes_inflated += text.len();
        let message = match LogsMessage::parse(text)? {
            LogsMessage::Control => return Ok(Fate::Drop(DropReason::Control)),
            LogsMessage::Data(message) => message,
        };
        if let Some(log_group) = self.ignored_log_group(&message) {
            return Ok(Fate::Drop(DropReason::IgnoredLogGroup(log_group)));
        }

        let output = outputs.add(&message, self.transform, self.config.output_compression)?;
        self.tally.log_events += message.log_events.len();
        self.forecast.observe(text.len(), output.len);
        if output.len == 0 {
            outputs.remove_last(&output);
            return Ok(Fate::Drop(DropReason::NoOutput));
        }
        let metadata =
            partition::values(&self.config.partition_keys, &message).map(|partition_keys| Metadata { partition_keys });
        let row = ok_row_len(&record.record_id, output.len, metadata.as_ref());
        let place = self.budget.try_place(&record.record_id, row);
        if place == Place::ThisResponse {
            return Ok(Fate::Keep(output.range, metadata));
        }

        outputs.remove_last(&output);
        let goes_back_whole = original.len() <= MAX_RECORD_DATA_BYTES;
        let is_one_log_event = message.log_events.len() == 1;
        match place {
            Place::NoResponse if is_one_log_event => Err(FailReason::LogEventTooLarge { output_len: output.len }),
            Place::AnotherResponse if goes_back_whole => Ok(Fate::Reingest(original.clone())),
            Place::SmallerBatch if goes_back_whole && is_one_log_event => Ok(Fate::Reingest(original.clone())),
            // A record that needs a batch of few others could wait for one for ever on a busy stream: its pieces need not.
            _ => Ok(Fate::Split(split::split(text, &outputs.lens_of_log_events(&output))?)),
        }
    }

    /// Whether the record goes back unread: it would not fit any more, and nothing it says of itself speaks against it.
    fn is_not_worth_reading(&self, original: &[u8]) -> bool {
        decode::declared_text_len(original).is_some_and(|text_len| {
            original.len() <= MAX_RECORD_DATA_BYTES
                && text_len <= self.config.max_decompressed_bytes
                && self.forecast.rules_out(text_len, &self.budget)
        })
    }

    /// The message's log group, if it is not to be transformed.
    fn ignored_log_group(&self, message: &DataMessage<'_>) -> Option<String> {
        let log_group = message.log_group.text();
        let is_ignored = self.config.ignored_log_groups.iter().any(|ignored| *ignored == log_group);
        (is_ignored || self.is_own_log_group(message, &log_group)).then(|| log_group.into_owned())
    }

    /// Whether the function's own log lines come back to it. Another account's log group of the same name is not meant.
    fn is_own_log_group(&self, message: &DataMessage<'_>, log_group: &str) -> bool {
        self.config.own_log_group.as_deref() == Some(log_group)
            && self.account.is_none_or(|account| message.owner.text() == account)
    }
}
