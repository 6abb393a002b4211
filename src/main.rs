//! The `bootstrap` of the Lambda function.

use std::process::ExitCode;

use firehose_logs_transform::config::Config;
use firehose_logs_transform::handler::Function;
use firehose_logs_transform::logging;
use firehose_logs_transform::reingest::{Clients, Reingester};
use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::value::RawValue;
use tracing::{Level, error};

// One invocation at a time: a second thread would have nothing to do.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match start().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            error!(%error, "the function cannot run");
            ExitCode::FAILURE
        }
    }
}

async fn start() -> Result<(), lambda_runtime::Error> {
    let config = Config::from_env();
    logging::install(config.as_ref().map_or(Level::INFO, |config| config.log_level))?;
    let config = config?;
    if std::env::var_os("AWS_LAMBDA_RUNTIME_API").is_none() {
        return Err(
            "AWS_LAMBDA_RUNTIME_API is not set: this is a Lambda function; `make invoke` runs it locally".into()
        );
    }
    let reingester = Reingester::new(Clients::from_env(), config.reingest_max_attempts);
    let function = Function::new(config, reingester)?;
    lambda_runtime::run(service_fn(|event: LambdaEvent<Box<RawValue>>| function.invoke(event))).await
}
