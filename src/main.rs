//! The `bootstrap` of the Lambda function.

use std::process::ExitCode;

use firehose_logs_transform::{bootstrap, transform};

fn main() -> ExitCode {
    bootstrap::main(|config| Ok(transform::of(config)?))
}
