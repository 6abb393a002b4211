//! Frames that records share: what is in them, and what happens when they do not fit.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use base64::{Engine, engine::general_purpose::STANDARD};
use firehose_logs_transform::internals::{Config, RESPONSE_BUDGET_BYTES};
use firehose_logs_transform::{DataMessage, LogEvent, Message, Transform, TransformError};
use flate2::bufread::GzDecoder;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::fake_stream::FakeStream;
use crate::support::records::{Record, control_message, data_message, messages, payload, random_text};
use crate::support::{Invocation, Logs, block_on, data_bytes, event, results, rows, settings};

const MIB: usize = 1024 * 1024;
const CODECS: [&str; 2] = ["gzip", "zstd"];

fn shared(codec: &str) -> Config {
    settings(&[("OUTPUT_COMPRESSION", codec), ("OUTPUT_FRAMES", "batch")])
}

fn by_log_group(codec: &str) -> Config {
    settings(&[("OUTPUT_COMPRESSION", codec), ("OUTPUT_FRAMES", "batch"), ("PARTITION_KEYS", "log_group")])
}

/// The plain bytes of a row's data. The data must be exactly one frame.
fn one_frame(codec: &str, row: &Value) -> Vec<u8> {
    let data = data_bytes(row);
    if codec == "zstd" {
        assert_eq!(zstd::zstd_safe::find_frame_compressed_size(&data), Ok(data.len()), "one zstd frame");
        return zstd::decode_all(&data[..]).unwrap();
    }
    let mut rest = &data[..];
    let mut plain = Vec::new();
    GzDecoder::new(&mut rest).read_to_end(&mut plain).unwrap();
    assert_eq!(rest.len(), 0, "one gzip member");
    plain
}

fn frames(codec: &str, response: &Value) -> Vec<Vec<u8>> {
    rows(response).iter().filter(|row| row["result"] == "Ok").map(|row| one_frame(codec, row)).collect()
}

/// Fails on a message that begins with FAIL, and drops one that begins with DROP.
struct FailsWhereAsked;

impl Transform for FailsWhereAsked {
    fn append(&self, message: &DataMessage<'_>, event: &LogEvent<'_>, out: &mut Vec<u8>) -> Result<(), TransformError> {
        if event.message.text().starts_with("FAIL") {
            out.extend_from_slice(b"half a line");
            return Err(TransformError("as asked".into()));
        }
        if event.message.text().starts_with("DROP") { Ok(()) } else { Message.append(message, event, out) }
    }
}

async fn invoke(config: Config, records: &[Record], stream: &FakeStream) -> Value {
    let mut invocation = Invocation::new(config, stream);
    invocation.transform = Some(Box::new(FailsWhereAsked));
    invocation.run(&event(records)).await.unwrap()
}

/// Letters and digits that compress to about three quarters.
fn noise(seed: u64, len: usize) -> String {
    random_text(&mut fastrand::Rng::with_seed(seed), len)
}

/// A record of `len` bytes of `message` output that hardly compress, in log events of 1,000 bytes.
fn noisy_record(id: &str, seed: u64, len: usize) -> Record {
    let messages: Vec<_> = (0..len / 1_000).map(|line| noise(seed * 100_000 + line as u64, 999)).collect();
    Record::of_messages(id, &messages)
}

#[tokio::test]
async fn small_records_share_one_frame_in_order() {
    for codec in CODECS {
        let records: Vec<_> = (0..50).map(|n| Record::of_messages(&n.to_string(), &[&format!("ログ {n}")])).collect();
        let stream = FakeStream::accepting();
        let response = invoke(shared(codec), &records, &stream).await;
        assert_eq!(results(&response), [["Ok"].as_slice(), &["Dropped"; 49]].concat());
        let expected: Vec<_> = records.iter().flat_map(|record| output(&record.bytes())).collect();
        assert_eq!(frames(codec, &response), [expected]);
        assert!(stream.requests().is_empty());
    }
}

