//! A function with a custom transform: log events as tab-separated values, without DEBUG lines.
//!
//! Deploy it like the function itself: `cargo lambda build --release --arm64 --example own_transform`.

use std::io::Write;
use std::process::ExitCode;

use firehose_logs_transform::{DataMessage, LogEvent, Transform, TransformError};

pub(crate) struct Tsv;

impl Transform for Tsv {
    fn append(&self, message: &DataMessage<'_>, event: &LogEvent<'_>, out: &mut Vec<u8>) -> Result<(), TransformError> {
        let text = event.message.text();
        if text.starts_with("DEBUG") {
            return Ok(());
        }
        let (log_stream, one_line) = (message.log_stream.text(), text.replace(['\t', '\n'], " "));
        writeln!(out, "{}\t{log_stream}\t{one_line}", event.timestamp)
            .map_err(|error| TransformError(error.to_string()))
    }
}

fn main() -> ExitCode {
    firehose_logs_transform::run_with(|| Ok(Box::new(Tsv)))
}
