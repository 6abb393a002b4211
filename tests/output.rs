//! Compressed output, and keys for dynamic partitioning.

use base64::{Engine, engine::general_purpose::STANDARD};
use firehose_logs_transform::internals::{Config, RESPONSE_BUDGET_BYTES};
use serde_json::json;

use crate::support::fake_stream::FakeStream;
use crate::support::records::{Record, data_message, gunzip_text, messages, random_text, record_of_output};
use crate::support::{Invocation, count, data_bytes, event, invoke, results, rows, settings};

fn gzip_output() -> Config {
    settings(&[("OUTPUT_COMPRESSION", "gzip"), ("OUTPUT_COMPRESSION_LEVEL", "3"), ("OUTPUT_FRAMES", "record")])
}

/// A record with `len` bytes of messages that compress badly: their gzip is at least three quarters as long.
fn incompressible(id: &str, len: usize) -> Record {
    let mut rng = fastrand::Rng::with_seed(len as u64);
    let messages: Vec<_> = (0..len / 1_000).map(|_| random_text(&mut rng, 1_000)).collect();
    Record::of_messages(id, &messages)
}

#[tokio::test]
async fn each_records_output_is_a_gzip_member_and_the_members_form_one_file() {
    let records =
        [Record::of_messages("1", &["ログ", "b"]), Record::without_log_events("2"), Record::of_messages("3", &["c"])];
    let response = invoke(gzip_output(), &event(&records)).await;
    assert_eq!(results(&response), ["Ok", "Dropped", "Ok"]);
    let members = [data_bytes(&rows(&response)[0]), data_bytes(&rows(&response)[2])];
    assert_eq!(gunzip_text(&members[0]).unwrap(), "ログ\nb\n");
    assert_eq!(gunzip_text(&members.concat()).unwrap(), "ログ\nb\nc\n");
}

#[tokio::test]
async fn budget_counts_the_compressed_output() {
    // Twelve outputs of 5 MB after base64. Only one of them would fit uncompressed.
    let records: Vec<_> = (0..12).map(|index| record_of_output(&index.to_string(), 4_000_000)).collect();
    let stream = FakeStream::accepting();
    let response = Invocation::new(gzip_output(), &stream).run(&event(&records)).await.unwrap();
    assert_eq!(results(&response), ["Ok"; 12]);
    assert!(stream.requests().is_empty());
    for row in rows(&response) {
        assert_eq!(gunzip_text(&data_bytes(row)).unwrap().len(), 4_000_000);
    }
}

#[tokio::test]
async fn record_whose_compressed_output_does_not_fit_is_reingested() {
    let records: Vec<_> = (1..=8).map(|index| incompressible(&index.to_string(), 900_000 + index * 1_000)).collect();
    let stream = FakeStream::accepting();
    let response = Invocation::new(gzip_output(), &stream).run(&event(&records)).await.unwrap();
    assert_eq!((count(&response, "Ok"), stream.accepted().len()), (6, 2));
    assert!(response.to_string().len() <= RESPONSE_BUDGET_BYTES);
}

#[tokio::test]
async fn record_whose_compressed_output_fits_no_response_is_split() {
    let record = incompressible("r", 7_000_000);
    let stream = FakeStream::accepting();
    let response = Invocation::new(gzip_output(), &stream).run(&event(std::slice::from_ref(&record))).await.unwrap();
    assert_eq!(results(&response), ["Dropped"]);
    assert!(stream.accepted().len() >= 5);
    let pieces: Vec<_> = stream.accepted().iter().flat_map(|piece| messages(piece)).collect();
    assert_eq!(pieces, messages(&record.bytes()));
}

#[tokio::test]
async fn partition_keys_are_in_the_metadata_of_ok_rows_and_count_against_the_budget() {
    let config = settings(&[("PARTITION_KEYS", "log_group,day")]);
    let record = |id, messages: &[&str]| Record::of_payload(id, &data_message("/app/orders", messages));
    let response = invoke(config.clone(), &event(&[record("1", &["m"]), record("2", &[])])).await;
    assert_eq!(
        response,
        json!({"records": [
            {
                "recordId": "1",
                "result": "Ok",
                "data": STANDARD.encode("m\n"),
                "metadata": {"partitionKeys": {"log_group": "app_orders", "day": "14"}},
            },
            {"recordId": "2", "result": "Dropped"},
        ]})
    );

    // Without metadata, 4,499,958 bytes of output would fit. The metadata takes 67 bytes.
    for (output_len, result) in [(4_499_907, "Ok"), (4_499_908, "ProcessingFailed")] {
        let response = invoke(config.clone(), &event(&[record("rrr", &[&"m".repeat(output_len - 1)])])).await;
        assert_eq!(results(&response), [result], "{output_len}");
    }
}
