//! The `bootstrap` of the Lambda function.

use std::process::ExitCode;

fn main() -> ExitCode {
    firehose_logs_transform::run()
}
