//! The fate table of `docs/semantics.md`: a test for each row, through the public handler.

use base64::{Engine, engine::general_purpose::STANDARD};
use firehose_logs_transform::internals::{
    Config, EMPTY_RESPONSE_LEN, PIECE_OUTPUT_BYTES, RESPONSE_BUDGET_BYTES, failed_row_len, ok_row_len,
};
use firehose_logs_transform::{DataMessage, LogEvent, Transform, TransformError};
use lambda_runtime::Diagnostic;
use serde_json::{Value, json};

use crate::support::fake_stream::{Answer, FakeStream};
use crate::support::records::{
    Record, control_message, data_message, gunzip, gunzip_text, gzip, messages, payload, record_of_output,
};
use crate::support::{Invocation, Logs, STREAM_ARN, answer, data, event, json_output, results, rows, settings};

#[tokio::test]
async fn control_message_is_dropped() {
    let response = answer(Config::default(), &event(&[Record::of_payload("r", &control_message())])).await;
    assert_eq!(response, json!({"records": [{"recordId": "r", "result": "Dropped"}]}));
}

#[tokio::test]
async fn data_message_whose_output_fits_the_budget_is_ok_with_data() {
    let response = answer(Config::default(), &event(&[Record::of_messages("r", &["a", "ログ\tb", ""])])).await;
    assert_eq!(
        response,
        json!({"records": [{"recordId": "r", "result": "Ok", "data": STANDARD.encode("a\nログ\tb\n\n")}]})
    );
}

#[tokio::test]
async fn data_message_without_log_events_is_dropped() {
    let response = answer(Config::default(), &event(&[Record::of_messages("r", &[])])).await;
    assert_eq!(response, json!({"records": [{"recordId": "r", "result": "Dropped"}]}));
}

#[tokio::test]
async fn data_message_whose_log_events_are_all_filtered_out_is_dropped() {
    struct OnlyErrors;
    impl Transform for OnlyErrors {
        fn append(&self, _: &DataMessage<'_>, event: &LogEvent<'_>, out: &mut Vec<u8>) -> Result<(), TransformError> {
            if event.message.text().starts_with("ERROR") {
                event.message.append_text(out);
            }
            Ok(())
        }
    }
    let stream = FakeStream::accepting();
    let mut invocation = Invocation::with(Config::default(), &stream);
    invocation.transform = Some(Box::new(OnlyErrors));
    let records = [Record::of_messages("1", &["INFO a"]), Record::of_messages("2", &["INFO a", "ERROR b"])];
    let response = invocation.answer(&event(&records)).await.unwrap();
    assert_eq!(results(&response), ["Dropped", "Ok"]);
    assert_eq!(data(&rows(&response)[1]), "ERROR b");
}

#[tokio::test]
async fn data_message_of_the_functions_own_log_group_is_dropped() {
    let logs = Logs::capture();
    let config = settings(&[("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/self")]);
    let own = |id| Record::of_payload(id, &data_message("/aws/lambda/self", &["m"]));
    let response = answer(config.clone(), &event(&[own("1"), Record::of_messages("2", &["m"]), own("3")])).await;
    assert_eq!(results(&response), ["Dropped", "Ok", "Dropped"]);
    let [warning] = &logs.lines("WARN")[..] else { panic!("one WARN an invocation: {}", logs.text()) };
    assert_eq!((&warning["log_group"], &warning["records"]), (&json!("/aws/lambda/self"), &json!(2)));

    let mut of_another_account = data_message("/aws/lambda/self", &["m"]);
    of_another_account["owner"] = "210987654321".into();
    let response = answer(config, &event(&[Record::of_payload("1", &of_another_account)])).await;
    assert_eq!(results(&response), ["Ok"], "another account's log group of the same name is not the function's own");
}

