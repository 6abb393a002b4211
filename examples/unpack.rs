//! Shows what Firehose would deliver of responses, one a line: the decoded output on standard output, and a line of
//! counts on standard error.
//!
//! ```text
//! cargo run --example unpack < responses.jsonl
//! ```

use std::collections::BTreeMap;
use std::io::{self, BufRead, Write};
use std::process::ExitCode;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Deserialize;

#[derive(Deserialize)]
struct Response {
    records: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    result: String,
    data: Option<String>,
}

fn main() -> ExitCode {
    match unpack() {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads has read enough, such as `head`.
        Err(error) if is_broken_pipe(&*error) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "unpack: {error}");
            ExitCode::FAILURE
        }
    }
}

fn is_broken_pipe(error: &(dyn std::error::Error + 'static)) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

fn unpack() -> Result<(), Box<dyn std::error::Error>> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let mut results: BTreeMap<String, usize> = BTreeMap::new();
    let (mut responses, mut response_bytes, mut output_bytes, mut lines) = (0, 0, 0, 0);
    for line in io::stdin().lock().lines() {
        let line = line?;
        let response: Response =
            serde_json::from_str(&line).map_err(|error| format!("expected a response, found {line:.200}: {error}"))?;
        responses += 1;
        response_bytes += line.len();
        for row in response.records {
            *results.entry(row.result).or_default() += 1;
            let output = STANDARD.decode(row.data.unwrap_or_default())?;
            output_bytes += output.len();
            lines += memchr::memchr_iter(b'\n', &output).count();
            out.write_all(&output)?;
        }
    }
    out.flush()?;
    let results: Vec<_> = results.iter().map(|(result, count)| format!("{count} {result}")).collect();
    writeln!(
        io::stderr(),
        "responses: {responses}, {response_bytes} bytes; records: {}; output: {lines} lines, {output_bytes} bytes",
        if results.is_empty() { "none".to_owned() } else { results.join(", ") }
    )?;
    Ok(())
}
