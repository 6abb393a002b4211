//! Which transform to build, and building it.

use std::io;
use std::path::PathBuf;

use super::{Json, Message, Transform};

/// What the transform is configured with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransformOptions {
    /// `OUTPUT_FORMAT`: the form of a log event's output.
    pub format: OutputFormat,
    /// `VRL_PROGRAM` or `VRL_FILE`: a program that replaces the output format.
    pub program: Option<VrlProgram>,
    /// `VRL_ON_ERROR`: what happens to a log event on which the program fails.
    pub on_error: VrlOnError,
}

/// The values of `OUTPUT_FORMAT`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputFormat {
    /// The message and a line break.
    Message,
    /// A line of JSON with the message and its origin.
    Json,
}

/// The source of a VRL program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VrlProgram {
    /// `VRL_PROGRAM` itself.
    Inline(String),
    /// The file that `VRL_FILE` names, relative to the deployment package.
    File(PathBuf),
}

/// The values of `VRL_ON_ERROR`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VrlOnError {
    /// The record fails.
    Fail,
    /// The log event has no output.
    Drop,
    /// The log event's output is that of [`OutputFormat::Json`].
    Keep,
}

/// How much an error message may reveal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorDetail {
    /// The place of the fault and no log content. The function's own log takes nothing else.
    PlaceOnly,
    /// VRL's full message, which may quote the log event. Only for a command on the user's own machine.
    QuotesLogEvents,
}

/// The transform cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The program's file cannot be read.
    #[error(
        "environment variable VRL_FILE: expected a UTF-8 file in the deployment package, found none to read at {}",
        path.display()
    )]
    UnreadableFile {
        /// The path that was tried.
        path: PathBuf,
        /// The system's message.
        #[source]
        source: io::Error,
    },
    /// The program does not compile. The text is the full message of VRL's compiler.
    #[error("the VRL program does not compile:\n{0}")]
    DoesNotCompile(String),
    /// A program is set, but this binary cannot run one.
    #[error(
        "expected VRL_PROGRAM and VRL_FILE to be unset, since this binary is built without the cargo feature `vrl`"
    )]
    WithoutVrl,
}

impl Default for TransformOptions {
    fn default() -> Self {
        Self { format: OutputFormat::Message, program: None, on_error: VrlOnError::Fail }
    }
}

impl TransformOptions {
    /// Builds the transform: the VRL program if there is one, or else the output format.
    pub fn build(&self, detail: ErrorDetail) -> Result<Box<dyn Transform>, SetupError> {
        match (&self.program, self.format) {
            (Some(program), _) => program.build(self.on_error, detail),
            (None, OutputFormat::Message) => Ok(Box::new(Message)),
            (None, OutputFormat::Json) => Ok(Box::new(Json)),
        }
    }
}

impl VrlProgram {
    #[cfg(feature = "vrl")]
    fn build(&self, on_error: VrlOnError, detail: ErrorDetail) -> Result<Box<dyn Transform>, SetupError> {
        let program = super::Vrl::compile(&self.source()?, on_error)?;
        Ok(Box::new(match detail {
            ErrorDetail::PlaceOnly => program,
            ErrorDetail::QuotesLogEvents => program.quoting_log_events(),
        }))
    }

    #[cfg(not(feature = "vrl"))]
    #[expect(clippy::unused_self, reason = "the same signature with and without VRL")]
    fn build(&self, _: VrlOnError, _: ErrorDetail) -> Result<Box<dyn Transform>, SetupError> {
        Err(SetupError::WithoutVrl)
    }

    #[cfg(feature = "vrl")]
    fn source(&self) -> Result<std::borrow::Cow<'_, str>, SetupError> {
        match self {
            Self::Inline(source) => Ok(source.into()),
            Self::File(path) => match std::fs::read_to_string(path) {
                Ok(source) => Ok(source.into()),
                Err(source) => Err(SetupError::UnreadableFile { path: path.clone(), source }),
            },
        }
    }
}

impl OutputFormat {
    const ALL: [Self; 2] = [Self::Message, Self::Json];

    /// The format with this name.
    #[must_use]
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }

    /// The format's name in `OUTPUT_FORMAT`.
    #[must_use]
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Json => "json",
        }
    }
}

impl VrlOnError {
    const ALL: [Self; 3] = [Self::Fail, Self::Drop, Self::Keep];

    /// The choice with this name.
    #[must_use]
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|choice| choice.name() == name)
    }

    /// The choice's name in `VRL_ON_ERROR`.
    #[must_use]
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Drop => "drop",
            Self::Keep => "keep",
        }
    }
}
