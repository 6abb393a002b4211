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

pub mod cloudwatch_logs;
pub mod config;
pub mod firehose;
mod json;
pub mod lambda;
pub mod output;
pub mod plan;
pub mod transform;
