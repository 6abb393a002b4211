//! Records and events as CloudWatch Logs and Firehose make them, and records that neither of them makes.
//!
//! The unit tests in `src/` include this file too, so every test builds its input in the same way.

use std::io::Read;

use base64::{Engine, engine::general_purpose::STANDARD};
use firehose_logs_transform::internals::{
    LogSource, PackedEvent, PackedLogEvent, PackedPayload, PackedRecord, gzip as gzip_like_cloudwatch_logs,
    log_event_id,
};
use flate2::read::MultiGzDecoder;
use serde_json::Value;

pub(crate) const STREAM_ARN: &str = "arn:aws:firehose:ap-northeast-1:123456789012:deliverystream/logs";
pub(crate) const ACCOUNT: &str = "123456789012";
const FIRST_TIMESTAMP: u64 = 1_700_000_000_000;

/// A record of an event.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) id: String,
    /// The data exactly as in the event.
    pub(crate) base64: String,
}

impl Record {
    pub(crate) fn of_bytes(id: &str, bytes: &[u8]) -> Self {
        Self { id: id.to_owned(), base64: STANDARD.encode(bytes) }
    }

    /// A record with this payload, compressed as CloudWatch Logs does.
    pub(crate) fn of_payload(id: &str, payload: &Value) -> Self {
        Self::of_bytes(id, &gzip(payload.to_string().as_bytes()))
    }

    /// A `DATA_MESSAGE` with a log event for each message.
    pub(crate) fn of_messages<M: AsRef<str>>(id: &str, messages: &[M]) -> Self {
        Self::of_payload(id, &data_message("/app", messages))
    }

    /// A `DATA_MESSAGE` with an empty `logEvents`.
    pub(crate) fn without_log_events(id: &str) -> Self {
        Self::of_payload(id, &payload("/app", &[]))
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        STANDARD.decode(&self.base64).unwrap()
    }

    pub(crate) fn to_json(&self) -> Value {
        serde_json::to_value(self.packed()).unwrap()
    }

    fn packed(&self) -> PackedRecord {
        let (record_id, data) = (self.id.clone(), self.base64.clone());
        PackedRecord { record_id, approximate_arrival_timestamp: FIRST_TIMESTAMP, data }
    }
}

/// An event with these records, from a Firehose stream that producers write to directly.
pub(crate) fn event(records: &[Record]) -> Value {
    let event = PackedEvent {
        invocation_id: "9d8b8d3c-0000-4000-8000-000000000000",
        delivery_stream_arn: STREAM_ARN,
        region: "ap-northeast-1",
        records: records.iter().map(Record::packed).collect(),
    };
    serde_json::to_value(event).unwrap()
}

/// A payload with a log event for each message. Every log event has its own id.
pub(crate) fn data_message<M: AsRef<str>>(log_group: &str, messages: &[M]) -> Value {
    let log_event = |(index, message): (u64, &M)| {
        let timestamp = FIRST_TIMESTAMP + index;
        // Ids that are easy to read: only the lower number differs from zero.
        let log_event = PackedLogEvent { id: log_event_id(0, u128::from(index)), timestamp, message: message.as_ref() };
        serde_json::to_value(log_event).unwrap()
    };
    payload(log_group, &(0..).zip(messages).map(log_event).collect::<Vec<_>>())
}

/// A payload with these entries in `logEvents`, valid or not.
pub(crate) fn payload(log_group: &str, log_events: &[Value]) -> Value {
    let source = LogSource { owner: ACCOUNT, log_group, log_stream: "stream", subscription_filters: &["filter"] };
    serde_json::to_value(PackedPayload::data_message(source, log_events)).unwrap()
}

pub(crate) fn control_message() -> Value {
    let health_check = PackedPayload::health_check(FIRST_TIMESTAMP);
    serde_json::to_value(PackedPayload::control_message(&health_check)).unwrap()
}

/// A record whose `message` output has exactly this many bytes, in log events of about 1 KB.
pub(crate) fn record_of_output(id: &str, output_len: usize) -> Record {
    let mut messages = vec!["m".repeat(1_023); output_len / 1_024];
    match output_len % 1_024 {
        0 => {}
        rest => messages.push("m".repeat(rest - 1)),
    }
    Record::of_messages(id, &messages)
}

/// Letters and digits that compress badly.
pub(crate) fn random_text(rng: &mut fastrand::Rng, len: usize) -> String {
    std::iter::repeat_with(|| rng.alphanumeric()).take(len).collect()
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    gzip_like_cloudwatch_logs(bytes).unwrap()
}

/// The text of gzip bytes; `None` if they are not gzip.
pub(crate) fn gunzip_text(bytes: &[u8]) -> Option<String> {
    let mut text = String::new();
    MultiGzDecoder::new(bytes).read_to_string(&mut text).ok().map(|_| text)
}

/// The payload in a record's original bytes.
pub(crate) fn payload_of(bytes: &[u8]) -> Value {
    serde_json::from_str(&gunzip_text(bytes).unwrap()).unwrap()
}

/// The messages in a record's original bytes.
pub(crate) fn messages(bytes: &[u8]) -> Vec<String> {
    texts_of_log_events(bytes, "message")
}

/// The ids of the log events in a record's original bytes.
pub(crate) fn log_event_ids(bytes: &[u8]) -> Vec<String> {
    texts_of_log_events(bytes, "id")
}

fn texts_of_log_events(bytes: &[u8], member: &str) -> Vec<String> {
    let payload = payload_of(bytes);
    let log_events = payload["logEvents"].as_array().unwrap();
    log_events.iter().map(|log_event| log_event[member].as_str().unwrap().to_owned()).collect()
}
