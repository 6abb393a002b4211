//! A stream that answers PutRecordBatch and PutRecords in process, at the seam where the SDK hands over its HTTP request.
//!
//! What the SDK writes and reads is real to the byte; only the connection is not. So time can stand still.

use std::fmt;
use std::sync::{Arc, Mutex};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::retry::RetryConfig;
use base64::{Engine, engine::general_purpose::STANDARD};
use firehose_logs_transform::internals::{Clients, MAX_BATCH_BYTES, MAX_BATCH_RECORDS, MAX_RECORD_DATA_BYTES};
use serde_json::{Value, json};
use tokio::time::Instant;

/// What the stream answers to one request.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    /// It accepts every record.
    Accept,
    /// It accepts the records that this says `true` of, by their place in the request.
    AcceptWhere(fn(usize) -> bool),
    /// It accepts every record, and says so of the first alone.
    Short,
    /// It refuses every record, and says no more of any than how many there are.
    Silent,
    /// It answers with an error for the whole request.
    Error(u16, &'static str),
    /// The connection breaks.
    Disconnect,
    /// It never answers.
    Hang,
}

/// One request that was made.
#[derive(Debug, Clone)]
pub(crate) struct Put {
    /// `PutRecordBatch` or `PutRecords`.
    pub(crate) operation: String,
    /// Name or ARN.
    pub(crate) stream: String,
    pub(crate) host: String,
    pub(crate) at: Instant,
    pub(crate) data: Vec<Vec<u8>>,
    pub(crate) partition_keys: Vec<Option<String>>,
}

type Script = Box<dyn Fn(&Put, usize) -> Answer + Send + Sync>;

/// A stream that follows a script, and remembers what it was asked and what it took.
#[derive(Clone)]
pub(crate) struct FakeStream(Arc<State>);

struct State {
    script: Script,
    puts: Mutex<Vec<Put>>,
    accepted: Mutex<Vec<Vec<u8>>>,
}

impl FakeStream {
    /// Answers request number `n`, counted from 0, with what `script` says.
    pub(crate) fn answering(script: impl Fn(&Put, usize) -> Answer + Send + Sync + 'static) -> Self {
        Self(Arc::new(State { script: Box::new(script), puts: Mutex::default(), accepted: Mutex::default() }))
    }

    pub(crate) fn accepting() -> Self {
        Self::answering(|_, _| Answer::Accept)
    }

    /// Answers with these in turn, and with the last one from then on.
    pub(crate) fn in_turn(answers: Vec<Answer>) -> Self {
        Self::answering(move |_, n| answers[n.min(answers.len() - 1)].clone())
    }

    pub(crate) fn puts(&self) -> Vec<Put> {
        self.0.puts.lock().unwrap().clone()
    }

    /// The data of every record that was accepted, in order.
    pub(crate) fn accepted(&self) -> Vec<Vec<u8>> {
        self.0.accepted.lock().unwrap().clone()
    }

    pub(crate) fn clients(&self) -> Clients {
        let connector = SharedHttpConnector::new(self.clone());
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static("us-east-1"))
            .credentials_provider(aws_sdk_firehose::config::SharedCredentialsProvider::new(
                aws_sdk_firehose::config::Credentials::new("id", "secret", None, None, "test"),
            ))
            .retry_config(RetryConfig::disabled())
            .http_client(http_client_fn(move |_, _| connector.clone()))
            .build();
        Clients::from_existing(aws_sdk_firehose::Client::new(&config), aws_sdk_kinesis::Client::new(&config))
    }

    fn answer(&self, put: &Put) -> Option<Result<(u16, Value), ConnectorError>> {
        assert_within_quotas(put);
        let mut puts = self.0.puts.lock().unwrap();
        let answer = (self.0.script)(put, puts.len());
        puts.push(put.clone());
        let accepts: Box<dyn Fn(usize) -> bool> = match answer {
            Answer::Accept | Answer::Short => Box::new(|_| true),
            Answer::Silent => Box::new(|_| false),
            Answer::AcceptWhere(accepts) => Box::new(accepts),
            Answer::Error(status, code) => return Some(Ok((status, json!({"__type": code, "message": "because"})))),
            Answer::Disconnect => return Some(Err(ConnectorError::io("connection reset".into()))),
            Answer::Hang => return None,
        };
        let (taken, refused): (Vec<_>, Vec<_>) = (0..put.data.len()).partition(|&index| accepts(index));
        self.0.accepted.lock().unwrap().extend(taken.iter().map(|&index| put.data[index].clone()));
        let mut entries: Vec<_> = (0..put.data.len()).map(|index| entry(&put.operation, accepts(index))).collect();
        match answer {
            Answer::Short => entries.truncate(1),
            Answer::Silent => entries.fill(json!({})),
            _ => {}
        }
        Some(Ok((
            200,
            match put.operation.as_str() {
                "PutRecordBatch" => json!({"FailedPutCount": refused.len(), "RequestResponses": entries}),
                _ => json!({"FailedRecordCount": refused.len(), "Records": entries}),
            },
        )))
    }
}

fn entry(operation: &str, accepted: bool) -> Value {
    match (operation, accepted) {
        ("PutRecordBatch", true) => json!({"RecordId": "id"}),
        ("PutRecordBatch", false) => json!({"ErrorCode": "ServiceUnavailableException", "ErrorMessage": "Slow down."}),
        (_, true) => json!({"SequenceNumber": "1", "ShardId": "shardId-000000000000"}),
        (_, false) => json!({"ErrorCode": "ProvisionedThroughputExceededException", "ErrorMessage": "Rate exceeded"}),
    }
}

/// Every request of every test keeps to AWS's quotas.
fn assert_within_quotas(put: &Put) {
    assert!((1..=MAX_BATCH_RECORDS).contains(&put.data.len()), "{} records", put.data.len());
    assert!(put.data.iter().all(|data| data.len() <= MAX_RECORD_DATA_BYTES));
    let encoded: usize = put.data.iter().map(|data| data.len().div_ceil(3) * 4).sum();
    let keys: usize = put.partition_keys.iter().flatten().map(String::len).sum();
    assert!(encoded + keys <= MAX_BATCH_BYTES, "{encoded} bytes and {keys} of keys");
}

impl HttpConnector for FakeStream {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        match self.answer(&read(&request)) {
            Some(answer) => HttpConnectorFuture::ready(answer.map(|(status, body)| {
                let mut response = HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body.to_string()));
                response.headers_mut().insert("content-type", "application/x-amz-json-1.1");
                response
            })),
            None => HttpConnectorFuture::new(std::future::pending()),
        }
    }
}

impl fmt::Debug for FakeStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FakeStream")
    }
}

fn read(request: &HttpRequest) -> Put {
    let target = request.headers().get("x-amz-target").unwrap();
    let body: Value = serde_json::from_slice(request.body().bytes().unwrap()).unwrap();
    let records = body["Records"].as_array().unwrap();
    let text = |value: &Value| value.as_str().map(str::to_owned);
    Put {
        operation: target.split_once('.').unwrap().1.to_owned(),
        stream: text(&body["DeliveryStreamName"]).or_else(|| text(&body["StreamARN"])).unwrap(),
        host: request.uri().to_owned(),
        at: Instant::now(),
        data: records.iter().map(|record| STANDARD.decode(record["Data"].as_str().unwrap()).unwrap()).collect(),
        partition_keys: records.iter().map(|record| text(&record["PartitionKey"])).collect(),
    }
}
