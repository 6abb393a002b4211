//! `pack`: the lines of log files as Firehose events, packed as CloudWatch Logs and Firehose pack them.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use fastrand::Rng;
use lambda_runtime::Error;
use lexopt::{Arg, Parser, ValueExt};

use crate::cloudwatch_logs::pack::{LogSource, PackedLogEvent, PackedPayload, log_event_id};
use crate::firehose::pack::{PackedEvent, PackedRecord};

/// The options, as the usage shows them.
pub(super) const OPTIONS: &str = "
  --log-group NAME         log group of the log events                    [/pack/FILENAME]
  --log-stream NAME        log stream of the log events                   [pack]
  --owner ACCOUNT          account of the log events                      [123456789012]
  --events-per-record N    log events per record, at most                 [1000]
  --event-log-bytes N      bytes of log lines per Firehose event, at most [3000000]
  --timestamp MS           time of the first log event, in ms since 1970  [now]
  --control-message        put a CONTROL_MESSAGE before the other records
  --broken-record          put a record that is not gzip before the other records
";

/// Most bytes of log lines in one record, unless it has a single line. CloudWatch Logs makes records of up to about a megabyte.
const RECORD_LOG_BYTES: usize = 1_000_000;

/// What to pack, and how.
#[derive(Debug)]
pub(super) struct PackOptions {
    files: Vec<OsString>,
    log_group: Option<String>,
    log_stream: String,
    owner: String,
    events_per_record: usize,
    event_log_bytes: usize,
    timestamp: u64,
    has_control_message: bool,
    has_broken_record: bool,
}

impl PackOptions {
    pub(super) fn parse(mut arguments: Parser) -> Result<Self, lexopt::Error> {
        let mut options = Self {
            files: Vec::new(),
            log_group: None,
            log_stream: "pack".to_owned(),
            owner: "123456789012".to_owned(),
            events_per_record: 1_000,
            event_log_bytes: 3_000_000,
            timestamp: now(),
            has_control_message: false,
            has_broken_record: false,
        };
        while let Some(argument) = arguments.next()? {
            match argument {
                Arg::Long("log-group") => options.log_group = Some(arguments.value()?.string()?),
                Arg::Long("log-stream") => options.log_stream = arguments.value()?.string()?,
                Arg::Long("owner") => options.owner = arguments.value()?.string()?,
                Arg::Long("events-per-record") => options.events_per_record = positive(&arguments.value()?)?,
                Arg::Long("event-log-bytes") => options.event_log_bytes = positive(&arguments.value()?)?,
                Arg::Long("timestamp") => options.timestamp = positive(&arguments.value()?)? as u64,
                Arg::Long("control-message") => options.has_control_message = true,
                Arg::Long("broken-record") => options.has_broken_record = true,
                Arg::Value(file) => options.files.push(file),
                other => return Err(other.unexpected()),
            }
        }
        if options.files.is_empty() { Err("expected a FILE of log lines, found none".into()) } else { Ok(options) }
    }
}

/// Packs the lines, and gives each event to `emit` as JSON.
pub(super) fn events(options: &PackOptions, mut emit: impl FnMut(&[u8]) -> Result<(), Error>) -> Result<(), Error> {
    let mut packer = Packer::new(options)?;
    for file in &options.files {
        // CloudWatch Logs accepts only UTF-8, and replaces everything else.
        let bytes = read(file).map_err(|error| format!("{}: {error}", file.display()))?;
        let text = String::from_utf8_lossy(&bytes);
        let log_group = options.log_group.clone().unwrap_or_else(|| format!("/pack/{}", file_name(file)));
        let mut lines = &text.split_terminator('\n').collect::<Vec<_>>()[..];
        while !lines.is_empty() {
            let (record, rest) = lines.split_at(lines_of_next_record(lines, options.events_per_record));
            let log_bytes = record.iter().map(|line| line.len()).sum();
            if packer.is_full_with(log_bytes) {
                emit(&packer.take_event()?)?;
            }
            packer.add_record(&log_group, record, log_bytes)?;
            lines = rest;
        }
    }
    emit(&packer.take_event()?)
}

