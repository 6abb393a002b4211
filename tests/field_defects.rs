//! Defects that functions of this kind are known for, each with the input that shows it.

use firehose_logs_transform::internals::Config;

use crate::support::fake_stream::FakeStream;
use crate::support::records::{Record, messages, record_of_output};
use crate::support::{count, data, event, invoke, invoke_with_stream, json_output, results, rows};

/// A function that counts data and recordIds, but not the rows around them, returns a response of 6,420,983 bytes here.
#[tokio::test]
async fn many_small_records_stay_within_the_budget_and_none_is_lost() {
    let stream = FakeStream::accepting();
    let records: Vec<_> = (0..4_504)
        .map(|index| {
            let messages: Vec<_> = (0..5).map(|event| format!("record {index} event {event} {:>170}", "x")).collect();
            Record::of_messages(&format!("{index:056}"), &messages)
        })
        .collect();
    let response = invoke_with_stream(&stream, &records).await;

    let (ok, dropped) = (count(&response, "Ok"), count(&response, "Dropped"));
    assert_eq!((ok + dropped, stream.accepted().len()), (4_504, dropped));
    let response_len = response.to_string().len();
    assert!(response_len > 5_990_000, "most of the budget must be used, but the response has {response_len} bytes");
}

#[tokio::test]
async fn one_broken_record_among_68_good_ones_fails_alone() {
    let mut records: Vec<_> = (0..68).map(|index| Record::of_messages(&index.to_string(), &["good"])).collect();
    records[31] = Record::of_bytes("31", b"not gzip");
    let response = invoke(Config::default(), &event(&records)).await;
    assert_eq!(count(&response, "Ok"), 67);
    assert_eq!(rows(&response)[31]["result"], "ProcessingFailed");
}

#[tokio::test]
async fn record_that_does_not_fit_does_not_stop_smaller_ones_behind_it() {
    let stream = FakeStream::accepting();
    // Sizes after base64, as the budget counts them.
    let records = [("1", 2_000_000), ("2", 5_300_000), ("3", 1_000), ("4", 1_000)]
        .map(|(id, encoded_len)| record_of_output(id, encoded_len / 4 * 3));
    let response = invoke_with_stream(&stream, &records).await;
    assert_eq!(results(&response), ["Ok", "Dropped", "Ok", "Ok"]);
    assert_eq!(stream.accepted(), [records[1].bytes()]);

    // The same sizes before base64: the second record fits no response, and is split.
    let stream = FakeStream::accepting();
    let records = [("1", 2_000_000), ("2", 5_300_000), ("3", 1_000), ("4", 1_000)]
        .map(|(id, output_len)| record_of_output(id, output_len));
    let response = invoke_with_stream(&stream, &records).await;
    assert_eq!(results(&response), ["Ok", "Dropped", "Ok", "Ok"]);
    let pieces = stream.accepted();
    assert!(pieces.len() > 1);
    assert_eq!(pieces.iter().flat_map(|piece| messages(piece)).collect::<Vec<_>>(), messages(&records[1].bytes()));
}

/// A message with line breaks is one log event, so it is one line of JSON.
#[tokio::test]
async fn stack_trace_is_one_line_of_json() {
    let trace = "Exception in thread \"main\"\n\tat a.b.C(C.java:1)\n\tat d.e.F(F.java:2)";
    let response = invoke(json_output(), &event(&[Record::of_messages("r", &[trace])])).await;
    assert_eq!(data(&rows(&response)[0]).matches('\n').count(), 1);
}