#[tokio::test]
async fn summary_counts_frames_and_their_members() {
    let logs = Logs::capture();
    let records = [
        Record::of_messages("1", &["a", "b"]),
        Record::of_messages("2", &["c"]),
        Record::of_payload("3", &control_message()),
        Record::of_messages("4", &["d"]),
    ];
    invoke(shared("zstd"), &records, &FakeStream::accepting()).await;
    let summary = logs.only_line("INFO");
    let counts = ["records", "ok", "delivered_in_frame", "dropped", "processing_failed", "frames", "bytes_plain"]
        .map(|name| summary[name].as_u64().unwrap());
    assert_eq!(counts, [4, 1, 2, 1, 0, 1, 8]);
    assert!(summary["bytes_delivered"].as_u64().unwrap() > 8, "a frame of eight bytes is longer than these");
}

#[tokio::test]
async fn record_that_fails_leaves_nothing_in_the_frame() {
    for codec in CODECS {
        let records = [
            Record::of_messages("1", &["a"]),
            Record::of_messages("2", &["b", "FAIL", "c"]),
            Record::of_bytes("3", b"not gzip"),
            Record::of_messages("4", &["d"]),
        ];
        let response = invoke(shared(codec), &records, &FakeStream::accepting()).await;
        assert_eq!(results(&response), ["Ok", "ProcessingFailed", "ProcessingFailed", "Dropped"]);
        assert_eq!(frames(codec, &response), [b"a\nd\n"]);
    }
}

#[tokio::test]
async fn record_without_output_joins_no_frame() {
    let logs = Logs::capture();
    let records = [["DROP 1"], ["a"], ["DROP 2"], ["b"]].map(|messages| Record::of_messages(messages[0], &messages));
    let response = invoke(shared("zstd"), &records, &FakeStream::accepting()).await;
    assert_eq!(results(&response), ["Dropped", "Ok", "Dropped", "Dropped"]);
    let summary = logs.only_line("INFO");
    let counts = ["ok", "delivered_in_frame", "dropped", "log_events"].map(|name| summary[name].as_u64().unwrap());
    assert_eq!(counts, [1, 1, 2, 4]);
}

#[tokio::test]
async fn frames_do_not_mix_log_groups_when_partitioned_by_log_group() {
    for codec in CODECS {
        let record = |id: &str, group, message| Record::of_payload(id, &data_message(group, &[message]));
        let records =
            [record("1", "/a", "a1"), record("2", "/b", "b1"), record("3", "/a", "a2"), record("4", "/b", "b2")];
        let response = invoke(by_log_group(codec), &records, &FakeStream::accepting()).await;
        assert_eq!(results(&response), ["Ok", "Ok", "Dropped", "Dropped"]);
        assert_eq!(frames(codec, &response), [b"a1\na2\n", b"b1\nb2\n"]);
        for (row, group) in rows(&response).iter().zip(["a", "b"]) {
            assert_eq!(row["metadata"], json!({"partitionKeys": {"log_group": group}}));
        }
    }
}

#[tokio::test]
async fn record_id_that_occurs_twice_shares_no_frame() {
    let records = ["1", "2", "1", "3"].map(|id| Record::of_messages(id, &[id]));
    let response = invoke(shared("zstd"), &records, &FakeStream::accepting()).await;
    assert_eq!(results(&response), ["Ok", "Ok", "Ok", "Ok"]);
    assert_eq!(frames("zstd", &response), [b"1\n", b"2\n", b"1\n", b"3\n"]);
}

