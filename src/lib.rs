//! The Lambda function that Amazon Data Firehose calls to transform CloudWatch Logs records.
//!
//! ```text
//! CloudWatch Logs --subscription filter--> Firehose --event--> plan --> response --> Firehose --> S3
//!                                             ^                  |
//!                                             +---- reingest <---+  what the response has no room for
//! ```
//!
//! What happens to every record, and why, is in `docs/semantics.md`. The modules, in reading order:
//!
//! - [`quotas`]: the numbers that everything keeps to.
//! - [`event`]: what Firehose sends. [`response`]: what it gets back, and how long that is.
//! - [`decode`]: base64, gzip, UTF-8. [`logs_message`]: the payload inside, on top of [`json_string`].
//! - [`transform`]: from a log event to bytes. [`output`]: from these to a record's data, compressed or not.
//!   [`partition`]: what dynamic partitioning gets to know of it.
//! - [`budget`]: whether they fit. [`forecast`]: whether it is worth finding out. [`split`]: what if they never fit.
//! - [`fate`]: what can become of a record. [`plan`]: what does; all of the above, and nothing that waits.
//! - [`reingest`]: puts records back on the stream; the only module that names an AWS SDK.
//! - [`handler`]: one invocation from event to response.
//! - [`config`]: the environment. [`logging`]: what the function says of itself. [`bootstrap`]: what `main` calls.

mod base64_engine;
pub mod bootstrap;
pub mod budget;
pub mod config;
pub mod decode;
pub mod event;
pub mod fate;
pub mod forecast;
pub mod handler;
mod json_scan;
pub mod json_string;
pub mod logging;
pub mod logs_message;
pub mod output;
pub mod partition;
pub mod plan;
pub mod quotas;
pub mod reingest;
pub mod response;
mod runtime_api;
pub mod split;
mod summary;
pub mod transform;
