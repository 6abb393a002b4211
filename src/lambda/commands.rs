//! What `main` calls: the Lambda function, and the same code as commands for a laptop.
//!
//! The commands need no AWS and send nothing. `run` reports on standard error what would be re-ingested; `run --lines`
//! passes those records to the function again, in further events. Error messages of commands may quote log events: the person
//! who runs a command already has the log lines.

use std::borrow::Cow;
use std::fmt::Display;
use std::io::{self, BufWriter, Read, Write};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use lambda_runtime::{Context, Error};
use lexopt::Arg;
use serde::de::IgnoredAny;
use tracing::{Level, error, warn};

use super::handler::Function;
use super::pack::{self, PackOptions};
use super::unpack::Unpacker;
use super::{logging, memory, runtime_api};
use crate::config::Config;
use crate::error_chain::in_one_line;
use crate::firehose::reingest::{Clients, Reingester};
use crate::transform::{ErrorDetail, Transform, TransformOptions};

const USAGE: &str = "\
usage: bootstrap [COMMAND]

Without a command this is the Lambda function, which needs the Lambda Runtime API. The commands need no AWS and send nothing.

  check                           read the settings from the environment, compile the VRL program, print the settings
  run                             answer one Firehose event: run < event.json > response.json
  run --lines [OPTIONS] FILE...   transform the lines of log files, print what Firehose would deliver
  pack [OPTIONS] FILE...          pack the lines of log files into Firehose events, one event per line
  unpack                          print what Firehose would deliver: unpack < responses.json

FILE is a log file, or - for standard input. Each line is a log event. The options, and their defaults:
";

/// Builds the transform. A custom transform has no use for the options.
trait Build: FnOnce(&TransformOptions, ErrorDetail) -> Result<Box<dyn Transform>, Error> {}
impl<F: FnOnce(&TransformOptions, ErrorDetail) -> Result<Box<dyn Transform>, Error>> Build for F {}

/// Runs the process to its end, with the built-in transforms.
#[must_use]
pub fn run() -> ExitCode {
    execute(|options: &TransformOptions, detail| Ok(options.build(detail)?))
}

/// Runs the process to its end, with a custom transform.
///
/// `transform` is called once, at start. Its error stops the start.
pub fn run_with(transform: impl FnOnce() -> Result<Box<dyn Transform>, Error>) -> ExitCode {
    execute(|_: &TransformOptions, _| transform())
}

fn execute(build: impl Build) -> ExitCode {
    let mut arguments = lexopt::Parser::from_env();
    let command = match arguments.next() {
        Ok(None) => return serve_and_log(build),
        Ok(Some(Arg::Value(command))) => command.to_string_lossy().into_owned(),
        Ok(Some(Arg::Long("help") | Arg::Short('h'))) => "help".to_owned(),
        Ok(Some(other)) => return usage_error(&other.unexpected()),
        Err(error) => return usage_error(&error),
    };
    let result = match command.as_str() {
        "check" => end_of(arguments).map(|()| check(build)),
        "run" => run_options(arguments).map(|lines| match lines {
            None => run_event(build),
            Some(options) => run_lines(build, &options),
        }),
        "pack" => PackOptions::parse(arguments).map(|options| print_events(&options)),
        "unpack" => end_of(arguments).map(|()| unpack()),
        "help" => end_of(arguments).map(|()| Ok(write!(io::stdout(), "{USAGE}{}", pack::OPTIONS)?)),
        other => Err(format!("expected a command, found {other:?}").into()),
    };
    match result {
        Err(error) => usage_error(&error),
        Ok(Ok(())) => ExitCode::SUCCESS,
        // The reader has read enough, as `head` does.
        Ok(Err(error)) if is_broken_pipe(&*error) => ExitCode::SUCCESS,
        Ok(Err(error)) => {
            let _ = writeln!(io::stderr(), "{}", in_one_line(&*error));
            ExitCode::FAILURE
        }
    }
}

fn usage_error(error: &dyn Display) -> ExitCode {
    let _ = writeln!(io::stderr(), "{USAGE}{}\nbootstrap: {error}", pack::OPTIONS);
    ExitCode::from(2)
}

