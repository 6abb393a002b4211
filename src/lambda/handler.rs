//! One invocation: event, plan, re-ingestion, response.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use lambda_runtime::{Context, Diagnostic};
use tokio::time::Instant;
use tracing::{Instrument, error, info_span, warn};

use crate::config::Config;
use crate::firehose::event::{FirehoseEvent, FirehoseRecord, InvalidEvent};
use crate::firehose::reingest::{Entry, Outcome, Refusal, Reingester, Stream};
use crate::firehose::response::{ResponseWriter, UndecidedRow};
use crate::lambda::summary::Summary;
use crate::plan::budget::TooManyRecords;
use crate::plan::fate::{Back, DropReason, FailReason, Fate};
use crate::plan::planner::{Plan, Rules, Workspace, plan};
use crate::transform::{self, SetupError, Transform};

/// Time that is kept for the answer: re-ingestion ends this long before Lambda ends the invocation.
pub const DEADLINE_MARGIN: Duration = Duration::from_secs(2);

/// How long Firehose waits for the function.
/// Source: <https://docs.aws.amazon.com/firehose/latest/dev/data-transformation.html>.
const FIREHOSE_TIMEOUT: Duration = Duration::from_mins(5);

/// The function, ready for any number of invocations.
pub struct Function {
    config: Config,
    transform: Box<dyn Transform>,
    reingester: Reingester,
    memory: Mutex<Memory>,
}

/// What one invocation leaves to the next.
#[derive(Default)]
struct Memory {
    workspace: Workspace,
    /// The last response. By the next invocation nobody else has it any more.
    response: Bytes,
}

/// A workspace that has grown beyond this is not kept: few events have a record that inflates to so much.
const KEPT_WORKSPACE_BYTES: usize = 24 * 1024 * 1024;

