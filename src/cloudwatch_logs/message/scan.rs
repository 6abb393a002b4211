//! The fast path for payloads as CloudWatch Logs writes them.

#![expect(
    clippy::inline_always,
    reason = "a third of a scan went into handing log events from one function to the next"
)]

use serde::de::IgnoredAny;

use super::{LogEvent, Object, PayloadFields};
use crate::json::scan::{JsonScanner, set};
use crate::json::string::JsonStr;

/// Typical smallest size of a log event in JSON, in bytes. It sizes the list; shorter log events make the list grow.
const TYPICAL_LOG_EVENT_BYTES: usize = 128;

/// Reads the text of one payload if CloudWatch Logs writes such text. The log events take over `memory`.
pub(super) fn scan<'a>(text: &'a str, memory: &mut Vec<LogEvent<'a>>) -> Option<PayloadFields<'a>> {
    let mut scanner = JsonScanner::new(text)?;
    let mut payload = PayloadFields::default();
    scanner.skip("{")?;
    loop {
        match scanner.name()? {
            "messageType" => set(&mut payload.message_type, scanner.string()?)?,
            "owner" => set(&mut payload.owner, scanner.string()?)?,
            "logGroup" => set(&mut payload.log_group, scanner.string()?)?,
            "logStream" => set(&mut payload.log_stream, scanner.string()?)?,
            "logEvents" => set(&mut payload.log_events, log_events(&mut scanner, memory)?)?,
            _ => drop(scanner.parsed::<IgnoredAny>()?),
        }
        if scanner.ends("}")? {
            return scanner.rest().is_empty().then_some(payload);
        }
    }
}

fn log_events<'a>(scanner: &mut JsonScanner<'a>, memory: &mut Vec<LogEvent<'a>>) -> Option<Vec<LogEvent<'a>>> {
    scanner.skip("[")?;
    let mut log_events = std::mem::take(memory);
    log_events.clear();
    log_events.reserve(scanner.rest().len() / TYPICAL_LOG_EVENT_BYTES);
    if scanner.skip("]").is_some() {
        return Some(log_events);
    }
    loop {
        let start = scanner.rest();
        if let Some(log_event) = plain_log_event(scanner) {
            log_events.push(log_event);
        } else {
            // The log event has other members, or another order.
            *scanner = JsonScanner::at(start);
            let Object(log_event) = scanner.parsed()?;
            log_events.push(log_event);
        }
        if scanner.ends("]")? {
            return Some(log_events);
        }
    }
}

#[inline(always)]
fn plain_log_event<'a>(scanner: &mut JsonScanner<'a>) -> Option<LogEvent<'a>> {
    scanner.skip(r#"{"id":"#)?;
    let id = id(scanner)?;
    scanner.skip(r#","timestamp":"#)?;
    let timestamp = timestamp(scanner)?;
    scanner.skip(r#","message":"#)?;
    let message = scanner.string()?;
    scanner.skip("}")?;
    Some(LogEvent { id, timestamp, message, extracted_fields: None })
}

/// Ids have 56 digits. Checking for digits is faster than searching the end of a string.
#[inline(always)]
fn id<'a>(scanner: &mut JsonScanner<'a>) -> Option<JsonStr<'a>> {
    const LITERAL_BYTES: usize = 58;
    if let Some([b'"', digits @ .., b'"']) = scanner.rest().as_bytes().first_chunk::<LITERAL_BYTES>()
        && digits.iter().fold(true, |so_far, digit| so_far & digit.is_ascii_digit())
    {
        return scanner.take(LITERAL_BYTES).map(JsonStr::without_escapes);
    }
    scanner.string()
}

/// Milliseconds since 1970 in 13 digits, which covers the years 2001 to 2286.
#[inline(always)]
fn timestamp(scanner: &mut JsonScanner<'_>) -> Option<i64> {
    const DIGITS: usize = 13;
    let digits = scanner.rest().as_bytes().first_chunk::<DIGITS>()?;
    if digits[0] == b'0' || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    scanner.take(DIGITS)?;
    let mut high = [b'0'; 8];
    high[3..].copy_from_slice(&digits[..5]);
    let mut low = [b'0'; 8];
    low.copy_from_slice(&digits[5..]);
    Some(i64::from(number_of(high)) * 100_000_000 + i64::from(number_of(low)))
}