#[tokio::test]
async fn data_message_of_an_ignored_log_group_is_dropped() {
    let logs = Logs::capture();
    let config = settings(&[("IGNORED_LOG_GROUPS", "/a,/b")]);
    let record = |id, log_group| Record::of_payload(id, &data_message(log_group, &["m"]));
    let records = [record("1", "/a"), record("2", "/b"), record("3", "/a/b"), record("4", "/b")];
    let response = answer(config, &event(&records)).await;
    assert_eq!(results(&response), ["Dropped", "Dropped", "Ok", "Dropped"]);
    assert_eq!(logs.lines("WARN").len(), 1);
}

#[tokio::test]
async fn record_with_a_log_event_that_cannot_be_transformed_is_processing_failed() {
    struct NoDigits;
    impl Transform for NoDigits {
        fn append(&self, _: &DataMessage<'_>, event: &LogEvent<'_>, _: &mut Vec<u8>) -> Result<(), TransformError> {
            if event.message.text().contains('1') { Err(TransformError("expected no digits".into())) } else { Ok(()) }
        }
    }
    let logs = Logs::capture();
    let stream = FakeStream::accepting();
    let mut invocation = Invocation::with(Config::default(), &stream);
    invocation.transform = Some(Box::new(NoDigits));
    let records = [Record::of_messages("1", &["a", "a1", "a"]), Record::of_messages("2", &["a"])];
    let response = invocation.answer(&event(&records)).await.unwrap();
    assert_eq!(results(&response), ["ProcessingFailed", "Dropped"]);
    let [error] = &logs.lines("ERROR")[..] else { panic!("one ERROR: {}", logs.text()) };
    assert_eq!(error["reason"], "the transform failed: expected no digits");
}

/// Each way in which a record can be no CloudWatch Logs record: its data, and the reason that is logged.
fn bad_records() -> Vec<(&'static str, Value, &'static str)> {
    let base64 = |bytes: &[u8]| json!(STANDARD.encode(bytes));
    let good = gzip(data_message("/app", &["secret"]).to_string().as_bytes());
    let mut bad_crc = good.clone();
    let crc_at = bad_crc.len() - 8;
    bad_crc[crc_at] ^= 1;
    let unknown = data_message("/app", &["secret"]).to_string().replace("DATA_MESSAGE", "SECRET_MESSAGE");
    vec![
        ("no_data", Value::Null, "expected `data` to be a base64 string, found none"),
        ("data_of_another_type", json!({"secret": 1}), "expected `data` to be a base64 string, found none"),
        ("not_base64", json!("secret!!"), "expected base64, found something else at character 6 of 8"),
        ("empty", json!(""), "expected gzip or plain JSON, found neither in 0 bytes"),
        ("not_gzip", base64(b"secret"), "expected gzip or plain JSON, found neither in 6 bytes"),
        ("truncated", base64(&good[..good.len() / 2]), "expected a whole gzip stream, found a broken one after"),
        ("header_alone", base64(&good[..10]), "expected a whole gzip stream, found a broken one after 0"),
        ("bad_crc", base64(&bad_crc), "expected a whole gzip stream, found a broken one after"),
        ("not_utf8", base64(&gzip(b"{\"secret\":\"\xff\"}")), "expected UTF-8, found something else after 11 bytes"),
        ("not_json", base64(&gzip(b"{\"secret\"")), "expected JSON, found something else at line 1, column 9"),
        (
            "not_a_subscription_payload",
            base64(&gzip(b"{\"secret\":1}")),
            "expected a CloudWatch Logs subscription payload, found JSON without `messageType`",
        ),
        (
            "json_of_another_shape",
            base64(b"{\"messageType\":[\"secret\"]}"),
            "expected a CloudWatch Logs subscription payload, found JSON with a missing or different field at line 1,",
        ),
        (
            "unknown_message_type",
            base64(&gzip(unknown.as_bytes())),
            "expected a messageType of DATA_MESSAGE or CONTROL_MESSAGE, found another one",
        ),
    ]
}

