//! What becomes of a record, and why: the rows of the fate table in `docs/semantics.md`.

use crate::cloudwatch_logs::decode::DecodeError;
use crate::cloudwatch_logs::message::PayloadError;
use crate::cloudwatch_logs::split::SplitError;
use crate::firehose::quotas::RESPONSE_BUDGET_BYTES;
use crate::firehose::response::UndecidedRow;
use crate::output::OutputError;

/// What becomes of one record, whose row is in the response already.
#[derive(Debug)]
pub enum Fate {
    /// It is returned with its output.
    Keep,
    /// There is nothing to return of it.
    Drop(DropReason),
    /// Its original bytes go to the error prefix.
    Fail(FailReason),
    /// It goes back to the stream, and its row waits for what becomes of it there.
    PutBack(Back, UndecidedRow),
}

/// How a record goes back to the stream.
#[derive(Debug)]
pub enum Back {
    /// Its original bytes.
    Whole(Vec<u8>),
    /// Records with fewer of its log events each.
    InPieces(Vec<Vec<u8>>),
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
