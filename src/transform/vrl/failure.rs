//! Why a program has no output for a log event, and how the log says so.
//!
//! The kinds of failure and their texts belong here. What happens to the log event then is decided where the program
//! runs.
//!
//! # Why do errors not include VRL's own message?
//!
//! VRL's run-time errors quote the value that they failed on, and log events must not appear in the function's own log.
//! The location in the program names the call that failed, and the program is the user's own. `run`, which users run on
//! their own machine, also shows VRL's message.

use std::fmt;

use vrl::compiler::ExpressionError;
use vrl::diagnostic::Span;

use super::line::Unwritable;

/// VRL's messages about operators that fail, and about nothing else. They quote no value, and come without a location.
const SAFE_MESSAGES: [&str; 2] = ["operation would produce NaN", "can't divide by zero"];

/// Why a program has no output for a log event.
pub(super) enum Failure {
    /// VRL's own error: the part of the program that it blames, and its message.
    Error(Option<Span>, String),
    /// VRL panicked.
    Panic,
    /// What the program left in `.` cannot be written.
    Unwritable(Unwritable),
}

impl Failure {
    /// Takes the innermost part of the program that VRL blames.
    pub(super) fn from_error(error: ExpressionError) -> Self {
        match error {
            ExpressionError::Error { message, labels, .. } => {
                Self::Error(labels.first().map(|label| label.span), message)
            }
            ExpressionError::Abort { span, .. }
            | ExpressionError::Return { span, .. }
            | ExpressionError::Break { span }
            | ExpressionError::Fallible { span }
            | ExpressionError::Missing { span, .. } => Self::Error(Some(span), "unhandled error".to_owned()),
            ExpressionError::Interrupted => Self::Error(None, "interrupted".to_owned()),
        }
    }

    /// What failed, and where in `source`. The text quotes nothing of the log event unless `quotes_log_events` allows
    /// it.
    pub(super) fn reason(&self, source: &str, quotes_log_events: bool) -> String {
        match self {
            Self::Panic => "VRL panicked".to_owned(),
            Self::Unwritable(unwritable) => unwritable.to_string(),
            Self::Error(span, message) => {
                let location = span.and_then(|span| ProgramLocation::new(span, source));
                let error = location.map_or_else(|| "an error".to_owned(), |location| location.to_string());
                let shows_message = quotes_log_events || SAFE_MESSAGES.contains(&message.as_str());
                if shows_message { format!("{error}: {message}") } else { error }
            }
        }
    }
}

/// A part of the program, and its position.
#[derive(Debug, PartialEq, Eq)]
struct ProgramLocation<'s> {
    line: usize,
    column: usize,
    /// The first line of this part, cut after [`Self::MAX_TEXT_CHARS`].
    text: &'s str,
}

impl<'s> ProgramLocation<'s> {
    const MAX_TEXT_CHARS: usize = 100;

    fn new(span: Span, source: &'s str) -> Option<Self> {
        let before = source.get(..span.start())?;
        let text = source.get(span.range())?.lines().next()?;
        let end = text.char_indices().nth(Self::MAX_TEXT_CHARS).map_or(text.len(), |(index, _)| index);
        let line_start = before.rfind('\n').map_or(0, |index| index + 1);
        Some(Self {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            text: &text[..end],
        })
    }
}

impl fmt::Display for ProgramLocation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an error at line {}, column {}, in `{}`", self.line, self.column, self.text)
    }
}
