//! The Lambda function that Amazon Data Firehose calls to transform CloudWatch Logs records.
//!
//! ```text
//! CloudWatch Logs --subscription filter--> Firehose --event--> plan --> response --> Firehose --> S3
//!                                             ^                  |
//!                                             +---- reingest <---+  what the response has no room for
//! ```
//!
//! # A transform of your own
//!
//! The built-in transforms are configured, and need no code. For anything else, implement [`Transform`] and pass it to
//! [`run_with`]. Everything else stays the same: the budget, re-ingestion, compression, partition keys, and the commands.
//!
//! ```no_run
//! use firehose_logs_transform::{DataMessage, LogEvent, Transform, TransformError};
//!
//! struct OnlyErrors;
//!
//! impl Transform for OnlyErrors {
//!     fn append(&self, _: &DataMessage<'_>, event: &LogEvent<'_>, out: &mut Vec<u8>) -> Result<(), TransformError> {
//!         if event.message.text().contains("ERROR") {
//!             event.message.append_text(out);
//!             out.push(b'\n');
//!         }
//!         Ok(())
//!     }
//! }
//!
//! fn main() -> std::process::ExitCode {
//!     firehose_logs_transform::run_with(|| Ok(Box::new(OnlyErrors)))
//! }
//! ```
//!
//! # The source
//!
//! `ARCHITECTURE.md` shows the modules, what may depend on what, and the life of a record. Each module below may import those
//! after it, and none before it. `docs/semantics.md` says what happens to every record, and why.

// The modules in reading order, from the process to the bytes. `tests/architecture.rs` enforces that imports point down.

// The host: the process, its commands, the Runtime API, one invocation.
mod lambda;

// Environment variables, parsed into the options of the modules below.
mod config;

// The fate of every record, decided before anything is sent.
mod plan;

// From the log events of a record to the record's data.
mod output;

// From a log event to its output.
mod transform;

// The payload of a record.
mod cloudwatch_logs;

// The contract with the stream: event, response, quotas, re-ingestion.
mod firehose;

// JSON as it stands in a document.
mod json;

// Errors with their causes.
mod error_chain;

pub use cloudwatch_logs::message::{DataMessage, LogEvent};
pub use json::string::JsonStr;
pub use lambda::commands::{run, run_with};
pub use lambda_runtime::Error;
pub use transform::{Json, Message, Transform, TransformError};

/// What this project's own tests, benchmarks and tools need beyond the public interface. Anything here may change at any time.
#[doc(hidden)]
pub mod internals {
    pub use crate::cloudwatch_logs::decode::{Inflater, original_bytes, text};
    pub use crate::cloudwatch_logs::message::LogsMessage;
    pub use crate::cloudwatch_logs::pack::{LogSource, PackedLogEvent, PackedPayload, gzip, log_event_id};
    pub use crate::cloudwatch_logs::split::PIECE_OUTPUT_BYTES;
    pub use crate::config::{Config, ConfigError};
    pub use crate::firehose::event::{FirehoseEvent, FirehoseRecord, InvalidEvent};
    pub use crate::firehose::pack::{PackedEvent, PackedRecord};
    pub use crate::firehose::quotas::{
        MAX_BATCH_BYTES, MAX_BATCH_RECORDS, MAX_RECORD_DATA_BYTES, RESPONSE_BUDGET_BYTES,
    };
    pub use crate::firehose::reingest::{
        ATTEMPT_TIMEOUT, Clients, Destination, Entry, Jitter, ReingestOptions, Reingester, Stream,
    };
    pub use crate::firehose::response::{EMPTY_RESPONSE_LEN, ResponseWriter, failed_row_len, ok_row_len};
    pub use crate::lambda::handler::{DEADLINE_MARGIN, Function, HandlerError};
    pub use crate::lambda::logging::subscriber;
    pub use crate::output::partition::PartitionKey;
    pub use crate::output::{Compression, Framing, OutputBuffer, OutputOptions};
    pub use crate::plan::{PlanOptions, Rules, Workspace, plan};
    pub use crate::transform::{ErrorDetail, OutputFormat, SetupError, TransformOptions, VrlOnError, VrlProgram};
}

#[cfg(test)]
extern crate self as firehose_logs_transform;

#[cfg(test)]
#[path = "../tests/support/records.rs"]
#[allow(dead_code, reason = "each test program uses a part of it")]
mod testing;
