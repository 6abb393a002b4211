//! The `bootstrap` of the Lambda function.

use std::process::ExitCode;

use firehose_logs_transform::lambda::commands as bootstrap;
use firehose_logs_transform::transform;

fn main() -> ExitCode {
    bootstrap::main(|config| Ok(transform::of(config)?))
}