/// What fails an invocation as a whole. Firehose repeats such an invocation, so nothing else does.
#[derive(Debug, thiserror::Error)]
pub enum HandlerError {
    /// The event is no Firehose event.
    #[error(transparent)]
    InvalidEvent(#[from] InvalidEvent),
    /// The event has more records than any response has room for.
    #[error(transparent)]
    TooManyRecords(#[from] TooManyRecords),
}

impl From<HandlerError> for Diagnostic {
    fn from(error: HandlerError) -> Self {
        let error_type = match error {
            HandlerError::InvalidEvent(_) => "InvalidEvent",
            HandlerError::TooManyRecords(_) => "TooManyRecords",
        };
        Self { error_type: error_type.to_owned(), error_message: error.to_string() }
    }
}

impl Function {
    /// The function with the transform that the configuration names.
    pub fn new(config: Config, reingester: Reingester) -> Result<Self, SetupError> {
        let transform = transform::of(&config)?;
        Ok(Self::with_transform(config, reingester, transform))
    }

    /// The function with a transform of your own.
    #[must_use]
    pub fn with_transform(config: Config, reingester: Reingester, transform: Box<dyn Transform>) -> Self {
        Self { config, transform, reingester, memory: Mutex::default() }
    }

    /// Answers one event: the body of an invocation, with the body of its response. Each of its records comes back
    /// exactly once, in its order.
    pub async fn invoke(&self, body: &[u8], context: &Context) -> Result<Bytes, HandlerError> {
        let span = info_span!("invocation", request_id = context.request_id);
        let answer = self.answer(body, context).instrument(span.clone()).await;
        if let Err(error) = &answer {
            span.in_scope(|| error!(%error, "the invocation failed"));
        }
        answer
    }

    async fn answer(&self, body: &[u8], context: &Context) -> Result<Bytes, HandlerError> {
        let started = Instant::now();
        let deadline = deadline(context, started);
        let event = FirehoseEvent::parse(body)?;
        let account = context.invoked_function_arn.split(':').nth(4);
        let rules = Rules { config: &self.config, transform: &*self.transform, account };
        let Memory { mut workspace, response } = std::mem::take(&mut *self.lock_memory());
        let mut response = ResponseWriter::over(response);
        let Plan { fates, tally } = plan(&event, &rules, &mut workspace, &mut response)?;
        log_ignored_log_groups(&fates);

        let mut summary = Summary::of(&fates, tally);
        let mut put_back = PutBack::default();
        for (record, fate) in event.records.iter().zip(fates) {
            match fate {
                Fate::Keep | Fate::Drop(_) => {}
                Fate::Fail(reason) => log_failure(&record.record_id, &reason),
                Fate::PutBack(back, row) => put_back.add(&event, record, back, row),
            }
        }
        let outcome = self.put_back(&event, &put_back.entries, deadline).await;
        for (record, row, entries) in put_back.records {
            if is_accepted(&record.record_id, &outcome.refusals[entries]) {
                summary.dropped += 1;
                response.decide_dropped(row);
            } else {
                summary.processing_failed += 1;
            }
        }

        let response = response.finish();
        summary.attempts = outcome.attempts;
        summary.log(&event, response.len(), started.elapsed());
        if workspace.capacity() > KEPT_WORKSPACE_BYTES {
            workspace = Workspace::default();
        }
        *self.lock_memory() = Memory { workspace, response: response.clone() };
        Ok(response)
    }

    fn lock_memory(&self) -> std::sync::MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn put_back(&self, event: &FirehoseEvent<'_>, entries: &[Entry], deadline: Instant) -> Outcome {
        if entries.is_empty() {
            return Outcome::default();
        }
        match Stream::of(event) {
            // Boxed: the SDK's futures take kilobytes of every invocation's future, and most invocations need none.
            Ok(stream) => Box::pin(self.reingester.put_back(&stream, entries, deadline)).await,
            Err(invalid_arn) => {
                let refusal = Refusal { is_final: true, reason: invalid_arn.to_string() };
                Outcome { refusals: vec![Some(refusal); entries.len()], attempts: 0 }
            }
        }
    }
}

/// Records that go back to the stream.
#[derive(Default)]
struct PutBack<'a> {
    entries: Vec<Entry>,
    /// Each with its row, and which of the entries it is.
    records: Vec<(&'a FirehoseRecord<'a>, UndecidedRow, Range<usize>)>,
}

impl<'a> PutBack<'a> {
    fn add(&mut self, event: &FirehoseEvent<'_>, record: &'a FirehoseRecord<'a>, back: Back, row: UndecidedRow) {
        let pieces = match back {
            Back::Whole(original) => vec![original],
            Back::InPieces(pieces) => pieces,
        };
        let is_from_kinesis = event.source_kinesis_stream_arn.is_some();
        let partition_key = is_from_kinesis.then(|| record.partition_key());
        let start = self.entries.len();
        self.entries.extend(pieces.into_iter().map(|data| Entry { data, partition_key: partition_key.clone() }));
        self.records.push((record, row, start..self.entries.len()));
    }
}

/// Whether every piece was accepted. If not, Firehose keeps the whole.
fn is_accepted(record_id: &str, refusals: &[Option<Refusal>]) -> bool {
    let refused: Vec<_> = refusals.iter().flatten().collect();
    let Some(refusal) = refused.first() else { return true };
    let (pieces, accepted) = (refusals.len(), refusals.len() - refused.len());
    error!(
        record_id,
        reason = refusal.reason,
        pieces,
        accepted,
        "not accepted back: the record goes to the error prefix"
    );
    false
}

/// When re-ingestion has to end: before Lambda ends the invocation, and before Firehose gives it up and repeats it.
///
/// A deadline that lies in the past already is none: Lambda starts no invocation with one, but local emulators do.
fn deadline(context: &Context, started: Instant) -> Instant {
    let left = context.deadline().duration_since(SystemTime::now()).unwrap_or(FIREHOSE_TIMEOUT);
    started + left.min(FIREHOSE_TIMEOUT).saturating_sub(DEADLINE_MARGIN)
}

fn log_failure(record_id: &str, reason: &FailReason) {
    let cause = std::error::Error::source(reason).map(ToString::to_string);
    if reason.needs_a_person() {
        error!(record_id, %reason, cause, "cannot be transformed: the record goes to the error prefix");
    } else {
        warn!(record_id, %reason, cause, "not a CloudWatch Logs record: it goes to the error prefix");
    }
}

/// One line an invocation, however many records: a function that reads its own log writes more for every line it reads.
fn log_ignored_log_groups(fates: &[Fate]) {
    let mut ignored = fates.iter().filter_map(|fate| match fate {
        Fate::Drop(DropReason::IgnoredLogGroup(log_group)) => Some(log_group),
        _ => None,
    });
    if let Some(log_group) = ignored.next() {
        let records = 1 + ignored.count();
        warn!(
            log_group,
            records,
            "records of an ignored log group dropped: if it is the function's own, remove its subscription filter"
        );
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    fn event_with_message(message: &str) -> String {
        let log_event = format!(r#"{{"id":"1","timestamp":1510109208016,"message":"{message}"}}"#);
        let payload = format!(
            r#"{{"messageType":"DATA_MESSAGE","owner":"1","logGroup":"g","logStream":"s","logEvents":[{log_event}]}}"#
        );
        let record = format!(r#"{{"recordId":"r","data":"{}"}}"#, STANDARD.encode(payload));
        format!(r#"{{"deliveryStreamArn":"arn:aws:firehose:r:1:deliverystream/s","records":[{record}]}}"#)
    }

    #[tokio::test]
    async fn memory_of_a_large_record_is_not_kept() {
        let function = Function::new(Config::default(), Reingester::offline()).unwrap();
        let workspace_after = async |event: &str| {
            function.invoke(event.as_bytes(), &Context::default()).await.unwrap();
            function.lock_memory().workspace.capacity()
        };
        assert!(workspace_after(&event_with_message("short")).await > 0);
        let large = event_with_message(&"a".repeat(KEPT_WORKSPACE_BYTES));
        let kept = workspace_after(&large).await;
        assert!(kept < large.len() / 2, "{kept} bytes");
    }
}
