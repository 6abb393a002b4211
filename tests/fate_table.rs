//! The fate table of `docs/semantics.md`, through the public handler: a test for each of its rows.

use base64::{Engine, engine::general_purpose::STANDARD};
use firehose_logs_transform::internals::{
    Config, EMPTY_RESPONSE_LEN, PIECE_OUTPUT_BYTES, RESPONSE_BUDGET_BYTES, failed_row_len, ok_row_len,
};
use firehose_logs_transform::{DataMessage, LogEvent, Transform, TransformError};
use lambda_runtime::Diagnostic;
use serde_json::{Value, json};

use crate::support::fake_stream::{FakeStream, Reply};
use crate::support::records::{
    Record, control_message, data_message, gunzip_text, gzip, messages, payload, payload_of, record_of_output,
};
use crate::support::{
    Invocation, Logs, REQUEST_ID, STREAM_ARN, data, event, invoke, invoke_with_stream, json_output, results, rows,
    settings,
};

#[tokio::test]
async fn control_message_is_dropped() {
    let response = invoke(Config::default(), &event(&[Record::of_payload("r", &control_message())])).await;
    assert_eq!(response, json!({"records": [{"recordId": "r", "result": "Dropped"}]}));
}

#[tokio::test]
async fn data_message_whose_output_fits_the_budget_is_ok_with_data() {
    let response = invoke(Config::default(), &event(&[Record::of_messages("r", &["a", "ログ\tb", ""])])).await;
    assert_eq!(
        response,
        json!({"records": [{"recordId": "r", "result": "Ok", "data": STANDARD.encode("a\nログ\tb\n\n")}]})
    );
}

#[tokio::test]
async fn data_message_without_log_events_is_dropped() {
    let response = invoke(Config::default(), &event(&[Record::without_log_events("r")])).await;
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
    let mut invocation = Invocation::new(Config::default(), &stream);
    invocation.transform = Some(Box::new(OnlyErrors));
    let records = [Record::of_messages("1", &["INFO a"]), Record::of_messages("2", &["INFO a", "ERROR b"])];
    let response = invocation.run(&event(&records)).await.unwrap();
    assert_eq!(results(&response), ["Dropped", "Ok"]);
    assert_eq!(data(&rows(&response)[1]), "ERROR b");
}

#[tokio::test]
async fn data_message_of_the_functions_own_log_group_is_dropped() {
    let logs = Logs::capture();
    let config = settings(&[("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/self")]);
    let own = |id| Record::of_payload(id, &data_message("/aws/lambda/self", &["m"]));
    let response = invoke(config.clone(), &event(&[own("1"), Record::of_messages("2", &["m"]), own("3")])).await;
    assert_eq!(results(&response), ["Dropped", "Ok", "Dropped"]);
    let warning = logs.only_line("WARN");
    assert_eq!((&warning["log_group"], &warning["records"]), (&json!("/aws/lambda/self"), &json!(2)));

    let mut from_another_account = data_message("/aws/lambda/self", &["m"]);
    from_another_account["owner"] = "210987654321".into();
    let response = invoke(config, &event(&[Record::of_payload("1", &from_another_account)])).await;
    assert_eq!(results(&response), ["Ok"], "a log group of the same name in another account is not the function's own");
}

#[tokio::test]
async fn data_message_of_an_ignored_log_group_is_dropped() {
    let logs = Logs::capture();
    let config = settings(&[("IGNORED_LOG_GROUPS", "/a,/b")]);
    let record = |id, log_group| Record::of_payload(id, &data_message(log_group, &["m"]));
    let records = [record("1", "/a"), record("2", "/b"), record("3", "/a/b"), record("4", "/b")];
    let response = invoke(config, &event(&records)).await;
    assert_eq!(results(&response), ["Dropped", "Dropped", "Ok", "Dropped"]);
    assert_eq!(logs.lines("WARN").len(), 1);
}

#[tokio::test]
async fn record_that_fails_in_the_transform_is_processing_failed() {
    struct NoDigits;
    impl Transform for NoDigits {
        fn append(&self, _: &DataMessage<'_>, event: &LogEvent<'_>, _: &mut Vec<u8>) -> Result<(), TransformError> {
            if event.message.text().contains('1') { Err(TransformError("expected no digits".into())) } else { Ok(()) }
        }
    }
    let logs = Logs::capture();
    let stream = FakeStream::accepting();
    let mut invocation = Invocation::new(Config::default(), &stream);
    invocation.transform = Some(Box::new(NoDigits));
    let records = [Record::of_messages("1", &["a", "a1", "a"]), Record::of_messages("2", &["a"])];
    let response = invocation.run(&event(&records)).await.unwrap();
    assert_eq!(results(&response), ["ProcessingFailed", "Dropped"]);
    let error = logs.only_line("ERROR");
    assert_eq!(error["reason"], "the transform failed: expected no digits");
}