#[tokio::test]
async fn record_that_is_no_cloudwatch_logs_record_is_processing_failed_with_one_warning() {
    for (name, bad_data, reason) in bad_records() {
        let logs = Logs::capture();
        let mut event = event(&[Record::of_messages("before", &["a"]), Record::of_messages(name, &[])]);
        event["records"][1]["data"] = bad_data;
        event["records"].as_array_mut().unwrap().push(Record::of_messages("after", &["b"]).to_json());
        let response = answer(Config::default(), &event).await;

        assert_eq!(results(&response), ["Ok", "ProcessingFailed", "Ok"], "{name}");
        assert_eq!(rows(&response)[1], json!({"recordId": name, "result": "ProcessingFailed"}));
        let [warning] = &logs.lines("WARN")[..] else { panic!("{name}: one WARN: {}", logs.text()) };
        assert_eq!(warning["record_id"], name);
        assert!(warning["reason"].as_str().unwrap().starts_with(reason), "{name}: {warning}");
        assert_eq!(warning["span"]["request_id"], "8476a536-e9f4-11e8-9739-2dfe598c3fcd");
        assert!(!logs.text().to_lowercase().contains("secret"), "{name}: log content in a log: {}", logs.text());
    }
}

#[tokio::test]
async fn record_that_inflates_past_the_limit_is_processing_failed() {
    let text = data_message("/app", &["m"]).to_string();
    let record = Record::of_bytes("r", &gzip(text.as_bytes()));
    for (limit, result) in [(text.len() - 1, "ProcessingFailed"), (text.len(), "Ok"), (text.len() + 1, "Ok")] {
        let logs = Logs::capture();
        let config = settings(&[("MAX_DECOMPRESSED_BYTES", &limit.to_string())]);
        let response = answer(config, &event(std::slice::from_ref(&record))).await;
        assert_eq!(results(&response), [result], "a limit of {limit} bytes for {}", text.len());
        assert_eq!(logs.lines("ERROR").len(), usize::from(result == "ProcessingFailed"));
    }
}

#[tokio::test]
async fn record_not_worth_reading_goes_back_unread() {
    let stream = FakeStream::accepting();
    let records = [record_of_output("1", 3_000_000), record_of_output("2", 3_000_000)];
    let logs = Logs::capture();
    let response = Invocation::with(Config::default(), &stream).answer(&event(&records)).await.unwrap();
    assert_eq!(results(&response), ["Ok", "Dropped"]);
    assert_eq!(stream.accepted(), [records[1].bytes()]);
    let inflated = gunzip_text(&records[0].bytes()).unwrap().len();
    assert_eq!(logs.lines("INFO")[0]["bytes_inflated"], inflated, "of the first alone");
}

/// What the records before it gave for their text is what a record is judged by, and the leanest of them at that.
#[tokio::test]
async fn record_that_may_fit_is_read() {
    let lean = |id, log_events| Record::of_messages(id, &vec!["m"; log_events]);
    let stream = FakeStream::accepting();
    let records = [lean("1", 10_000), record_of_output("2", 3_000_000), lean("3", 30_000)];
    let text_len = gunzip_text(&records[2].bytes()).unwrap().len();
    assert!(text_len / 3 * 4 > 2_000_000, "more than what is left, were it to become output byte for byte");
    let response = Invocation::with(Config::default(), &stream).answer(&event(&records)).await.unwrap();
    assert_eq!(results(&response), ["Ok"; 3]);
}

#[tokio::test]
async fn record_that_fits_alone_but_not_what_is_left_is_dropped_once_its_original_bytes_are_accepted() {
    let stream = FakeStream::accepting();
    // After the first, more than half is left: the second is read.
    let records = [record_of_output("1", 1_500_000), record_of_output("2", 3_200_000), record_of_output("3", 1_024)];
    let response = Invocation::with(Config::default(), &stream).answer(&event(&records)).await.unwrap();
    assert_eq!(results(&response), ["Ok", "Dropped", "Ok"]);
    assert_eq!(stream.accepted(), [records[1].bytes()]);
    let put = &stream.puts()[0];
    assert_eq!((put.operation.as_str(), put.stream.as_str()), ("PutRecordBatch", "logs"));
    assert!(put.host.contains("firehose.ap-northeast-1."), "the region of the stream's ARN: {}", put.host);
}

