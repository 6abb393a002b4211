//! The two SDK clients, each made when it is first needed: most invocations need neither.

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_firehose::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_firehose::primitives::Blob;
use aws_sdk_firehose::types::Record;
use aws_sdk_kinesis::types::PutRecordsRequestEntry;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use tokio::sync::OnceCell;

use super::{Entry, Refusal, Source, Stream};

/// The clients for the streams that records go back to.
#[derive(Debug, Default)]
pub struct Clients {
    config: OnceCell<SdkConfig>,
    firehose: OnceCell<aws_sdk_firehose::Client>,
    kinesis: OnceCell<aws_sdk_kinesis::Client>,
}

/// For each entry of a request why it was not accepted, or `None` if it was.
type Answers = Vec<Option<Refusal>>;

impl Clients {
    /// Clients of the process's own credentials and endpoints, made at the first request.
    #[must_use]
    pub fn from_env() -> Self {
        Self::default()
    }

    /// Clients that are there already. Their own retries should be off.
    #[must_use]
    pub fn of(firehose: aws_sdk_firehose::Client, kinesis: aws_sdk_kinesis::Client) -> Self {
        Self {
            config: OnceCell::new(),
            firehose: OnceCell::new_with(Some(firehose)),
            kinesis: OnceCell::new_with(Some(kinesis)),
        }
    }

    /// Makes one request of `entries`; it is the caller who keeps them within the quotas of one.
    pub(super) async fn put(
        &self,
        stream: &Stream,
        entries: impl ExactSizeIterator<Item = &Entry>,
    ) -> Result<Answers, Refusal> {
        let region = Region::new(stream.region.clone());
        let expected = entries.len();
        let mut answers = match &stream.source {
            Source::Firehose { delivery_stream_name } => {
                self.put_record_batch(delivery_stream_name, region, entries).await?
            }
            Source::Kinesis { stream_arn } => self.put_records(stream_arn, region, entries).await?,
        };
        // An entry without an answer may have been accepted or not: a repetition is better than a loss.
        answers.resize_with(expected, || Refusal::of_entry(None, None, None));
        Ok(answers)
    }

    async fn put_record_batch(
        &self,
        delivery_stream_name: &str,
        region: Region,
        entries: impl Iterator<Item = &Entry>,
    ) -> Result<Answers, Refusal> {
        let client =
            self.firehose.get_or_init(|| async { aws_sdk_firehose::Client::new(self.config(&region).await) }).await;
        let records = entries
            .map(|entry| Record::builder().data(Blob::new(entry.data.clone())).build())
            .collect::<Result<_, _>>()
            .map_err(Refusal::not_a_request)?;
        let output = client
            .put_record_batch()
            .delivery_stream_name(delivery_stream_name)
            .set_records(Some(records))
            .customize()
            .config_override(aws_sdk_firehose::Config::builder().region(region))
            .send()
            .await
            .map_err(|error| Refusal::of_request(&error))?;
        let answers = output.request_responses().iter();
        Ok(answers.map(|it| Refusal::of_entry(it.record_id(), it.error_code(), it.error_message())).collect())
    }

    async fn put_records(
        &self,
        stream_arn: &str,
        region: Region,
        entries: impl Iterator<Item = &Entry>,
    ) -> Result<Answers, Refusal> {
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
            .map_err(Refusal::not_a_request)?;
        let output = client
            .put_records()
            .stream_arn(stream_arn)
            .set_records(Some(records))
            .customize()
            .config_override(aws_sdk_kinesis::Config::builder().region(region))
            .send()
            .await
            .map_err(|error| Refusal::of_request(&error))?;
        let answers = output.records().iter();
        Ok(answers.map(|it| Refusal::of_entry(it.sequence_number(), it.error_code(), it.error_message())).collect())
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

impl Refusal {
    fn retryable(reason: impl Into<String>) -> Self {
        Self { is_final: false, reason: reason.into() }
    }

    fn not_a_request(error: impl std::error::Error) -> Self {
        Self { is_final: true, reason: error.to_string() }
    }

    /// An entry counts as accepted by the id that it was given. Every code that one without can have says that it may be
    /// accepted later.
    fn of_entry(id: Option<&str>, code: Option<&str>, message: Option<&str>) -> Option<Self> {
        let code = code.unwrap_or("the answer says nothing of this record");
        id.is_none().then(|| Self::retryable(described(code, message)))
    }

    fn of_request<E>(error: &SdkError<E>) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        match error {
            SdkError::ServiceError(service) => {
                let meta = service.err().meta();
                let status = service.raw().status().as_u16();
                let code = meta.code().unwrap_or("an error without a code");
                Self {
                    is_final: !is_retryable(status, code),
                    reason: format!("{} (HTTP {status})", described(code, meta.message())),
                }
            }
            // `as_other` names a kind of passing error, such as a connection that was closed before its answer came: what
            // becomes of a kept connection while Lambda has the function frozen.
            SdkError::DispatchFailure(failure)
                if failure.is_io() || failure.is_timeout() || failure.as_other().is_some() =>
            {
                Self::retryable("the connection failed")
            }
            SdkError::TimeoutError(_) => Self::retryable("the SDK's own time ran out"),
            SdkError::ResponseError(_) => Self::retryable("the answer could not be read"),
            other => Self { is_final: true, reason: root_cause(other) },
        }
    }
}

fn described(code: &str, message: Option<&str>) -> String {
    message.map_or_else(|| code.to_owned(), |message| format!("{code}: {message}"))
}

/// 5xx and throttling. Everything else that AWS answers, it would answer again.
///
/// Source: "Retry behavior", <https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html>.
fn is_retryable(status: u16, code: &str) -> bool {
    const THROTTLING: [&str; 18] = [
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "KMSThrottlingException",
        "LimitExceededException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServiceUnavailableException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionInProgressException",
    ];
    status >= 500 || status == 429 || THROTTLING.contains(&code)
}

/// The innermost error: "no credentials" rather than "dispatch failure".
fn root_cause(error: &(dyn std::error::Error + 'static)) -> String {
    std::iter::successors(Some(error), |error| error.source()).last().map_or_else(String::new, ToString::to_string)
}
