//! The built binary as a child process.

use std::process::Stdio;

use tokio::io::AsyncWriteExt;
use tokio::process::Command;

/// The exit code and the output of a process.
pub(crate) struct Exit {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// The binary with an empty environment. The process ends with the test, however the test ends.
pub(crate) fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_firehose-logs-transform"));
    command.env_clear().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

/// Runs the binary to its end.
pub(crate) async fn run(arguments: &[&str], environment: &[(&str, &str)], input: &[u8]) -> Exit {
    let mut command = command();
    command.args(arguments).envs(environment.iter().copied()).stdin(Stdio::piped());
    run_command(command, input).await
}

/// Runs a command whose standard input is a pipe.
pub(crate) async fn run_command(mut command: Command, input: &[u8]) -> Exit {
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let ((), output) = tokio::join!(
        async {
            // A process that does not read its input may end before all of it is written.
            let _ = stdin.write_all(input).await;
            drop(stdin);
        },
        child.wait_with_output()
    );
    let output = output.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Exit { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
}
