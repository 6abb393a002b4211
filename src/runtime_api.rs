//! Between Lambda's runtime and the function: the bodies of requests as they are, in both directions.
//!
//! # Why not a handler of `lambda_runtime`?
//!
//! A handler gets a value that the event was deserialised to, and gives one that the response is serialised from. With
//! megabytes of base64 on both sides, these copies cost a tenth of an invocation. The runtime polls and makes the context
//! all the same; what this layer takes over is the two requests that end an invocation.
//!
//! Source: "Using the Lambda runtime API", <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>.

use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};

use futures_util::FutureExt;
use lambda_runtime::tower::layer::layer_fn;
use lambda_runtime::{Diagnostic, LambdaEvent, LambdaInvocation, Runtime, Service, service_fn};
use lambda_runtime_api_client::{PooledClient, body::Body, build_request};
use serde::de::IgnoredAny;
use tracing::error;

use crate::bootstrap::Error;
use crate::handler::Function;

/// Answers invocations for as long as Lambda has any.
pub(crate) async fn serve(function: Function) -> Result<(), Error> {
    let function = Arc::new(function);
    let client = Arc::new(PooledClient::builder().with_pool_size(1).build());
    // The layer never calls the handler.
    let handler = service_fn(async |_: LambdaEvent<IgnoredAny>| Ok::<_, Error>(()));
    let answers = layer_fn(|_| Answers { function: Arc::clone(&function), client: Arc::clone(&client) });
    Runtime::new(handler).layer(answers).run().await
}

/// Answers each invocation to the Runtime API.
struct Answers {
    function: Arc<Function>,
    client: Arc<PooledClient>,
}

impl Service<LambdaInvocation> for Answers {
    type Response = ();
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut TaskContext<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, invocation: LambdaInvocation) -> Self::Future {
        let (function, client) = (Arc::clone(&self.function), Arc::clone(&self.client));
        Box::pin(async move {
            let answer = AssertUnwindSafe(function.invoke(&invocation.body, &invocation.context)).catch_unwind().await;
            let (end, body) = match answer {
                Ok(Ok(response)) => ("response", Body::from(response)),
                Ok(Err(error)) => ("error", error_body(&error.into())?),
                Err(_) => ("error", error_body(&panicked())?),
            };
            post(&client, &invocation, end, body).await
        })
    }
}

async fn post(client: &PooledClient, invocation: &LambdaInvocation, end: &str, body: Body) -> Result<(), Error> {
    let uri = format!("/2018-06-01/runtime/invocation/{}/{end}", invocation.context.request_id);
    let mut request = build_request().method("POST").uri(uri);
    if end == "error" {
        request = request.header("lambda-runtime-function-error-type", "unhandled");
    }
    // Lambda tells by this whether an answer is that of an invocation that it has already given up.
    if let Some(id) = invocation.parts.headers.get(INVOCATION_ID) {
        request = request.header(INVOCATION_ID, id);
    }
    let status = client.call(request.body(body)?).await?.status();
    if !status.is_success() {
        error!(%status, "Lambda did not take the answer: Firehose will invoke the function with these records again");
    }
    Ok(())
}

const INVOCATION_ID: &str = "lambda-runtime-invocation-id";

fn error_body(diagnostic: &Diagnostic) -> Result<Body, Error> {
    Ok(serde_json::to_vec(diagnostic)?.into())
}

/// Without the words of the panic: they may quote a log event.
fn panicked() -> Diagnostic {
    Diagnostic {
        error_type: "Panic".to_owned(),
        error_message: "expected an answer, found a panic: the function's log says where; please report it".to_owned(),
    }
}
