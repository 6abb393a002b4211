//! Times each stage of an invocation on the events of `make bench`.
//!
//! `make bench-stages` writes the events and runs this benchmark. The earlier stages prepare the input of a stage before timing
//! starts. Each time covers all records of an event.

#![allow(
    missing_docs,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a benchmark stops where a program would report an error"
)]

use std::fs;
use std::hint::black_box;
use std::path::Path;

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use firehose_logs_transform::DataMessage;
use firehose_logs_transform::internals::{
    Compression, ErrorDetail, FirehoseEvent, FirehoseRecord, Inflater, LogsMessage, OutputBuffer, OutputFormat,
    OutputOptions, PlanOptions, ResponseWriter, Rules, TransformOptions, Workspace, original_bytes, plan, text,
};

const EVENTS: &str = "target/bench/events";

fn stages(criterion: &mut Criterion) {
    for workload in ["quiet", "small", "full", "json", "overflow"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(EVENTS).join(workload).with_extension("json");
        let body = fs::read(&path).unwrap_or_else(|error| {
            panic!("{}: expected an event, found none ({error}): run `make bench-stages`", path.display())
        });
        of_workload(criterion, workload, &body);
    }
}

fn of_workload(criterion: &mut Criterion, workload: &str, body: &[u8]) {
    let event = FirehoseEvent::parse(body).unwrap();
    let base64: Vec<_> = event.records.iter().filter_map(FirehoseRecord::base64_data).collect();
    let originals: Vec<_> = base64.iter().map(|data| original(data)).collect();
    let limit = PlanOptions::default().max_decompressed_bytes;
    let texts: Vec<_> =
        originals.iter().map(|original| text(original, limit, &mut Inflater::default()).unwrap().to_owned()).collect();
    let messages: Vec<_> = texts.iter().filter_map(|text| data_message(text)).collect();
    let text_bytes: usize = texts.iter().map(String::len).sum();

    let mut group = criterion.benchmark_group(workload);
    group.throughput(Throughput::Bytes(body.len() as u64));
    group.bench_function("event", |bencher| bencher.iter(|| black_box(FirehoseEvent::parse(body).unwrap())));

    let mut buffer = Vec::new();
    group.bench_function("base64", |bencher| {
        bencher.iter(|| base64.iter().for_each(|data| original_bytes(data, &mut buffer).unwrap()));
    });

    group.throughput(Throughput::Bytes(text_bytes as u64));
    let mut inflater = Inflater::default();
    group.bench_function("inflate", |bencher| {
        bencher.iter(|| {
            for original in &originals {
                black_box(text(original, limit, &mut inflater).unwrap());
            }
        });
    });
    group.bench_function("parse", |bencher| {
        bencher.iter(|| texts.iter().for_each(|text| drop(black_box(LogsMessage::parse(text).unwrap()))));
    });

    for (name, format, compression) in [
        ("transform_message", OutputFormat::Message, Compression::None),
        ("transform_json", OutputFormat::Json, Compression::None),
        ("transform_message_gzip", OutputFormat::Message, Compression::Gzip { level: 3 }),
    ] {
        let options = TransformOptions { format, ..TransformOptions::default() };
        let transform = options.build(ErrorDetail::PlaceOnly).unwrap();
        let mut output = OutputBuffer::default();
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                for message in &messages {
                    output.fill(message, &*transform, compression).unwrap();
                    black_box(output.data());
                }
            });
        });
    }

    let transform = TransformOptions::default().build(ErrorDetail::PlaceOnly).unwrap();
    let (options, output) = (&PlanOptions::default(), &OutputOptions::default());
    let rules = Rules { options, output, transform: &*transform, account: None };
    let mut workspace = Workspace::default();
    let mut response = Bytes::new();
    group.bench_function("plan", |bencher| {
        bencher.iter(|| {
            let mut writer = ResponseWriter::reusing(std::mem::take(&mut response));
            black_box(plan(&event, &rules, &mut workspace, &mut writer).unwrap());
            response = writer.finish();
        });
    });

    let mut output = OutputBuffer::default();
    output.fill(&messages[0], &*transform, Compression::None).unwrap();
    let output = output.data();
    group.throughput(Throughput::Bytes(output.len() as u64));
    group.bench_function("row_of_first_record", |bencher| {
        bencher.iter(|| {
            let mut writer = ResponseWriter::reusing(std::mem::take(&mut response));
            writer.put_ok_row("id", output, None);
            response = writer.finish();
        });
    });
    group.finish();
}

fn original(base64: &str) -> Vec<u8> {
    let mut original = Vec::new();
    original_bytes(base64, &mut original).unwrap();
    original
}

fn data_message(text: &str) -> Option<DataMessage<'_>> {
    match LogsMessage::parse(text).unwrap() {
        LogsMessage::Data(message) => Some(message),
        LogsMessage::Control => None,
    }
}

criterion_group!(benches, stages);
criterion_main!(benches);
