//! Compressed output, and the keys of dynamic partitioning.

use base64::{Engine, engine::general_purpose::STANDARD};
use firehose_logs_transform::internals::{Config, RESPONSE_BUDGET_BYTES};
use serde_json::{Value, json};

use crate::support::fake_stream::FakeStream;
use crate::support::records::{Record, data_message, gunzip_text, messages, record_of_output};
use crate::support::{Invocation, answer, event, results, rows, settings};

fn gzip_output() -> Config {
    settings(&[("OUTPUT_COMPRESSION", "gzip"), ("OUTPUT_COMPRESSION_LEVEL", "3"), ("OUTPUT_FRAMES", "record")])
}

fn bytes(row: &Value) -> Vec<u8> {
    STANDARD.decode(row["data"].as_str().unwrap()).unwrap()
}

/// A record of messages that do not compress: their gzip is at least three quarters of this many bytes.
fn incompressible(id: &str, len: usize) -> Record {
    let mut rng = fastrand::Rng::with_seed(len as u64);
    let messages: Vec<String> =
        (0..len / 1_000).map(|_| std::iter::repeat_with(|| rng.alphanumeric()).take(1_000).collect()).collect();
    Record::of_messages(id, &messages.iter().map(String::as_str).collect::<Vec<_>>())
}

#[tokio::test]
async fn each_records_output_is_a_gzip_member_and_all_of_them_are_one_file() {
    let records =
        [Record::of_messages("1", &["ログ", "b"]), Record::of_messages("2", &[]), Record::of_messages("3", &["c"])];
    let response = answer(gzip_output(), &event(&records)).await;
    assert_eq!(results(&response), ["Ok", "Dropped", "Ok"]);
    let members = [bytes(&rows(&response)[0]), bytes(&rows(&response)[2])];
    assert_eq!(gunzip_text(&members[0]).unwrap(), "ログ\nb\n");
    assert_eq!(gunzip_text(&members.concat()).unwrap(), "ログ\nb\nc\n");
}

#[tokio::test]
async fn budget_counts_the_compressed_output() {
    // Twelve times 5 MB: uncompressed, one of them fits.
    let records: Vec<_> = (0..12).map(|index| record_of_output(&index.to_string(), 4_000_000)).collect();
    let stream = FakeStream::accepting();
    let response = Invocation::with(gzip_output(), &stream).answer(&event(&records)).await.unwrap();
    assert_eq!(results(&response), ["Ok"; 12]);
    assert!(stream.puts().is_empty());
    for row in rows(&response) {
        assert_eq!(gunzip_text(&bytes(row)).unwrap().len(), 4_000_000);
    }
}

#[tokio::test]
async fn compressed_output_that_does_not_fit_goes_back_too() {
    let records: Vec<_> = (1..=8).map(|index| incompressible(&index.to_string(), 900_000 + index * 1_000)).collect();
    let stream = FakeStream::accepting();
    let response = Invocation::with(gzip_output(), &stream).answer(&event(&records)).await.unwrap();
    let kept = results(&response).iter().filter(|result| **result == "Ok").count();
    assert_eq!((kept, stream.accepted().len()), (6, 2));
    assert!(response.to_string().len() <= RESPONSE_BUDGET_BYTES);
}

#[tokio::test]
async fn record_whose_compressed_output_fits_no_response_is_split() {
    let record = incompressible("r", 7_000_000);
    let stream = FakeStream::accepting();
    let response =
        Invocation::with(gzip_output(), &stream).answer(&event(std::slice::from_ref(&record))).await.unwrap();
    assert_eq!(results(&response), ["Dropped"]);
    assert!(stream.accepted().len() >= 5);
    let pieces: Vec<_> = stream.accepted().iter().flat_map(|piece| messages(piece)).collect();
    assert_eq!(pieces, messages(&record.bytes()));
}

#[tokio::test]
async fn partition_keys_are_in_the_metadata_of_kept_rows_and_in_the_budget() {
    let config = settings(&[("PARTITION_KEYS", "log_group,day")]);
    let record = |id, messages: &[&str]| Record::of_payload(id, &data_message("/app/orders", messages));
    let response = answer(config.clone(), &event(&[record("1", &["m"]), record("2", &[])])).await;
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

    // Without metadata the budget takes 4,499,958 bytes of output here; the metadata is 67 bytes.
    for (output_len, result) in [(4_499_907, "Ok"), (4_499_908, "ProcessingFailed")] {
        let response = answer(config.clone(), &event(&[record("rrr", &[&"m".repeat(output_len - 1)])])).await;
        assert_eq!(results(&response), [result], "{output_len}");
    }
}
