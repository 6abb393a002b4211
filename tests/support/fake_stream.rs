//! A fake stream for PutRecordBatch and PutRecords. It replaces the SDK's HTTP client, so nothing leaves the process.
//!
//! The SDK writes real requests and reads real responses, byte for byte. Only the connection is missing, so tests can pause
//! time.

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

/// The stream's reply to one request.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    /// Accepts every entry.
    Accept,
    /// Accepts the entries for whose index this returns `true`.
    AcceptWhere(fn(usize) -> bool),
    /// Accepts every entry, but the response has an element for the first one only.
    FirstEntryOnly,
    /// Refuses every entry, and the response has an empty element for each.
    EmptyElements,
    /// An error for the whole request: the HTTP status and the code.
    Error(u16, &'static str),
    /// The connection breaks.
    Disconnect,
    /// Never comes.
    Hang,
}

/// A request that the stream received.
#[derive(Debug, Clone)]
pub(crate) struct PutRequest {
    /// `PutRecordBatch` or `PutRecords`.
    pub(crate) operation: String,
    /// The stream's name or ARN.
    pub(crate) stream: String,
    pub(crate) host: String,
    pub(crate) at: Instant,
    pub(crate) data: Vec<Vec<u8>>,
    pub(crate) partition_keys: Vec<Option<String>>,
}

type Script = Box<dyn Fn(&PutRequest, usize) -> Reply + Send + Sync>;

/// A stream that replies by a script, and keeps every request and every accepted record.
#[derive(Clone)]
pub(crate) struct FakeStream(Arc<State>);

struct State {
    script: Script,
    requests: Mutex<Vec<PutRequest>>,
    accepted: Mutex<Vec<Vec<u8>>>,
}

impl FakeStream {
    /// Replies to request number `n`, counted from 0, with `script(request, n)`.
    pub(crate) fn replying(script: impl Fn(&PutRequest, usize) -> Reply + Send + Sync + 'static) -> Self {
        Self(Arc::new(State { script: Box::new(script), requests: Mutex::default(), accepted: Mutex::default() }))
    }

    pub(crate) fn accepting() -> Self {
        Self::replying(|_, _| Reply::Accept)
    }

    /// Replies with each of `replies` in turn, and then always with the last one.
    pub(crate) fn replying_in_turn(replies: Vec<Reply>) -> Self {
        Self::replying(move |_, n| replies[n.min(replies.len() - 1)].clone())
    }

    pub(crate) fn requests(&self) -> Vec<PutRequest> {
        self.0.requests.lock().unwrap().clone()
    }

    /// The number of entries in each request.
    pub(crate) fn batch_sizes(&self) -> Vec<usize> {
        self.0.requests.lock().unwrap().iter().map(|request| request.data.len()).collect()
    }

    /// The data of every accepted record, in order.
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

    /// The HTTP status and body of the reply; `None` if it never comes.
    fn reply(&self, request: &PutRequest) -> Option<Result<(u16, Value), ConnectorError>> {
        assert_within_quotas(request);
        let mut requests = self.0.requests.lock().unwrap();
        let reply = (self.0.script)(request, requests.len());
        requests.push(request.clone());
        let accepts: Box<dyn Fn(usize) -> bool> = match reply {
            Reply::Accept | Reply::FirstEntryOnly => Box::new(|_| true),
            Reply::EmptyElements => Box::new(|_| false),
            Reply::AcceptWhere(accepts) => Box::new(accepts),
            Reply::Error(status, code) => return Some(Ok((status, json!({"__type": code, "message": "because"})))),
            Reply::Disconnect => return Some(Err(ConnectorError::io("connection reset".into()))),
            Reply::Hang => return None,
        };
        let (accepted, refused): (Vec<_>, Vec<_>) = (0..request.data.len()).partition(|&index| accepts(index));
        self.0.accepted.lock().unwrap().extend(accepted.iter().map(|&index| request.data[index].clone()));
        let mut elements: Vec<_> =
            (0..request.data.len()).map(|index| response_element(&request.operation, accepts(index))).collect();
        match reply {
            Reply::FirstEntryOnly => elements.truncate(1),
            Reply::EmptyElements => elements.fill(json!({})),
            _ => {}
        }
        Some(Ok((
            200,
            match request.operation.as_str() {
                "PutRecordBatch" => json!({"FailedPutCount": refused.len(), "RequestResponses": elements}),
                _ => json!({"FailedRecordCount": refused.len(), "Records": elements}),
            },
        )))
    }
}

/// What the response says about one entry.
fn response_element(operation: &str, is_accepted: bool) -> Value {
    match (operation, is_accepted) {
        ("PutRecordBatch", true) => json!({"RecordId": "id"}),
        ("PutRecordBatch", false) => json!({"ErrorCode": "ServiceUnavailableException", "ErrorMessage": "Slow down."}),
        (_, true) => json!({"SequenceNumber": "1", "ShardId": "shardId-000000000000"}),
        (_, false) => json!({"ErrorCode": "ProvisionedThroughputExceededException", "ErrorMessage": "Rate exceeded"}),
    }
}

/// Checks AWS's quotas on every request of every test.
fn assert_within_quotas(request: &PutRequest) {
    assert!((1..=MAX_BATCH_RECORDS).contains(&request.data.len()), "a batch of {} records", request.data.len());
    assert!(request.data.iter().all(|data| data.len() <= MAX_RECORD_DATA_BYTES));
    let encoded: usize = request.data.iter().map(|data| data.len().div_ceil(3) * 4).sum();
    let keys: usize = request.partition_keys.iter().flatten().map(String::len).sum();
    assert!(encoded + keys <= MAX_BATCH_BYTES, "a batch of {encoded} bytes of base64 and {keys} bytes of keys");
}

impl HttpConnector for FakeStream {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        match self.reply(&parse(&request)) {
            Some(reply) => HttpConnectorFuture::ready(reply.map(|(status, body)| {
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

fn parse(request: &HttpRequest) -> PutRequest {
    let target = request.headers().get("x-amz-target").unwrap();
    let body: Value = serde_json::from_slice(request.body().bytes().unwrap()).unwrap();
    let records = body["Records"].as_array().unwrap();
    let text = |value: &Value| value.as_str().map(str::to_owned);
    PutRequest {
        operation: target.split_once('.').unwrap().1.to_owned(),
        stream: text(&body["DeliveryStreamName"]).or_else(|| text(&body["StreamARN"])).unwrap(),
        host: request.uri().to_owned(),
        at: Instant::now(),
        data: records.iter().map(|record| STANDARD.decode(record["Data"].as_str().unwrap()).unwrap()).collect(),
        partition_keys: records.iter().map(|record| text(&record["PartitionKey"])).collect(),
    }
}