#[tokio::test]
async fn record_that_fits_no_response_is_dropped_once_all_its_pieces_are_accepted() {
    let stream = FakeStream::accepting();
    let record = record_of_output("r", 9_000_000);
    let response =
        Invocation::with(Config::default(), &stream).answer(&event(std::slice::from_ref(&record))).await.unwrap();
    assert_eq!(results(&response), ["Dropped"]);

    let pieces = stream.accepted();
    let (log_events, log_events_of_a_piece) = (9_000_000_usize.div_ceil(1_024), PIECE_OUTPUT_BYTES / 1_024);
    assert_eq!(pieces.len(), log_events.div_ceil(log_events_of_a_piece));
    assert_eq!(pieces.iter().flat_map(|piece| messages(piece)).collect::<Vec<_>>(), messages(&record.bytes()));
    let mut envelope = gunzip(&record.bytes());
    envelope["logEvents"].take();
    for piece in &pieces {
        let mut of_piece = gunzip(piece);
        of_piece["logEvents"].take();
        assert_eq!(of_piece, envelope, "a piece says the same of itself as the whole");
    }
}

/// It would be put back again and again on a stream that is never so quiet that it comes alone.
#[tokio::test]
async fn record_that_would_need_a_batch_to_itself_is_split() {
    let most = 4_499_958;
    for (other_records, accepted) in [(0, 0), (1, 5)] {
        let stream = FakeStream::accepting();
        let mut records = vec![record_of_output("rrr", most)];
        records.extend((0..other_records).map(|_| Record::of_messages("other", &[])));
        let response = Invocation::with(Config::default(), &stream).answer(&event(&records)).await.unwrap();
        assert_eq!(stream.accepted().len(), accepted, "{}", results(&response)[0]);
    }
}

/// A refused record has a longer row than one that was accepted back, and that is known after all data is placed.
#[tokio::test(start_paused = true)]
async fn rows_of_refused_records_are_within_the_budget_too() {
    let stream = FakeStream::in_turn(vec![Answer::Error(400, "AccessDeniedException")]);
    let going_back = 100;
    let ids: Vec<_> = (0..going_back + 2).map(|index| format!("{index:03}")).collect();
    let rows_len: usize = EMPTY_RESPONSE_LEN + ids.len() - 1 + ids.iter().map(|id| failed_row_len(id)).sum::<usize>();
    let filling = 4_400_000;
    let left = RESPONSE_BUDGET_BYTES - rows_len + failed_row_len("000") - ok_row_len("000", filling, None);
    // A row with the least data, four characters for three bytes, is as long as a failed one.
    let most = (left / 4 + 1) * 3;

    for (output_len, result) in [(most, "Ok"), (most + 1, "ProcessingFailed")] {
        let mut records = vec![record_of_output(&ids[0], filling)];
        records.extend((1..=going_back).map(|index| Record::of_messages(&ids[index], &[&"m".repeat(200_000)])));
        records.push(Record::of_messages(&ids[going_back + 1], &[&"m".repeat(output_len - 1)]));
        let response = Invocation::with(Config::default(), &stream).answer(&event(&records)).await.unwrap();
        let results = results(&response);
        assert_eq!((results[0], results[1], results[going_back + 1]), ("Ok", "ProcessingFailed", result));
        assert!(response.to_string().len() <= RESPONSE_BUDGET_BYTES);
    }
}

#[tokio::test]
async fn record_that_fits_no_response_in_one_log_event_is_processing_failed() {
    // 4,499,958 bytes of output are 5,999,944 of base64, and 56 of frame and row: the budget to the byte.
    for (output_len, result) in [(4_499_957, "Ok"), (4_499_958, "Ok"), (4_499_959, "ProcessingFailed")] {
        let logs = Logs::capture();
        let stream = FakeStream::accepting();
        let record = Record::of_messages("rrr", &[&"m".repeat(output_len - 1)]);
        let response = Invocation::with(Config::default(), &stream).answer(&event(&[record])).await.unwrap();
        assert_eq!(results(&response), [result], "{output_len}");
        if result == "Ok" {
            assert_eq!(response.to_string().len(), RESPONSE_BUDGET_BYTES);
        }
        assert!(stream.puts().is_empty());
        assert_eq!(logs.lines("ERROR").len(), usize::from(result == "ProcessingFailed"));
    }
}