#[tokio::test]
async fn full_batch_of_ordinary_logs_is_delivered_whole() {
    // Twelve records with 2.3 MB of lines each, as a Lambda buffer of 3 MB collects them from busy log streams.
    let record = |index: usize| {
        let line = |line: usize| {
            let (time, block) = (line * 7_919 % 86_400, index * 99_991 + line / 20 * 104_729);
            format!(
                "081109 {time:06} INFO dfs.DataNode$PacketResponder: PacketResponder {} for block blk_{block} terminating",
                line % 3
            )
        };
        let lines: Vec<_> = (0..21_500).map(line).collect();
        Record::of_messages(&index.to_string(), &lines)
    };
    let records: Vec<_> = (0..12).map(record).collect();
    let compressed: usize = records.iter().map(|record| record.bytes().len()).sum();
    assert!((2_700_000..3_300_000).contains(&compressed), "{compressed} bytes");
    for codec in CODECS {
        let stream = FakeStream::accepting();
        let response = invoke(shared(codec), &records, &stream).await;
        assert!(stream.requests().is_empty());
        let plain: usize = frames(codec, &response).iter().map(Vec::len).sum();
        let lines = records.iter().flat_map(|record| messages(&record.bytes()));
        assert_eq!(plain, lines.map(|line| line.len() + 1).sum::<usize>());
    }
}

#[tokio::test]
async fn frame_that_does_not_fit_is_cut_and_the_rest_arrives_in_the_next_pass() {
    for codec in CODECS {
        // Two frames of 4 MiB compress to 3.1 MB each: after base64, the second one does not fit.
        let records: Vec<_> = (0..32).map(|n| noisy_record(&n.to_string(), n, 260_000)).collect();
        let stream = FakeStream::accepting();
        let response = invoke(shared(codec), &records, &stream).await;
        let first = frames(codec, &response);
        assert_eq!(first.len(), 2, "the second frame is cut, and not given up");
        let reingested = stream.accepted();
        let first_reingested = 32 - reingested.len();
        assert_eq!(reingested, records[first_reingested..].iter().map(Record::bytes).collect::<Vec<_>>());
        // The budget is used to within one record.
        assert!(response.to_string().len() > RESPONSE_BUDGET_BYTES - 400_000, "{}", response.to_string().len());

        let records: Vec<_> =
            reingested.iter().enumerate().map(|(n, data)| Record::of_bytes(&n.to_string(), data)).collect();
        let stream = FakeStream::accepting();
        let response = invoke(shared(codec), &records, &stream).await;
        assert!(stream.requests().is_empty());
        let delivered: usize = first.iter().chain(&frames(codec, &response)).map(Vec::len).sum();
        assert_eq!(delivered, 32 * 260_000);
    }
}

#[tokio::test]
async fn ordinary_records_behind_noise_are_not_taken_for_noise() {
    for codec in CODECS {
        let lines: Vec<_> =
            (0..6_000).map(|line| format!("{line:>8} the same words in every line {:>90}", line % 7)).collect();
        let mut records = vec![noisy_record("noise", 1, 4_250_000)];
        records.extend((0..12).map(|n| Record::of_messages(&n.to_string(), &lines)));
        let stream = FakeStream::accepting();
        let response = invoke(shared(codec), &records, &stream).await;
        assert!(stream.requests().is_empty(), "{} records are re-ingested", stream.accepted().len());
        assert!(!results(&response).contains(&"ProcessingFailed"));
    }
}

#[tokio::test]
async fn record_too_large_for_what_long_rows_leave_does_not_hold_back_those_behind_it() {
    for codec in CODECS {
        let large = Record::of_messages("large", &[&noise(1, 1_300_000)]);
        let small = |n: usize| Record::of_messages(&format!("{n:01200}"), &["m"]);
        let records: Vec<_> = std::iter::once(large.clone()).chain((0..3_850).map(small)).collect();
        let stream = FakeStream::accepting();
        let response = invoke(shared(codec), &records, &stream).await;
        assert_eq!(results(&response)[..3], ["Dropped", "Ok", "Dropped"]);
        assert_eq!(frames(codec, &response), [b"m\n".repeat(3_850)]);
        assert_eq!(stream.accepted(), [large.bytes()]);
    }
}

