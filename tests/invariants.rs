//! Properties that hold for every event and every reply of the stream.

use std::collections::{BTreeMap, BTreeSet};

use firehose_logs_transform::internals::Config;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::fake_stream::{FakeStream, Reply};
use crate::support::records::{Record, control_message, gzip, log_event_ids, payload};
use crate::support::{Invocation, block_on, data, event, json_output, results, rows, settings};

/// The content of a record.
#[derive(Debug, Clone)]
enum Kind {
    /// Log events, and the length of the message in each.
    Data {
        log_events: usize,
        message_len: usize,
    },
    Control,
    Broken,
}

fn kind() -> impl Strategy<Value = Kind> {
    let data = |log_events, message_len| {
        (log_events, message_len).prop_map(|(log_events, message_len)| Kind::Data { log_events, message_len })
    };
    prop_oneof![
        6 => data(0..20_usize, 0..300_usize),
        6 => data(100..3_000_usize, 100..900_usize),
        1 => data(1..4_usize, 1_000_000..4_600_000_usize),
        1 => Just(Kind::Control),
        1 => Just(Kind::Broken),
    ]
}

/// A record of this kind. The ids of its log events are unique in the whole event.
fn record(index: usize, kind: &Kind) -> Record {
    let id = format!("record {index}");
    match kind {
        Kind::Control => Record::of_payload(&id, &control_message()),
        Kind::Broken => Record::of_bytes(&id, b"\x1f\x8bbroken"),
        Kind::Data { log_events, message_len } => {
            let log_event =
                |event| json!({"id": format!("{index}.{event}"), "timestamp": 1, "message": "m".repeat(*message_len)});
            Record::of_payload(&id, &payload("/app", &(0..*log_events).map(log_event).collect::<Vec<_>>()))
        }
    }
}

/// The ids in lines of `json` output.
fn ids_of_lines(output: &str) -> Vec<String> {
    output.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["id"].as_str().unwrap().to_owned()).collect()
}

/// The ids of all log events in valid records.
fn all_ids(records: &[Record], kinds: &[Kind]) -> Vec<String> {
    let valid = records.iter().zip(kinds).filter(|(_, kind)| matches!(kind, Kind::Data { .. }));
    valid.flat_map(|(record, _)| log_event_ids(&record.bytes())).collect()
}