#[tokio::test(start_paused = true)]
async fn record_that_is_not_accepted_back_is_processing_failed() {
    let logs = Logs::capture();
    let stream = FakeStream::in_turn(vec![Answer::Error(503, "ServiceUnavailableException")]);
    let records = [record_of_output("1", 3_000_000), record_of_output("2", 3_000_000)];
    let response = Invocation::with(Config::default(), &stream).answer(&event(&records)).await.unwrap();
    assert_eq!(results(&response), ["Ok", "ProcessingFailed"]);
    assert_eq!(stream.puts().len(), 20, "REINGEST_MAX_ATTEMPTS");
    let [error] = &logs.lines("ERROR")[..] else { panic!("one ERROR: {}", logs.text()) };
    assert_eq!(error["record_id"], "2");
    assert_eq!(error["reason"], "ServiceUnavailableException: because (HTTP 503)");
}

#[tokio::test(start_paused = true)]
async fn record_of_which_a_piece_is_not_accepted_is_processing_failed() {
    let logs = Logs::capture();
    let stream = FakeStream::answering(|_, _| Answer::AcceptWhere(|index| index > 0));
    let config = settings(&[("REINGEST_MAX_ATTEMPTS", "2")]);
    let response = Invocation::with(config, &stream).answer(&event(&[record_of_output("r", 5_000_000)])).await.unwrap();
    assert_eq!(results(&response), ["ProcessingFailed"]);
    let [error] = &logs.lines("ERROR")[..] else { panic!("one ERROR: {}", logs.text()) };
    assert_eq!((&error["pieces"], &error["accepted"]), (&json!(5), &json!(4)), "how much may be there twice");
}

#[tokio::test]
async fn gzip_of_several_members_is_read_whole() {
    let text = data_message("/app", &["a", "b"]).to_string();
    let members: Vec<_> = text.as_bytes().chunks(50).flat_map(gzip).collect();
    let response = answer(Config::default(), &event(&[Record::of_bytes("r", &members)])).await;
    assert_eq!(data(&rows(&response)[0]), "a\nb\n");
}

#[tokio::test]
async fn plain_json_is_read_as_it_is() {
    let text = data_message("/app", &["a", "b"]).to_string();
    let response = answer(Config::default(), &event(&[Record::of_bytes("r", text.as_bytes())])).await;
    assert_eq!(data(&rows(&response)[0]), "a\nb\n");
}

#[tokio::test]
async fn plain_json_that_overflows_fails_since_such_a_stream_refuses_what_is_put_back() {
    let stream = FakeStream::in_turn(vec![Answer::Error(400, "InvalidSourceException")]);
    let plain = |id| {
        let text = data_message("/app", &vec!["m".repeat(100).as_str(); 6_000]).to_string();
        Record::of_bytes(id, text.as_bytes())
    };
    let records: Vec<_> = ["1", "2", "3", "4", "5", "6", "7", "8"].map(plain).into();
    let response = Invocation::with(Config::default(), &stream).answer(&event(&records)).await.unwrap();
    assert_eq!(results(&response), [["Ok"; 7].as_slice(), &["ProcessingFailed"]].concat());
    assert_eq!(stream.puts().len(), 1, "a final answer is not asked for again");
}

