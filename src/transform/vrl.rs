//! `VRL_PROGRAM` and `VRL_FILE`: a program in Vector Remap Language that runs on each log event.
//!
//! The program sees the log event as the object that [`Json`] writes, and what it leaves in `.` is the
//! output: an object a line of JSON, a string that line as it is, an array a line for each of its elements, `null` or an
//! `abort` nothing. It is compiled once, with the types of these fields known, so `upcase(.message)` needs no error
//! handling.
//!
//! # Why does no error say what VRL says?
//!
//! VRL's run-time errors quote the value that they failed on, and a log event must not come into the function's own log.
//! The place in the program names the call that failed, and the program is the user's own. `run`, on the user's own
//! machine, shows VRL's words too.
//!
//! # Why catch panics?
//!
//! A program can call some two hundred functions of a library on text that strangers write. A panic that gets out fails
//! the invocation, and Firehose repeats it, record for record; caught, it fails one record.

mod event;
mod functions;
mod line;
mod target;

use std::collections::BTreeSet;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tracing::warn;
use vrl::compiler::runtime::{Runtime, Terminate};
use vrl::compiler::state::ExternalEnv;
use vrl::compiler::{CompilationResult, CompileConfig, ExpressionError, Program, TargetValueRef, TimeZone};
use vrl::diagnostic::{DiagnosticList, Formatter, Span};
use vrl::value::{Kind, ObjectMap, Secrets, Value};

use self::event::InputEvent;
use self::line::{Unwritable, append_lines};
use self::target::KeepingTarget;
use super::{Json, SetupError, Transform, TransformError};
use crate::cloudwatch_logs::message::{DataMessage, LogEvent};
use crate::config::VrlOnError;

/// A compiled program.
pub struct Vrl {
    source: String,
    program: Program,
    /// UTC, and not the host's.
    time_zone: TimeZone,
    on_error: VrlOnError,
    quotes_log_events: bool,
    scratch: Mutex<Scratch>,
}

/// What one log event after another uses.
#[derive(Default)]
struct Scratch {
    runtime: Runtime,
    input: InputEvent,
    /// Failures that were let pass and said, each once: as many as the program has places to fail in.
    said: BTreeSet<String>,
}

/// Why a program has no output for a log event.
enum Failure {
    /// VRL's own error, in the part of the program that this is.
    Error(Option<Span>, String),
    /// VRL panicked.
    Panic,
    /// What the program left in `.` cannot be written.
    Unwritable(Unwritable),
}

impl Vrl {
    /// Compiles a program, and logs the warnings of VRL's compiler.
    ///
    /// # Errors
    /// It does not compile: all that the compiler says of it.
    pub fn compile(source: &str, on_error: VrlOnError) -> Result<Self, SetupError> {
        let diagnostics = |list: DiagnosticList| Formatter::new(source, list).to_string();
        let environment = ExternalEnv::new_with_kind(event::kind(), Kind::any_object());
        let compiled =
            vrl::compiler::compile_with_external(source, &functions::pure(), &environment, CompileConfig::default());
        let CompilationResult { program, warnings, .. } =
            compiled.map_err(|list| SetupError::DoesNotCompile(diagnostics(list)))?;
        if !warnings.is_empty() {
            warn!("the VRL program compiles with warnings: {}", diagnostics(warnings));
        }
        Ok(Self {
            source: source.to_owned(),
            program,
            time_zone: TimeZone::parse("UTC").unwrap_or_default(),
            on_error,
            quotes_log_events: false,
            scratch: Mutex::default(),
        })
    }

    /// The same program, whose errors say what VRL says, log content and all.
    #[must_use]
    pub fn quoting_log_events(self) -> Self {
        Self { quotes_log_events: true, ..self }
    }

    fn run(
        &self,
        scratch: &mut Scratch,
        message: &DataMessage<'_>,
        event: &LogEvent<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), Failure> {
        let (value, replaced) = scratch.input.fill(message, event);
        scratch.runtime.clear();
        let (mut metadata, mut secrets) = (Value::Object(ObjectMap::new()), Secrets::new());
        let target = TargetValueRef { value: &mut *value, metadata: &mut metadata, secrets: &mut secrets };
        let mut target = KeepingTarget { target, replaced };
        match scratch.runtime.resolve(&mut target, &self.program, &self.time_zone) {
            Ok(_) => append_lines(value, out).map_err(Failure::Unwritable),
            Err(Terminate::Abort(ExpressionError::Abort { .. })) => Ok(()),
            Err(error) => Err(Failure::of(error.get_expression_error())),
        }
    }

    fn scratch(&self) -> MutexGuard<'_, Scratch> {
        self.scratch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What failed and where, in words that hold nothing of the log event unless they may.
    fn reason(&self, failure: &Failure) -> String {
        match failure {
            Failure::Panic => "VRL panicked".to_owned(),
            Failure::Unwritable(unwritable) => unwritable.to_string(),
            Failure::Error(span, message) => {
                let place = span.and_then(|span| Place::of(span, &self.source));
                let place = place.map_or_else(|| "an error".to_owned(), |place| place.to_string());
                let may_be_said = self.quotes_log_events || SAFE_MESSAGES.contains(&message.as_str());
                if may_be_said { format!("{place}: {message}") } else { place }
            }
        }
    }
}

impl Transform for Vrl {
    fn append(&self, message: &DataMessage<'_>, event: &LogEvent<'_>, out: &mut Vec<u8>) -> Result<(), TransformError> {
        let start = out.len();
        let scratch = &mut *self.scratch();
        let run = catch_unwind(AssertUnwindSafe(|| self.run(scratch, message, event, out)));
        let Err(failure) = run.unwrap_or(Err(Failure::Panic)) else { return Ok(()) };
        out.truncate(start);
        let reason = self.reason(&failure);
        if self.on_error == VrlOnError::Fail {
            let advice = "handle the error in the program (`??`), or set VRL_ON_ERROR to drop or keep";
            return Err(TransformError(format!("the VRL program: {reason}; {advice}")));
        }
        if scratch.said.insert(reason.clone()) {
            let what = if self.on_error == VrlOnError::Drop { "dropped" } else { "kept as they are" };
            warn!(reason, "log events on which the VRL program fails are {what}; this is said once for each place");
        }
        match self.on_error {
            VrlOnError::Keep => Json.append(message, event, out),
            VrlOnError::Drop | VrlOnError::Fail => Ok(()),
        }
    }
}

impl fmt::Debug for Vrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vrl").field("source", &self.source).field("on_error", &self.on_error).finish_non_exhaustive()
    }
}

impl Failure {
    /// The innermost part of the program that VRL blames.
    fn of(error: ExpressionError) -> Self {
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
}

/// What VRL says of an operator that fails, and of no other part of a program: words without a value, and without a place.
const SAFE_MESSAGES: [&str; 2] = ["operation would produce NaN", "can't divide by zero"];

/// A part of the program.
#[derive(Debug, PartialEq, Eq)]
struct Place<'s> {
    line: usize,
    column: usize,
    /// Its first line, and no more than 100 characters of it.
    text: &'s str,
}

impl<'s> Place<'s> {
    fn of(span: Span, source: &'s str) -> Option<Self> {
        let before = source.get(..span.start())?;
        let text = source.get(span.range())?.lines().next()?;
        let end = text.char_indices().nth(100).map_or(text.len(), |(at, _)| at);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Some(Self {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            text: &text[..end],
        })
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an error at line {}, column {}, in `{}`", self.line, self.column, self.text)
    }
}
