//! What happens to a record, and why: the rows of the fate table in `docs/semantics.md`.

use crate::cloudwatch_logs::decode::DecodeError;
use crate::cloudwatch_logs::message::PayloadError;
use crate::cloudwatch_logs::split::SplitError;
use crate::firehose::quotas::RESPONSE_BUDGET_BYTES;
use crate::firehose::response::Metadata;
use crate::output::OutputError;

/// What happens to one record.
#[derive(Debug)]
pub enum Fate {
    /// `Ok`: the record is returned with data.
    Deliver(Data, Option<Metadata>),
    /// `Dropped`: the record's output is in the frame of an earlier record, which is `Ok`.
    DeliverInFrame,
    /// `Dropped`: the record has nothing to return.
    Drop(DropReason),
    /// `Dropped` once the stream has accepted the record again, `ProcessingFailed` otherwise.
    Reingest(Reingestion),
    /// `ProcessingFailed`: Firehose delivers the original bytes under the error prefix.
    Fail(FailReason),
}

/// The data of an `Ok` row.
#[derive(Debug)]
pub enum Data {
    /// The workspace's output, until the next record is decided.
    InWorkspace,
    /// A frame, which may hold the output of later records too.
    Frame(Vec<u8>),
}

/// What is re-ingested for a record.
#[derive(Debug)]
pub enum Reingestion {
    /// The record's original bytes.
    Whole(Vec<u8>),
    /// Several records with fewer of the log events each.
    Split(Vec<Vec<u8>>),
}

/// Why a record has nothing to return.
#[derive(Debug, PartialEq, Eq)]
pub enum DropReason {
    /// The record is a `CONTROL_MESSAGE`.
    Control,
    /// The record has no log events, or the transform dropped them all.
    NoOutput,
    /// The record's log group is ignored: the function's own, or one of `IGNORED_LOG_GROUPS`.
    IgnoredLogGroup(String),
}

/// Why a record cannot be transformed.
#[derive(Debug, thiserror::Error)]
pub enum FailReason {
    /// The data cannot be decoded.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The text is not a subscription payload.
    #[error(transparent)]
    Payload(#[from] PayloadError),
    /// The log events have no output.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// The record's only log event has more output than a response can hold.
    #[error(
        "expected a log event whose row fits in a response of {RESPONSE_BUDGET_BYTES} bytes, found one of {output_len} \
         bytes of output before base64"
    )]
    LogEventTooLarge {
        /// Bytes of output before base64.
        output_len: usize,
    },
    /// The record must be re-ingested, but Firehose accepts neither the whole nor its pieces.
    #[error(transparent)]
    Split(#[from] SplitError),
}

impl FailReason {
    /// Whether a person should act: the record itself is sound, and a limit or the transform rejects it.
    #[must_use]
    pub fn needs_a_person(&self) -> bool {
        match self {
            Self::Decode(error) => matches!(error, DecodeError::TooLarge { .. }),
            Self::Payload(_) => false,
            Self::Output(_) | Self::LogEventTooLarge { .. } | Self::Split(_) => true,
        }
    }
}