#[tokio::test]
async fn json_output_is_one_line_a_log_event_whatever_is_in_it() {
    let log_events = [
        json!({"id": "1", "timestamp": 1_510_109_208_016_u64, "message": "a\nb\r\n\u{2028}\"\\ ログ😀\u{0}\u{1b}"}),
        json!({"id": "2", "timestamp": -1, "message": "", "extractedFields": {"1": "x\ny"}}),
    ];
    let pretty = serde_json::to_string_pretty(&payload("/app \"x\"", &log_events)).unwrap();
    let response = answer(json_output(), &event(&[Record::of_bytes("r", &gzip(pretty.as_bytes()))])).await;
    let output = data(&rows(&response)[0]);
    let lines: Vec<Value> = output.split_terminator('\n').map(|line| serde_json::from_str(line).unwrap()).collect();
    let line = |index: usize| {
        json!({
            "id": log_events[index]["id"],
            "timestamp": log_events[index]["timestamp"],
            "owner": "123456789012",
            "log_group": "/app \"x\"",
            "log_stream": "stream",
            "message": log_events[index]["message"],
        })
    };
    let mut with_fields = line(1);
    with_fields["extracted_fields"] = json!({"1": "x\ny"});
    assert_eq!(lines, [line(0), with_fields]);
}

#[tokio::test]
async fn event_that_is_no_firehose_event_fails_the_invocation_with_a_fixed_error_type() {
    let stream = FakeStream::accepting();
    for not_an_event in [json!({"awslogs": {"data": "secret"}}), json!({"records": []}), json!([]), json!("secret")] {
        let error = Invocation::with(Config::default(), &stream).answer(&not_an_event).await.unwrap_err();
        let diagnostic = Diagnostic::from(error);
        assert_eq!(diagnostic.error_type, "InvalidEvent");
        assert!(diagnostic.error_message.starts_with("not a Firehose transformation event: expected"));
        assert!(!diagnostic.error_message.contains("secret"));
    }
}

#[tokio::test]
async fn event_without_records_has_a_response_without_records() {
    assert_eq!(answer(Config::default(), &event(&[])).await, json!({"records": []}));
}

#[tokio::test]
async fn event_whose_stream_is_unknown_is_still_answered() {
    let logs = Logs::capture();
    let mut event = event(&[record_of_output("1", 3_000_000), record_of_output("2", 3_000_000)]);
    assert_eq!(event["deliveryStreamArn"], STREAM_ARN);
    event["deliveryStreamArn"] = "arn:aws:kinesis:EXAMPLE".into();
    assert_eq!(results(&answer(Config::default(), &event).await), ["Ok", "ProcessingFailed"]);
    let [error] = &logs.lines("ERROR")[..] else { panic!("one ERROR: {}", logs.text()) };
    assert!(error["reason"].as_str().unwrap().contains("found \"arn:aws:kinesis:EXAMPLE\""), "{error}");
}

#[tokio::test]
async fn summary_is_one_line_with_every_count() {
    let logs = Logs::capture();
    let stream = FakeStream::accepting();
    let records = [
        record_of_output("1", 3 * 1_024_000),
        record_of_output("2", 3 * 1_024_000),
        record_of_output("3", 5 * 1_024_000),
        Record::of_payload("4", &control_message()),
        Record::of_bytes("5", b"broken"),
    ];
    let response = Invocation::with(Config::default(), &stream).answer(&event(&records)).await.unwrap();
    assert_eq!(results(&response), ["Ok", "Dropped", "Dropped", "Dropped", "ProcessingFailed"]);
    let [summary] = &logs.lines("INFO")[..] else { panic!("one INFO an invocation: {}", logs.text()) };
    let counts = ["records", "ok", "dropped", "processing_failed", "reingested", "split", "attempts", "log_events"]
        .map(|name| summary[name].as_u64().unwrap());
    assert_eq!(counts, [5, 1, 3, 1, 1, 1, 1, 8_000], "the second is not read");
    // A row that was put back keeps the length of the longer result that it might have had.
    let filled_up = 2 * ("ProcessingFailed".len() - "Dropped".len());
    assert_eq!(summary["bytes_out"], response.to_string().len() + filled_up);
    assert_eq!(summary["delivery_stream_arn"], STREAM_ARN);
}