/// The response to an event with `records`. [`Invocation`] asserts that it is within the budget, and [`FakeStream`] asserts that
/// every batch is within the quotas.
async fn invoke_checked(records: &[Record], stream: &FakeStream) -> Value {
    let config = settings(&[("OUTPUT_FORMAT", "json"), ("REINGEST_MAX_ATTEMPTS", "3")]);
    let response = Invocation::new(config, stream).run(&event(records)).await.unwrap();
    let ids: Vec<_> = rows(&response).iter().map(|row| row["recordId"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids, records.iter().map(|record| record.id.clone()).collect::<Vec<_>>(), "each recordId once, in order");
    response
}

/// A payload or its gzip with one byte changed, and possibly cut off.
fn broken_payload() -> impl Strategy<Value = Vec<u8>> {
    let text = payload("/app", &[json!({"id": "1", "timestamp": 1, "message": "a\\\"\u{1f600}ログ"})])
        .to_string()
        .into_bytes();
    (any::<prop::sample::Index>(), any::<u8>(), any::<prop::sample::Index>(), any::<bool>(), any::<bool>()).prop_map(
        move |(at, byte, cut, is_cut, breaks_gzip)| {
            let mut bytes = if breaks_gzip { gzip(&text) } else { text.clone() };
            let at = at.index(bytes.len());
            bytes[at] = byte;
            if is_cut {
                bytes.truncate(cut.index(bytes.len()));
            }
            if breaks_gzip { bytes } else { gzip(&bytes) }
        },
    )
}

proptest! {
    #[test]
    fn record_of_any_bytes_gets_a_row(
        any_bytes in prop::collection::vec(any::<u8>(), 0..200),
        broken in prop::collection::vec(broken_payload(), 1..20),
        is_json in any::<bool>(),
    ) {
        let bytes = std::iter::once(any_bytes).chain(broken);
        let mut records: Vec<_> =
            bytes.enumerate().map(|(index, bytes)| Record::of_bytes(&index.to_string(), &bytes)).collect();
        records.push(record(99, &Kind::Data { log_events: 1, message_len: 1 }));
        let config = if is_json { json_output() } else { Config::default() };
        let stream = FakeStream::accepting();
        let response = block_on(Invocation::new(config, &stream).run(&event(&records))).unwrap();
        let results = results(&response);
        prop_assert_eq!(results.len(), records.len());
        prop_assert_eq!(results.last(), Some(&"Ok"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn every_log_event_is_delivered_reingested_or_failed_exactly_once(
        kinds in prop::collection::vec(kind(), 0..14),
        stream_behavior in 0..4_usize,
    ) {
        let records: Vec<_> = kinds.iter().enumerate().map(|(index, kind)| record(index, kind)).collect();
        let stream = FakeStream::replying_in_turn(match stream_behavior {
            0 => vec![Reply::Error(400, "AccessDeniedException")],
            1 => vec![Reply::AcceptWhere(|index| index % 2 == 0)],
            2 => vec![Reply::Disconnect, Reply::Accept],
            _ => vec![Reply::Accept],
        });
        let response = block_on(invoke_checked(&records, &stream));

        let mut seen = Vec::new();
        let mut pieces: BTreeMap<String, usize> = BTreeMap::new();
        for id in stream.accepted().iter().flat_map(|data| log_event_ids(data)) {
            *pieces.entry(id).or_default() += 1;
        }
        for (record, (row, kind)) in records.iter().zip(rows(&response).iter().zip(&kinds)) {
            match (row["result"].as_str().unwrap(), kind) {
                ("Ok", Kind::Data { .. }) => seen.extend(ids_of_lines(&data(row))),
                ("ProcessingFailed", Kind::Data { .. }) => {
                    // The error prefix has the whole record. If some of its pieces were accepted, their log events exist twice.
                    let ids = log_event_ids(&record.bytes());
                    for id in &ids {
                        pieces.remove(id);
                    }
                    seen.extend(ids);
                }
                ("Dropped", Kind::Data { .. } | Kind::Control) | ("ProcessingFailed", Kind::Broken) => {}
                (result, kind) => prop_assert!(false, "{result} for {kind:?}"),
            }
        }
        prop_assert!(pieces.values().all(|count| *count == 1), "an accepted log event is not sent again");
        seen.extend(pieces.into_keys());
        seen.sort();
        let mut all = all_ids(&records, &kinds);
        all.sort();
        prop_assert_eq!(seen, all);
    }

    #[test]
    fn repeated_passes_over_reingested_records_deliver_every_log_event_once(
        kinds in prop::collection::vec(kind(), 1..14),
    ) {
        let mut records: Vec<_> = kinds.iter().enumerate().map(|(index, kind)| record(index, kind)).collect();
        let all = all_ids(&records, &kinds);
        let mut delivered = Vec::new();
        let mut failed = BTreeSet::new();
        let mut passes = 0;
        while !records.is_empty() {
            passes += 1;
            prop_assert!(passes <= 60, "too many passes: {} records are left", records.len());
            let stream = FakeStream::accepting();
            let response = block_on(invoke_checked(&records, &stream));
            for (row, record) in rows(&response).iter().zip(&records) {
                match row["result"].as_str().unwrap() {
                    "Ok" => delivered.extend(ids_of_lines(&data(row))),
                    "ProcessingFailed" if !record.bytes().ends_with(b"broken") => {
                        failed.extend(log_event_ids(&record.bytes()));
                    }
                    _ => {}
                }
            }
            let reingested = stream.accepted();
            prop_assert!(reingested.len() < records.len() || results(&response).contains(&"Ok")
                || reingested.iter().all(|data| log_event_ids(data).len() < all.len()), "a pass without progress");
            records = reingested.iter().enumerate()
                .map(|(index, data)| Record::of_bytes(&format!("pass {passes} record {index}"), data)).collect();
        }
        let largest_line = 4_499_900;
        prop_assert!(failed.is_empty() || kinds.iter().any(|kind| {
            matches!(kind, Kind::Data { message_len, .. } if *message_len + 200 > largest_line)
        }), "only log events that fit no response may fail");
        delivered.extend(failed);
        delivered.sort();
        let mut all = all;
        all.sort();
        prop_assert_eq!(delivered, all);
    }
}