/// The number that eight digits spell. All digits are handled in one word: a dozen steps instead of three per digit.
#[inline]
fn number_of(digits: [u8; 8]) -> u32 {
    const PAIRS: u64 = 0x00ff_00ff_00ff_00ff;
    const FOURS: u64 = 0x0000_ffff_0000_ffff;
    let ones = u64::from_le_bytes(digits) & 0x0f0f_0f0f_0f0f_0f0f;
    let pairs = (ones.wrapping_mul(10 << 8 | 1) >> 8) & PAIRS;
    let fours = (pairs.wrapping_mul(100 << 16 | 1) >> 16) & FOURS;
    (fours.wrapping_mul(10_000 << 32 | 1) >> 32) as u32
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn described(payload: &PayloadFields<'_>) -> String {
        format!("{payload:?}")
    }

    fn parsed(text: &str) -> Option<String> {
        PayloadFields::parse(text).ok().map(|payload| described(&payload))
    }

    #[test]
    fn payload_of_cloudwatch_logs_is_scanned() {
        for text in [
            r#"{"messageType":"DATA_MESSAGE","owner":"123456789012","logGroup":"g","logStream":"s","subscriptionFilters":["f"],"logEvents":[{"id":"37589149820246364063812049386932213411283546298478592000","timestamp":1510109208016,"message":"\u001b[31m\"ログ\"\\"},{"id":"1","timestamp":1510109208016,"message":"","extractedFields":{"a":"b"}}]}"#,
            r#"{"messageType":"CONTROL_MESSAGE","owner":"CloudwatchLogs","logGroup":"","logStream":"","subscriptionFilters":[],"logEvents":[{"id":"","timestamp":1510109208016,"message":"CWL CONTROL MESSAGE: Checking health of destination Firehose."}]}"#,
            r#"{"logEvents":[],"policyLevel":"ACCOUNT_LEVEL_POLICY"}"#,
        ] {
            let scanned = scan(text, &mut Vec::new()).map(|payload| described(&payload));
            assert!(scanned.is_some(), "{text}");
            assert_eq!(scanned, parsed(text));
        }
    }

    #[test]
    fn other_text_is_left_to_the_parser() {
        for text in [
            r#"{"owner": "1"}"#,
            "{\n\"owner\":\"1\"}",
            r#"{"owner":"1","owner":"2"}"#,
            r#"{"owner":null}"#,
            r#"{"\u006fwner":"1"}"#,
            r#"{"owner":"1"}}"#,
            r#"{"owner":"1""#,
            r#"{"logEvents":[{"id":"1","timestamp":1510109208016}]}"#,
            "",
        ] {
            assert!(scan(text, &mut Vec::new()).is_none(), "{text}");
        }
    }

    fn text() -> impl Strategy<Value = String> {
        prop_oneof![r#"[a-z"\\あ\n\x1b\x00]{0,150}"#, any::<String>(), "[0-9]{56}"]
    }

    fn log_event() -> impl Strategy<Value = String> {
        (text(), prop_oneof![any::<i64>(), Just(1_510_109_208_016)], text(), 0_u8..8).prop_map(
            |(id, timestamp, message, shape)| {
                let (id, message) = (json!(id), json!(message));
                match shape {
                    0 => format!(r#"{{"message":{message},"id":{id},"timestamp":{timestamp}}}"#),
                    1 => format!(
                        r#"{{"id":{id},"timestamp":{timestamp},"message":{message},"extractedFields":{{"a":"b"}}}}"#
                    ),
                    2 => format!(r#"{{"id":{id},"timestamp":"{timestamp}","message":{message}}}"#),
                    _ => format!(r#"{{"id":{id},"timestamp":{timestamp},"message":{message}}}"#),
                }
            },
        )
    }

    fn payload() -> impl Strategy<Value = String> {
        (text(), text(), prop::collection::vec(log_event(), 0..4)).prop_map(|(log_group, log_stream, log_events)| {
            let members = [
                ("messageType", r#""DATA_MESSAGE""#.to_owned()),
                ("owner", r#""123456789012""#.to_owned()),
                ("logGroup", json!(log_group).to_string()),
                ("logStream", json!(log_stream).to_string()),
                ("subscriptionFilters", r#"["f"]"#.to_owned()),
                ("logEvents", format!("[{}]", log_events.join(","))),
            ];
            let members: Vec<_> = members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
            format!("{{{}}}", members.join(","))
        })
    }

    proptest! {
        #[test]
        fn scan_accepts_nothing_that_the_parser_reads_differently(
            text in payload(),
            faults in prop::collection::vec((any::<prop::sample::Index>(), r#"["\\,:{}\[\]u0-9a \n]"#), 0..3),
        ) {
            let mut chars: Vec<char> = text.chars().collect();
            for (at, fault) in faults {
                let at = at.index(chars.len());
                chars.splice(at..=at, fault.chars());
            }
            let text: String = chars.into_iter().collect();
            if let Some(payload) = scan(&text, &mut Vec::new()) {
                prop_assert_eq!(Some(described(&payload)), parsed(&text));
            }
        }
    }
}
