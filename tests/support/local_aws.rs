//! The Lambda Runtime API and a Firehose endpoint on a loopback port, for the built binary.
//!
//! Source: "Using the Lambda runtime API", <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// What the function did with one invocation.
#[derive(Debug)]
pub(crate) enum InvocationEnd {
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

/// Both endpoints, on one port. They live as long as the test's tokio runtime.
pub(crate) struct LocalAws {
    pub(crate) address: SocketAddr,
    state: Arc<State>,
    outcomes: UnboundedReceiver<InvocationEnd>,
}

struct State {
    events: Mutex<VecDeque<String>>,
    answers: Mutex<VecDeque<(u16, Value)>>,
    firehose_requests: Mutex<Vec<FirehoseRequest>>,
    outcomes: UnboundedSender<InvocationEnd>,
}

impl LocalAws {
    /// In the place of an answer: the connection is closed.
    pub(crate) const NO_ANSWER: (u16, Value) = (0, Value::Null);

    /// Serves `events` one by one, and answers Firehose requests with `answers`, one each.
    pub(crate) async fn serve(events: &[Value], answers: Vec<(u16, Value)>) -> Self {
        let (sender, outcomes) = unbounded_channel();
        let state = Arc::new(State {
            events: Mutex::new(events.iter().map(Value::to_string).collect()),
            answers: Mutex::new(answers.into()),
            firehose_requests: Mutex::default(),
            outcomes: sender,
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let served = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                let state = Arc::clone(&served);
                let service = service_fn(move |request| Arc::clone(&state).answer(request));
                let connection =
                    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(connection), service);
                tokio::spawn(connection);
            }
        });
        Self { address, state, outcomes }
    }

    /// The function's answer to the next event.
    pub(crate) async fn end_of_invocation(&mut self) -> InvocationEnd {
        let outcome = tokio::time::timeout(Duration::from_mins(1), self.outcomes.recv()).await;
        outcome.expect("an answer within a minute").unwrap()
    }

    pub(crate) async fn response(&mut self) -> Vec<u8> {
        match self.end_of_invocation().await {
            InvocationEnd::Response(body) => body,
            InvocationEnd::Error(body) => panic!("{body}"),
        }
    }

    pub(crate) fn firehose_requests(&self) -> Vec<FirehoseRequest> {
        self.state.firehose_requests.lock().unwrap().clone()
    }

    /// Starts the built binary as Lambda would. It ends with the test, however that ends.
    pub(crate) fn start_function(&self, environment: &[(&str, &str)]) -> Child {
        Command::new(env!("CARGO_BIN_EXE_firehose-logs-transform"))
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", self.address.to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", "transform")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            .env("AWS_ENDPOINT_URL", format!("http://{}", self.address))
            .env("AWS_ACCESS_KEY_ID", "id")
            .env("AWS_SECRET_ACCESS_KEY", "secret")
            .envs(environment.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap()
    }
}

impl State {
    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> io::Result<Response<Full<Bytes>>> {
        let (parts, body) = request.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let header = |name: &str| parts.headers.get(name).map(|value| value.to_str().unwrap().to_owned());
        let path = parts.uri.path();
        Ok(if path.ends_with("/invocation/next") {
            self.next_invocation().await
        } else if path.ends_with("/response") {
            self.outcomes.send(InvocationEnd::Response(body.to_vec())).unwrap();
            reply(202, "{}")
        } else if path.ends_with("/error") {
            self.outcomes.send(InvocationEnd::Error(serde_json::from_slice(&body).unwrap())).unwrap();
            reply(202, "{}")
        } else {
            self.firehose_requests.lock().unwrap().push(FirehoseRequest {
                target: header("x-amz-target").unwrap(),
                is_signed: header("authorization").is_some_and(|value| value.contains("/us-west-2/firehose/")),
                body: serde_json::from_slice(&body).unwrap(),
            });
            let (status, answer) = self.answers.lock().unwrap().pop_front().unwrap();
            if (status, &answer) == (0, &Value::Null) {
                return Err(io::ErrorKind::ConnectionReset.into());
            }
            reply(status, &answer.to_string())
        })
    }

    async fn next_invocation(&self) -> Response<Full<Bytes>> {
        let event = self.events.lock().unwrap().pop_front();
        let Some(event) = event else { std::future::pending().await };
        let deadline = SystemTime::now().duration_since(UNIX_EPOCH).unwrap() + Duration::from_mins(1);
        let mut response = reply(200, &event);
        for (name, value) in [
            ("lambda-runtime-aws-request-id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd".to_owned()),
            ("lambda-runtime-deadline-ms", deadline.as_millis().to_string()),
            ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:us-west-2:123456789012:function:t".to_owned()),
        ] {
            response.headers_mut().insert(name, value.parse().unwrap());
        }
        response
    }
}

fn reply(status: u16, body: &str) -> Response<Full<Bytes>> {
    Response::builder().status(status).body(Full::new(Bytes::from(body.to_owned()))).unwrap()
}
