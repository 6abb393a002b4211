//! `unpack`: what Firehose would deliver for responses, and counts of what they hold.

use std::collections::BTreeMap;
use std::io::{self, Write};

use base64::Engine;
use lambda_runtime::Error;
use serde::Deserialize;

use crate::firehose::base64_engine::STANDARD;

#[derive(Deserialize)]
struct Response {
    records: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    result: String,
    data: Option<String>,
}

/// Writes the data of responses to `out`, and counts.
pub(super) struct Unpacker<W> {
    out: W,
    responses: usize,
    response_bytes: usize,
    results: BTreeMap<String, usize>,
    output_bytes: usize,
    /// Lines of output, which only plain output has.
    lines: usize,
}

impl<W: Write> Unpacker<W> {
    pub(super) fn new(out: W) -> Self {
        Self { out, responses: 0, response_bytes: 0, results: BTreeMap::new(), output_bytes: 0, lines: 0 }
    }

    /// Writes the data of responses, one after the other.
    pub(super) fn add(&mut self, json: &[u8]) -> Result<(), Error> {
        let mut responses = serde_json::Deserializer::from_slice(json).into_iter();
        let mut start = 0;
        while let Some(response) = responses.next() {
            self.write(response.map_err(|error| {
                format!("expected the response to a Firehose event as JSON, found something else: {error}")
            })?)?;
            self.response_bytes += json[start..responses.byte_offset()].trim_ascii().len();
            start = responses.byte_offset();
        }
        Ok(())
    }

    fn write(&mut self, Response { records }: Response) -> Result<(), Error> {
        self.responses += 1;
        for row in records {
            *self.results.entry(row.result).or_default() += 1;
            let output = STANDARD.decode(row.data.unwrap_or_default())?;
            self.output_bytes += output.len();
            self.lines += memchr::memchr_iter(b'\n', &output).count();
            self.out.write_all(&output)?;
        }
        Ok(())
    }

    /// Ends the output, and writes a line of counts on standard error.
    pub(super) fn finish(mut self) -> Result<(), Error> {
        self.out.flush()?;
        let results: Vec<_> = self.results.iter().map(|(result, count)| format!("{count} {result}")).collect();
        let Self { responses, response_bytes, output_bytes, lines, .. } = self;
        writeln!(
            io::stderr(),
            "responses: {responses}, {response_bytes} bytes; records: {}; output: {lines} lines, {output_bytes} bytes",
            if results.is_empty() { "none".to_owned() } else { results.join(", ") }
        )?;
        Ok(())
    }
}
