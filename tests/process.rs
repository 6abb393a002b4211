//! The built binary between a local Lambda Runtime API and a local Firehose endpoint.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use tokio::process::Child;

use crate::support::local_aws::{InvocationOutcome, LocalAws};
use crate::support::records::{Record, gzip, record_of_output};
use crate::support::{REQUEST_ID, data, event, results, rows};

/// Ends the function, and returns its log lines.
async fn stop_and_read_logs(mut function: Child) -> Vec<Value> {
    function.start_kill().unwrap();
    let output = function.wait_with_output().await.unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"))).collect()
}

#[tokio::test]
async fn binary_answers_one_event_after_another() {
    let first = event(&[Record::of_messages("1", &["ログ"]), Record::of_bytes("2", b"broken")]);
    let second = event(&[Record::of_messages("3", &["b"])]);
    let mut aws = LocalAws::serve(&[first, second], Vec::new()).await;
    let function = aws.start_function(&[]);
    let first = aws.response_body().await;
    assert_eq!(
        first,
        r#"{"records":[{"recordId":"1","result":"Ok","data":"44Ot44KwCg=="},{"recordId":"2","result":"ProcessingFailed"}]}"#
    );
    let second: Value = aws.response().await;
    assert_eq!(data(&rows(&second)[0]), "b\n");

    let lines = stop_and_read_logs(function).await;
    let levels: Vec<_> = lines.iter().map(|line| line["level"].as_str().unwrap()).collect();
    assert_eq!(levels, ["WARN", "INFO", "INFO"], "{lines:?}");
    assert!(lines.iter().all(|line| line["span"]["request_id"] == REQUEST_ID), "{lines:?}");
}

#[tokio::test]
async fn overflow_is_reingested_through_the_firehose_endpoint() {
    let records =
        [record_of_output("1", 4_450_000), record_of_output("2", 1_000_000), record_of_output("3", 1_000_000)];
    let mut event = event(&records);
    event["deliveryStreamArn"] = "arn:aws:firehose:us-west-2:123456789012:deliverystream/logs".into();
    let accepted = json!({"RecordId": "id"});
    let refused = json!({"ErrorCode": "ServiceUnavailableException", "ErrorMessage": "Slow down."});
    let replies = vec![
        (500, json!({"__type": "InternalFailure"})),
        (200, json!({"FailedPutCount": 1, "RequestResponses": [refused, accepted]})),
        (200, json!({"FailedPutCount": 0, "RequestResponses": [accepted]})),
    ];
    let mut aws = LocalAws::serve(&[event], replies).await;
    let function = aws.start_function(&[("AWS_REGION", "eu-central-1")]);
    let response: Value = aws.response().await;
    assert_eq!(results(&response), ["Ok", "Dropped", "Dropped"]);

    let requests = aws.firehose_requests();
    let sent: Vec<_> = requests.iter().map(|request| request.body["Records"].clone()).collect();
    let data = |index: usize| json!({"Data": records[index].base64});
    assert_eq!(sent, [json!([data(1), data(2)]), json!([data(1), data(2)]), json!([data(1)])]);
    assert!(requests.iter().all(|request| {
        request.target == "Firehose_20150804.PutRecordBatch"
            && request.body["DeliveryStreamName"] == "logs"
            && request.is_signed
    }));
    assert_eq!(stop_and_read_logs(function).await.last().unwrap()["attempts"], 3);
}

/// A connection that is kept open may be closed while Lambda has the function frozen.
#[tokio::test]
async fn request_on_a_closed_connection_is_retried() {
    let event = event(&[record_of_output("1", 4_450_000), record_of_output("2", 1_000_000)]);
    let replies =
        vec![LocalAws::CLOSED_CONNECTION, (200, json!({"FailedPutCount": 0, "RequestResponses": [{"RecordId": "i"}]}))];
    let mut aws = LocalAws::serve(&[event], replies).await;
    let _function = aws.start_function(&[]);
    let response: Value = aws.response().await;
    assert_eq!(results(&response), ["Ok", "Dropped"]);
    assert_eq!(aws.firehose_requests().len(), 2);
}

