//! The commands of the binary: `check`, `run`, `pack` and `unpack`, without Lambda and without AWS.

use std::process::Stdio;

use serde_json::{Value, json};

use crate::support::binary::{self, Exit};
use crate::support::files::TempFile;
use crate::support::local_aws::LocalAws;
use crate::support::records::{Record, gunzip_text, messages, payload_of, record_of_output};
use crate::support::{data_bytes, event, results};

/// Runs the binary with text as its standard input.
async fn bootstrap(arguments: &[&str], environment: &[(&str, &str)], input: &str) -> Exit {
    binary::run(arguments, environment, input.as_bytes()).await
}

#[tokio::test]
async fn check_prints_the_settings() {
    let exit = bootstrap(&["check"], &[("OUTPUT_FORMAT", "json"), ("PARTITION_KEYS", "day, owner")], "").await;
    assert_eq!((exit.code, exit.err.as_str()), (0, ""));
    let settings: Vec<_> = exit.out.lines().map(|line| line.split_whitespace().collect::<Vec<_>>()).collect();
    assert!(settings.contains(&vec!["OUTPUT_FORMAT", "json"]), "{}", exit.out);
    assert!(settings.contains(&vec!["PARTITION_KEYS", "day,owner"]), "{}", exit.out);
    assert!(settings.contains(&vec!["VRL_FILE", "none"]), "{}", exit.out);
}

#[tokio::test]
async fn check_of_a_bad_value_fails_and_names_the_variable() {
    let exit = bootstrap(&["check"], &[("VRL_ON_ERROR", "pass")], "").await;
    assert_eq!((exit.code, exit.out.as_str()), (1, ""));
    assert_eq!(exit.err, "environment variable VRL_ON_ERROR: expected fail, drop or keep, found \"pass\"\n");
    let exit = bootstrap(&["check"], &[("VRL_PROGRAM", "."), ("VRL_FILE", "a.vrl")], "").await;
    assert!(exit.err.starts_with("environment variable VRL_FILE: expected nothing beside VRL_PROGRAM"), "{}", exit.err);
}

#[tokio::test]
async fn unknown_arguments_are_answered_with_the_usage() {
    for arguments in [&["chekc"][..], &["run", "event.json"]] {
        let exit = bootstrap(arguments, &[], "").await;
        assert_eq!((exit.code, exit.out.as_str()), (2, ""));
        assert!(exit.err.starts_with("usage: "), "{}", exit.err);
    }
    assert_eq!(bootstrap(&["--help"], &[], "").await.code, 0);
}

#[tokio::test]
async fn start_outside_lambda_without_arguments_says_what_to_do() {
    let exit = bootstrap(&[], &[], "").await;
    assert_eq!(exit.code, 1);
    let line: Value = serde_json::from_str(&exit.out).unwrap();
    assert!(line["error"].as_str().unwrap().starts_with("AWS_LAMBDA_RUNTIME_API is not set"), "{line}");
}

#[tokio::test]
async fn run_answers_one_event() {
    let event = event(&[Record::of_messages("1", &["ログ"]), Record::of_bytes("2", b"broken")]);
    let exit = bootstrap(&["run"], &[], &event.to_string()).await;
    assert_eq!(exit.code, 0, "{}", exit.err);
    assert_eq!(
        exit.out,
        "{\"records\":[{\"recordId\":\"1\",\"result\":\"Ok\",\"data\":\"44Ot44KwCg==\"},{\"recordId\":\"2\",\"result\":\
         \"ProcessingFailed\"}]}\n"
    );
    assert!(exit.err.contains("expected gzip or plain JSON, found neither in 6 bytes"), "{}", exit.err);
}

#[tokio::test]
async fn run_fails_for_input_that_is_not_an_event() {
    for (input, words) in [("", "expected one Firehose event as JSON"), ("{}", "not a Firehose transformation event")] {
        let exit = bootstrap(&["run"], &[], input).await;
        assert_eq!((exit.code, exit.out.as_str()), (1, ""));
        assert!(exit.err.contains(words), "{}", exit.err);
    }
}

