//! Records as CloudWatch Logs makes them, and records as it never would.

use std::io::{Read, Write};

use base64::{Engine, engine::general_purpose::STANDARD};
use flate2::read::MultiGzDecoder;
use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};

use super::ACCOUNT;

/// One entry of an event.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) id: String,
    /// As it stands in the event.
    pub(crate) base64: String,
}

impl Record {
    pub(crate) fn of_bytes(id: &str, bytes: &[u8]) -> Self {
        Self { id: id.to_owned(), base64: STANDARD.encode(bytes) }
    }

    /// A record of a payload, as CloudWatch Logs compresses it.
    pub(crate) fn of_payload(id: &str, payload: &Value) -> Self {
        Self::of_bytes(id, &gzip(payload.to_string().as_bytes()))
    }

    /// A `DATA_MESSAGE` of these messages.
    pub(crate) fn of_messages(id: &str, messages: &[&str]) -> Self {
        Self::of_payload(id, &data_message("/app", messages))
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        STANDARD.decode(&self.base64).unwrap()
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({"recordId": self.id, "approximateArrivalTimestamp": 1_700_000_000_000_u64, "data": self.base64})
    }
}

/// A payload of these messages, each log event with an id of its own.
pub(crate) fn data_message(log_group: &str, messages: &[&str]) -> Value {
    let log_event = |(index, message): (usize, &&str)| json!({"id": format!("{index:056}"), "timestamp": 1_700_000_000_000_u64 + index as u64, "message": message});
    payload(log_group, &messages.iter().enumerate().map(log_event).collect::<Vec<_>>())
}

pub(crate) fn payload(log_group: &str, log_events: &[Value]) -> Value {
    json!({
        "messageType": "DATA_MESSAGE",
        "owner": ACCOUNT,
        "logGroup": log_group,
        "logStream": "stream",
        "subscriptionFilters": ["filter"],
        "logEvents": log_events,
    })
}

pub(crate) fn control_message() -> Value {
    json!({
        "messageType": "CONTROL_MESSAGE",
        "owner": "CloudwatchLogs",
        "logGroup": "",
        "logStream": "",
        "subscriptionFilters": [],
        "logEvents": [{
            "id": "",
            "timestamp": 1_700_000_000_000_u64,
            "message": "CWL CONTROL MESSAGE: Checking health of destination Firehose.",
        }],
    })
}

/// A record whose `message` output is of exactly this many bytes, in log events of about 1 KB.
pub(crate) fn record_of_output(id: &str, output_len: usize) -> Record {
    let mut messages = vec!["m".repeat(1_023); output_len / 1_024];
    match output_len % 1_024 {
        0 => {}
        rest => messages.push("m".repeat(rest - 1)),
    }
    let messages: Vec<_> = messages.iter().map(String::as_str).collect();
    Record::of_messages(id, &messages)
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::new(6));
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn gunzip(bytes: &[u8]) -> Value {
    serde_json::from_str(&gunzip_text(bytes).unwrap()).unwrap()
}

/// The text of a gzip record, if it is one.
pub(crate) fn gunzip_text(bytes: &[u8]) -> Option<String> {
    let mut text = String::new();
    MultiGzDecoder::new(bytes).read_to_string(&mut text).ok().map(|_| text)
}

/// The messages of a record that was put back.
pub(crate) fn messages(bytes: &[u8]) -> Vec<String> {
    let payload = gunzip(bytes);
    let log_events = payload["logEvents"].as_array().unwrap();
    log_events.iter().map(|event| event["message"].as_str().unwrap().to_owned()).collect()
}
