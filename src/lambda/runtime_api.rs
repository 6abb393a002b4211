//! Connects Lambda's runtime and the function. Request bodies pass through unchanged, in both directions.
//!
//! # Why not a handler of `lambda_runtime`?
//!
//! A handler gets a deserialised event and returns a value to serialise. With megabytes of base64 on both sides, these copies
//! cost a tenth of an invocation. The runtime still polls and makes the context. This layer takes over only the two requests
//! that end an invocation.
//!
//! Source: "Using the Lambda runtime API", <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>.

use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};

use futures_util::FutureExt;
use lambda_runtime::tower::layer::layer_fn;
use lambda_runtime::{Diagnostic, Error, LambdaEvent, LambdaInvocation, Runtime, Service, service_fn};
use lambda_runtime_api_client::{PooledClient, body::Body, build_request};
use serde::de::IgnoredAny;
use tracing::error;

use super::handler::Function;

/// Answers invocations until Lambda stops the process.
pub(super) async fn serve(function: Function) -> Result<(), Error> {
    let function = Arc::new(function);
    let client = Arc::new(PooledClient::builder().with_pool_size(1).build());
    // The layer never calls the handler.
    let handler = service_fn(async |_: LambdaEvent<IgnoredAny>| Ok::<_, Error>(()));
    let service = layer_fn(|_| InvocationService { function: Arc::clone(&function), client: Arc::clone(&client) });
    Runtime::new(handler).layer(service).run().await
}

/// Answers each invocation through the Runtime API.
struct InvocationService {
    function: Arc<Function>,
    client: Arc<PooledClient>,
}

impl Service<LambdaInvocation> for InvocationService {
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
    // With this id, Lambda recognises the answer to an invocation that it has already given up.
    if let Some(id) = invocation.parts.headers.get(INVOCATION_ID) {
        request = request.header(INVOCATION_ID, id);
    }
    let status = client.call(request.body(body)?).await?.status();
    if !status.is_success() {
        error!(%status, "Lambda rejected the answer: Firehose will invoke the function with these records again");
    }
    Ok(())
}

const INVOCATION_ID: &str = "lambda-runtime-invocation-id";

fn error_body(diagnostic: &Diagnostic) -> Result<Body, Error> {
    Ok(serde_json::to_vec(diagnostic)?.into())
}

/// Leaves out the panic's message, which may quote a log event.
fn panicked() -> Diagnostic {
    Diagnostic {
        error_type: "Panic".to_owned(),
        error_message: "expected an answer, found a panic: the function's log says where; please report it".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use hyper::Response;
    use lambda_runtime::Context;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;
    use crate::cloudwatch_logs::message::{DataMessage, LogEvent};
    use crate::config::Config;
    use crate::firehose::reingest::Reingester;
    use crate::testing::{self, Record};
    use crate::transform::{Transform, TransformError};

    struct PanicsOnSecrets;

    impl Transform for PanicsOnSecrets {
        fn append(&self, _: &DataMessage<'_>, event: &LogEvent<'_>, _: &mut Vec<u8>) -> Result<(), TransformError> {
            assert_ne!(event.message.text(), "secret", "a secret");
            Ok(())
        }
    }

    /// The request that ends the invocation of an event, with its headers.
    async fn end_of_invocation(event: &serde_json::Value) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let received = tokio::spawn(async move {
            let (mut connection, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"}") {
                connection.read_buf(&mut request).await.unwrap();
            }
            connection.write_all(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n").await.unwrap();
            String::from_utf8(request).unwrap()
        });
        let function = Function::with_transform(Config::default(), Reingester::offline(), Box::new(PanicsOnSecrets));
        let client = PooledClient::builder().with_endpoint(endpoint).build();
        let mut service = InvocationService { function: Arc::new(function), client: Arc::new(client) };
        let (mut parts, ()) = Response::new(()).into_parts();
        parts.headers.insert(INVOCATION_ID, "invocation-7".parse().unwrap());
        let mut context = Context::default();
        context.request_id.push_str("request-7");
        let body = event.to_string().into_bytes().into();
        service.call(LambdaInvocation { parts, body, context }).await.unwrap();
        received.await.unwrap()
    }

    fn event(message: &str) -> serde_json::Value {
        testing::event(&[Record::of_messages("r", &[message])])
    }

    #[tokio::test]
    async fn response_goes_to_its_invocation() {
        let request = end_of_invocation(&event("m")).await;
        assert!(
            request.starts_with("POST /2018-06-01/runtime/invocation/request-7/response HTTP/1.1\r\n"),
            "{request}"
        );
        assert!(request.contains("\r\nlambda-runtime-invocation-id: invocation-7\r\n"), "{request}");
        assert!(request.ends_with("\r\n\r\n{\"records\":[{\"recordId\":\"r\",\"result\":\"Dropped\"}]}"), "{request}");
    }

    #[tokio::test]
    async fn panic_fails_its_invocation_and_is_not_quoted() {
        let request = end_of_invocation(&event("secret")).await;
        assert!(request.starts_with("POST /2018-06-01/runtime/invocation/request-7/error HTTP/1.1\r\n"), "{request}");
        assert!(request.contains("\r\nlambda-runtime-function-error-type: unhandled\r\n"), "{request}");
        assert!(request.contains("\r\nlambda-runtime-invocation-id: invocation-7\r\n"), "{request}");
        assert!(request.contains("\"errorType\":\"Panic\"") && !request.contains("secret"), "{request}");
    }
}
