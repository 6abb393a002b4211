//! The host: the process, its commands, the Lambda Runtime API, and one invocation from event to response.
//!
//! Everything that acts belongs here: reading the clock, waiting for re-ingestion, logging, standard input and output. What
//! to do with a record is decided in [`plan`](crate::plan).
//!
//! - [`commands`]: what `main` calls. [`pack`] and [`unpack`]: log lines to events, and responses to log lines.
//! - [`runtime_api`]: requests and answers of Lambda.
//! - [`handler`]: one invocation. [`reingestion`]: its records that are re-ingested.
//! - [`logging`]: how lines are written. [`record_log`] and [`summary`]: which lines.
//! - [`memory`]: what one invocation leaves to the next.

pub(crate) mod commands;
pub(crate) mod handler;
pub(crate) mod logging;
mod memory;
mod pack;
mod record_log;
mod reingestion;
mod runtime_api;
mod summary;
mod unpack;
