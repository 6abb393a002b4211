//! The partition values that Firehose's dynamic partitioning gets for a record.
//!
//! Source: "Create partitioning keys with an AWS Lambda function",
//! <https://docs.aws.amazon.com/firehose/latest/dev/dynamic-partitioning-partitioning-keys.html>.

use time::OffsetDateTime;

use crate::cloudwatch_logs::message::DataMessage;
use crate::firehose::response::PartitionValues;

/// A key that `PARTITION_KEYS` can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartitionKey {
    /// The AWS account of the log events.
    Owner,
    /// The name of the log group.
    LogGroup,
    /// The name of the log stream.
    LogStream,
    /// Four digits. All parts of the time are those of the record's first log event, in UTC.
    Year,
    /// Two digits.
    Month,
    /// Two digits.
    Day,
    /// Two digits.
    Hour,
}

/// Replaces a missing value. With an empty one, Firehose would fail the record.
const UNKNOWN: &str = "unknown";

/// Most characters of a value. Two values of this length and a prefix fit into the 1,024 bytes of an S3 key.
const MAX_VALUE_CHARS: usize = 256;

impl PartitionKey {
    /// All keys, in the order of the documentation.
    pub const ALL: [Self; 7] =
        [Self::Owner, Self::LogGroup, Self::LogStream, Self::Year, Self::Month, Self::Day, Self::Hour];

    /// The key with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|key| key.name() == name)
    }

    /// The key's name, in `PARTITION_KEYS` and in the stream's prefix.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::LogGroup => "log_group",
            Self::LogStream => "log_stream",
            Self::Year => "year",
            Self::Month => "month",
            Self::Day => "day",
            Self::Hour => "hour",
        }
    }

    fn value(self, message: &DataMessage<'_>) -> String {
        let time = || {
            let first = message.log_events.first()?.timestamp;
            OffsetDateTime::from_unix_timestamp(first.div_euclid(1_000)).ok().filter(|time| time.year() >= 0)
        };
        let time_part = |part: fn(OffsetDateTime) -> String| time().map_or_else(|| UNKNOWN.to_owned(), part);
        match self {
            Self::Owner => safe_for_s3(&message.owner.text()),
            Self::LogGroup => safe_for_s3(&message.log_group.text()),
            Self::LogStream => safe_for_s3(&message.log_stream.text()),
            Self::Year => time_part(|time| format!("{:04}", time.year())),
            Self::Month => time_part(|time| format!("{:02}", u8::from(time.month()))),
            Self::Day => time_part(|time| format!("{:02}", time.day())),
            Self::Hour => time_part(|time| format!("{:02}", time.hour())),
        }
    }
}

/// The values of `keys`; `None` without keys.
#[must_use]
pub(crate) fn values(keys: &[PartitionKey], message: &DataMessage<'_>) -> Option<PartitionValues> {
    (!keys.is_empty()).then(|| keys.iter().map(|key| (key.name(), key.value(message))).collect())
}

/// Makes one level of an S3 key. ASCII letters, digits and `-_.` stay. Everything else becomes `_`, also `/`, which would
/// begin another level.
///
/// Leading `/`, `_` and `.` are removed: log group names begin with the first, and Athena ignores objects under names that
/// begin with the others.
/// Source: "Safe characters", <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html>.
fn safe_for_s3(value: &str) -> String {
    let safe = |char: char| if char.is_ascii_alphanumeric() || "-_.".contains(char) { char } else { '_' };
    let value: String =
        value.chars().map(safe).skip_while(|char| matches!(char, '_' | '.')).take(MAX_VALUE_CHARS).collect();
    if value.is_empty() { UNKNOWN.to_owned() } else { value }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cloudwatch_logs::message::LogsMessage;
    use crate::cloudwatch_logs::pack::{LogSource, PackedPayload};

    fn values_of(log_group: &str, log_stream: &str, timestamp: i64) -> Vec<(&'static str, String)> {
        let log_events = [timestamp, 0].map(|timestamp| json!({"id": "1", "timestamp": timestamp, "message": "m"}));
        let source = LogSource { owner: "123456789012", log_group, log_stream, subscription_filters: &[] };
        let text = serde_json::to_string(&PackedPayload::data_message(source, &log_events)).unwrap();
        let Ok(LogsMessage::Data(message)) = LogsMessage::parse(&text) else { panic!("a DATA_MESSAGE") };
        values(&PartitionKey::ALL, &message).unwrap().into_iter().collect()
    }

    #[test]
    fn time_is_that_of_the_first_log_event_in_utc() {
        assert_eq!(
            values_of("/aws/lambda/fn", "2024/12/04/[$LATEST]0a", 1_733_356_799_999),
            [
                ("day", "04".to_owned()),
                ("hour", "23".to_owned()),
                ("log_group", "aws_lambda_fn".to_owned()),
                ("log_stream", "2024_12_04___LATEST_0a".to_owned()),
                ("month", "12".to_owned()),
                ("owner", "123456789012".to_owned()),
                ("year", "2024".to_owned()),
            ]
        );
    }

    #[test]
    fn each_value_is_one_level_of_an_s3_key() {
        for (name, value) in [
            ("", "unknown"),
            ("///", "unknown"),
            ("../..", "unknown"),
            ("_hidden", "hidden"),
            ("a=b/c d", "a_b_c_d"),
            ("ログ", "unknown"),
            ("アプリ/app", "app"),
        ] {
            let group = &values_of(name, "s", 0)[2];
            assert_eq!(group, &("log_group", value.to_owned()), "{name}");
        }
        assert_eq!(values_of(&"g".repeat(512), "s", 0)[2].1.len(), MAX_VALUE_CHARS);
    }

    #[test]
    fn impossible_time_is_unknown() {
        for timestamp in [i64::MAX, i64::MIN] {
            assert!(values_of("g", "s", timestamp).contains(&("year", UNKNOWN.to_owned())));
        }
        assert!(values_of("g", "s", -1).contains(&("year", "1969".to_owned())));
    }

    #[test]
    fn names_of_keys_are_unique() {
        for key in PartitionKey::ALL {
            assert_eq!(PartitionKey::from_name(key.name()), Some(key));
        }
    }
}
