//! The folders of `fixtures/`, one for each behaviour. See `fixtures/README.md`.
//!
//! `make fixtures` regenerates events, responses and outputs from the payloads.

use std::fs;
use std::path::{Path, PathBuf};

use aws_lambda_events::event::firehose::{KinesisFirehoseEvent, KinesisFirehoseResponse};
use base64::{Engine, engine::general_purpose::STANDARD};
use firehose_logs_transform::internals::Config;
use serde_json::{Value, json};

use crate::support::files::{is_updating_fixtures, project_path, read_generated};
use crate::support::records::{Record, gunzip_text, gzip};
use crate::support::{data, event, invoke, rows};

/// The record that an entry of `payload.json` describes.
fn record(entry: &Value) -> Record {
    let id = entry["recordId"].as_str().unwrap();
    if let Some(base64) = entry["base64"].as_str() {
        return Record { id: id.to_owned(), base64: base64.to_owned() };
    }
    if let Some(text) = entry["text"].as_str() {
        return Record::of_bytes(id, text.as_bytes());
    }
    let text = repeated(&entry["payload"]).to_string();
    let bytes = match entry["encoding"].as_str().unwrap_or("gzip") {
        "gzip" => gzip(text.as_bytes()),
        "plain" => text.into_bytes(),
        "several gzip members" => text.as_bytes().chunks(100).flat_map(gzip).collect(),
        "truncated gzip" => {
            let whole = gzip(text.as_bytes());
            whole[..whole.len() - 10].to_vec()
        }
        other => panic!("{id}: unknown encoding {other:?}"),
    };
    Record::of_bytes(id, &bytes)
}

/// The payload, with each log event as many times as its `repeat` says.
fn repeated(payload: &Value) -> Value {
    let mut payload = payload.clone();
    if let Some(Value::Array(log_events)) = payload.get_mut("logEvents") {
        *log_events = log_events
            .drain(..)
            .flat_map(|mut log_event| {
                let times =
                    log_event.as_object_mut().unwrap().remove("repeat").map_or(1, |times| times.as_u64().unwrap());
                std::iter::repeat_n(log_event, usize::try_from(times).unwrap())
            })
            .collect();
    }
    payload
}

/// The event with each record's data inflated where possible. Events are compared this way because gzip bytes depend on the
/// compressor.
fn inflated(event: &Value) -> Value {
    let mut event = event.clone();
    for record in event["records"].as_array_mut().unwrap() {
        let bytes = STANDARD.decode(record["data"].as_str().unwrap()).ok();
        if let Some(text) = bytes.and_then(|bytes| gunzip_text(&bytes)) {
            record["data"] = text.into();
        }
    }
    event
}

/// What Firehose would deliver of all rows.
fn output(response: &Value) -> String {
    rows(response).iter().filter(|row| row["data"].is_string()).map(data).collect()
}

fn config(fixture: &Value) -> Config {
    Config::read(|name| fixture["environment"][name].as_str().map(str::to_owned)).unwrap()
}

fn folders() -> Vec<PathBuf> {
    let entries = fs::read_dir(project_path("fixtures")).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.is_dir()).collect()
}

fn read_json(path: &Path) -> Value {
    serde_json::from_str(&read_generated(path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn write_json(path: &Path, value: &Value) {
    fs::write(path, format!("{value:#}\n")).unwrap();
}

#[tokio::test]
async fn every_fixture_is_answered_with_its_response_and_output() {
    let folders = folders();
    assert!(folders.len() >= 13, "{folders:?}");
    for folder in folders {
        let fixture = read_json(&folder.join("payload.json"));
        let records: Vec<_> = fixture["records"].as_array().unwrap().iter().map(record).collect();
        if is_updating_fixtures() {
            let response = invoke(config(&fixture), &event(&records)).await;
            write_json(&folder.join("event.json"), &event(&records));
            write_json(&folder.join("response.json"), &response);
            fs::write(folder.join("output.txt"), output(&response)).unwrap();
        }
        let event_file = read_json(&folder.join("event.json"));
        assert_eq!(inflated(&event_file), inflated(&event(&records)), "{}: event.json", folder.display());
        let response = invoke(config(&fixture), &event_file).await;
        assert_eq!(response, read_json(&folder.join("response.json")), "{}: response.json", folder.display());
        assert_eq!(output(&response), read_generated(&folder.join("output.txt")), "{}: output.txt", folder.display());
    }
}

/// The public types require `data` and `metadata` on every row, and valid base64 in every record. AWS requires none of that.
#[tokio::test]
async fn every_fixture_parses_with_the_public_types() {
    for folder in folders().into_iter().filter(|folder| !folder.ends_with("broken_records")) {
        let parsed: KinesisFirehoseEvent = serde_json::from_value(read_json(&folder.join("event.json"))).unwrap();
        let mut response = read_json(&folder.join("response.json"));
        for row in response["records"].as_array_mut().unwrap() {
            let row = row.as_object_mut().unwrap();
            row.entry("data").or_insert_with(|| json!(""));
            row.entry("metadata").or_insert_with(|| json!({}));
        }
        let response: KinesisFirehoseResponse = serde_json::from_value(response).unwrap();
        let sent: Vec<_> = parsed.records.into_iter().map(|record| record.record_id).collect();
        let returned: Vec<_> = response.records.into_iter().map(|record| record.record_id).collect();
        assert_eq!(sent, returned, "{}", folder.display());
    }
}
