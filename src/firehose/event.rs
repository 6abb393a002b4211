//! What Firehose sends: one event with many records, their data still in base64.
//!
//! The event borrows from the request body, so the base64 decoder makes the only copy of a record's data. An event must have
//! `deliveryStreamArn` and `records`, and each record a `recordId`. Anything else that a record has or lacks fails that
//! record, not the invocation.
//!
//! Source: "Required parameters for data transformation",
//! <https://docs.aws.amazon.com/firehose/latest/dev/data-transformation-status-model.html>.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::firehose::quotas::MAX_PARTITION_KEY_CHARS;
use crate::json::string::JsonStr;

/// One invocation's input.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FirehoseEvent<'a> {
    /// The stream that the records come from. Overflow is re-ingested to it.
    #[serde(borrow)]
    pub delivery_stream_arn: Cow<'a, str>,
    /// The Kinesis stream that the Firehose stream reads, if it reads one. Overflow is re-ingested to that one instead.
    #[serde(borrow, default)]
    pub source_kinesis_stream_arn: Option<Cow<'a, str>>,
    /// The records, in the order that the response keeps.
    #[serde(borrow)]
    pub records: Vec<FirehoseRecord<'a>>,
}

/// One entry of the event.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FirehoseRecord<'a> {
    /// Identifies the record in the response.
    #[serde(borrow)]
    pub record_id: Cow<'a, str>,
    #[serde(borrow, default, deserialize_with = "string")]
    data: Option<JsonStr<'a>>,
    #[serde(borrow, default)]
    kinesis_record_metadata: Option<&'a RawValue>,
}

/// The body is not a Firehose event. This fails the invocation.
#[derive(Debug, thiserror::Error)]
#[error(
    "not a Firehose transformation event: expected an object with `deliveryStreamArn` and `records`, each of them with \
     a `recordId`; found {found} at line {line}, column {column}; invoke this function from a Firehose stream's data \
     transformation"
)]
pub struct InvalidEvent {
    found: &'static str,
    line: usize,
    column: usize,
}

impl<'a> FirehoseEvent<'a> {
    /// Reads the body of an invocation.
    ///
    /// The error names the position of the fault and never the content, which may be log text.
    pub fn parse(body: &'a [u8]) -> Result<Self, InvalidEvent> {
        // Parsing text that is known to be UTF-8 saves a check of every string.
        let event = match simdutf8::basic::from_utf8(body) {
            Ok(text) => serde_json::from_str(text),
            Err(_) => serde_json::from_slice(body),
        };
        event.map_err(|error| InvalidEvent {
            found: if error.is_data() { "a missing or different field" } else { "invalid JSON" },
            line: error.line(),
            column: error.column(),
        })
    }
}

impl<'a> FirehoseRecord<'a> {
    /// The data in base64 as Firehose sent it; `None` if it is not a string.
    #[must_use]
    pub fn base64_data(&self) -> Option<Cow<'a, str>> {
        self.data.map(JsonStr::text)
    }

    /// The record's partition key in its Kinesis stream. Without one in the event it is the recordId, which spreads records
    /// over the shards just as well.
    #[must_use]
    pub fn partition_key(&self) -> String {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct KinesisRecordMetadata {
            partition_key: String,
        }
        let metadata = self.kinesis_record_metadata.and_then(|raw| serde_json::from_str(raw.get()).ok());
        metadata
            .map(|KinesisRecordMetadata { partition_key }| partition_key)
            .filter(|key| !key.is_empty())
            .unwrap_or_else(|| self.record_id.chars().take(MAX_PARTITION_KEY_CHARS).collect())
    }
}

/// A string, or `None` for any other value.
fn string<'de: 'a, 'a, D: Deserializer<'de>>(deserializer: D) -> Result<Option<JsonStr<'a>>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(JsonStr::from_raw)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn record_of_any_shape_is_accepted() {
        let body = r#"{"deliveryStreamArn":"arn","records":[
            {"recordId":"1"},
            {"recordId":"2","data":null},
            {"recordId":"3","data":{"a":[1]},"kinesisRecordMetadata":7},
            {"recordId":"4","data":"Zg\u003d\u003d","kinesisRecordMetadata":{"partitionKey":"k"}}]}"#;
        let event = FirehoseEvent::parse(body.as_bytes()).unwrap();
        let data: Vec<_> = event.records.iter().map(FirehoseRecord::base64_data).collect();
        assert_eq!(data, [None, None, None, Some("Zg==".into())]);
        let keys: Vec<_> = event.records.iter().map(FirehoseRecord::partition_key).collect();
        assert_eq!(keys, ["1", "2", "3", "k"]);
    }

    #[test]
    fn partition_key_from_a_record_id_keeps_to_the_quota() {
        let body = format!(r#"{{"deliveryStreamArn":"arn","records":[{{"recordId":"{}"}}]}}"#, "あ".repeat(257));
        let event = FirehoseEvent::parse(body.as_bytes()).unwrap();
        assert_eq!(event.records[0].partition_key().chars().count(), MAX_PARTITION_KEY_CHARS);
    }

    #[test]
    fn other_json_is_rejected_without_showing_it() {
        for body in [
            r#"{"awslogs":{"data":"secret"}}"#,
            r#"{"deliveryStreamArn":"arn","records":"secret"}"#,
            r#"{"deliveryStreamArn":"arn","records":[{"data":"secret"}]}"#,
            r#"["secret"]"#,
            "null",
        ] {
            let message = FirehoseEvent::parse(body.as_bytes()).unwrap_err().to_string();
            assert!(message.contains("found a missing or different field at line 1"), "{message}");
            assert!(!message.contains("secret"), "{message}");
        }
    }
}