#[tokio::test]
async fn record_behind_a_cut_is_reingested_whole_or_split_if_it_is_too_large_for_that() {
    for codec in CODECS {
        let mut records: Vec<_> = (0..19).map(|n| noisy_record(&n.to_string(), n, 250_000)).collect();
        records.push(noisy_record("large", 50, 1_500_000));
        records.push(Record::of_messages("small", &["m"]));
        let stream = FakeStream::accepting();
        let response = invoke(shared(codec), &records, &stream).await;
        assert_eq!(results(&response)[18..], ["Dropped"; 3]);
        // That no record exceeds its quota, the stream asserts.
        let accepted = stream.accepted();
        assert_eq!(accepted.last(), Some(&records[20].bytes()));
        let pieces: Vec<_> = accepted.iter().flat_map(|piece| messages(piece)).collect();
        let large = messages(&records[19].bytes());
        assert!(pieces.windows(large.len()).any(|window| window == large), "all of the large record, in order");
    }
}

#[tokio::test]
async fn four_mebibytes_of_noise_beside_four_thousand_rows_make_progress() {
    for codec in CODECS {
        // Long recordIds leave little of the response for data.
        let small = |n: usize| Record::of_messages(&format!("{n:01200}"), &["m"]);
        let mut records: Vec<_> = (0..16).map(|n| noisy_record(&format!("noise {n}"), n, 250_000)).collect();
        records.extend((0..4_000).map(small));
        let stream = FakeStream::accepting();
        let response = invoke(shared(codec), &records, &stream).await;
        assert!(results(&response).contains(&"Ok"), "something is delivered");
        assert!(!results(&response).contains(&"ProcessingFailed"));
        assert!(stream.accepted().len() < records.len());
    }
}

#[tokio::test]
async fn record_too_large_for_any_response_is_split_among_small_ones_that_are_delivered() {
    for codec in CODECS {
        let small = |id: &str| Record::of_messages(id, &[id]);
        let records = [small("1"), small("2"), noisy_record("3", 3, 7_000_000), small("4")];
        let stream = FakeStream::accepting();
        let response = invoke(shared(codec), &records, &stream).await;
        assert_eq!(results(&response), ["Ok", "Dropped", "Dropped", "Dropped"]);
        assert_eq!(frames(codec, &response), [b"1\n2\n4\n"]);
        assert!(stream.accepted().len() >= 5);
        let pieces: Vec<_> = stream.accepted().iter().flat_map(|piece| messages(piece)).collect();
        assert_eq!(pieces, messages(&records[2].bytes()));
    }
}

#[tokio::test]
async fn records_behind_one_with_a_frame_of_its_own_do_not_get_ahead_of_it() {
    for codec in CODECS {
        let large = Record::of_messages("2", &[&"m".repeat(5 * MIB)]);
        let records = [Record::of_messages("1", &["a"]), large, Record::of_messages("3", &["c"])];
        let response = invoke(shared(codec), &records, &FakeStream::accepting()).await;
        assert_eq!(results(&response), ["Ok", "Ok", "Ok"]);
        assert_eq!(frames(codec, &response).iter().map(Vec::len).collect::<Vec<_>>(), [2, 5 * MIB + 1, 2]);
    }
}

#[tokio::test]
async fn log_event_too_large_for_any_response_fails_alone() {
    for codec in CODECS {
        let large = Record::of_messages("2", &[&noise(1, 7_000_000)]);
        let records = [Record::of_messages("1", &["a"]), large, Record::of_messages("3", &["c"])];
        let response = invoke(shared(codec), &records, &FakeStream::accepting()).await;
        assert_eq!(results(&response), ["Ok", "ProcessingFailed", "Dropped"]);
        assert_eq!(frames(codec, &response), [b"a\nc\n"]);
    }
}

