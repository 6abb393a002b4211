//! Structured logs on standard output, a line of JSON each: what Lambda takes as they are. People get plain lines.

use std::io;

use tracing::dispatcher::SetGlobalDefaultError;
use tracing::{Level, Metadata, Subscriber, error};
use tracing_subscriber::layer::{Context, Filter};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{Layer, Registry, fmt, layer::SubscriberExt};

/// A subscriber that writes this crate's lines at `level` and above, and of its dependencies only what goes wrong.
///
/// The level is not passed on to the dependencies: at DEBUG and TRACE the Lambda runtime and the SDK write whole
/// requests, and so log content.
pub fn subscriber<W>(level: Level, writer: W) -> impl Subscriber + Send + Sync
where
    W: for<'w> fmt::MakeWriter<'w> + Send + Sync + 'static,
{
    let lines =
        fmt::layer().json().flatten_event(true).with_current_span(true).with_span_list(false).with_writer(writer);
    Registry::default().with(lines.with_filter(OwnLevel(level)))
}

/// Installs [`subscriber`] for the process, and takes the words out of panics: they may quote a log event.
///
/// # Errors
/// There is one already.
pub fn install(level: Level) -> Result<(), SetGlobalDefaultError> {
    std::panic::set_hook(Box::new(|panic| error!(location = panic.location().map(ToString::to_string), "panicked")));
    tracing::subscriber::set_global_default(subscriber(level, io::stdout))
}

/// Installs a subscriber that writes the same as plain lines on standard error, for `check` and `run`.
///
/// # Errors
/// There is one already.
pub fn install_for_people(level: Level) -> Result<(), SetGlobalDefaultError> {
    let lines = fmt::layer().without_time().with_target(false).with_writer(io::stderr);
    tracing::subscriber::set_global_default(Registry::default().with(lines.with_filter(OwnLevel(level))))
}

struct OwnLevel(Level);

impl<S: Subscriber + for<'s> LookupSpan<'s>> Filter<S> for OwnLevel {
    fn enabled(&self, metadata: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        let is_own = metadata.target().starts_with(env!("CARGO_CRATE_NAME"));
        *metadata.level() <= if is_own { self.0 } else { self.0.min(Level::WARN) }
    }
}
