//! VRL programs: what they see, what their result becomes, and what happens when they fail.

use firehose_logs_transform::Transform;
use firehose_logs_transform::internals::{Config, ErrorDetail, RESPONSE_BUDGET_BYTES, SetupError, VrlOnError};
use serde_json::{Value, json};

use crate::support::fake_stream::FakeStream;
use crate::support::files::project_path;
use crate::support::records::{Record, gunzip_text, payload};
use crate::support::{
    ACCOUNT, Invocation, Logs, data, data_bytes, event, invoke, json_output, results, rows, settings,
};

fn program(source: &str) -> Config {
    settings(&[("VRL_PROGRAM", source)])
}

fn on_error(choice: VrlOnError, source: &str) -> Config {
    let mut config = program(source);
    config.transform.on_error = choice;
    config
}

async fn output_of(config: Config, record: Record) -> String {
    let response = invoke(config, &event(&[record])).await;
    assert_eq!(results(&response), ["Ok"]);
    data(&rows(&response)[0])
}

async fn output(source: &str, messages: &[&str]) -> String {
    output_of(program(source), Record::of_messages("r", messages)).await
}

fn build(config: &Config) -> Result<Box<dyn Transform>, SetupError> {
    config.transform.build(ErrorDetail::PlaceOnly)
}

/// The error that the program stops the start with.
fn start_error(source: &str) -> String {
    build(&program(source)).err().unwrap().to_string()
}

#[tokio::test]
async fn program_sees_the_same_object_as_json_output() {
    let log_events = [
        json!({"id": "1", "timestamp": -5, "message": "a\n\"ログ\" \u{1f600}"}),
        json!({"id": "2", "timestamp": 6, "message": "b", "extractedFields": {"1": "x", "y z": "2"}}),
    ];
    let record = || Record::of_payload("r", &payload("/app/ü", &log_events));
    let parsed =
        |lines: String| -> Vec<Value> { lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect() };
    let untouched = parsed(output_of(program("# nothing to do"), record()).await);
    assert_eq!(untouched, parsed(output_of(json_output(), record()).await));
    assert_eq!(untouched[0]["owner"], ACCOUNT);
}

#[tokio::test]
async fn compiler_knows_the_types_of_the_fields() {
    let source = ". = upcase(.message) + downcase(.log_group) + .owner + .id + .log_stream + to_string(.timestamp + 1)";
    let expected = format!("A/app{ACCOUNT}{:056}stream1700000000001\n", 0);
    assert_eq!(output(source, &["a"]).await, expected);
    assert!(start_error("upcase(.extracted_fields.level)").contains("invalid argument type"));
}

#[tokio::test]
async fn result_of_the_program_is_the_output() {
    assert_eq!(
        output(".n = 1\ndel(.message)\ndel(.id)\ndel(.timestamp)\ndel(.owner)", &["a"]).await,
        "{\"log_group\":\"/app\",\"log_stream\":\"stream\",\"n\":1}\n"
    );
    assert_eq!(output(". = .message", &["a", "b\nc", ""]).await, "a\nb\nc\n\n");
    assert_eq!(output(". = split(.message, \",\")", &["a,b", "c"]).await, "a\nb\nc\n");
    assert_eq!(output(". = [{\"m\": .message}, null, .message]", &["a"]).await, "{\"m\":\"a\"}\na\n");
    assert_eq!(output("if .message == \"a\" { . = null } else { . = .message }", &["a", "b"]).await, "b\n");
    assert_eq!(output("if .message == \"a\" { abort }\n. = .message", &["a", "b"]).await, "b\n");
    assert_eq!(output(". = .message\nreturn \"not this\"", &["a"]).await, "a\n");
    let response = invoke(program("abort"), &event(&[Record::of_messages("r", &["a"])])).await;
    assert_eq!(results(&response), ["Dropped"]);
}

#[tokio::test]
async fn no_state_is_carried_from_one_log_event_to_the_next() {
    let source =
        "if .message == \"1\" { .seen = true; %seen = true; x = 1 }\n. = [.message, .seen, %seen, .extracted_fields]";
    let log_events = [
        json!({"id": "1", "timestamp": 1, "message": "1", "extractedFields": {"a": "b"}}),
        json!({"id": "2", "timestamp": 2, "message": "2"}),
    ];
    let record = Record::of_payload("r", &payload("/app", &log_events));
    assert_eq!(output_of(program(source), record).await, "1\ntrue\ntrue\n{\"a\":\"b\"}\n2\n");
    let other_group = |id, group| Record::of_payload(id, &payload(group, &log_events[..1]));
    let response = invoke(program(". = .log_group"), &event(&[other_group("1", "/a"), other_group("2", "/b")])).await;
    assert_eq!(rows(&response).iter().map(data).collect::<Vec<_>>(), ["/a\n", "/b\n"]);
}

