//! A Lambda Runtime API and a Firehose endpoint on a loopback port, for the built binary.
//!
//! Source: "Using the Lambda runtime API", <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::process::Child;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::{REQUEST_ID, binary};

/// What the function sent for one invocation.
#[derive(Debug)]
pub(crate) enum InvocationOutcome {
    Response(Vec<u8>),
    Error(Value),
}

/// A request that reached the Firehose endpoint.
#[derive(Debug, Clone)]
pub(crate) struct FirehoseRequest {
    pub(crate) target: String,
    pub(crate) is_signed: bool,
    pub(crate) body: Value,
}

/// Both endpoints on one port. They live as long as the test's tokio runtime.
pub(crate) struct LocalAws {
    pub(crate) address: SocketAddr,
    state: Arc<State>,
    outcomes: UnboundedReceiver<InvocationOutcome>,
}

struct State {
    events: Mutex<VecDeque<String>>,
    firehose_replies: Mutex<VecDeque<(u16, Value)>>,
    firehose_requests: Mutex<Vec<FirehoseRequest>>,
    outcomes: UnboundedSender<InvocationOutcome>,
}

impl LocalAws {
    /// Instead of a reply: closes the connection.
    pub(crate) const CLOSED_CONNECTION: (u16, Value) = (0, Value::Null);

    /// Serves `events` one by one. Each Firehose request gets the next of `firehose_replies`, a status and a body.
    pub(crate) async fn serve(events: &[Value], firehose_replies: Vec<(u16, Value)>) -> Self {
        let (sender, outcomes) = unbounded_channel();
        let state = Arc::new(State {
            events: Mutex::new(events.iter().map(Value::to_string).collect()),
            firehose_replies: Mutex::new(firehose_replies.into()),
            firehose_requests: Mutex::default(),
            outcomes: sender,
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server_state = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                let state = Arc::clone(&server_state);
                let service = service_fn(move |request| Arc::clone(&state).reply(request));
                let connection =
                    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(connection), service);
                tokio::spawn(connection);
            }
        });
        Self { address, state, outcomes }
    }

    /// The outcome of the next invocation.
    pub(crate) async fn outcome(&mut self) -> InvocationOutcome {
        let outcome = tokio::time::timeout(Duration::from_mins(1), self.outcomes.recv()).await;
        outcome.expect("expected a response or an error within a minute").unwrap()
    }

    /// The body of the response to the next event.
    pub(crate) async fn response_body(&mut self) -> String {
        match self.outcome().await {
            InvocationOutcome::Response(body) => String::from_utf8(body).unwrap(),
            InvocationOutcome::Error(body) => panic!("expected a response, found the error {body}"),
        }
    }

    /// The response to the next event.
    pub(crate) async fn response(&mut self) -> Value {
        serde_json::from_str(&self.response_body().await).unwrap()
    }

    pub(crate) fn firehose_requests(&self) -> Vec<FirehoseRequest> {
        self.state.firehose_requests.lock().unwrap().clone()
    }

    /// Starts the built binary as Lambda would.
    pub(crate) fn start_function(&self, environment: &[(&str, &str)]) -> Child {
        binary::command()
            .env("AWS_LAMBDA_RUNTIME_API", self.address.to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", "transform")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            .env("AWS_ENDPOINT_URL", format!("http://{}", self.address))
            .env("AWS_ACCESS_KEY_ID", "id")
            .env("AWS_SECRET_ACCESS_KEY", "secret")
            .envs(environment.iter().copied())
            .spawn()
            .unwrap()
    }
}

impl State {
    async fn reply(self: Arc<Self>, request: Request<Incoming>) -> io::Result<Response<Full<Bytes>>> {
        let (parts, body) = request.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let header = |name: &str| parts.headers.get(name).map(|value| value.to_str().unwrap().to_owned());
        let path = parts.uri.path();
        Ok(if path.ends_with("/invocation/next") {
            self.next_invocation().await
        } else if path.ends_with("/response") {
            self.outcomes.send(InvocationOutcome::Response(body.to_vec())).unwrap();
            http_response(202, "{}")
        } else if path.ends_with("/error") {
            self.outcomes.send(InvocationOutcome::Error(serde_json::from_slice(&body).unwrap())).unwrap();
            http_response(202, "{}")
        } else {
            self.firehose_requests.lock().unwrap().push(FirehoseRequest {
                target: header("x-amz-target").unwrap(),
                is_signed: header("authorization").is_some_and(|value| value.contains("/us-west-2/firehose/")),
                body: serde_json::from_slice(&body).unwrap(),
            });
            let (status, body) = self.firehose_replies.lock().unwrap().pop_front().unwrap();
            if (status, &body) == (0, &Value::Null) {
                return Err(io::ErrorKind::ConnectionReset.into());
            }
            http_response(status, &body.to_string())
        })
    }

    async fn next_invocation(&self) -> Response<Full<Bytes>> {
        let event = self.events.lock().unwrap().pop_front();
        let Some(event) = event else { std::future::pending().await };
        let deadline = SystemTime::now().duration_since(UNIX_EPOCH).unwrap() + Duration::from_mins(1);
        let mut response = http_response(200, &event);
        for (name, value) in [
            ("lambda-runtime-aws-request-id", REQUEST_ID.to_owned()),
            ("lambda-runtime-deadline-ms", deadline.as_millis().to_string()),
            ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:us-west-2:123456789012:function:t".to_owned()),
        ] {
            response.headers_mut().insert(name, value.parse().unwrap());
        }
        response
    }
}

fn http_response(status: u16, body: &str) -> Response<Full<Bytes>> {
    Response::builder().status(status).body(Full::new(Bytes::from(body.to_owned()))).unwrap()
}
