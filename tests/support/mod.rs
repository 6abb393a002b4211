//! What all tests share: events, a stream that accepts re-ingested records, and the function between them.

pub(crate) mod fake_stream;
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

/// The configuration that these environment variables give.
pub(crate) fn settings(variables: &[(&str, &str)]) -> Config {
    let lookup =
        |name: &str| variables.iter().find(|(variable, _)| *variable == name).map(|(_, value)| (*value).to_owned());
    Config::read(lookup).unwrap()
}

pub(crate) fn json_output() -> Config {
    settings(&[("OUTPUT_FORMAT", "json")])
}

/// The event of these records, from a stream that reads a Kinesis stream.
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

/// A function, the stream to which it re-ingests, and the time that Lambda gives it.
pub(crate) struct Invocation<'s> {
    pub(crate) config: Config,
    pub(crate) transform: Option<Box<dyn Transform>>,
    pub(crate) stream: &'s FakeStream,
    pub(crate) time: Duration,
}

impl<'s> Invocation<'s> {
    pub(crate) fn with(config: Config, stream: &'s FakeStream) -> Self {
        Self { config, transform: None, stream, time: Duration::from_mins(5) }
    }

    pub(crate) async fn answer(self, event: &Value) -> Result<Value, HandlerError> {
        let reingester = Reingester::new(self.stream.clients(), self.config.reingest).with_jitter(Jitter::none());
        let function = match self.transform {
            Some(transform) => Function::with_transform(self.config, reingester, transform),
            None => Function::new(self.config, reingester).unwrap(),
        };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let mut context = Context::default();
        context.deadline = u64::try_from((now + self.time).as_millis()).unwrap();
        context.request_id.push_str("8476a536-e9f4-11e8-9739-2dfe598c3fcd");
        context.invoked_function_arn = format!("arn:aws:lambda:ap-northeast-1:{ACCOUNT}:function:transform:live");
        let response = function.invoke(event.to_string().as_bytes(), &context).await?;
        assert!(response.len() <= RESPONSE_BUDGET_BYTES, "a response of {} bytes", response.len());
        Ok(serde_json::from_slice(&response).unwrap())
    }
}

/// Answers an event with a stream that accepts everything.
pub(crate) async fn answer(config: Config, event: &Value) -> Value {
    Invocation::with(config, &FakeStream::accepting()).answer(event).await.unwrap()
}

/// The results, in the response's order.
pub(crate) fn results(response: &Value) -> Vec<&str> {
    rows(response).iter().map(|row| row["result"].as_str().unwrap()).collect()
}

pub(crate) fn rows(response: &Value) -> &Vec<Value> {
    response["records"].as_array().unwrap()
}

/// What Firehose delivers of one row.
pub(crate) fn data(row: &Value) -> String {
    String::from_utf8(STANDARD.decode(row["data"].as_str().unwrap()).unwrap()).unwrap()
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

/// What the function logs while it lives.
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
}
