//! The defects that functions of this kind are known for, each as the input that shows it.

use firehose_logs_transform::internals::Config;

use crate::support::fake_stream::FakeStream;
use crate::support::records::{Record, messages, record_of_output};
use crate::support::{Invocation, answer, data, event, results, rows};

/// Counting data and recordIds alone, but not the rows around them, gives a response of 6,420,983 bytes here.
#[tokio::test]
async fn many_small_records_stay_within_the_budget_and_none_is_lost() {
    let stream = FakeStream::accepting();
    let records: Vec<_> = (0..4_504)
        .map(|index| {
            let messages: Vec<_> = (0..5).map(|event| format!("record {index} event {event} {:>170}", "x")).collect();
            let id = format!("{index:056}");
            Record::of_messages(&id, &messages.iter().map(String::as_str).collect::<Vec<_>>())
        })
        .collect();
    let response = Invocation::with(Config::default(), &stream).answer(&event(&records)).await.unwrap();

    let kept = rows(&response).iter().filter(|row| row["result"] == "Ok").count();
    let dropped = rows(&response).iter().filter(|row| row["result"] == "Dropped").count();
    assert_eq!((kept + dropped, stream.accepted().len()), (4_504, dropped));
    let full = response.to_string().len();
    assert!(full > 5_990_000, "the budget is used and not only kept to: {full} bytes");
}

#[tokio::test]
async fn one_broken_record_among_68_good_ones_fails_alone() {
    let mut records: Vec<_> = (0..68).map(|index| Record::of_messages(&index.to_string(), &["good"])).collect();
    records[31] = Record::of_bytes("31", b"not gzip");
    let response = answer(Config::default(), &event(&records)).await;
    assert_eq!(results(&response).iter().filter(|result| **result == "Ok").count(), 67);
    assert_eq!(rows(&response)[31]["result"], "ProcessingFailed");
}

#[tokio::test]
async fn record_that_does_not_fit_does_not_send_back_those_behind_it() {
    let stream = FakeStream::accepting();
    // Sizes as they count against the budget, after base64.
    let records = [("1", 2_000_000), ("2", 5_300_000), ("3", 1_000), ("4", 1_000)]
        .map(|(id, encoded_len)| record_of_output(id, encoded_len / 4 * 3));
    let response = Invocation::with(Config::default(), &stream).answer(&event(&records)).await.unwrap();
    assert_eq!(results(&response), ["Ok", "Dropped", "Ok", "Ok"]);
    assert_eq!(stream.accepted(), [records[1].bytes()]);

    // The same before base64: the second fits no response, and goes back in pieces.
    let stream = FakeStream::accepting();
    let records = [("1", 2_000_000), ("2", 5_300_000), ("3", 1_000), ("4", 1_000)]
        .map(|(id, output_len)| record_of_output(id, output_len));
    let response = Invocation::with(Config::default(), &stream).answer(&event(&records)).await.unwrap();
    assert_eq!(results(&response), ["Ok", "Dropped", "Ok", "Ok"]);
    let pieces = stream.accepted();
    assert!(pieces.len() > 1);
    assert_eq!(pieces.iter().flat_map(|piece| messages(piece)).collect::<Vec<_>>(), messages(&records[1].bytes()));
}

/// A message with a line break in it is one log event, and one line of JSON.
#[tokio::test]
async fn stack_trace_is_one_line_of_json() {
    let trace = "Exception in thread \"main\"\n\tat a.b.C(C.java:1)\n\tat d.e.F(F.java:2)";
    let response = answer(crate::support::json_output(), &event(&[Record::of_messages("r", &[trace])])).await;
    assert_eq!(data(&rows(&response)[0]).matches('\n').count(), 1);
}
