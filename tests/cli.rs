//! The commands `check` and `run` of the binary, without Lambda and without AWS.

use serde_json::Value;

use crate::support::binary::{self, Exit};
use crate::support::local_aws::LocalAws;
use crate::support::records::{Record, record_of_output};
use crate::support::{event, results};

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

#[cfg(feature = "vrl")]
mod vrl {
    use super::*;
    use crate::support::files::TempFile;
    use crate::support::{data, rows};
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