/// Records that are not from CloudWatch Logs: a name, the data, and the start of the logged reason.
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
async fn record_that_is_not_from_cloudwatch_logs_is_processing_failed_with_one_warning() {
    for (name, bad_data, reason) in bad_records() {
        let logs = Logs::capture();
        let mut event = event(&[Record::of_messages("before", &["a"]), Record::without_log_events(name)]);
        event["records"][1]["data"] = bad_data;
        event["records"].as_array_mut().unwrap().push(Record::of_messages("after", &["b"]).to_json());
        let response = invoke(Config::default(), &event).await;

        assert_eq!(results(&response), ["Ok", "ProcessingFailed", "Ok"], "{name}");
        assert_eq!(rows(&response)[1], json!({"recordId": name, "result": "ProcessingFailed"}));
        let warning = logs.only_line("WARN");
        assert_eq!(warning["record_id"], name);
        assert!(warning["reason"].as_str().unwrap().starts_with(reason), "{name}: {warning}");
        assert_eq!(warning["span"]["request_id"], REQUEST_ID);
        assert!(
            !logs.text().to_lowercase().contains("secret"),
            "{name}: a log line contains log content: {}",
            logs.text()
        );
    }
}

#[tokio::test]
async fn record_that_inflates_beyond_the_limit_is_processing_failed() {
    let text = data_message("/app", &["m"]).to_string();
    let record = Record::of_bytes("r", &gzip(text.as_bytes()));
    for (limit, result) in [(text.len() - 1, "ProcessingFailed"), (text.len(), "Ok"), (text.len() + 1, "Ok")] {
        let logs = Logs::capture();
        let config = settings(&[("MAX_DECOMPRESSED_BYTES", &limit.to_string())]);
        let response = invoke(config, &event(std::slice::from_ref(&record))).await;
        assert_eq!(results(&response), [result], "a limit of {limit} bytes, and a text of {} bytes", text.len());
        assert_eq!(logs.lines("ERROR").len(), usize::from(result == "ProcessingFailed"));
    }
}

#[tokio::test]
async fn record_that_cannot_fit_is_reingested_unread() {
    let stream = FakeStream::accepting();
    let records = [record_of_output("1", 3_000_000), record_of_output("2", 3_000_000)];
    let logs = Logs::capture();
    let response = invoke_with_stream(&stream, &records).await;
    assert_eq!(results(&response), ["Ok", "Dropped"]);
    assert_eq!(stream.accepted(), [records[1].bytes()]);
    let inflated = gunzip_text(&records[0].bytes()).unwrap().len();
    assert_eq!(logs.lines("INFO")[0]["bytes_inflated"], inflated, "only the first record is inflated");
}

/// The forecast uses the lowest ratio of output to text among the records before. The first record has a low one.
#[tokio::test]
async fn record_that_may_fit_is_read() {
    let low_ratio_record = |id, log_events| Record::of_messages(id, &vec!["m"; log_events]);
    let stream = FakeStream::accepting();
    let records = [low_ratio_record("1", 10_000), record_of_output("2", 3_000_000), low_ratio_record("3", 30_000)];
    let text_len = gunzip_text(&records[2].bytes()).unwrap().len();
    assert!(text_len / 3 * 4 > 2_000_000, "the text itself, as base64, would not fit what is left");
    let response = invoke_with_stream(&stream, &records).await;
    assert_eq!(results(&response), ["Ok"; 3]);
}

#[tokio::test]
async fn record_that_fits_alone_but_not_the_remaining_budget_is_dropped_once_its_original_bytes_are_accepted() {
    let stream = FakeStream::accepting();
    // More than half of the budget is left after the first record, so the second is read.
    let records = [record_of_output("1", 1_500_000), record_of_output("2", 3_200_000), record_of_output("3", 1_024)];
    let response = invoke_with_stream(&stream, &records).await;
    assert_eq!(results(&response), ["Ok", "Dropped", "Ok"]);
    assert_eq!(stream.accepted(), [records[1].bytes()]);
    let request = &stream.requests()[0];
    assert_eq!((request.operation.as_str(), request.stream.as_str()), ("PutRecordBatch", "logs"));
    assert!(request.host.contains("firehose.ap-northeast-1."), "expected the ARN's region in {}", request.host);
}