#[tokio::test]
async fn full_batch_of_incompressible_messages_terminates_with_every_line_once() {
    let lines: Vec<String> = (0..3_000).map(|n| STANDARD.encode(noise(n, 750))).collect();
    for codec in CODECS {
        let chunks = lines.chunks(100).enumerate();
        let records: Vec<_> = chunks.map(|(n, lines)| Record::of_messages(&n.to_string(), lines)).collect();
        let (delivered, passes) = feed_back(codec, shared(codec), records).await;
        let delivered = String::from_utf8(delivered).unwrap();
        assert_eq!(delivered.lines().collect::<BTreeSet<_>>(), lines.iter().map(String::as_str).collect());
        assert_eq!(delivered.lines().count(), lines.len());
        assert_eq!(passes, 1, "three megabytes of noise fit one response");
    }
}

/// Answers the records, then what was re-ingested, until nothing is left. Returns the plain output and the passes.
async fn feed_back(codec: &str, config: Config, mut records: Vec<Record>) -> (Vec<u8>, usize) {
    let (mut delivered, mut passes) = (Vec::new(), 0);
    while !records.is_empty() {
        passes += 1;
        assert!(passes <= 60, "it does not end: {} records are left", records.len());
        let stream = FakeStream::accepting();
        let response = invoke(config.clone(), &records, &stream).await;
        delivered.extend(frames(codec, &response).concat());
        let name = |n: usize| format!("pass {passes} record {n}");
        records = stream.accepted().iter().enumerate().map(|(n, data)| Record::of_bytes(&name(n), data)).collect();
    }
    (delivered, passes)
}

/// What a record of a random batch is made of.
#[derive(Debug, Clone)]
enum Kind {
    Data { group: u8, log_events: usize, len: usize, is_noise: bool },
    Fails,
    Control,
    Broken,
}

fn kind() -> impl Strategy<Value = Kind> {
    fn data(
        log_events: std::ops::Range<usize>,
        len: std::ops::Range<usize>,
        is_noise: impl Strategy<Value = bool>,
    ) -> impl Strategy<Value = Kind> {
        (0..3_u8, log_events, len, is_noise).prop_map(|(group, log_events, len, is_noise)| Kind::Data {
            group,
            log_events,
            len,
            is_noise,
        })
    }
    prop_oneof![
        8 => data(0..20, 10..300, any::<bool>()),
        3 => data(100..900, 900..1_100, any::<bool>()),
        2 => data(1..3, MIB..3 * MIB, Just(false)),
        // Around the limit of a frame.
        2 => data(4..5, MIB - 20..MIB + 10, any::<bool>()),
        1 => Just(Kind::Fails),
        1 => Just(Kind::Control),
        1 => Just(Kind::Broken),
    ]
}

/// A record whose messages are unlike those of any other record.
fn record(index: usize, kind: &Kind) -> Record {
    let id = index.to_string();
    match kind {
        Kind::Control => Record::of_payload(&id, &control_message()),
        Kind::Broken => Record::of_bytes(&id, b"\x1f\x8bbroken"),
        Kind::Fails => Record::of_messages(&id, &["a", "FAIL"]),
        Kind::Data { group, log_events, len, is_noise } => {
            let log_event = |event: usize| {
                let seed = (index * 100_000 + event) as u64;
                let text = if *is_noise { noise(seed, *len) } else { "m".repeat(*len) };
                json!({"id": "1", "timestamp": 1, "message": format!("{index}.{event} {text}")})
            };
            Record::of_payload(
                &id,
                &payload(&format!("/{group}"), &(0..*log_events).map(log_event).collect::<Vec<_>>()),
            )
        }
    }
}

fn output(bytes: &[u8]) -> Vec<u8> {
    messages(bytes).into_iter().flat_map(|message| message.into_bytes().into_iter().chain([b'\n'])).collect()
}

