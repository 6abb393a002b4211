//! From a log event to its line of output: pure, without a thought for sizes.

mod json;
mod message;

pub use json::Json;
pub use message::Message;

use crate::config::OutputFormat;
use crate::logs_message::{DataMessage, LogEvent};

/// What becomes of one log event.
///
/// A record's output is the concatenation of its log events' outputs, in their order, so whatever ends a line belongs
/// to the output of its log event. An implementation that appends nothing filters the log event out; a record of which
/// nothing is left is dropped.
pub trait Transform: Send + Sync {
    /// Appends the output of `event`, one of the log events of `message`, to `out`, and touches nothing before that.
    ///
    /// # Errors
    /// The log event has no output, and must not be passed over: its record fails, and goes to the error prefix whole.
    fn append(&self, message: &DataMessage<'_>, event: &LogEvent<'_>, out: &mut Vec<u8>) -> Result<(), TransformError>;
}

/// Why a log event has no output. The text is logged: it must not show the log event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the transform failed: {0}")]
pub struct TransformError(pub String);

/// The transform of a configured output format.
#[must_use]
pub fn of(format: OutputFormat) -> Box<dyn Transform> {
    match format {
        OutputFormat::Message => Box::new(Message),
        OutputFormat::Json => Box::new(Json),
    }
}