#[tokio::test]
async fn log_content_appears_at_no_log_level() {
    let secret = "correct horse battery staple";
    let record = |id, len: usize| {
        let messages = vec![secret.repeat(40); len / 1_121];
        Record::of_messages(id, &messages)
    };
    let broken = Record::of_bytes("3", secret.as_bytes());
    let event = event(&[record("1", 4_450_000), record("2", 1_000_000), broken]);
    let refused = json!({"FailedPutCount": 1, "RequestResponses": [{"ErrorCode": "InternalFailure"}]});
    let replies = vec![(503, json!({"__type": "ServiceUnavailableException"})), (200, refused)];
    let mut aws = LocalAws::serve(&[event], replies).await;
    let function =
        aws.start_function(&[("AWS_LAMBDA_LOG_LEVEL", "TRACE"), ("RUST_LOG", "trace"), ("REINGEST_MAX_ATTEMPTS", "2")]);
    aws.response_body().await;
    let lines = stop_and_read_logs(function).await;
    assert!(lines.iter().any(|line| line["level"] == "DEBUG"), "expected the function's own DEBUG lines");
    assert!(lines.iter().all(|line| line["target"].as_str().unwrap().starts_with("firehose_logs_transform")));
    let text = lines.iter().map(Value::to_string).collect::<String>();
    let start_of_base64 = &STANDARD.encode(secret)[..20];
    assert!(!text.contains("horse") && !text.contains(start_of_base64) && !text.contains("H4sI"), "{text}");
}

#[tokio::test]
async fn event_that_is_not_a_firehose_event_is_an_invocation_error_and_the_next_event_is_answered() {
    let good = event(&[Record::of_messages("1", &["a"])]);
    let mut aws = LocalAws::serve(&[json!({"awslogs": {"data": "secret"}}), good], Vec::new()).await;
    let function = aws.start_function(&[]);
    let InvocationOutcome::Error(body) = aws.outcome().await else {
        panic!("expected an invocation error, found a response")
    };
    assert_eq!(body["errorType"], "InvalidEvent");
    assert!(body["errorMessage"].as_str().unwrap().starts_with("not a Firehose transformation event"), "{body}");
    assert!(!aws.response_body().await.is_empty());
    let lines = stop_and_read_logs(function).await;
    assert_eq!(lines.iter().map(|line| line["level"].as_str().unwrap()).collect::<Vec<_>>(), ["ERROR", "INFO"]);
    assert_eq!(lines[0]["span"]["request_id"], REQUEST_ID);
}

#[tokio::test]
async fn bad_configuration_value_stops_the_start_and_names_the_variable() {
    let aws = LocalAws::serve(&[], Vec::new()).await;
    let output = aws.start_function(&[("OUTPUT_FORMAT", "csv")]).wait_with_output().await.unwrap();
    assert_eq!(output.status.code(), Some(1));
    let line: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(line["error"], "environment variable OUTPUT_FORMAT: expected message or json, found \"csv\"");
}

#[tokio::test]
async fn record_that_would_inflate_to_a_gigabyte_fails_within_bounded_memory() {
    // A hundred members of 10 MiB each. A mebibyte of zeros takes about a kilobyte of gzip.
    let bomb = gzip(&vec![0; 10 * 1024 * 1024]).repeat(100);
    assert!(bomb.len() <= 1_000 * 1024);
    let event = event(&[Record::of_bytes("bomb", &bomb), Record::of_messages("good", &["a"])]);
    let mut aws = LocalAws::serve(&[event], Vec::new()).await;
    let function = aws.start_function(&[]);
    let response: Value = aws.response().await;
    assert_eq!(results(&response), ["ProcessingFailed", "Ok"]);
    let peak = peak_memory_kib(&function);
    assert!(peak < 192 * 1024, "a peak of {peak} KiB with a limit of 64 MiB");
    let error = &stop_and_read_logs(function).await[0];
    assert_eq!(error["level"], "ERROR");
    assert!(error["reason"].as_str().unwrap().contains("raise MAX_DECOMPRESSED_BYTES"), "{error}");
}

/// The most memory that the process has used so far, as Linux counts it.
fn peak_memory_kib(process: &Child) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.id().unwrap())).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    peak.trim().trim_end_matches(" kB").parse().unwrap()
}
