//! Packs a log file into Firehose events, as CloudWatch Logs and Firehose would: every line a log event, so many log
//! events a record, so many records an event. Writes one event a line.
//!
//! ```text
//! cargo run --example pack -- --log-group /app app.log > events.jsonl
//! ```

use std::io::{self, Read, Write};
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::{Engine, engine::general_purpose::STANDARD};
use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};

const USAGE: &str = "\
usage: pack [OPTIONS] FILE|-

  --log-group NAME         log group of the log events                          [/pack/FILENAME]
  --log-stream NAME        log stream of the log events                         [pack]
  --owner ACCOUNT          account that the log events come from                [123456789012]
  --events-per-record N    log events in one record                             [1000]
  --event-log-bytes N      bytes of log lines in one event, at the most         [3000000]
  --timestamp MS           milliseconds since 1970 of the first log event       [now]
  --control-message        put a CONTROL_MESSAGE before the other records
  --broken-record          put a record that is not gzip before the other records";

struct Options {
    file: String,
    log_group: Option<String>,
    log_stream: String,
    owner: String,
    events_per_record: usize,
    event_log_bytes: usize,
    timestamp: u64,
    control_message: bool,
    broken_record: bool,
}

fn main() -> ExitCode {
    match Options::parse(std::env::args().skip(1)).and_then(|options| pack(&options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            let _ = writeln!(io::stderr(), "pack: {message}");
            ExitCode::FAILURE
        }
    }
}

fn pack(options: &Options) -> Result<(), String> {
    let mut bytes = Vec::new();
    let read = match options.file.as_str() {
        "-" => io::stdin().read_to_end(&mut bytes),
        path => std::fs::File::open(path).and_then(|mut file| file.read_to_end(&mut bytes)),
    };
    read.map_err(|error| format!("{}: {error}", options.file))?;
    // CloudWatch Logs too takes UTF-8 alone, and replaces what is none.
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<_> = text.split_terminator('\n').collect();

    let mut records = options.leading_records();
    let mut log_bytes = 0;
    let mut out = io::stdout().lock();
    let mut first = 0;
    while first < lines.len() {
        let (chunk, chunk_bytes) = next_chunk(&lines[first..], options.events_per_record);
        if log_bytes > 0 && log_bytes + chunk_bytes > options.event_log_bytes {
            write_event(&mut out, &mut records)?;
            log_bytes = 0;
        }
        records.push(options.data_message(first, chunk));
        log_bytes += chunk_bytes;
        first += chunk.len();
    }
    write_event(&mut out, &mut records)
}

/// Bytes of log lines in one record, at the most, unless it is a single line: CloudWatch Logs makes records of about a
/// megabyte at the most, too.
const RECORD_LOG_BYTES: usize = 1_000_000;

/// The lines of the next record, and how many bytes they are.
fn next_chunk<'l>(lines: &'l [&'l str], most: usize) -> (&'l [&'l str], usize) {
    let mut bytes = 0;
    let fits = |line: &&&str| {
        bytes += line.len();
        bytes <= RECORD_LOG_BYTES
    };
    let count = lines.iter().take(most).take_while(fits).count().max(1);
    (&lines[..count], lines[..count].iter().map(|line| line.len()).sum())
}

fn write_event(out: &mut impl Write, records: &mut Vec<Vec<u8>>) -> Result<(), String> {
    let record = |(index, bytes): (usize, Vec<u8>)| {
        json!({
            "recordId": format!("{:056}", index),
            "approximateArrivalTimestamp": now(),
            "data": STANDARD.encode(bytes),
        })
    };
    let event = json!({
        "invocationId": "00000000-0000-4000-8000-000000000000",
        "deliveryStreamArn": "arn:aws:firehose:us-east-1:123456789012:deliverystream/pack",
        "region": "us-east-1",
        "records": records.drain(..).enumerate().map(record).collect::<Vec<_>>(),
    });
    writeln!(out, "{event}").map_err(|error| error.to_string())
}

impl Options {
    fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self {
            file: String::new(),
            log_group: None,
            log_stream: "pack".to_owned(),
            owner: "123456789012".to_owned(),
            events_per_record: 1_000,
            event_log_bytes: 3_000_000,
            timestamp: now(),
            control_message: false,
            broken_record: false,
        };
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or_else(|| format!("{argument} takes a value\n{USAGE}"));
            match argument.as_str() {
                "--log-group" => options.log_group = Some(value()?),
                "--log-stream" => options.log_stream = value()?,
                "--owner" => options.owner = value()?,
                "--events-per-record" => options.events_per_record = positive(&argument, &value()?)?,
                "--event-log-bytes" => options.event_log_bytes = positive(&argument, &value()?)?,
                "--timestamp" => options.timestamp = positive(&argument, &value()?)? as u64,
                "--control-message" => options.control_message = true,
                "--broken-record" => options.broken_record = true,
                option if option.starts_with("--") => return Err(format!("no such option: {option}\n{USAGE}")),
                _ if options.file.is_empty() => options.file = argument,
                _ => return Err(format!("one file at a time\n{USAGE}")),
            }
        }
        if options.file.is_empty() { Err(format!("which file?\n{USAGE}")) } else { Ok(options) }
    }

    fn file_name(&self) -> String {
        let name = std::path::Path::new(&self.file).file_name();
        name.map_or_else(|| "stdin".to_owned(), |name| name.to_string_lossy().into_owned())
    }

    fn leading_records(&self) -> Vec<Vec<u8>> {
        let control_message = self.control_message.then(|| {
            gzip(&json!({
                "messageType": "CONTROL_MESSAGE",
                "owner": "CloudwatchLogs",
                "logGroup": "",
                "logStream": "",
                "subscriptionFilters": [],
                "logEvents": [{
                    "id": "",
                    "timestamp": self.timestamp,
                    "message": "CWL CONTROL MESSAGE: Checking health of destination Firehose.",
                }],
            }))
        });
        let broken_record = self.broken_record.then(|| b"not gzip".to_vec());
        control_message.into_iter().chain(broken_record).collect()
    }

    /// The record of `lines`, of which the first is line number `first` of the file.
    fn data_message(&self, first: usize, lines: &[&str]) -> Vec<u8> {
        let log_event = |(index, line): (usize, &&str)| {
            let timestamp = self.timestamp + (first + index) as u64;
            json!({"id": format!("{timestamp:032}{:024}", first + index), "timestamp": timestamp, "message": line})
        };
        gzip(&json!({
            "messageType": "DATA_MESSAGE",
            "owner": self.owner,
            "logGroup": self.log_group.clone().unwrap_or_else(|| format!("/pack/{}", self.file_name())),
            "logStream": self.log_stream,
            "subscriptionFilters": ["pack"],
            "logEvents": lines.iter().enumerate().map(log_event).collect::<Vec<_>>(),
        }))
    }
}

fn gzip(payload: &Value) -> Vec<u8> {
    // The level that CloudWatch Logs uses. Writing to memory does not fail.
    let mut encoder = GzEncoder::new(Vec::new(), Compression::new(6));
    let _ = encoder.write_all(payload.to_string().as_bytes());
    encoder.finish().unwrap_or_default()
}

fn positive(option: &str, value: &str) -> Result<usize, String> {
    let number = value.parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| format!("{option}: expected a number above 0, found {value:?}"))
}

fn now() -> u64 {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since_1970.as_millis()).unwrap_or_default()
}
