//! Which stream a record goes back to.

use crate::firehose::event::FirehoseEvent;

/// The stream that feeds the records of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    /// The service that takes records for it.
    pub source: Source,
    /// Its region, which is not always the function's own.
    pub region: String,
}

/// The two kinds of stream that a record can go back to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Firehose itself, by the stream's name.
    Firehose {
        /// What PutRecordBatch calls the stream.
        delivery_stream_name: String,
    },
    /// The Kinesis stream that Firehose reads. Firehose refuses PutRecordBatch on a stream of this kind.
    Kinesis {
        /// What PutRecords calls the stream.
        stream_arn: String,
    },
}

/// The event names no stream that a record could go back to.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected an ARN of the form arn:PARTITION:{service}:REGION:ACCOUNT:{resource}/NAME, found {found:?}")]
pub struct InvalidArn {
    service: &'static str,
    resource: &'static str,
    found: String,
}

impl Stream {
    /// The stream that `event` comes from.
    pub fn of(event: &FirehoseEvent<'_>) -> Result<Self, InvalidArn> {
        if let Some(arn) = &event.source_kinesis_stream_arn {
            let (region, _) = region_and_name(arn, "kinesis", "stream")?;
            return Ok(Self { source: Source::Kinesis { stream_arn: arn.clone().into_owned() }, region });
        }
        let (region, delivery_stream_name) = region_and_name(&event.delivery_stream_arn, "firehose", "deliverystream")?;
        Ok(Self { source: Source::Firehose { delivery_stream_name }, region })
    }
}

fn region_and_name(arn: &str, service: &'static str, resource: &'static str) -> Result<(String, String), InvalidArn> {
    let parts: Vec<_> = arn.splitn(6, ':').collect();
    match parts[..] {
        ["arn", _, in_service, region, _, path] if in_service == service && !region.is_empty() => path
            .strip_prefix(resource)
            .and_then(|rest| rest.strip_prefix('/'))
            .filter(|name| !name.is_empty())
            .map(|name| (region.to_owned(), name.to_owned())),
        _ => None,
    }
    .ok_or_else(|| InvalidArn { service, resource, found: arn.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(arns: &str) -> Result<Stream, String> {
        let body = format!("{{{arns},\"records\":[]}}");
        Stream::of(&FirehoseEvent::parse(body.as_bytes()).unwrap()).map_err(|error| error.to_string())
    }

    #[test]
    fn region_and_name_are_the_arns_own() {
        assert_eq!(
            stream(r#""deliveryStreamArn":"arn:aws-cn:firehose:cn-north-1:123456789012:deliverystream/logs""#),
            Ok(Stream {
                source: Source::Firehose { delivery_stream_name: "logs".into() },
                region: "cn-north-1".into()
            })
        );
    }

    #[test]
    fn kinesis_source_goes_before_the_delivery_stream() {
        let arn = "arn:aws:kinesis:ap-northeast-1:123456789012:stream/source";
        assert_eq!(
            stream(&format!(r#""deliveryStreamArn":"any","sourceKinesisStreamArn":"{arn}""#)),
            Ok(Stream { source: Source::Kinesis { stream_arn: arn.into() }, region: "ap-northeast-1".into() })
        );
    }

    #[test]
    fn arn_of_another_form_is_named() {
        for arn in
            ["arn:aws:kinesis:EXAMPLE", "", "arn:aws:firehose:r:a:deliverystream/", "arn:aws:s3:r:a:deliverystream/n"]
        {
            assert_eq!(
                stream(&format!(r#""deliveryStreamArn":"{arn}""#)),
                Err(format!(
                    "expected an ARN of the form arn:PARTITION:firehose:REGION:ACCOUNT:deliverystream/NAME, found {arn:?}"
                ))
            );
        }
    }
}
