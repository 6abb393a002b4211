//! What a `main` is made of: the function under Lambda, and the same code on anybody's machine, without AWS.
//!
//! | arguments | what |
//! | --- | --- |
//! | none | serves the Lambda Runtime API: this is how Lambda starts a `bootstrap` |
//! | `check` | reads the configuration, compiles the program if there is one, and says what is configured |
//! | `run` | answers one event from standard input on standard output |
//!
//! `run` sends nothing: what would be put back on the stream is said on standard error, and answered as if the stream
//! had accepted it. Its errors may show log events, since they go to whoever has the event anyway.

use std::io::{self, Read, Write};
use std::process::ExitCode;

use lambda_runtime::Context;
use serde::de::IgnoredAny;
use tracing::{Level, error};

use crate::config::Config;
use crate::firehose::reingest::{Clients, Reingester};
use crate::lambda::handler::Function;
use crate::lambda::logging;
use crate::lambda::runtime_api;
use crate::transform::Transform;

/// Anything that ends the process; it is only reported.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

const USAGE: &str = "\
usage: bootstrap [check | run]

  check    reads the configuration from the environment, compiles the VRL program, and says what is configured
  run      answers one Firehose event: run < event.json > response.json

Without arguments it is the Lambda function, and needs the Lambda Runtime API. Neither check nor run needs AWS.";

/// Runs the process to its end, as its arguments say, with the transform that `transform` makes.
pub fn main(transform: impl FnOnce(&Config) -> Result<Box<dyn Transform>, Error>) -> ExitCode {
    let arguments: Vec<_> =
        std::env::args_os().skip(1).map(|argument| argument.to_string_lossy().into_owned()).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        [] => serve(transform).map_or_else(
            |error| {
                error!(error = described(&*error), "the function cannot run");
                ExitCode::FAILURE
            },
            |()| ExitCode::SUCCESS,
        ),
        ["check"] => ended(check(transform)),
        ["run"] => ended(run(transform)),
        ["help" | "--help" | "-h"] => ended(writeln!(io::stdout(), "{USAGE}").map_err(Error::from)),
        _ => {
            let _ = writeln!(io::stderr(), "{USAGE}");
            ExitCode::from(2)
        }
    }
}

fn serve(transform: impl FnOnce(&Config) -> Result<Box<dyn Transform>, Error>) -> Result<(), Error> {
    let config = Config::from_env();
    logging::install(config.as_ref().map_or(Level::INFO, |config| config.log_level))?;
    let config = config?;
    let transform = transform(&config)?;
    if std::env::var_os("AWS_LAMBDA_RUNTIME_API").is_none() {
        return Err(
            "AWS_LAMBDA_RUNTIME_API is not set: this is a Lambda function; `run` answers an event without Lambda, \
                    `check` checks the configuration"
                .into(),
        );
    }
    let reingester = Reingester::new(Clients::from_env(), config.reingest_max_attempts);
    keep_freed_memory();
    block_on(runtime_api::serve(Function::with_transform(config, reingester, transform)))?
}

fn check(transform: impl FnOnce(&Config) -> Result<Box<dyn Transform>, Error>) -> Result<(), Error> {
    let config = Config::from_env();
    logging::install_for_people(config.as_ref().map_or(Level::INFO, |config| config.log_level))?;
    let config = config?;
    transform(&config)?;
    let mut out = io::stdout().lock();
    for (variable, value) in config.settings() {
        writeln!(out, "{variable:<24} {value}")?;
    }
    Ok(())
}

fn run(transform: impl FnOnce(&Config) -> Result<Box<dyn Transform>, Error>) -> Result<(), Error> {
    let config = Config::from_env();
    logging::install_for_people(config.as_ref().map_or(Level::INFO, |config| config.log_level))?;
    let config = Config { quotes_log_events: true, ..config? };
    let transform = transform(&config)?;
    let function = Function::with_transform(config, Reingester::offline(), transform);
    let mut body = Vec::new();
    io::stdin().read_to_end(&mut body)?;
    let _: IgnoredAny = serde_json::from_slice(&body).map_err(|error| {
        format!("expected one Firehose event as JSON on standard input, found something else: {error}")
    })?;
    let mut context = Context::default();
    context.request_id.push_str("run");
    let response = block_on(function.invoke(&body, &context))??;
    let mut out = io::stdout().lock();
    out.write_all(&response)?;
    writeln!(out)?;
    Ok(())
}

/// Has the C library keep what is freed for the next invocation, which needs the same again.
///
/// glibc gives freed memory back to the system beyond a threshold, which it doubles from the largest block that was mapped
/// by itself and freed. Event and response are such blocks at first, and then come and go with hundreds of page faults an
/// invocation. A block that is never touched costs nothing, and settles the threshold.
/// Source: `mallopt(3)`, `M_MMAP_THRESHOLD`.
fn keep_freed_memory() {
    const LARGEST_THRESHOLD_BYTES: usize = 32 * 1024 * 1024;
    drop(std::hint::black_box(Vec::<u8>::with_capacity(LARGEST_THRESHOLD_BYTES - 64 * 1024)));
}

/// One invocation at a time: a second thread would have nothing to do.
fn block_on<F: Future>(future: F) -> io::Result<F::Output> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(future))
}

fn ended(result: Result<(), Error>) -> ExitCode {
    let Err(error) = result else { return ExitCode::SUCCESS };
    let _ = writeln!(io::stderr(), "{}", described(&*error));
    ExitCode::FAILURE
}

/// The error with its causes.
fn described(error: &(dyn std::error::Error + Send + Sync + 'static)) -> String {
    let first: &(dyn std::error::Error + 'static) = error;
    let chain = std::iter::successors(Some(first), |error| error.source());
    chain.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