#[tokio::test]
async fn runtime_error_fails_the_record_and_logs_the_place_but_no_content() {
    let logs = Logs::capture();
    let source = "# first line\n. = parse_json!(.message)";
    let records = [Record::of_messages("1", &["{}", "secret"]), Record::of_messages("2", &["{\"a\":1}"])];
    let response = invoke(program(source), &event(&records)).await;
    assert_eq!(results(&response), ["ProcessingFailed", "Ok"]);
    assert_eq!(data(&rows(&response)[1]), "{\"a\":1}\n");
    let error = logs.only_line("ERROR");
    assert_eq!(
        error["reason"],
        "the transform failed: the VRL program: an error at line 2, column 5, in `parse_json!(.message)`; handle the error \
         in the program (`??`), or set VRL_ON_ERROR to drop or keep"
    );
    assert!(!logs.text().contains("secret"), "{}", logs.text());
}

#[tokio::test]
async fn runtime_error_of_any_function_shows_no_log_content() {
    for source in [
        ". = to_int!(.message)",
        ". = parse_timestamp!(.message, \"%Y\")",
        ". = parse_regex!(.message, r'^(?P<a>x)$')",
        ". = parse_duration!(.message, \"s\")",
        ". = parse_url!(.message)",
        ". = parse_csv!(.message, .message)",
        ". = decode_base64!(.message)",
        ". = int!(parse_json(.message) ?? .message)",
        "assert!(false, message: .message)",
        "assert_eq!(.message, \"x\")",
        ". = map_values({\"a\": .message}) -> |value| { to_int!(value) }",
        "abort .message",
    ] {
        let logs = Logs::capture();
        let config = on_error(VrlOnError::Fail, source);
        invoke(config, &event(&[Record::of_messages("r", &["secret, \"secret"])])).await;
        assert!(!logs.text().contains("secret"), "{source}: {}", logs.text());
    }
}

#[tokio::test]
async fn panic_in_vrl_fails_only_its_record() {
    let logs = Logs::capture();
    let source =
        ". = format_number(to_float!(.message), scale: 2, decimal_separator: \",\", grouping_separator: \".\")";
    let records = [Record::of_messages("1", &["1", "-1e300"]), Record::of_messages("2", &["1234.5"])];
    let response = invoke(program(source), &event(&records)).await;
    assert_eq!(results(&response), ["ProcessingFailed", "Ok"]);
    assert_eq!(data(&rows(&response)[1]), "1.234,50\n");
    let error = logs.only_line("ERROR");
    assert!(error["reason"].as_str().unwrap().contains("the VRL program: VRL panicked; "), "{error}");
}

#[tokio::test]
async fn deeply_nested_json_is_an_error_and_does_not_end_the_process() {
    let deep = "[".repeat(100_000);
    let records = [Record::of_messages("1", &[&deep]), Record::of_messages("2", &["[[1]]"])];
    for source in [". = parse_json!(.message)", ". = parse_yaml!(.message)"] {
        let response = invoke(program(source), &event(&records)).await;
        assert_eq!(results(&response), ["ProcessingFailed", "Ok"], "{source}");
    }
}

#[tokio::test]
async fn on_error_drop_drops_the_log_event_and_warns_once() {
    let logs = Logs::capture();
    let config = on_error(VrlOnError::Drop, ". = parse_json!(.message)");
    assert_eq!(output_of(config, Record::of_messages("r", &["{}", "secret", "[1]", "secret"])).await, "{}\n1\n");
    let warning = logs.only_line("WARN");
    assert_eq!(warning["reason"], "an error at line 1, column 5, in `parse_json!(.message)`");
    assert!(!logs.text().contains("secret"), "{}", logs.text());
}

#[tokio::test]
async fn on_error_keep_outputs_the_original_log_event_as_json() {
    let record = || Record::of_messages("r", &["secret"]);
    let source = ".message = \"changed\"\n.n = 1\n. = parse_json!(.message)";
    let config = on_error(VrlOnError::Keep, source);
    assert_eq!(output_of(config, record()).await, output_of(json_output(), record()).await);
}

#[tokio::test]
async fn number_that_json_cannot_write_is_an_error_of_the_program() {
    let logs = Logs::capture();
    // VRL has no NaN. An operation whose result would be NaN is a VRL error.
    let not_a_number = ".n = parse_float!(\"inf\")\n.n = .n - .n";
    let infinite = ".n = parse_float!(\"1e308\") * 10.0";
    for source in [not_a_number, infinite] {
        let response = invoke(program(source), &event(&[Record::of_messages("r", &["secret"])])).await;
        assert_eq!(results(&response), ["ProcessingFailed"], "{source}");
        let config = on_error(VrlOnError::Keep, source);
        assert!(output_of(config, Record::of_messages("r", &["m"])).await.ends_with("\"message\":\"m\"}\n"));
    }
    let reasons: Vec<_> = logs.lines("ERROR").iter().map(|line| line["reason"].to_string()).collect();
    assert!(reasons[0].contains("the VRL program: an error: operation would produce NaN; "), "{reasons:?}");
    assert!(reasons[1].contains("expected finite numbers in `.`, found an infinite one; "), "{reasons:?}");
}

