//! What Firehose's dynamic partitioning gets to know of a record.
//!
//! Source: "Create partitioning keys with an AWS Lambda function",
//! <https://docs.aws.amazon.com/firehose/latest/dev/dynamic-partitioning-partitioning-keys.html>.

use std::collections::BTreeMap;

use time::OffsetDateTime;

use crate::cloudwatch_logs::message::DataMessage;

/// A key that `PARTITION_KEYS` can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartitionKey {
    /// The AWS account that the log events come from.
    Owner,
    /// The name of the log group.
    LogGroup,
    /// The name of the log stream.
    LogStream,
    /// Four digits. This and the following are of the record's first log event, in UTC.
    Year,
    /// Two digits.
    Month,
    /// Two digits.
    Day,
    /// Two digits.
    Hour,
}

/// Values by key, in the order of the keys' names.
pub type PartitionValues = BTreeMap<&'static str, String>;

/// What stands for a value that is not there: an empty one would make Firehose fail the record.
const UNKNOWN: &str = "unknown";

/// Characters of a value, at the most: two values of full length and a prefix fit in the 1,024 bytes of an S3 key.
const MAX_VALUE_CHARS: usize = 256;

impl PartitionKey {
    /// Every key, in the order of the documentation.
    pub const ALL: [Self; 7] =
        [Self::Owner, Self::LogGroup, Self::LogStream, Self::Year, Self::Month, Self::Day, Self::Hour];

    /// The key of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|key| key.name() == name)
    }

    /// Its name, in `PARTITION_KEYS` and in the stream's prefix.
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
        let of_time = |part: fn(OffsetDateTime) -> String| time().map_or_else(|| UNKNOWN.to_owned(), part);
        match self {
            Self::Owner => safe_for_s3(&message.owner.text()),
            Self::LogGroup => safe_for_s3(&message.log_group.text()),
            Self::LogStream => safe_for_s3(&message.log_stream.text()),
            Self::Year => of_time(|time| format!("{:04}", time.year())),
            Self::Month => of_time(|time| format!("{:02}", u8::from(time.month()))),
            Self::Day => of_time(|time| format!("{:02}", time.day())),
            Self::Hour => of_time(|time| format!("{:02}", time.hour())),
        }
    }
}

/// The values of `keys`, or `None` if there are no keys.
#[must_use]
pub fn values(keys: &[PartitionKey], message: &DataMessage<'_>) -> Option<PartitionValues> {
    (!keys.is_empty()).then(|| keys.iter().map(|key| (key.name(), key.value(message))).collect())
}

/// One level of an S3 key: letters, digits and `-_.`, everything else `_`, and no `/`, which would make levels of its own.
///
/// What stands at the start of log group names (`/`) is left out, and so are `_` and `.` there: Athena passes over
/// objects under names that begin with them.
/// Source: "Safe characters", <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html>.
fn safe_for_s3(value: &str) -> String {
    let safe = |char: char| if char.is_ascii_alphanumeric() || "-_.".contains(char) { char } else { '_' };
    let value: String =
        value.chars().map(safe).skip_while(|char| matches!(char, '_' | '.')).take(MAX_VALUE_CHARS).collect();
    if value.is_empty() { UNKNOWN.to_owned() } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloudwatch_logs::message::LogsMessage;

    fn values_of(log_group: &str, log_stream: &str, timestamp: i64) -> Vec<(&'static str, String)> {
        let text = serde_json::json!({
            "messageType": "DATA_MESSAGE",
            "owner": "123456789012",
            "logGroup": log_group,
            "logStream": log_stream,
            "logEvents": [
                {"id": "1", "timestamp": timestamp, "message": "m"},
                {"id": "2", "timestamp": 0, "message": "m"},
            ],
        })
        .to_string();
        let Ok(LogsMessage::Data(message)) = LogsMessage::parse(&text) else { panic!("a DATA_MESSAGE") };
        values(&PartitionKey::ALL, &message).unwrap().into_iter().collect()
    }

    #[test]
    fn values_are_of_the_first_log_event_in_utc() {
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
    fn values_are_one_level_of_an_s3_key() {
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
    fn time_that_is_none_is_unknown() {
        for timestamp in [i64::MAX, i64::MIN] {
            assert!(values_of("g", "s", timestamp).contains(&("year", UNKNOWN.to_owned())));
        }
        assert!(values_of("g", "s", -1).contains(&("year", "1969".to_owned())));
    }

    #[test]
    fn every_key_has_a_name_of_its_own() {
        for key in PartitionKey::ALL {
            assert_eq!(PartitionKey::named(key.name()), Some(key));
        }
    }
}