fn lines_of_next_record(lines: &[&str], most: usize) -> usize {
    let mut bytes = 0;
    let fits = |line: &&&str| {
        bytes += line.len();
        bytes <= RECORD_LOG_BYTES
    };
    lines.iter().take(most).take_while(fits).count().max(1)
}

/// Collects records until an event is full.
struct Packer<'o> {
    options: &'o PackOptions,
    rng: Rng,
    timestamp: u64,
    records: Vec<PackedRecord>,
    log_bytes: usize,
}

impl<'o> Packer<'o> {
    fn new(options: &'o PackOptions) -> io::Result<Self> {
        let timestamp = options.timestamp;
        // The same timestamp gives the same events.
        let rng = Rng::with_seed(timestamp);
        let mut packer = Self { options, rng, timestamp, records: Vec::new(), log_bytes: 0 };
        if options.has_control_message {
            let health_check = PackedPayload::health_check(timestamp);
            packer.push(&PackedPayload::control_message(&health_check).gzip()?);
        }
        if options.has_broken_record {
            packer.push(b"not gzip");
        }
        Ok(packer)
    }

    fn is_full_with(&self, log_bytes: usize) -> bool {
        self.log_bytes > 0 && self.log_bytes + log_bytes > self.options.event_log_bytes
    }

    fn add_record(&mut self, log_group: &str, lines: &[&str], log_bytes: usize) -> io::Result<()> {
        let first_below = self.rng.u128(..1 << 108) << 16;
        let log_events: Vec<_> =
            lines.iter().zip(first_below..).map(|(line, below)| self.log_event(line, below)).collect();
        let source = LogSource {
            owner: &self.options.owner,
            log_group,
            log_stream: &self.options.log_stream,
            subscription_filters: &["pack"],
        };
        let data = PackedPayload::data_message(source, &log_events).gzip()?;
        self.push(&data);
        self.log_bytes += log_bytes;
        // Later records have later ids.
        self.timestamp += 1;
        Ok(())
    }

    /// Log lines come in bursts: about two of three have the same millisecond as the line after.
    fn log_event<'l>(&mut self, message: &'l str, below: u128) -> PackedLogEvent<'l> {
        let timestamp = self.timestamp;
        if self.rng.u8(..3) == 0 {
            self.timestamp += self.rng.u64(1..200);
        }
        PackedLogEvent { id: log_event_id(timestamp, below), timestamp, message }
    }

    fn push(&mut self, data: &[u8]) {
        self.records.push(PackedRecord::new(record_id(self.records.len()), self.timestamp, data));
    }

    fn take_event(&mut self) -> serde_json::Result<Vec<u8>> {
        self.log_bytes = 0;
        to_json(std::mem::take(&mut self.records))
    }
}

/// The event in which Firehose would send re-ingested records.
pub(super) fn event_of_reingested(data: &[Vec<u8>]) -> serde_json::Result<Vec<u8>> {
    to_json(data.iter().enumerate().map(|(index, data)| PackedRecord::new(record_id(index), now(), data)).collect())
}

fn to_json(records: Vec<PackedRecord>) -> serde_json::Result<Vec<u8>> {
    serde_json::to_vec(&PackedEvent {
        invocation_id: "00000000-0000-4000-8000-000000000000",
        delivery_stream_arn: "arn:aws:firehose:us-east-1:123456789012:deliverystream/pack",
        region: "us-east-1",
        records,
    })
}

fn record_id(index: usize) -> String {
    format!("{index:056}")
}

fn read(file: &OsString) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if file == "-" {
        io::stdin().read_to_end(&mut bytes)?;
    } else {
        File::open(file)?.read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

fn file_name(file: &OsString) -> String {
    let name = Path::new(file).file_name().filter(|name| *name != "-");
    name.map_or_else(|| "stdin".to_owned(), |name| name.to_string_lossy().into_owned())
}

fn positive(value: &OsString) -> Result<usize, lexopt::Error> {
    let value = value.to_string_lossy();
    let number = value.parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| format!("expected a number above 0, found {value:?}").into())
}

fn now() -> u64 {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since_1970.as_millis()).unwrap_or_default()
}
