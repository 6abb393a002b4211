//! The payload's JSON, as CloudWatch Logs sends it to a subscription. Everything borrows from the payload's text.
//!
//! Source: "Log group-level subscription filters",
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html>.

mod scan;

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::json::string::JsonStr;

/// One subscription payload.
#[derive(Debug)]
pub enum LogsMessage<'a> {
    /// `CONTROL_MESSAGE`: CloudWatch Logs tests whether the destination is reachable. It carries no log data.
    Control,
    /// `DATA_MESSAGE`: log events of one log stream.
    Data(DataMessage<'a>),
}

/// Log events of one log stream, and their origin.
#[derive(Debug)]
pub struct DataMessage<'a> {
    /// The AWS account that the log events come from.
    pub owner: JsonStr<'a>,
    /// The name of the log group.
    pub log_group: JsonStr<'a>,
    /// The name of the log stream.
    pub log_stream: JsonStr<'a>,
    /// The log events, in the order of the payload.
    pub log_events: Vec<LogEvent<'a>>,
}

/// One entry of `logEvents`.
#[derive(Debug, Deserialize)]
pub struct LogEvent<'a> {
    /// Unique in CloudWatch Logs. It tells a duplicate delivery from a log line that was written twice.
    #[serde(borrow)]
    pub id: JsonStr<'a>,
    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub timestamp: i64,
    /// The log line. It may contain any characters.
    #[serde(borrow)]
    pub message: JsonStr<'a>,
    /// Fields that a filter pattern extracted from the message: an object of strings.
    #[serde(borrow, default, rename = "extractedFields")]
    pub extracted_fields: Option<&'a RawValue>,
}

/// Why a text is not a subscription payload. No message shows the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PayloadError {
    /// The text is not JSON.
    #[error("expected JSON, found something else at line {line}, column {column}")]
    NotJson {
        /// Counted from 1.
        line: usize,
        /// In bytes, counted from 1.
        column: usize,
    },
    /// The text is JSON of another shape.
    #[error(
        "expected a CloudWatch Logs subscription payload, found JSON with a missing or different field at line {line}, \
         column {column}"
    )]
    NotSubscriptionPayload {
        /// Counted from 1.
        line: usize,
        /// In bytes, counted from 1.
        column: usize,
    },
    /// The payload lacks a field that a `DATA_MESSAGE` must have.
    #[error("expected a CloudWatch Logs subscription payload, found JSON without `{0}`")]
    MissingField(&'static str),
    /// The payload has a messageType that is not known here.
    #[error("expected a messageType of DATA_MESSAGE or CONTROL_MESSAGE, found another one")]
    UnknownMessageType,
}

impl<'a> LogsMessage<'a> {
    /// Reads the text of one payload. Unknown fields are ignored.
    pub fn parse(text: &'a str) -> Result<Self, PayloadError> {
        Self::parse_into(text, &mut Vec::new())
    }

    /// Like [`parse`](Self::parse), with memory for the log events. `recycle` returns it.
    pub fn parse_into(text: &'a str, memory: &mut Vec<LogEvent<'a>>) -> Result<Self, PayloadError> {
        let payload = match scan::scan(text, memory) {
            Some(payload) => payload,
            None => PayloadFields::parse(text)?,
        };
        let message_type = payload.message_type.ok_or(PayloadError::MissingField("messageType"))?;
        match &*message_type.text() {
            "CONTROL_MESSAGE" => Ok(Self::Control),
            "DATA_MESSAGE" => Ok(Self::Data(DataMessage {
                owner: payload.owner.ok_or(PayloadError::MissingField("owner"))?,
                log_group: payload.log_group.ok_or(PayloadError::MissingField("logGroup"))?,
                log_stream: payload.log_stream.ok_or(PayloadError::MissingField("logStream"))?,
                log_events: payload.log_events.ok_or(PayloadError::MissingField("logEvents"))?,
            })),
            _ => Err(PayloadError::UnknownMessageType),
        }
    }
}

