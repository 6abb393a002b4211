//! What the test files share: records and events, a fake stream, and the function between them.

pub(crate) mod binary;
pub(crate) mod fake_stream;
pub(crate) mod files;
pub(crate) mod local_aws;
pub(crate) mod records;

use std::io;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::{Engine, engine::general_purpose::STANDARD};
use firehose_logs_transform::Transform;
use firehose_logs_transform::internals::{
    Config, Function, HandlerError, Jitter, RESPONSE_BUDGET_BYTES, Reingester, subscriber,
};
use lambda_runtime::Context;
use serde_json::{Value, json};
use tracing::Level;

use self::fake_stream::FakeStream;
pub(crate) use self::records::{ACCOUNT, Record, STREAM_ARN, event};

pub(crate) const KINESIS_ARN: &str = "arn:aws:kinesis:ap-northeast-1:123456789012:stream/source";
pub(crate) const REQUEST_ID: &str = "8476a536-e9f4-11e8-9739-2dfe598c3fcd";

/// The configuration that these environment variables give.
pub(crate) fn settings(variables: &[(&str, &str)]) -> Config {
    let lookup =
        |name: &str| variables.iter().find(|(variable, _)| *variable == name).map(|(_, value)| (*value).to_owned());
    Config::read(lookup).unwrap()
}

pub(crate) fn json_output() -> Config {
    settings(&[("OUTPUT_FORMAT", "json")])
}

/// An event with these records, from a Firehose stream whose source is a Kinesis stream.
pub(crate) fn kinesis_event(records: &[Record]) -> Value {
    let mut event = event(records);
    event["sourceKinesisStreamArn"] = KINESIS_ARN.into();
    for record in event["records"].as_array_mut().unwrap() {
        record["kinesisRecordMetadata"] = json!({
            "shardId": "shardId-000000000000",
            "partitionKey": format!("key of {}", record["recordId"].as_str().unwrap()),
            "approximateArrivalTimestamp": 1_700_000_000_000_u64,
            "sequenceNumber": "1",
            "subsequenceNumber": 0,
        });
    }
    event
}

/// One invocation of a function that is built for it.
pub(crate) struct Invocation<'s> {
    pub(crate) config: Config,
    /// Replaces the transform that is configured.
    pub(crate) transform: Option<Box<dyn Transform>>,
    /// Receives the re-ingested records.
    pub(crate) stream: &'s FakeStream,
    /// The time that Lambda gives the invocation.
    pub(crate) time: Duration,
}

impl<'s> Invocation<'s> {
    pub(crate) fn new(config: Config, stream: &'s FakeStream) -> Self {
        Self { config, transform: None, stream, time: Duration::from_mins(5) }
    }

    /// The response to `event`. Asserts that the response is within the budget.
    pub(crate) async fn run(self, event: &Value) -> Result<Value, HandlerError> {
        let reingester = Reingester::new(self.stream.clients(), self.config.reingest).with_jitter(Jitter::none());
        let function = match self.transform {
            Some(transform) => Function::with_transform(self.config, reingester, transform),
            None => Function::new(self.config, reingester).unwrap(),
        };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let mut context = Context::default();
        context.deadline = u64::try_from((now + self.time).as_millis()).unwrap();
        context.request_id.push_str(REQUEST_ID);
        context.invoked_function_arn = format!("arn:aws:lambda:ap-northeast-1:{ACCOUNT}:function:transform:live");
        let response = function.invoke(event.to_string().as_bytes(), &context).await?;
        assert!(response.len() <= RESPONSE_BUDGET_BYTES, "the response has {} bytes", response.len());
        Ok(serde_json::from_slice(&response).unwrap())
    }
}

/// The response to `event` when the stream accepts everything.
pub(crate) async fn invoke(config: Config, event: &Value) -> Value {
    Invocation::new(config, &FakeStream::accepting()).run(event).await.unwrap()
}

/// The response to an event with `records`, with the default settings and re-ingestion to `stream`.
pub(crate) async fn invoke_with_stream(stream: &FakeStream, records: &[Record]) -> Value {
    Invocation::new(Config::default(), stream).run(&event(records)).await.unwrap()
}

/// Runs a future to its end with paused time.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(future)
}

pub(crate) fn rows(response: &Value) -> &Vec<Value> {
    response["records"].as_array().unwrap()
}

/// The result of every row, in order.
pub(crate) fn results(response: &Value) -> Vec<&str> {
    rows(response).iter().map(|row| row["result"].as_str().unwrap()).collect()
}

/// How many rows have this result.
pub(crate) fn count(response: &Value, result: &str) -> usize {
    results(response).iter().filter(|found| **found == result).count()
}

/// The decoded data of a row, or of a record in an event.
pub(crate) fn data_bytes(row: &Value) -> Vec<u8> {
    STANDARD.decode(row["data"].as_str().unwrap()).unwrap()
}

/// The decoded data of a row as text.
pub(crate) fn data(row: &Value) -> String {
    String::from_utf8(data_bytes(row)).unwrap()
}

#[derive(Clone, Default)]
struct Buffer(Arc<Mutex<Vec<u8>>>);

impl io::Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Captures what the function logs, until dropped.
pub(crate) struct Logs {
    written: Buffer,
    _subscriber: tracing::subscriber::DefaultGuard,
}

impl Logs {
    pub(crate) fn capture() -> Self {
        let written = Buffer::default();
        let writer = written.clone();
        let subscriber = subscriber(Level::TRACE, move || writer.clone());
        Self { written, _subscriber: tracing::subscriber::set_default(subscriber) }
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.written.0.lock().unwrap().clone()).unwrap()
    }

    /// The function's own lines of one level.
    pub(crate) fn lines(&self, level: &str) -> Vec<Value> {
        let is_own = |line: &Value| line["target"].as_str().unwrap().starts_with("firehose_logs_transform");
        let text = self.text();
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.filter(|line| line["level"] == level && is_own(line)).collect()
    }

    /// The function's own line of one level. Asserts that there is exactly one.
    #[track_caller]
    pub(crate) fn only_line(&self, level: &str) -> Value {
        let mut lines = self.lines(level);
        assert_eq!(lines.len(), 1, "expected one {level} line in:\n{}", self.text());
        lines.remove(0)
    }
}
