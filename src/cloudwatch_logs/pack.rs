//! Builds payloads as CloudWatch Logs sends them: the inverse of [`decode`](super::decode) and
//! [`message`](super::message), for `pack`, for split records, and for tests.

use std::io::{self, Write};

use flate2::{Compression, write::GzEncoder};
use serde::Serialize;

/// A payload to be written as JSON, its members in the order of CloudWatch Logs.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PackedPayload<'a, E> {
    message_type: &'static str,
    owner: &'a str,
    log_group: &'a str,
    log_stream: &'a str,
    subscription_filters: &'a [&'a str],
    log_events: &'a [E],
}

/// The origin of log events.
#[derive(Debug, Clone, Copy)]
pub struct LogSource<'a> {
    /// The account.
    pub owner: &'a str,
    /// The log group's name.
    pub log_group: &'a str,
    /// The log stream's name.
    pub log_stream: &'a str,
    /// The names of the subscription filters that match.
    pub subscription_filters: &'a [&'a str],
}

/// One entry of `logEvents`.
#[derive(Debug, Serialize)]
pub struct PackedLogEvent<'a> {
    /// See [`log_event_id`].
    pub id: String,
    /// Milliseconds since 1970.
    pub timestamp: u64,
    /// The log line.
    pub message: &'a str,
}

impl<'a, E: Serialize> PackedPayload<'a, E> {
    /// A `DATA_MESSAGE`. `E` is [`PackedLogEvent`], or whatever else a test puts into `logEvents`.
    pub fn data_message(source: LogSource<'a>, log_events: &'a [E]) -> Self {
        let LogSource { owner, log_group, log_stream, subscription_filters } = source;
        Self { message_type: "DATA_MESSAGE", owner, log_group, log_stream, subscription_filters, log_events }
    }

    /// The payload as gzip, which is a record's data before base64.
    ///
    /// # Errors
    /// A log event does not serialise.
    pub fn gzip(&self) -> io::Result<Vec<u8>> {
        let mut encoder = gzip_encoder();
        serde_json::to_writer(&mut encoder, self)?;
        encoder.finish()
    }
}

impl<'a> PackedPayload<'a, PackedLogEvent<'a>> {
    /// The log events of a `CONTROL_MESSAGE`, for [`Self::control_message`].
    #[must_use]
    pub fn health_check(timestamp: u64) -> [PackedLogEvent<'static>; 1] {
        let message = "CWL CONTROL MESSAGE: Checking health of destination Firehose.";
        [PackedLogEvent { id: String::new(), timestamp, message }]
    }

    /// A `CONTROL_MESSAGE`, by which CloudWatch Logs tests a destination.
    #[must_use]
    pub fn control_message(health_check: &'a [PackedLogEvent<'a>]) -> Self {
        Self {
            message_type: "CONTROL_MESSAGE",
            owner: "CloudwatchLogs",
            log_group: "",
            log_stream: "",
            subscription_filters: &[],
            log_events: health_check,
        }
    }
}

/// Compresses bytes at the level that CloudWatch Logs uses.
///
/// # Errors
/// None occurs: writing to memory does not fail.
pub fn gzip(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = gzip_encoder();
    encoder.write_all(bytes)?;
    encoder.finish()
}

/// An encoder at the level that CloudWatch Logs uses.
pub(super) fn gzip_encoder() -> GzEncoder<Vec<u8>> {
    GzEncoder::new(Vec::new(), Compression::new(6))
}

/// The id of a log event: the timestamp (milliseconds) times 2^144, plus a number below that, as 56 decimal digits.
///
/// The sample payloads of AWS's documentation have this layout; the lower number goes up by one within a payload. The digits
/// compress badly, which decides much of a small record's size.
/// Source: "Log group-level subscription filters",
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html>.
#[must_use]
pub fn log_event_id(timestamp: u64, below: u128) -> String {
    // 185 bits fit no integer type, so this multiplies digit by digit in base 10^16, in two steps of 2^72.
    const BASE: u128 = 10_u128.pow(16);
    let mut rest = u128::from(timestamp) << 72;
    let mut carry = below;
    let mut digits = [0; 4];
    for digit in &mut digits {
        let sum = ((rest % BASE) << 72) + carry;
        rest /= BASE;
        (*digit, carry) = (sum % BASE, sum / BASE);
    }
    let [lowest, low, high, highest] = digits;
    format!("{highest:08}{high:016}{low:016}{lowest:016}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first two log events of the sample for Kinesis Data Streams in AWS's documentation.
    #[test]
    fn ids_have_the_layout_of_the_sample_in_aws_documentation() {
        let (timestamp, below) = (1_432_826_855_000, 1_732_181_997_039_426_805_772_632_275_426_541_568);
        assert_eq!(log_event_id(timestamp, below), "31953106606966983378809025079804211143289615424298221568");
        assert_eq!(log_event_id(timestamp, below + 1), "31953106606966983378809025079804211143289615424298221569");
    }

    #[test]
    fn ids_sort_by_time_and_then_by_the_lower_number() {
        let ids = [(1, 0), (1, u128::MAX >> 4), (2, 0), (1_733_356_799_999, 1), (1_733_356_799_999, 2)]
            .map(|(timestamp, below)| log_event_id(timestamp, below));
        assert!(ids.is_sorted());
        assert!(ids.iter().all(|id| id.len() == 56));
    }
}
