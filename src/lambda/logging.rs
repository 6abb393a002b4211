//! How log lines are written: as JSON on standard output for Lambda, as plain text on standard error for people.

use std::io;

use tracing::dispatcher::SetGlobalDefaultError;
use tracing::{Level, Subscriber, error};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::{Layer, Registry, fmt, layer::SubscriberExt};

/// A subscriber that writes this crate's lines at `level` and above, and only warnings and errors of its dependencies.
///
/// The dependencies do not get a lower level: at DEBUG and TRACE the Lambda runtime and the SDK write whole requests, which
/// contain log content.
pub fn subscriber<W>(level: Level, writer: W) -> impl Subscriber + Send + Sync
where
    W: for<'w> fmt::MakeWriter<'w> + Send + Sync + 'static,
{
    let lines =
        fmt::layer().json().flatten_event(true).with_current_span(true).with_span_list(false).with_writer(writer);
    Registry::default().with(lines.with_filter(levels(level)))
}

/// Installs [`subscriber`] for the process. A panic is logged by its place only, since its message may quote a log event.
///
/// # Errors
/// A subscriber is already installed.
pub(super) fn install(level: Level) -> Result<(), SetGlobalDefaultError> {
    std::panic::set_hook(Box::new(|panic| error!(location = panic.location().map(ToString::to_string), "panicked")));
    tracing::subscriber::set_global_default(subscriber(level, io::stdout))
}

/// Installs a subscriber that writes the same lines as plain text on standard error, for the commands.
///
/// # Errors
/// A subscriber is already installed.
pub(super) fn install_for_people(level: Level) -> Result<(), SetGlobalDefaultError> {
    let lines = fmt::layer().without_time().with_target(false).with_writer(io::stderr);
    tracing::subscriber::set_global_default(Registry::default().with(lines.with_filter(levels(level))))
}

fn levels(own: Level) -> Targets {
    Targets::new().with_default(own.min(Level::WARN)).with_target(env!("CARGO_CRATE_NAME"), own)
}
