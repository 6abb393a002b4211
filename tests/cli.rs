//! `check` and `run`: the built binary without Lambda and without AWS.

use std::process::Stdio;

use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::support::local_aws::LocalAws;
use crate::support::records::{Record, record_of_output};
use crate::support::{event, results};

struct Ended {
    code: i32,
    out: String,
    err: String,
}

/// Runs the binary to its end.
async fn bootstrap(arguments: &[&str], environment: &[(&str, &str)], input: &str) -> Ended {
    let mut child = Command::new(env!("CARGO_BIN_EXE_firehose-logs-transform"))
        .args(arguments)
        .env_clear()
        .envs(environment.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // A process that does not read its input may have ended before all of it is written.
    let ((), output) = tokio::join!(
        async {
            let _ = stdin.write_all(input.as_bytes()).await;
            drop(stdin);
        },
        child.wait_with_output()
    );
    let output = output.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ended { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
}

#[tokio::test]
async fn check_says_what_is_configured() {
    let ended = bootstrap(&["check"], &[("OUTPUT_FORMAT", "json"), ("PARTITION_KEYS", "day, owner")], "").await;
    assert_eq!((ended.code, ended.err.as_str()), (0, ""));
    let settings: Vec<_> = ended.out.lines().map(|line| line.split_whitespace().collect::<Vec<_>>()).collect();
    assert!(settings.contains(&vec!["OUTPUT_FORMAT", "json"]), "{}", ended.out);
    assert!(settings.contains(&vec!["PARTITION_KEYS", "day,owner"]), "{}", ended.out);
    assert!(settings.contains(&vec!["VRL_FILE", "none"]), "{}", ended.out);
}

#[tokio::test]
async fn check_of_a_bad_value_fails_and_names_it() {
    let ended = bootstrap(&["check"], &[("VRL_ON_ERROR", "pass")], "").await;
    assert_eq!((ended.code, ended.out.as_str()), (1, ""));
    assert_eq!(ended.err, "environment variable VRL_ON_ERROR: expected fail, drop or keep, found \"pass\"\n");
    let ended = bootstrap(&["check"], &[("VRL_PROGRAM", "."), ("VRL_FILE", "a.vrl")], "").await;
    assert!(
        ended.err.starts_with("environment variable VRL_FILE: expected nothing beside VRL_PROGRAM"),
        "{}",
        ended.err
    );
}

#[tokio::test]
async fn other_arguments_are_answered_with_the_usage() {
    for arguments in [&["chekc"][..], &["run", "event.json"]] {
        let ended = bootstrap(arguments, &[], "").await;
        assert_eq!((ended.code, ended.out.as_str()), (2, ""));
        assert!(ended.err.starts_with("usage: "), "{}", ended.err);
    }
    assert_eq!(bootstrap(&["--help"], &[], "").await.code, 0);
}

#[tokio::test]
async fn without_lambda_and_without_arguments_the_start_says_what_to_do() {
    let ended = bootstrap(&[], &[], "").await;
    assert_eq!(ended.code, 1);
    let line: Value = serde_json::from_str(&ended.out).unwrap();
    assert!(line["error"].as_str().unwrap().starts_with("AWS_LAMBDA_RUNTIME_API is not set"), "{line}");
}

#[tokio::test]
async fn run_answers_one_event() {
    let event = event(&[Record::of_messages("1", &["ログ"]), Record::of_bytes("2", b"broken")]);
    let ended = bootstrap(&["run"], &[], &event.to_string()).await;
    assert_eq!(ended.code, 0, "{}", ended.err);
    assert_eq!(
        ended.out,
        "{\"records\":[{\"recordId\":\"1\",\"result\":\"Ok\",\"data\":\"44Ot44KwCg==\"},{\"recordId\":\"2\",\"result\":\
         \"ProcessingFailed\"}]}\n"
    );
    assert!(ended.err.contains("expected gzip or plain JSON, found neither in 6 bytes"), "{}", ended.err);
}

#[tokio::test]
async fn run_of_what_is_no_event_fails() {
    for (input, words) in [("", "expected one Firehose event as JSON"), ("{}", "not a Firehose transformation event")] {
        let ended = bootstrap(&["run"], &[], input).await;
        assert_eq!((ended.code, ended.out.as_str()), (1, ""));
        assert!(ended.err.contains(words), "{}", ended.err);
    }
}

#[tokio::test]
async fn run_sends_nothing_and_reports_what_would_be_reingested() {
    let aws = LocalAws::serve(&[], Vec::new()).await;
    let endpoint = format!("http://{}", aws.address);
    let event = event(&[record_of_output("1", 4_000_000), record_of_output("2", 1_000_000)]);
    let environment =
        [("AWS_ENDPOINT_URL", &*endpoint), ("AWS_ACCESS_KEY_ID", "id"), ("AWS_SECRET_ACCESS_KEY", "secret")];
    let ended = bootstrap(&["run"], &environment, &event.to_string()).await;
    assert_eq!(results(&serde_json::from_str(&ended.out).unwrap()), ["Ok", "Dropped"]);
    assert!(ended.err.contains("would be re-ingested; this command sends nothing to AWS entries=1"), "{}", ended.err);
    assert!(aws.firehose_requests().is_empty());
}

#[cfg(feature = "vrl")]
mod vrl {
    use super::*;
    use crate::support::{data, rows};

    /// A file that lasts as long as the test.
    struct File(std::path::PathBuf);

    impl File {
        fn of(name: &str, text: &[u8]) -> Self {
            let path = std::env::temp_dir().join(format!("{}-{name}", std::process::id()));
            std::fs::write(&path, text).unwrap();
            Self(path)
        }

        fn path(&self) -> &str {
            self.0.to_str().unwrap()
        }
    }

    impl Drop for File {
        fn drop(&mut self) {
            let _ = std::fs::remove_file(&self.0);
        }
    }

    #[tokio::test]
    async fn check_compiles_the_program() {
        let file = File::of("good.vrl", b"upcase(.message)\n. = parse_json!(.message)\n");
        let ended = bootstrap(&["check"], &[("VRL_FILE", file.path())], "").await;
        assert_eq!(ended.code, 0, "{}", ended.err);
        assert!(ended.out.contains(file.path()), "{}", ended.out);
        assert!(ended.err.contains("unused result for function call"), "warnings are shown: {}", ended.err);
    }

    #[tokio::test]
    async fn check_shows_the_compilers_diagnostic_whole() {
        let file = File::of("bad.vrl", b"# parse\n. = parse_json(.message)\n");
        for environment in [("VRL_FILE", file.path()), ("VRL_PROGRAM", "# parse\n. = parse_json(.message)\n")] {
            let ended = bootstrap(&["check"], &[environment], "").await;
            assert_eq!((ended.code, ended.out.as_str()), (1, ""));
            for line in [
                "the VRL program does not compile:\n",
                "error[E103]: unhandled fallible assignment\n",
                "2 │ . = parse_json(.message)\n",
            ] {
                assert!(ended.err.contains(line), "{line:?} is not in:\n{}", ended.err);
            }
        }
    }

    #[tokio::test]
    async fn check_of_a_file_that_is_not_there_names_it() {
        let environment = [("VRL_FILE", "no/such.vrl"), ("LAMBDA_TASK_ROOT", "/var/task")];
        let ended = bootstrap(&["check"], &environment, "").await;
        assert_eq!(ended.code, 1);
        assert_eq!(
            ended.err,
            "environment variable VRL_FILE: expected a UTF-8 file in the deployment package, found none to read at \
             /var/task/no/such.vrl: No such file or directory (os error 2)\n"
        );
        let binary = File::of("binary.vrl", b"\xff\xfe");
        let ended = bootstrap(&["check"], &[("VRL_FILE", binary.path())], "").await;
        assert!(ended.err.ends_with("stream did not contain valid UTF-8\n"), "{}", ended.err);
    }

    #[tokio::test]
    async fn program_that_does_not_compile_fails_the_start() {
        let aws = LocalAws::serve(&[], Vec::new()).await;
        let output =
            aws.start_function(&[("VRL_PROGRAM", ". = parse_json(.message)")]).wait_with_output().await.unwrap();
        assert_eq!(output.status.code(), Some(1));
        let line: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert!(line["error"].as_str().unwrap().contains("error[E103]: unhandled fallible assignment"), "{line}");
    }

    #[tokio::test]
    async fn run_runs_the_program_and_shows_its_errors_whole() {
        let event = event(&[Record::of_messages("1", &["{\"a\":1}"]), Record::of_messages("2", &["no json"])]);
        let ended = bootstrap(&["run"], &[("VRL_PROGRAM", ". = parse_json!(.message)")], &event.to_string()).await;
        let response = serde_json::from_str(&ended.out).unwrap();
        assert_eq!(results(&response), ["Ok", "ProcessingFailed"]);
        assert_eq!(data(&rows(&response)[0]), "{\"a\":1}\n");
        assert!(ended.err.contains("unable to parse json"), "on the user's own machine: {}", ended.err);
    }
}

#[cfg(not(feature = "vrl"))]
#[tokio::test]
async fn program_is_refused_where_nothing_can_run_it() {
    let ended = bootstrap(&["check"], &[("VRL_PROGRAM", ".")], "").await;
    assert_eq!(ended.code, 1);
    assert!(ended.err.contains("built without the cargo feature `vrl`"), "{}", ended.err);
}
