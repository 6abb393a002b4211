//! One invocation: event, plan, re-ingestion, response.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use lambda_runtime::{Context, Diagnostic};
use tokio::time::Instant;
use tracing::{Instrument, error, info_span};

use super::memory::{Kept, Memory};
use super::record_log;
use super::reingestion::ReingestedRecords;
use super::summary::Summary;
use crate::config::Config;
use crate::firehose::arn::Arn;
use crate::firehose::event::{FirehoseEvent, InvalidEvent};
use crate::firehose::reingest::Reingester;
use crate::firehose::response::ResponseWriter;
use crate::plan::budget::TooManyRecords;
use crate::plan::fate::Fate;
use crate::plan::{Rules, plan};
use crate::transform::{ErrorDetail, SetupError, Transform};

/// Time kept for the answer. Re-ingestion ends this long before Lambda ends the invocation.
pub const DEADLINE_MARGIN: Duration = Duration::from_secs(2);

/// How long Firehose waits for the function.
/// Source: <https://docs.aws.amazon.com/firehose/latest/dev/data-transformation.html>.
const FIREHOSE_TIMEOUT: Duration = Duration::from_mins(5);

/// The function, ready for any number of invocations.
pub struct Function {
    config: Config,
    transform: Box<dyn Transform>,
    reingester: Reingester,
    memory: Memory,
}

/// What fails a whole invocation. Firehose repeats such an invocation, so nothing else may.
#[derive(Debug, thiserror::Error)]
pub enum HandlerError {
    /// The body is not a Firehose event.
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
    /// The function with the configured transform.
    pub fn new(config: Config, reingester: Reingester) -> Result<Self, SetupError> {
        let transform = config.transform.build(ErrorDetail::PlaceOnly)?;
        Ok(Self::with_transform(config, reingester, transform))
    }

    /// The function with a custom transform.
    #[must_use]
    pub fn with_transform(config: Config, reingester: Reingester, transform: Box<dyn Transform>) -> Self {
        Self { config, transform, reingester, memory: Memory::default() }
    }

    /// Answers one event. `body` is the body of the invocation; the result is the body of the response, with each record of the
    /// event exactly once, in the event's order.
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
        let rules = Rules {
            options: &self.config.plan,
            output: &self.config.output,
            transform: &*self.transform,
            account: Arn::parse(&context.invoked_function_arn).map(|arn| arn.account),
        };
        let Kept { mut workspace, response } = self.memory.take();
        let mut response = ResponseWriter::reusing(response);
        let (mut summary, fates) = Summary::from_plan(plan(&event, &rules, &mut workspace, &mut response)?);

        record_log::ignored_log_groups(&fates);
        let mut reingested = ReingestedRecords::default();
        for (record, fate) in event.records.iter().zip(fates) {
            match fate {
                Fate::Deliver(..) | Fate::DeliverInFrame | Fate::Drop(_) => {}
                Fate::Fail(reason) => record_log::failed(&record.record_id, &reason),
                Fate::Reingest(reingestion) => reingested.add(&event, record, reingestion),
            }
        }
        let outcome = reingested.send(&event, &self.reingester, deadline).await;
        let are_accepted = reingested.are_accepted(&outcome);
        summary.add_reingested(&are_accepted, outcome.attempts);
        response.settle(are_accepted);

        let response = response.finish();
        summary.log(&event, response.len(), started.elapsed());
        self.memory.keep(Kept { workspace, response: response.clone() });
        Ok(response)
    }

    #[cfg(test)]
    pub(super) fn memory(&self) -> &Memory {
        &self.memory
    }
}

/// When re-ingestion has to end: before Lambda ends the invocation, and before Firehose gives up on it and repeats it.
///
/// A deadline in the past counts as none. Lambda sends no such deadline, but local emulators do.
fn deadline(context: &Context, started: Instant) -> Instant {
    let left = context.deadline().duration_since(SystemTime::now()).unwrap_or(FIREHOSE_TIMEOUT);
    started + left.min(FIREHOSE_TIMEOUT).saturating_sub(DEADLINE_MARGIN)
}
