//! The stream to which the records of an event are re-ingested.

use crate::firehose::arn::Arn;
use crate::firehose::event::FirehoseEvent;

/// A stream and its region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// The stream that accepts the records.
    pub stream: Stream,
    /// The stream's region, which may differ from the function's own.
    pub region: String,
}

/// The two kinds of stream that accept records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stream {
    /// A Firehose stream.
    Firehose {
        /// The stream's name in PutRecordBatch.
        delivery_stream_name: String,
    },
    /// The Kinesis stream that the Firehose stream reads. Such a Firehose stream rejects PutRecordBatch.
    Kinesis {
        /// The stream's ARN in PutRecords.
        stream_arn: String,
    },
}

/// The event names no stream to which a record could be re-ingested.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected an ARN of the form arn:PARTITION:{service}:REGION:ACCOUNT:{resource}/NAME, found {found:?}")]
pub struct InvalidArn {
    service: &'static str,
    resource: &'static str,
    found: String,
}

impl Destination {
    /// The stream that feeds the records of `event`.
    pub fn from_event(event: &FirehoseEvent<'_>) -> Result<Self, InvalidArn> {
        if let Some(arn) = &event.source_kinesis_stream_arn {
            let (region, _) = region_and_name(arn, "kinesis", "stream")?;
            return Ok(Self { stream: Stream::Kinesis { stream_arn: arn.clone().into_owned() }, region });
        }
        let (region, delivery_stream_name) = region_and_name(&event.delivery_stream_arn, "firehose", "deliverystream")?;
        Ok(Self { stream: Stream::Firehose { delivery_stream_name }, region })
    }
}

fn region_and_name(arn: &str, service: &'static str, resource: &'static str) -> Result<(String, String), InvalidArn> {
    Arn::parse(arn)
        .filter(|arn| arn.service == service && !arn.region.is_empty())
        .and_then(|arn| {
            let name = arn.resource.strip_prefix(resource)?.strip_prefix('/')?;
            (!name.is_empty()).then(|| (arn.region.to_owned(), name.to_owned()))
        })
        .ok_or_else(|| InvalidArn { service, resource, found: arn.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn destination(arns: &str) -> Result<Destination, String> {
        let body = format!("{{{arns},\"records\":[]}}");
        Destination::from_event(&FirehoseEvent::parse(body.as_bytes()).unwrap()).map_err(|error| error.to_string())
    }

    #[test]
    fn region_and_name_come_from_the_arn() {
        assert_eq!(
            destination(r#""deliveryStreamArn":"arn:aws-cn:firehose:cn-north-1:123456789012:deliverystream/logs""#),
            Ok(Destination {
                stream: Stream::Firehose { delivery_stream_name: "logs".into() },
                region: "cn-north-1".into()
            })
        );
    }

    #[test]
    fn kinesis_source_takes_precedence() {
        let arn = "arn:aws:kinesis:ap-northeast-1:123456789012:stream/source";
        assert_eq!(
            destination(&format!(r#""deliveryStreamArn":"any","sourceKinesisStreamArn":"{arn}""#)),
            Ok(Destination { stream: Stream::Kinesis { stream_arn: arn.into() }, region: "ap-northeast-1".into() })
        );
    }

    #[test]
    fn arn_of_another_form_is_rejected_by_name() {
        for arn in
            ["arn:aws:kinesis:EXAMPLE", "", "arn:aws:firehose:r:a:deliverystream/", "arn:aws:s3:r:a:deliverystream/n"]
        {
            assert_eq!(
                destination(&format!(r#""deliveryStreamArn":"{arn}""#)),
                Err(format!(
                    "expected an ARN of the form arn:PARTITION:firehose:REGION:ACCOUNT:deliverystream/NAME, found {arn:?}"
                ))
            );
        }
    }
}