#[tokio::test]
async fn run_sends_nothing_and_reports_what_would_be_reingested() {
    let aws = LocalAws::serve(&[], Vec::new()).await;
    let endpoint = format!("http://{}", aws.address);
    let event = event(&[record_of_output("1", 4_000_000), record_of_output("2", 1_000_000)]);
    let environment =
        [("AWS_ENDPOINT_URL", &*endpoint), ("AWS_ACCESS_KEY_ID", "id"), ("AWS_SECRET_ACCESS_KEY", "secret")];
    let exit = bootstrap(&["run"], &environment, &event.to_string()).await;
    assert_eq!(results(&serde_json::from_str(&exit.out).unwrap()), ["Ok", "Dropped"]);
    assert!(exit.err.contains("would be re-ingested; this command sends nothing to AWS entries=1"), "{}", exit.err);
    assert!(aws.firehose_requests().is_empty());
}

/// The Firehose events that `pack` prints, one per line.
async fn pack(arguments: &[&str], input: &str) -> Vec<Value> {
    let exit = bootstrap(&[&["pack"], arguments].concat(), &[], input).await;
    assert_eq!((exit.code, exit.err.as_str()), (0, ""));
    exit.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn records(event: &Value) -> &Vec<Value> {
    event["records"].as_array().unwrap()
}

fn payloads(event: &Value) -> Vec<Value> {
    records(event).iter().map(|record| payload_of(&data_bytes(record))).collect()
}

fn packed_messages(events: &[Value]) -> Vec<String> {
    events.iter().flat_map(records).flat_map(|record| messages(&data_bytes(record))).collect()
}

#[tokio::test]
async fn pack_packs_every_line_of_every_file_in_order() {
    // Some lines need JSON escapes. The second file has no line break at its end.
    let (first, second) =
        (TempFile::new("pack-a.log", b"1\n\n\"3\"\\\n"), TempFile::new("pack-b.log", "4\n\tログ".as_bytes()));
    let arguments = ["--events-per-record", "2", "--timestamp", "1700000000000", first.path(), second.path()];
    let events = pack(&arguments, "").await;
    let [event] = &events[..] else { panic!("expected one event, found {}", events.len()) };
    assert_eq!(packed_messages(&events), ["1", "", "\"3\"\\", "4", "\tログ"]);

    let payloads = payloads(event);
    let sizes: Vec<_> = payloads.iter().map(|payload| payload["logEvents"].as_array().unwrap().len()).collect();
    assert_eq!(sizes, [2, 1, 2], "log events per record");
    let log_groups: Vec<_> = payloads.iter().map(|payload| payload["logGroup"].as_str().unwrap()).collect();
    let (first, second) = (format!("/pack/{}", first.name()), format!("/pack/{}", second.name()));
    assert_eq!(log_groups, [&*first, &*first, &*second]);

    let log_events: Vec<_> = payloads.iter().flat_map(|payload| payload["logEvents"].as_array().unwrap()).collect();
    let ids: Vec<_> = log_events.iter().map(|log_event| log_event["id"].as_str().unwrap()).collect();
    assert!(ids.is_sorted_by(|id, next| id < next), "{ids:?}");
    let timestamps: Vec<_> = log_events.iter().map(|log_event| log_event["timestamp"].as_u64().unwrap()).collect();
    assert!(timestamps.is_sorted() && timestamps[0] == 1_700_000_000_000, "{timestamps:?}");
}

#[tokio::test]
async fn pack_starts_another_event_when_one_is_full() {
    let lines: Vec<_> = (10..50).map(|line| format!("line {line}")).collect();
    let file = TempFile::new("pack-full.log", lines.join("\n").as_bytes());
    // A line has 7 bytes: 3 lines make a record, and 2 records an event.
    let events = pack(&["--events-per-record", "3", "--event-log-bytes", "50", file.path()], "").await;
    assert_eq!(events.len(), 7);
    assert!(events.iter().all(|event| records(event).len() <= 2));
    assert_eq!(packed_messages(&events), lines);
}

#[tokio::test]
async fn pack_gives_the_same_output_for_the_same_timestamp() {
    let file = TempFile::new("pack-same.log", &b"line\n".repeat(100));
    let pack_at = async |timestamp| pack(&["--timestamp", timestamp, file.path()], "").await;
    let events = pack_at("1700000000000").await;
    assert_eq!(events, pack_at("1700000000000").await);
    assert_ne!(events, pack_at("1700000000001").await);
}

#[tokio::test]
async fn pack_of_a_dash_reads_standard_input() {
    let events = pack(&["-"], "a\nb\n").await;
    assert_eq!(packed_messages(&events), ["a", "b"]);
    assert_eq!(payloads(&events[0])[0]["logGroup"], "/pack/stdin");
}

#[tokio::test]
async fn pack_applies_its_options() {
    let options = "--log-group /app --log-stream stream --owner 210987654321 --control-message --broken-record -";
    let events = pack(&options.split(' ').collect::<Vec<_>>(), "a\n").await;
    let [control, broken, record] = &records(&events[0])[..] else { panic!("expected three records in {}", events[0]) };
    assert_eq!(payload_of(&data_bytes(control))["messageType"], "CONTROL_MESSAGE");
    assert_eq!(gunzip_text(&data_bytes(broken)), None);
    let payload = payload_of(&data_bytes(record));
    let members = ["messageType", "logGroup", "logStream", "owner"].map(|member| payload[member].as_str().unwrap());
    assert_eq!(members, ["DATA_MESSAGE", "/app", "stream", "210987654321"]);
}

#[tokio::test]
async fn pack_run_and_unpack_together_print_the_lines() {
    let log = "a\n\n\tb \"c\"\\\r\nログ\n";
    let packed = bootstrap(&["pack", "-"], &[], log).await.out;
    let response = bootstrap(&["run"], &[], &packed).await.out;
    assert_eq!(bootstrap(&["unpack"], &[], &response).await.out, log);
}

#[tokio::test]
async fn unpack_prints_the_data_and_counts_of_responses() {
    // The data is "a\nb\n", then "c\n".
    let responses = concat!(
        r#"{"records":[{"recordId":"1","result":"Ok","data":"YQpiCg=="},{"recordId":"2","result":"Dropped"}]}"#,
        "\n",
        r#"{"records":[{"recordId":"3","result":"ProcessingFailed"},{"recordId":"4","result":"Ok","data":"Ywo="}]}"#,
        "\n",
    );
    let exit = bootstrap(&["unpack"], &[], responses).await;
    assert_eq!((exit.code, exit.out.as_str()), (0, "a\nb\nc\n"));
    let bytes = responses.len() - 2;
    assert_eq!(
        exit.err,
        format!(
            "responses: 2, {bytes} bytes; records: 1 Dropped, 2 Ok, 1 ProcessingFailed; output: 3 lines, 6 bytes\n"
        )
    );
}

#[tokio::test]
async fn unpack_fails_for_input_that_is_not_a_response() {
    for input in ["no json\n", "{}\n", "{\"records\":[{}]}\n"] {
        let exit = bootstrap(&["unpack"], &[], input).await;
        assert_eq!((exit.code, exit.out.as_str()), (1, ""));
        assert!(exit.err.starts_with("expected the response to a Firehose event as JSON, found "), "{}", exit.err);
    }
}

#[tokio::test]
async fn unpack_reads_pretty_printed_responses() {
    let response = json!({"records": [{"recordId": "1", "result": "Ok", "data": "YQo="}]});
    let exit = bootstrap(&["unpack"], &[], &format!("{response:#}\n{response:#}\n")).await;
    assert_eq!((exit.code, exit.out.as_str()), (0, "a\na\n"), "{}", exit.err);
    assert!(exit.err.starts_with("responses: 2, "), "{}", exit.err);
}

#[tokio::test]
async fn run_lines_prints_every_line_even_if_an_event_overflows_its_response() {
    let log = (0..9_000).map(|number| format!("{number:>999}\n")).collect::<Vec<_>>().concat();
    let file = TempFile::new("overflow.log", log.as_bytes());
    let exit = bootstrap(&["run", "--lines", "--event-log-bytes", "9000000", file.path()], &[], "").await;
    assert_eq!(exit.code, 0, "{}", exit.err);
    let mut lines: Vec<_> = exit.out.lines().collect();
    lines.sort_unstable();
    assert!(lines == log.lines().collect::<Vec<_>>(), "every line once: {}", exit.err);
    assert!(!exit.err.starts_with("responses: 1,"), "{}", exit.err);
}

#[tokio::test]
async fn run_lines_prints_the_lines_of_a_file_byte_for_byte() {
    let lines = |number| format!("{number}\t\"ログ\" \\n \u{1b}[0m\u{0}\u{1f600}\r\n\n");
    let log = (0..300).map(lines).collect::<Vec<_>>().concat();
    let file = TempFile::new("run-lines.log", log.as_bytes());
    // Small records and small events, so the lines pass through several of each.
    let arguments = ["run", "--lines", "--events-per-record", "7", "--event-log-bytes", "2000", file.path()];
    let exit = bootstrap(&arguments, &[("AWS_LAMBDA_LOG_LEVEL", "WARN")], "").await;
    assert_eq!(exit.code, 0, "{}", exit.err);
    assert_eq!(exit.out, log);
    let responses = exit.err.strip_prefix("responses: ").and_then(|counts| counts.split_once(',')).unwrap().0;
    assert!(responses.parse::<usize>().unwrap() > 1, "{}", exit.err);
    assert!(exit.err.ends_with(&format!("output: 600 lines, {} bytes\n", log.len())), "{}", exit.err);
}

#[tokio::test]
async fn run_lines_applies_the_settings() {
    let exit =
        bootstrap(&["run", "--lines", "--log-group", "/app", "-"], &[("OUTPUT_FORMAT", "json")], "a\n\tb\n").await;
    assert_eq!(exit.code, 0, "{}", exit.err);
    let lines: Vec<Value> = exit.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let members: Vec<_> = lines.iter().map(|line| (line["log_group"].as_str().unwrap(), &line["message"])).collect();
    assert_eq!(members, [("/app", &"a".into()), ("/app", &"\tb".into())]);
}

#[tokio::test]
async fn bad_options_are_answered_with_the_usage() {
    for (arguments, reason) in [
        (&["pack", "--events-per-record", "0", "-"][..], "expected a number above 0, found \"0\""),
        (&["pack", "--timestamp", "today", "-"], "expected a number above 0, found \"today\""),
        (&["run", "--lines", "--event-log-bytes", "-1", "-"], "expected a number above 0, found \"-1\""),
        (&["run", "--lines", "--color", "-"], "--color"),
        (&["pack", "--log-group"], "--log-group"),
        (&["pack"], "expected a FILE"),
        (&["unpack", "responses.jsonl"], "responses.jsonl"),
    ] {
        let exit = bootstrap(arguments, &[], "").await;
        assert_eq!((exit.code, exit.out.as_str()), (2, ""), "{arguments:?}");
        assert!(exit.err.starts_with("usage: "), "{}", exit.err);
        let last_line = exit.err.lines().last().unwrap();
        assert!(last_line.contains(reason), "expected {reason:?} in {last_line:?}");
    }
}

#[tokio::test]
async fn missing_file_of_log_lines_is_named() {
    for arguments in [&["pack", "no/such.log"][..], &["run", "--lines", "no/such.log"]] {
        let exit = bootstrap(arguments, &[], "").await;
        assert_eq!((exit.code, exit.out.as_str()), (1, ""));
        assert_eq!(exit.err, "no/such.log: No such file or directory (os error 2)\n");
    }
}

/// As in `bootstrap pack app.log | head`, once `head` has exited.
#[tokio::test]
async fn output_into_a_closed_pipe_ends_quietly() {
    let file = TempFile::new("closed-pipe.log", &b"line\n".repeat(10_000));
    let response = r#"{"records":[{"recordId":"1","result":"Ok","data":"YQo="}]}"#;
    let event = event(&[Record::of_messages("1", &["a"])]).to_string();
    for (arguments, input) in [
        (&["pack", file.path()][..], ""),
        (&["run", "--lines", file.path()], ""),
        (&["run"], &event),
        (&["unpack"], response),
        (&["check"], ""),
        (&["--help"], ""),
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = binary::command();
        command.args(arguments).env("AWS_LAMBDA_LOG_LEVEL", "WARN").stdin(Stdio::piped()).stdout(writer);
        let exit = binary::run_command(command, input.as_bytes()).await;
        assert_eq!((exit.code, exit.err.as_str()), (0, ""), "{arguments:?}");
    }
}

#[cfg(feature = "vrl")]
mod vrl {
    use super::*;
    use crate::support::{data, rows};

    #[tokio::test]
    async fn check_warns_about_keys_that_athena_reads_as_null() {
        for (program, is_warned) in [
            (".requestId = 1", true),
            (". = {\"requestId\": 1}", true),
            (".request_id = 1", false),
            (". = parse_json!(.message)", false),
        ] {
            let exit = bootstrap(&["check"], &[("VRL_PROGRAM", program)], "").await;
            assert_eq!(exit.code, 0, "{}", exit.err);
            let warning = "writes keys with upper-case letters: requestId. Athena reads such columns as NULL";
            assert_eq!(exit.err.contains(warning), is_warned, "{program}: {}", exit.err);
        }
    }

    #[tokio::test]
    async fn check_compiles_the_program() {
        let file = TempFile::new("good.vrl", b"upcase(.message)\n. = parse_json!(.message)\n");
        let exit = bootstrap(&["check"], &[("VRL_FILE", file.path())], "").await;
        assert_eq!(exit.code, 0, "{}", exit.err);
        assert!(exit.out.contains(file.path()), "{}", exit.out);
        assert!(exit.err.contains("unused result for function call"), "expected the warning in: {}", exit.err);
    }

    #[tokio::test]
    async fn check_shows_the_whole_diagnostic_of_the_compiler() {
        let file = TempFile::new("bad.vrl", b"# parse\n. = parse_json(.message)\n");
        for environment in [("VRL_FILE", file.path()), ("VRL_PROGRAM", "# parse\n. = parse_json(.message)\n")] {
            let exit = bootstrap(&["check"], &[environment], "").await;
            assert_eq!((exit.code, exit.out.as_str()), (1, ""));
            for line in [
                "the VRL program does not compile:\n",
                "error[E103]: unhandled fallible assignment\n",
                "2 │ . = parse_json(.message)\n",
            ] {
                assert!(exit.err.contains(line), "expected {line:?} in:\n{}", exit.err);
            }
        }
    }

    #[tokio::test]
    async fn check_of_a_missing_file_names_it() {
        let environment = [("VRL_FILE", "no/such.vrl"), ("LAMBDA_TASK_ROOT", "/var/task")];
        let exit = bootstrap(&["check"], &environment, "").await;
        assert_eq!(exit.code, 1);
        assert_eq!(
            exit.err,
            "environment variable VRL_FILE: expected a UTF-8 file in the deployment package, found none to read at \
             /var/task/no/such.vrl: No such file or directory (os error 2)\n"
        );
        let binary = TempFile::new("binary.vrl", b"\xff\xfe");
        let exit = bootstrap(&["check"], &[("VRL_FILE", binary.path())], "").await;
        assert!(exit.err.ends_with("stream did not contain valid UTF-8\n"), "{}", exit.err);
    }

    #[tokio::test]
    async fn program_that_does_not_compile_stops_the_start() {
        let aws = LocalAws::serve(&[], Vec::new()).await;
        let output =
            aws.start_function(&[("VRL_PROGRAM", ". = parse_json(.message)")]).wait_with_output().await.unwrap();
        assert_eq!(output.status.code(), Some(1));
        let line: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert!(line["error"].as_str().unwrap().contains("error[E103]: unhandled fallible assignment"), "{line}");
    }

    #[tokio::test]
    async fn run_applies_the_program_and_shows_its_whole_errors() {
        let event = event(&[Record::of_messages("1", &["{\"a\":1}"]), Record::of_messages("2", &["no json"])]);
        let exit = bootstrap(&["run"], &[("VRL_PROGRAM", ". = parse_json!(.message)")], &event.to_string()).await;
        let response = serde_json::from_str(&exit.out).unwrap();
        assert_eq!(results(&response), ["Ok", "ProcessingFailed"]);
        assert_eq!(data(&rows(&response)[0]), "{\"a\":1}\n");
        assert!(exit.err.contains("unable to parse json"), "the user's own machine may show log content: {}", exit.err);
    }
}

#[cfg(not(feature = "vrl"))]
#[tokio::test]
async fn program_is_refused_without_the_vrl_feature() {
    let exit = bootstrap(&["check"], &[("VRL_PROGRAM", ".")], "").await;
    assert_eq!(exit.code, 1);
    assert!(exit.err.contains("built without the cargo feature `vrl`"), "{}", exit.err);
}