#[tokio::test]
async fn invalid_utf_8_in_a_string_becomes_the_replacement_character() {
    let source = ". = [decode_base64!(.message), {\"text\": decode_base64!(.message)}]";
    assert_eq!(output(source, &["Yf9i"]).await, "a\u{fffd}b\n{\"text\":\"a\u{fffd}b\"}\n");
}

#[tokio::test]
async fn output_above_the_limit_of_a_log_event_fails_only_its_record() {
    let logs = Logs::capture();
    let a_million = "a,".repeat(999_999) + "a";
    // A million elements, each with the log group's name of 256 bytes. Written out, that would be a quarter of a gigabyte.
    let long = "g".repeat(256);
    let source = "group = .log_group\n. = map_values(split(.message, \",\")) -> |_element| { group }";
    for compression in ["none", "gzip"] {
        let config = settings(&[
            ("VRL_PROGRAM", source),
            ("OUTPUT_COMPRESSION", compression),
            ("OUTPUT_COMPRESSION_LEVEL", "1"),
        ]);
        let log_event = json!({"id": "1", "timestamp": 1, "message": a_million});
        let records = [Record::of_payload("1", &payload(&long, &[log_event])), Record::of_messages("2", &["a,b"])];
        let response = invoke(config, &event(&records)).await;
        assert_eq!(results(&response), ["ProcessingFailed", "Ok"]);
    }
    for error in logs.lines("ERROR") {
        let reason = error["reason"].as_str().unwrap();
        assert!(reason.contains("expected at most 16777216 bytes of output for one log event, found more"), "{reason}");
    }
}

#[tokio::test]
async fn output_of_an_array_of_a_million_elements_counts_against_the_budget() {
    let logs = Logs::capture();
    let a_million = "abcdef,".repeat(999_999) + "abcdef";
    let record = |id| Record::of_messages(id, &[&a_million]);
    let response = invoke(program(". = split(.message, \",\")"), &event(&[record("1")])).await;
    assert_eq!(results(&response), ["ProcessingFailed"], "seven million bytes fit no response");
    let error = logs.only_line("ERROR");
    assert!(error["reason"].as_str().unwrap().contains("found one of 7000000 bytes of output"), "{error}");

    let config = settings(&[
        ("VRL_PROGRAM", ". = split(.message, \",\")"),
        ("OUTPUT_COMPRESSION", "gzip"),
        ("OUTPUT_COMPRESSION_LEVEL", "1"),
    ]);
    let stream = FakeStream::accepting();
    let response = Invocation::new(config, &stream).run(&event(&[record("1"), record("2")])).await.unwrap();
    assert_eq!(results(&response), ["Ok", "Ok"]);
    assert!(response.to_string().len() < RESPONSE_BUDGET_BYTES);
    assert_eq!(gunzip_text(&data_bytes(&rows(&response)[0])).unwrap().lines().count(), 1_000_000);
}

#[test]
fn program_that_does_not_compile_stops_the_start_with_the_diagnostic_of_vrl() {
    let error = start_error("# a comment\n. = parse_json(.message)\n");
    for words in [
        "the VRL program does not compile",
        "error[E103]",
        "unhandled fallible assignment",
        ":2:5",
        ". = parse_json(.message)",
    ] {
        assert!(error.contains(words), "expected {words:?} in:\n{error}");
    }
    assert!(start_error("upcase(").contains("syntax error"));
    assert!(start_error(". = no_such_function(.message)").contains("call to undefined function"));
}

#[test]
fn compiler_warnings_are_logged() {
    let logs = Logs::capture();
    build(&program("upcase(.message)\n.")).unwrap();
    let warning = logs.only_line("WARN");
    assert!(warning["message"].as_str().unwrap().contains("unused result"), "{warning}");
}

#[test]
fn functions_that_reach_beyond_the_log_event_are_unavailable() {
    for call in [
        "dns_lookup!(\"localhost\")",
        "reverse_dns!(\"127.0.0.1\")",
        "http_request!(\"http://localhost\")",
        "get_hostname!()",
        "get_env_var!(\"HOME\")",
        "get_timezone_name!()",
        "log(.message)",
        "parse_groks!(.message, [\"%{x}\"], alias_sources: [\"/etc/passwd\"])",
        "validate_json_schema!(.message, \"/etc/passwd\")",
        "decode_gzip!(.message)",
        "parse_xml!(.message)",
    ] {
        let error = start_error(call);
        assert!(error.contains("call to undefined function"), "{call}: {error}");
    }
}

#[test]
fn file_that_is_missing_or_not_text_is_named_in_the_error() {
    let with_file = |path: &str| build(&settings(&[("VRL_FILE", path)]));
    let Err(error @ SetupError::UnreadableFile { .. }) = with_file("/no/such/program.vrl") else {
        panic!("expected an unreadable file")
    };
    assert_eq!(
        error.to_string(),
        "environment variable VRL_FILE: expected a UTF-8 file in the deployment package, found none to read at \
         /no/such/program.vrl"
    );
    let directory = project_path("src");
    assert!(matches!(with_file(directory.to_str().unwrap()), Err(SetupError::UnreadableFile { .. })));
}
