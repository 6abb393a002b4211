//! The fast way through an event as Firehose writes it: its megabytes are base64, and only their end is looked for.

use serde::de::IgnoredAny;

use super::{FirehoseEvent, FirehoseRecord};
use crate::json::scan::{JsonScanner, set};

/// Reads the body of an invocation, if it is as Firehose writes it.
pub(super) fn scan(body: &str) -> Option<FirehoseEvent<'_>> {
    let mut scanner = JsonScanner::new(body)?;
    let (mut delivery_stream_arn, mut source_kinesis_stream_arn, mut all_records) = (None, None, None);
    scanner.skip("{")?;
    loop {
        match scanner.name()? {
            "deliveryStreamArn" => set(&mut delivery_stream_arn, scanner.string()?.text())?,
            "sourceKinesisStreamArn" => set(&mut source_kinesis_stream_arn, scanner.string()?.text())?,
            "records" => set(&mut all_records, records(&mut scanner)?)?,
            _ => drop(scanner.parsed::<IgnoredAny>()?),
        }
        if scanner.ends("}")? {
            break;
        }
    }
    scanner.rest().is_empty().then_some(())?;
    Some(FirehoseEvent { delivery_stream_arn: delivery_stream_arn?, source_kinesis_stream_arn, records: all_records? })
}

fn records<'a>(scanner: &mut JsonScanner<'a>) -> Option<Vec<FirehoseRecord<'a>>> {
    let mut records = Vec::new();
    scanner.skip("[")?;
    if scanner.skip("]").is_some() {
        return Some(records);
    }
    loop {
        records.push(record(scanner)?);
        if scanner.ends("]")? {
            return Some(records);
        }
    }
}

fn record<'a>(scanner: &mut JsonScanner<'a>) -> Option<FirehoseRecord<'a>> {
    let (mut record_id, mut data, mut kinesis_record_metadata) = (None, None, None);
    scanner.skip("{")?;
    loop {
        match scanner.name()? {
            "recordId" => set(&mut record_id, scanner.string()?.text())?,
            "data" => set(&mut data, scanner.string()?)?,
            "kinesisRecordMetadata" => set(&mut kinesis_record_metadata, scanner.parsed()?)?,
            "approximateArrivalTimestamp" => skip_number(scanner)?,
            _ => drop(scanner.parsed::<IgnoredAny>()?),
        }
        if scanner.ends("}")? {
            return Some(FirehoseRecord { record_id: record_id?, data, kinesis_record_metadata });
        }
    }
}

/// Passes over a number of milliseconds.
fn skip_number(scanner: &mut JsonScanner<'_>) -> Option<()> {
    let digits = scanner.rest().bytes().take_while(u8::is_ascii_digit).count();
    let number = scanner.take(digits)?;
    (digits > 0 && !number.starts_with('0')).then_some(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const EVENT: &str = r#"{"invocationId":"i","deliveryStreamArn":"arn","sourceKinesisStreamArn":"k","region":"r","records":[{"recordId":"1","approximateArrivalTimestamp":1510254469499,"data":"Zg=="},{"recordId":"a\"2","approximateArrivalTimestamp":1510254469499,"data":"Z\u0067==","kinesisRecordMetadata":{"partitionKey":"p","subsequenceNumber":0}}]}"#;

    fn parsed(body: &str) -> Option<String> {
        serde_json::from_str::<FirehoseEvent<'_>>(body).ok().map(|event| format!("{event:?}"))
    }

    fn scanned(body: &str) -> Option<String> {
        scan(body).map(|event| format!("{event:?}"))
    }

    #[test]
    fn event_of_firehose_is_scanned() {
        assert!(scanned(EVENT).is_some());
        assert_eq!(scanned(EVENT), parsed(EVENT));
        let without_records = r#"{"deliveryStreamArn":"arn","records":[]}"#;
        assert_eq!(scanned(without_records), parsed(without_records));
    }

    #[test]
    fn what_looks_otherwise_is_left_to_the_parser() {
        for (of_firehose, otherwise) in [
            (":1510254469499,", ":,"),
            (":1510254469499,", ":0123,"),
            (":1510254469499,", ":-1,"),
            (":1510254469499,", ":1.5,"),
            ("\"data\":\"Zg==\"", "\"data\":null"),
            ("\"data\":\"Zg==\"", "\"data\": \"Zg==\""),
            ("\"deliveryStreamArn\":\"arn\",", ""),
        ] {
            let body = EVENT.replacen(of_firehose, otherwise, 1);
            assert_ne!(body, EVENT);
            assert!(scan(&body).is_none(), "{body}");
        }
    }

    proptest! {
        #[test]
        fn scan_takes_nothing_that_the_parser_reads_otherwise(
            faults in prop::collection::vec((0..EVENT.len(), r#"["\\,:{}\[\]u0-9a \n]{0,2}"#), 1..4),
        ) {
            let mut body = EVENT.to_owned();
            for (at, fault) in faults {
                let at = at.min(body.len() - 1);
                body.replace_range(at..=at, &fault);
            }
            if let Some(event) = scanned(&body) {
                prop_assert_eq!(Some(event), parsed(&body));
            }
        }
    }
}