/// Turns a message's log events into empty memory for those of another text.
#[must_use]
pub(crate) fn recycle<'b>(mut log_events: Vec<LogEvent<'_>>) -> Vec<LogEvent<'b>> {
    log_events.clear();
    // In-place collection reuses the allocation.
    log_events.into_iter().map(|_| unreachable!("cleared")).collect()
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PayloadFields<'a> {
    #[serde(borrow)]
    message_type: Option<JsonStr<'a>>,
    #[serde(borrow)]
    owner: Option<JsonStr<'a>>,
    #[serde(borrow)]
    log_group: Option<JsonStr<'a>>,
    #[serde(borrow)]
    log_stream: Option<JsonStr<'a>>,
    #[serde(borrow, default, deserialize_with = "objects")]
    log_events: Option<Vec<LogEvent<'a>>>,
}

impl<'a> PayloadFields<'a> {
    fn parse(text: &'a str) -> Result<Self, PayloadError> {
        serde_json::from_str(text).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            if error.is_data() {
                PayloadError::NotSubscriptionPayload { line, column }
            } else {
                PayloadError::NotJson { line, column }
            }
        })
    }
}

/// An array of objects, or `null`. Serde alone would also accept an array for each object, and an array of three characters
/// would become a log event of many times that size.
fn objects<'de, T, D>(deserializer: D) -> Result<Option<Vec<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Ok(Option::<Vec<Object<T>>>::deserialize(deserializer)?
        .map(|objects| objects.into_iter().map(|Object(value)| value).collect()))
}

struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MapVisitor<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for MapVisitor<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Object)
            }
        }
        deserializer.deserialize_map(MapVisitor(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payload_errors_name_the_position_and_never_the_content() {
        let message = |text| LogsMessage::parse(text).unwrap_err().to_string();
        assert_eq!(message(r#"{"messageType":"#), "expected JSON, found something else at line 1, column 15");
        assert_eq!(
            message(r#"{"messageType":"DATA_MESSAGE","logEvents":"secret"}"#),
            "expected a CloudWatch Logs subscription payload, found JSON with a missing or different field at line 1, \
             column 50"
        );
        assert_eq!(
            message(r#"{"messageType":"DATA_MESSAGE","owner":"1","logGroup":"g","logStream":"s"}"#),
            "expected a CloudWatch Logs subscription payload, found JSON without `logEvents`"
        );
        assert_eq!(
            message(r#"{"messageType":"SECRET_MESSAGE"}"#),
            "expected a messageType of DATA_MESSAGE or CONTROL_MESSAGE, found another one"
        );
    }

    #[test]
    fn log_event_must_be_an_object() {
        let text = |log_event| {
            format!(
                r#"{{"messageType":"DATA_MESSAGE","owner":"1","logGroup":"g","logStream":"s","logEvents":[{log_event}]}}"#
            )
        };
        assert!(LogsMessage::parse(&text(r#"{"id":"i","timestamp":0,"message":"m"}"#)).is_ok());
        for log_event in [r#"["i",0,"m"]"#, r#"["i",0,"m",{}]"#, r#""m""#, "null"] {
            let error = LogsMessage::parse(&text(log_event)).unwrap_err();
            assert!(matches!(error, PayloadError::NotSubscriptionPayload { .. }), "{log_event}");
        }
    }

    #[test]
    fn memory_of_log_events_is_reused() {
        let log_events: Vec<LogEvent<'_>> = Vec::with_capacity(1_000);
        let memory = log_events.as_ptr().addr();
        let recycled = recycle(log_events);
        assert_eq!((recycled.as_ptr().addr(), recycled.capacity()), (memory, 1_000));
    }

    #[test]
    fn unknown_fields_are_ignored() {
        let text = r#"{"messageType":"DATA_MESSAGE","owner":"1","logGroup":"g","logStream":"s","policyLevel":
            "ACCOUNT_LEVEL_POLICY","subscriptionFilters":["f"],"logEvents":[{"id":"i","timestamp":-1,"message":"m",
            "new":{"a":1}}]}"#;
        let Ok(LogsMessage::Data(message)) = LogsMessage::parse(text) else { panic!("a DATA_MESSAGE") };
        assert_eq!(message.log_events[0].timestamp, -1);
        assert_eq!(message.log_events[0].message.text(), "m");
    }
}
