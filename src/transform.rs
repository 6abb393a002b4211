//! From a log event to its lines of output: nothing here waits, or reaches beyond the log event.

mod json;
mod message;
#[cfg(feature = "vrl")]
mod vrl;

use std::io;
use std::path::PathBuf;

pub use json::Json;
pub use message::Message;
#[cfg(feature = "vrl")]
pub use vrl::Vrl;

use crate::cloudwatch_logs::message::{DataMessage, LogEvent};
use crate::config::{Config, OutputFormat, VrlProgram};

/// What becomes of one log event.
///
/// A record's output is the concatenation of its log events' outputs, in their order, so whatever ends a line belongs
/// to the output of its log event. An implementation that appends nothing filters the log event out; a record of which
/// nothing is left is dropped. [`bootstrap::main`](crate::lambda::commands::main) makes a function of one; it may see the same
/// log event twice, when a record is put back or delivered again.
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

/// Why there is no transform to start with.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The file with the program cannot be read.
    #[error(
        "environment variable VRL_FILE: expected a UTF-8 file in the deployment package, found none to read at {}",
        path.display()
    )]
    UnreadableFile {
        /// Where it was looked for.
        path: PathBuf,
        /// What is in the way.
        #[source]
        source: io::Error,
    },
    /// The program does not compile: all that VRL's compiler says of it.
    #[error("the VRL program does not compile:\n{0}")]
    DoesNotCompile(String),
    /// There is a program, and nothing to run it.
    #[error(
        "expected VRL_PROGRAM and VRL_FILE to be unset, since this binary is built without the cargo feature `vrl`"
    )]
    WithoutVrl,
}

/// The transform that the configuration asks for: its VRL program, or else its output format.
pub fn of(config: &Config) -> Result<Box<dyn Transform>, SetupError> {
    match (&config.vrl_program, config.output_format) {
        (Some(program), _) => of_program(program, config),
        (None, OutputFormat::Message) => Ok(Box::new(Message)),
        (None, OutputFormat::Json) => Ok(Box::new(Json)),
    }
}

#[cfg(feature = "vrl")]
fn of_program(program: &VrlProgram, config: &Config) -> Result<Box<dyn Transform>, SetupError> {
    let program = Vrl::compile(&source(program)?, config.vrl_on_error)?;
    Ok(Box::new(if config.quotes_log_events { program.quoting_log_events() } else { program }))
}

#[cfg(feature = "vrl")]
fn source(program: &VrlProgram) -> Result<std::borrow::Cow<'_, str>, SetupError> {
    match program {
        VrlProgram::Inline(source) => Ok(source.into()),
        VrlProgram::File(path) => match std::fs::read_to_string(path) {
            Ok(source) => Ok(source.into()),
            Err(source) => Err(SetupError::UnreadableFile { path: path.clone(), source }),
        },
    }
}

#[cfg(not(feature = "vrl"))]
fn of_program(_: &VrlProgram, _: &Config) -> Result<Box<dyn Transform>, SetupError> {
    Err(SetupError::WithoutVrl)
}