#[tokio::test]
async fn record_that_fits_no_response_is_dropped_once_all_its_pieces_are_accepted() {
    let stream = FakeStream::accepting();
    let record = record_of_output("r", 9_000_000);
    let response = invoke_with_stream(&stream, std::slice::from_ref(&record)).await;
    assert_eq!(results(&response), ["Dropped"]);

    let pieces = stream.accepted();
    let (log_events, log_events_per_piece) = (9_000_000_usize.div_ceil(1_024), PIECE_OUTPUT_BYTES / 1_024);
    assert_eq!(pieces.len(), log_events.div_ceil(log_events_per_piece));
    assert_eq!(pieces.iter().flat_map(|piece| messages(piece)).collect::<Vec<_>>(), messages(&record.bytes()));
    let mut envelope = payload_of(&record.bytes());
    envelope["logEvents"].take();
    for piece in &pieces {
        let mut piece_envelope = payload_of(piece);
        piece_envelope["logEvents"].take();
        assert_eq!(piece_envelope, envelope, "apart from its log events, a piece equals the whole");
    }
}

/// On a busy stream such a record never comes alone, so it would be re-ingested again and again.
#[tokio::test]
async fn record_that_would_need_a_batch_to_itself_is_split() {
    let largest_output = 4_499_958;
    for (other_records, accepted) in [(0, 0), (1, 5)] {
        let stream = FakeStream::accepting();
        let mut records = vec![record_of_output("rrr", largest_output)];
        records.extend((0..other_records).map(|_| Record::without_log_events("other")));
        let response = invoke_with_stream(&stream, &records).await;
        assert_eq!(stream.accepted().len(), accepted, "{}", results(&response)[0]);
    }
}

/// A refused record has a longer row than an accepted one. Its result is known only after all data is placed.
#[tokio::test(start_paused = true)]
async fn rows_of_refused_records_are_within_the_budget() {
    let stream = FakeStream::replying_in_turn(vec![Reply::Error(400, "AccessDeniedException")]);
    let overflowing = 100;
    let ids: Vec<_> = (0..overflowing + 2).map(|index| format!("{index:03}")).collect();
    let rows_len: usize = EMPTY_RESPONSE_LEN + ids.len() - 1 + ids.iter().map(|id| failed_row_len(id)).sum::<usize>();
    let filling = 4_400_000;
    let left = RESPONSE_BUDGET_BYTES - rows_len + failed_row_len("000") - ok_row_len("000", filling, None);
    // A row with the least data, four characters for three bytes, is as long as a failed row.
    let largest_output = (left / 4 + 1) * 3;

    for (output_len, result) in [(largest_output, "Ok"), (largest_output + 1, "ProcessingFailed")] {
        let mut records = vec![record_of_output(&ids[0], filling)];
        records.extend((1..=overflowing).map(|index| Record::of_messages(&ids[index], &[&"m".repeat(200_000)])));
        records.push(Record::of_messages(&ids[overflowing + 1], &[&"m".repeat(output_len - 1)]));
        let response = invoke_with_stream(&stream, &records).await;
        let results = results(&response);
        assert_eq!((results[0], results[1], results[overflowing + 1]), ("Ok", "ProcessingFailed", result));
        assert!(response.to_string().len() <= RESPONSE_BUDGET_BYTES);
    }
}

#[tokio::test]
async fn record_with_one_log_event_that_fits_no_response_is_processing_failed() {
    // 4,499,958 bytes of output are 5,999,944 bytes of base64. Another 56 bytes of JSON make exactly the budget.
    for (output_len, result) in [(4_499_957, "Ok"), (4_499_958, "Ok"), (4_499_959, "ProcessingFailed")] {
        let logs = Logs::capture();
        let stream = FakeStream::accepting();
        let record = Record::of_messages("rrr", &[&"m".repeat(output_len - 1)]);
        let response = invoke_with_stream(&stream, &[record]).await;
        assert_eq!(results(&response), [result], "{output_len}");
        if result == "Ok" {
            assert_eq!(response.to_string().len(), RESPONSE_BUDGET_BYTES);
        }
        assert!(stream.requests().is_empty());
        assert_eq!(logs.lines("ERROR").len(), usize::from(result == "ProcessingFailed"));
    }
}

#[tokio::test(start_paused = true)]
async fn record_that_the_stream_refuses_is_processing_failed() {
    let logs = Logs::capture();
    let stream = FakeStream::replying_in_turn(vec![Reply::Error(503, "ServiceUnavailableException")]);
    let records = [record_of_output("1", 3_000_000), record_of_output("2", 3_000_000)];
    let response = invoke_with_stream(&stream, &records).await;
    assert_eq!(results(&response), ["Ok", "ProcessingFailed"]);
    assert_eq!(stream.requests().len(), 20, "REINGEST_MAX_ATTEMPTS");
    let error = logs.only_line("ERROR");
    assert_eq!(error["record_id"], "2");
    assert_eq!(error["reason"], "ServiceUnavailableException: because (HTTP 503)");
}

