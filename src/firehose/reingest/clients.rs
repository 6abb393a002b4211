//! The two SDK clients. Each is created at its first request, since most invocations need neither.

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_firehose::primitives::Blob;
use aws_sdk_firehose::types::Record;
use aws_sdk_kinesis::types::PutRecordsRequestEntry;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use tokio::sync::OnceCell;

use super::{Destination, Entry, Refusal, Stream};

/// The clients of both kinds of stream.
#[derive(Debug, Default)]
pub struct Clients {
    config: OnceCell<SdkConfig>,
    firehose: OnceCell<aws_sdk_firehose::Client>,
    kinesis: OnceCell<aws_sdk_kinesis::Client>,
}

/// One for each entry of a request: why it was not accepted, or `None` if it was.
type EntryResults = Vec<Option<Refusal>>;

impl Clients {
    /// Clients with the process's credentials and endpoints.
    #[must_use]
    pub fn from_env() -> Self {
        Self::default()
    }

    /// Existing clients. Their own retries must be off.
    #[must_use]
    pub fn from_existing(firehose: aws_sdk_firehose::Client, kinesis: aws_sdk_kinesis::Client) -> Self {
        Self {
            config: OnceCell::new(),
            firehose: OnceCell::new_with(Some(firehose)),
            kinesis: OnceCell::new_with(Some(kinesis)),
        }
    }

    /// Sends `entries` in one request. The caller keeps them within the quotas of a request.
    pub(super) async fn put(
        &self,
        destination: &Destination,
        entries: impl ExactSizeIterator<Item = &Entry>,
    ) -> Result<EntryResults, Refusal> {
        let region = Region::new(destination.region.clone());
        let expected = entries.len();
        let mut results = match &destination.stream {
            Stream::Firehose { delivery_stream_name } => {
                self.put_record_batch(delivery_stream_name, region, entries).await?
            }
            Stream::Kinesis { stream_arn } => self.put_records(stream_arn, region, entries).await?,
        };
        // A record without an entry in the response may or may not have been accepted. A duplicate is better than a loss.
        results.resize_with(expected, || Refusal::from_entry(None, None, None));
        Ok(results)
    }

    async fn put_record_batch(
        &self,
        delivery_stream_name: &str,
        region: Region,
        entries: impl Iterator<Item = &Entry>,
    ) -> Result<EntryResults, Refusal> {
        let client =
            self.firehose.get_or_init(|| async { aws_sdk_firehose::Client::new(self.config(&region).await) }).await;
        let records = entries
            .map(|entry| Record::builder().data(Blob::new(entry.data.clone())).build())
            .collect::<Result<_, _>>()
            .map_err(Refusal::from_build_error)?;
        let output = client
            .put_record_batch()
            .delivery_stream_name(delivery_stream_name)
            .set_records(Some(records))
            .customize()
            .config_override(aws_sdk_firehose::Config::builder().region(region))
            .send()
            .await
            .map_err(|error| Refusal::from_request_error(&error))?;
        let entries = output.request_responses().iter();
        Ok(entries.map(|it| Refusal::from_entry(it.record_id(), it.error_code(), it.error_message())).collect())
    }

    async fn put_records(
        &self,
        stream_arn: &str,
        region: Region,
        entries: impl Iterator<Item = &Entry>,
    ) -> Result<EntryResults, Refusal> {
        let client =
            self.kinesis.get_or_init(|| async { aws_sdk_kinesis::Client::new(self.config(&region).await) }).await;
        let records = entries
            .map(|entry| {
                PutRecordsRequestEntry::builder()
                    .data(Blob::new(entry.data.clone()))
                    .set_partition_key(entry.partition_key.clone())
                    .build()
            })
            .collect::<Result<_, _>>()
            .map_err(Refusal::from_build_error)?;
        let output = client
            .put_records()
            .stream_arn(stream_arn)
            .set_records(Some(records))
            .customize()
            .config_override(aws_sdk_kinesis::Config::builder().region(region))
            .send()
            .await
            .map_err(|error| Refusal::from_request_error(&error))?;
        let entries = output.records().iter();
        Ok(entries.map(|it| Refusal::from_entry(it.sequence_number(), it.error_code(), it.error_message())).collect())
    }

    async fn config(&self, region: &Region) -> &SdkConfig {
        let load = || async {
            let tls = Provider::Rustls(CryptoMode::Ring);
            aws_config::defaults(BehaviorVersion::latest())
                .region(region.clone())
                .retry_config(aws_config::retry::RetryConfig::disabled())
                .http_client(aws_smithy_http_client::Builder::new().tls_provider(tls).build_https())
                .load()
                .await
        };
        self.config.get_or_init(load).await
    }
}