fn is_broken_pipe(error: &(dyn std::error::Error + 'static)) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

/// Rejects further arguments.
fn end_of(mut arguments: lexopt::Parser) -> Result<(), lexopt::Error> {
    arguments.next()?.map_or(Ok(()), |argument| Err(argument.unexpected()))
}

/// The packer's options after `--lines`; `None` without any argument.
fn run_options(mut arguments: lexopt::Parser) -> Result<Option<PackOptions>, lexopt::Error> {
    match arguments.next()? {
        None => Ok(None),
        Some(Arg::Long("lines")) => PackOptions::parse(arguments).map(Some),
        Some(other) => Err(other.unexpected()),
    }
}

fn serve_and_log(build: impl Build) -> ExitCode {
    match serve(build) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            error!(error = in_one_line(&*error), "the function cannot run");
            ExitCode::FAILURE
        }
    }
}

fn serve(build: impl Build) -> Result<(), Error> {
    let config = Config::from_env();
    logging::install(config.as_ref().map_or(Level::INFO, |config| config.log_level))?;
    let config = config?;
    let transform = build(&config.transform, ErrorDetail::PlaceOnly)?;
    if std::env::var_os("AWS_LAMBDA_RUNTIME_API").is_none() {
        return Err(
            "AWS_LAMBDA_RUNTIME_API is not set: this is a Lambda function. Outside Lambda, `run` answers an event, \
                    and `check` checks the configuration"
                .into(),
        );
    }
    let reingester = Reingester::new(Clients::from_env(), config.reingest);
    memory::keep_freed_memory();
    block_on(runtime_api::serve(Function::with_transform(config, reingester, transform)))?
}

fn check(build: impl Build) -> Result<(), Error> {
    let config = config_for_people()?;
    for warning in build(&config.transform, ErrorDetail::PlaceOnly)?.warnings() {
        warn!("{warning}");
    }
    let mut out = io::stdout().lock();
    for (variable, value) in config.settings() {
        writeln!(out, "{variable:<24} {value}")?;
    }
    Ok(())
}

fn run_event(build: impl Build) -> Result<(), Error> {
    let function = local_function(build, Reingester::offline())?;
    let mut body = Vec::new();
    io::stdin().read_to_end(&mut body)?;
    let _: IgnoredAny = serde_json::from_slice(&body).map_err(|error| {
        format!("expected one Firehose event as JSON on standard input, found something else: {error}")
    })?;
    let response = block_on(function.invoke(&body, &local_context()))??;
    let mut out = io::stdout().lock();
    out.write_all(&response)?;
    writeln!(out)?;
    Ok(())
}

/// Answers the events of the lines. Re-ingested records come again in further events, as from a stream, until none is left.
fn run_lines(build: impl Build, options: &PackOptions) -> Result<(), Error> {
    let reingested = Arc::new(Mutex::new(Vec::new()));
    let function = local_function(build, Reingester::into_memory(Arc::clone(&reingested)))?;
    let mut unpacker = Unpacker::new(BufWriter::new(io::stdout().lock()));
    pack::events(options, |event| {
        let mut event = Cow::Borrowed(event);
        loop {
            let response = block_on(function.invoke(&event, &local_context()))??;
            unpacker.add(&response)?;
            let records = std::mem::take(&mut *reingested.lock().unwrap_or_else(PoisonError::into_inner));
            if records.is_empty() {
                return Ok(());
            }
            event = Cow::Owned(pack::event_of_reingested(&records)?);
        }
    })?;
    unpacker.finish()
}

fn print_events(options: &PackOptions) -> Result<(), Error> {
    let mut out = BufWriter::new(io::stdout().lock());
    pack::events(options, |event| {
        out.write_all(event)?;
        Ok(writeln!(out)?)
    })?;
    Ok(out.flush()?)
}

fn unpack() -> Result<(), Error> {
    let mut responses = Vec::new();
    io::stdin().read_to_end(&mut responses)?;
    let mut unpacker = Unpacker::new(BufWriter::new(io::stdout().lock()));
    unpacker.add(&responses)?;
    unpacker.finish()
}

fn config_for_people() -> Result<Config, Error> {
    let config = Config::from_env();
    logging::install_for_people(config.as_ref().map_or(Level::INFO, |config| config.log_level))?;
    Ok(config?)
}

/// The function as configured, except that it re-ingests elsewhere and that its errors may quote log events.
fn local_function(build: impl Build, reingester: Reingester) -> Result<Function, Error> {
    let config = config_for_people()?;
    let transform = build(&config.transform, ErrorDetail::QuotesLogEvents)?;
    Ok(Function::with_transform(config, reingester, transform))
}

fn local_context() -> Context {
    let mut context = Context::default();
    context.request_id.push_str("run");
    context
}

/// Runs on this thread. Lambda sends one invocation at a time, so a second thread would be idle.
fn block_on<F: Future>(future: F) -> io::Result<F::Output> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(future))
}
