//! `VRL_PROGRAM` and `VRL_FILE`: a program in Vector Remap Language that runs on each log event.
//!
//! Everything about VRL belongs here: what a program can read and call, what its output is, and what a failure says.
//!
//! The program sees the log event as the object that [`Json`] writes. What it leaves in `.` is the output: an object is
//! a line of JSON, a string is a line, an array is a line per element, and `null` or `abort` is no output. The program
//! is compiled once. The compiler knows the types of the fields, so `upcase(.message)` needs no error handling.
//!
//! # Why catch panics?
//!
//! A program can call some two hundred library functions on text that strangers write. A panic that is not caught fails
//! the invocation, and Firehose repeats it with the same records. A caught panic fails one record.

mod event;
mod failure;
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
use vrl::diagnostic::{DiagnosticList, Formatter};
use vrl::value::{Kind, ObjectMap, Secrets, Value};

use self::event::InputEvent;
use self::failure::Failure;
use self::line::append_lines;
use self::target::KeepingTarget;
use super::{Json, SetupError, Transform, TransformError, VrlOnError};
use crate::cloudwatch_logs::message::{DataMessage, LogEvent};

/// The transform that runs a compiled program.
pub(crate) struct Vrl {
    source: String,
    program: Program,
    /// Always UTC, whatever the time zone of the host is.
    time_zone: TimeZone,
    on_error: VrlOnError,
    quotes_log_events: bool,
    scratch: Mutex<Scratch>,
}

/// Memory that is reused from one log event to the next.
#[derive(Default)]
struct Scratch {
    runtime: Runtime,
    input: InputEvent,
    /// The reasons of tolerated failures, so that each is logged once. Their number is
    /// bounded by the number of places in the program that can fail.
    logged_reasons: BTreeSet<String>,
}

impl Vrl {
    /// Compiles a program and logs the compiler's warnings.
    ///
    /// # Errors
    /// The program does not compile. The error has the compiler's full diagnostic.
    pub(crate) fn compile(source: &str, on_error: VrlOnError) -> Result<Self, SetupError> {
        let diagnostics = |list: DiagnosticList| Formatter::new(source, list).to_string();
        let environment = ExternalEnv::new_with_kind(event::kind(), Kind::any_object());
        let compiled =
            vrl::compiler::compile_with_external(source, &functions::allowed(), &environment, CompileConfig::default());
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

    /// The same program, but its errors include VRL's own messages, which may quote log events.
    #[must_use]
    pub(crate) fn quoting_log_events(self) -> Self {
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
            Err(error) => Err(Failure::from_error(error.get_expression_error())),
        }
    }

    /// Members of the output whose names have upper-case letters, as far as the program's types tell.
    fn upper_case_columns(&self) -> Vec<String> {
        let types = self.program.final_type_info();
        let Some(members) = types.state.external.target_kind().as_object() else { return Vec::new() };
        let names = members.known().keys().map(ToString::to_string);
        names.filter(|name| name.chars().any(char::is_uppercase)).collect()
    }

    fn scratch(&self) -> MutexGuard<'_, Scratch> {
        self.scratch.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Transform for Vrl {
    fn append(&self, message: &DataMessage<'_>, event: &LogEvent<'_>, out: &mut Vec<u8>) -> Result<(), TransformError> {
        let start = out.len();
        let scratch = &mut *self.scratch();
        let run = catch_unwind(AssertUnwindSafe(|| self.run(scratch, message, event, out)));
        let Err(failure) = run.unwrap_or(Err(Failure::Panic)) else { return Ok(()) };
        out.truncate(start);
        let reason = failure.reason(&self.source, self.quotes_log_events);
        if self.on_error == VrlOnError::Fail {
            let advice = "handle the error in the program (`??`), or set VRL_ON_ERROR to drop or keep";
            return Err(TransformError(format!("the VRL program: {reason}; {advice}")));
        }
        if scratch.logged_reasons.insert(reason.clone()) {
            let action = if self.on_error == VrlOnError::Drop { "dropped" } else { "kept unchanged" };
            warn!(
                reason,
                "log events on which the VRL program fails are {action}; logged once per place in the program"
            );
        }
        match self.on_error {
            VrlOnError::Keep => Json.append(message, event, out),
            VrlOnError::Drop | VrlOnError::Fail => Ok(()),
        }
    }

    fn warnings(&self) -> Vec<String> {
        let names = self.upper_case_columns();
        let warning = format!(
            "the VRL program writes keys with upper-case letters: {}. Athena reads such columns as NULL: write the keys in \
             lower case, or map them in the table",
            names.join(", ")
        );
        if names.is_empty() { Vec::new() } else { vec![warning] }
    }
}

impl fmt::Debug for Vrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vrl").field("source", &self.source).field("on_error", &self.on_error).finish_non_exhaustive()
    }
}
