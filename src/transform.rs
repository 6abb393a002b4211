//! From a log event to its output: the [`Transform`] trait, and one file for each built-in transform.
//!
//! Nothing here waits, or knows the size of a response. A new output format belongs here.

mod json;
mod message;
mod options;
#[cfg(feature = "vrl")]
mod vrl;

pub use json::Json;
pub use message::Message;
pub use options::{ErrorDetail, OutputFormat, SetupError, TransformOptions, VrlOnError, VrlProgram};
#[cfg(feature = "vrl")]
pub(crate) use vrl::Vrl;

use crate::cloudwatch_logs::message::{DataMessage, LogEvent};

/// Turns a log event into bytes of output.
///
/// A record's output is the output of its log events, concatenated in their order. So a line break at the end of a line
/// belongs to the output of the log event. An implementation that appends nothing filters the log event out. A record
/// without any output is dropped. [`run_with`](crate::run_with) makes a Lambda function of an implementation.
///
/// A log event may pass through twice: when its record is re-ingested, or delivered again.
pub trait Transform: Send + Sync {
    /// Appends the output of `event`, a log event of `message`, to `out`, and changes nothing before it.
    ///
    /// # Errors
    /// The log event has no output and must not be skipped. Its whole record fails, and goes to the error prefix.
    fn append(&self, message: &DataMessage<'_>, event: &LogEvent<'_>, out: &mut Vec<u8>) -> Result<(), TransformError>;

    /// What `check` warns about, one sentence each.
    fn warnings(&self) -> Vec<String> {
        Vec::new()
    }
}

/// Why a log event has no output. The text is logged, so it must not show the log event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the transform failed: {0}")]
pub struct TransformError(pub String);