/// The number of frames by the rules, for records of these keys and lengths that all fit the response.
fn frames_by_the_rules(outputs: &[(String, usize)]) -> usize {
    let mut open: BTreeMap<&str, usize> = BTreeMap::new();
    let mut frames = 0;
    for (key, len) in outputs.iter().filter(|(_, len)| *len > 0) {
        if *len > 4 * MIB {
            frames += 1 + usize::from(open.remove(key.as_str()).is_some());
            continue;
        }
        let so_far = open.entry(key).or_default();
        if *so_far > 0 && *so_far + len > 4 * MIB {
            frames += 1;
            *so_far = 0;
        }
        *so_far += len;
        while open.values().sum::<usize>() > 8 * MIB {
            let largest = *open.iter().max_by_key(|(_, len)| **len).unwrap().0;
            open.remove(largest);
            frames += 1;
        }
    }
    frames + open.len()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn every_log_event_is_delivered_reingested_or_failed_once_and_frames_follow_the_rules(
        kinds in prop::collection::vec(kind(), 0..16),
        codec in prop::sample::select(&CODECS[..]),
        is_partitioned in any::<bool>(),
    ) {
        let records: Vec<_> = kinds.iter().enumerate().map(|(index, kind)| record(index, kind)).collect();
        let stream = FakeStream::accepting();
        let config = if is_partitioned { by_log_group(codec) } else { shared(codec) };
        let response = block_on(invoke(config, &records, &stream));

        let reingested: BTreeSet<_> = stream.accepted().iter().flat_map(|data| messages(data)).collect();
        let mut expected: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        let mut outputs = Vec::new();
        for (record, (row, kind)) in records.iter().zip(rows(&response).iter().zip(&kinds)) {
            let result = row["result"].as_str().unwrap();
            let Kind::Data { group, .. } = kind else {
                let expected = if matches!(kind, Kind::Control) { "Dropped" } else { "ProcessingFailed" };
                prop_assert_eq!(result, expected);
                continue;
            };
            let lines = messages(&record.bytes());
            let (again, not_again): (Vec<_>, Vec<_>) = lines.iter().partition(|line| reingested.contains(*line));
            prop_assert!(again.is_empty() || not_again.is_empty(), "a record is re-ingested whole or not at all");
            prop_assert!(result != "ProcessingFailed", "every record fits a response");
            if again.is_empty() {
                let key = if is_partitioned { group.to_string() } else { String::new() };
                let output = output(&record.bytes());
                outputs.push((key.clone(), output.len()));
                expected.entry(key).or_default().extend(output);
            }
        }
        expected.retain(|_, output| !output.is_empty());

        let mut found: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        let mut count = 0;
        for row in rows(&response).iter().filter(|row| row["result"] == "Ok") {
            let key = row["metadata"]["partitionKeys"]["log_group"].as_str().unwrap_or_default().to_owned();
            found.entry(key).or_default().extend(one_frame(codec, row));
            count += 1;
        }
        prop_assert!(found == expected, "data of each partition value is the records' output in order");
        if reingested.is_empty() {
            let by_the_rules = frames_by_the_rules(&outputs);
            prop_assert!(count >= by_the_rules);
            // Noise uses up the response, and then frames are closed to learn their real size.
            let has_noise = kinds.iter().any(|kind| matches!(kind, Kind::Data { is_noise: true, .. }));
            prop_assert!(has_noise || count == by_the_rules, "{} frames, and {} by the rules", count, by_the_rules);
        }
    }

    #[test]
    fn records_fed_back_until_nothing_is_left_deliver_every_log_event_once(
        kinds in prop::collection::vec(kind(), 1..16),
        codec in prop::sample::select(&CODECS[..]),
    ) {
        let records: Vec<_> = kinds.iter().enumerate().map(|(index, kind)| record(index, kind)).collect();
        let is_delivered = |kind: &Kind| matches!(kind, Kind::Data { .. });
        let mut all: Vec<_> = records.iter().zip(&kinds).filter(|(_, kind)| is_delivered(kind))
            .flat_map(|(record, _)| messages(&record.bytes())).collect();
        let (delivered, _) = block_on(feed_back(codec, shared(codec), records));
        let mut delivered: Vec<_> = String::from_utf8(delivered).unwrap().lines().map(str::to_owned).collect();
        delivered.sort();
        all.sort();
        prop_assert!(delivered == all, "{} of {} log events", delivered.len(), all.len());
    }
}