#[tokio::test(start_paused = true)]
async fn record_with_a_refused_piece_is_processing_failed() {
    let logs = Logs::capture();
    let stream = FakeStream::replying(|_, _| Reply::AcceptWhere(|index| index > 0));
    let config = settings(&[("REINGEST_MAX_ATTEMPTS", "2")]);
    let response = Invocation::new(config, &stream).run(&event(&[record_of_output("r", 5_000_000)])).await.unwrap();
    assert_eq!(results(&response), ["ProcessingFailed"]);
    let error = logs.only_line("ERROR");
    assert_eq!((&error["pieces"], &error["accepted"]), (&json!(5), &json!(4)), "how much may be delivered twice");
}

#[tokio::test]
async fn gzip_with_several_members_is_read_whole() {
    let text = data_message("/app", &["a", "b"]).to_string();
    let members: Vec<_> = text.as_bytes().chunks(50).flat_map(gzip).collect();
    let response = invoke(Config::default(), &event(&[Record::of_bytes("r", &members)])).await;
    assert_eq!(data(&rows(&response)[0]), "a\nb\n");
}

#[tokio::test]
async fn plain_json_is_read_without_inflating() {
    let text = data_message("/app", &["a", "b"]).to_string();
    let response = invoke(Config::default(), &event(&[Record::of_bytes("r", text.as_bytes())])).await;
    assert_eq!(data(&rows(&response)[0]), "a\nb\n");
}

#[tokio::test]
async fn plain_json_that_overflows_is_processing_failed_if_its_stream_refuses_reingestion() {
    let stream = FakeStream::replying_in_turn(vec![Reply::Error(400, "InvalidSourceException")]);
    let plain = |id| {
        let text = data_message("/app", &vec!["m".repeat(100); 6_000]).to_string();
        Record::of_bytes(id, text.as_bytes())
    };
    let records: Vec<_> = ["1", "2", "3", "4", "5", "6", "7", "8"].map(plain).into();
    let response = invoke_with_stream(&stream, &records).await;
    assert_eq!(results(&response), [["Ok"; 7].as_slice(), &["ProcessingFailed"]].concat());
    assert_eq!(stream.requests().len(), 1, "a final error is not retried");
}

#[tokio::test]
async fn json_output_is_one_line_per_log_event_whatever_it_contains() {
    let log_events = [
        json!({"id": "1", "timestamp": 1_510_109_208_016_u64, "message": "a\nb\r\n\u{2028}\"\\ ログ😀\u{0}\u{1b}"}),
        json!({"id": "2", "timestamp": -1, "message": "", "extractedFields": {"1": "x\ny"}}),
    ];
    let pretty = serde_json::to_string_pretty(&payload("/app \"x\"", &log_events)).unwrap();
    let response = invoke(json_output(), &event(&[Record::of_bytes("r", &gzip(pretty.as_bytes()))])).await;
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
async fn event_that_is_not_a_firehose_event_fails_the_invocation_with_a_fixed_error_type() {
    let stream = FakeStream::accepting();
    for not_an_event in [json!({"awslogs": {"data": "secret"}}), json!({"records": []}), json!([]), json!("secret")] {
        let error = Invocation::new(Config::default(), &stream).run(&not_an_event).await.unwrap_err();
        let diagnostic = Diagnostic::from(error);
        assert_eq!(diagnostic.error_type, "InvalidEvent");
        assert!(diagnostic.error_message.starts_with("not a Firehose transformation event: expected"));
        assert!(!diagnostic.error_message.contains("secret"));
    }
}

#[tokio::test]
async fn event_without_records_gets_a_response_without_records() {
    assert_eq!(invoke(Config::default(), &event(&[])).await, json!({"records": []}));
}

#[tokio::test]
async fn event_with_an_invalid_stream_arn_is_still_answered() {
    let logs = Logs::capture();
    let mut event = event(&[record_of_output("1", 3_000_000), record_of_output("2", 3_000_000)]);
    assert_eq!(event["deliveryStreamArn"], STREAM_ARN);
    event["deliveryStreamArn"] = "arn:aws:kinesis:EXAMPLE".into();
    assert_eq!(results(&invoke(Config::default(), &event).await), ["Ok", "ProcessingFailed"]);
    let error = logs.only_line("ERROR");
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
    let response = invoke_with_stream(&stream, &records).await;
    assert_eq!(results(&response), ["Ok", "Dropped", "Dropped", "Dropped", "ProcessingFailed"]);
    let summary = logs.only_line("INFO");
    let counts = ["records", "ok", "dropped", "processing_failed", "reingested", "split", "attempts", "log_events"]
        .map(|name| summary[name].as_u64().unwrap());
    assert_eq!(counts, [5, 1, 3, 1, 1, 1, 1, 8_000], "the second record is not read");
    // Spaces pad the row of a re-ingested record to the length of a failed row.
    let padding = 2 * ("ProcessingFailed".len() - "Dropped".len());
    assert_eq!(summary["bytes_out"], response.to_string().len() + padding);
    assert_eq!(summary["delivery_stream_arn"], STREAM_ARN);
}
