//! Why the stream did not accept an entry, and whether another attempt may succeed.

use std::time::Duration;

use aws_runtime::retries::classifiers::{THROTTLING_ERRORS, TRANSIENT_ERRORS};
use aws_sdk_firehose::error::{ProvideErrorMetadata, SdkError};

use crate::error_chain::root_cause;

/// Why an entry was not accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Whether every further attempt would end the same way.
    pub is_final: bool,
    /// The service's error code and message, or what prevented an answer.
    pub reason: String,
}

impl Refusal {
    pub(super) fn out_of_time() -> Self {
        Self::retryable("no time was left for a request")
    }

    pub(super) fn unanswered(waited: Duration) -> Self {
        Self::retryable(format!("no answer within {} ms", waited.as_millis()))
    }

    /// The SDK could not build the request.
    pub(super) fn from_build_error(error: impl std::error::Error) -> Self {
        Self { is_final: true, reason: error.to_string() }
    }

    /// Reads the response's entry for one record. An entry is accepted if it has an id and no error code. Error codes of
    /// entries are all retryable.
    pub(super) fn from_entry(id: Option<&str>, code: Option<&str>, message: Option<&str>) -> Option<Self> {
        let is_present = |text: &&str| !text.is_empty();
        let (id, code) = (id.filter(is_present), code.filter(is_present));
        let is_accepted = id.is_some() && code.is_none();
        let code = code.unwrap_or("the response has no entry for this record");
        (!is_accepted).then(|| Self::retryable(with_message(code, message)))
    }

    /// Reads the error of a whole request.
    pub(super) fn from_request_error<E>(error: &SdkError<E>) -> Self
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
                    reason: format!("{} (HTTP {status})", with_message(code, meta.message())),
                }
            }
            // `as_other` names transient errors, such as a connection that closed before its answer arrived. Kept
            // connections end like that while Lambda freezes the function.
            SdkError::DispatchFailure(failure)
                if failure.is_io() || failure.is_timeout() || failure.as_other().is_some() =>
            {
                Self::retryable("the connection failed")
            }
            SdkError::TimeoutError(_) => Self::retryable("the SDK's own timeout ran out"),
            SdkError::ResponseError(_) => Self::retryable("the answer could not be read"),
            other => Self { is_final: true, reason: root_cause(other) },
        }
    }

    fn retryable(reason: impl Into<String>) -> Self {
        Self { is_final: false, reason: reason.into() }
    }
}

fn with_message(code: &str, message: Option<&str>) -> String {
    message.map_or_else(|| code.to_owned(), |message| format!("{code}: {message}"))
}

/// Codes that pass, besides those of the SDK's own classifiers.
const ALSO_RETRYABLE: [&str; 2] = ["KMSThrottlingException", "ServiceUnavailableException"];

/// Server errors and throttling are retryable. AWS would repeat every other answer.
///
/// Source: "Retry behavior", <https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html>.
fn is_retryable(status: u16, code: &str) -> bool {
    let has = |codes: &[&str]| codes.contains(&code);
    status >= 500 || status == 429 || has(THROTTLING_ERRORS) || has(TRANSIENT_ERRORS) || has(&ALSO_RETRYABLE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entry_is_accepted_only_with_an_id_and_without_an_error_code() {
        let is_accepted = |id, code| Refusal::from_entry(id, code, None).is_none();
        assert!(is_accepted(Some("id"), None));
        assert!(is_accepted(Some("id"), Some("")));
        assert!(!is_accepted(Some("id"), Some("InternalFailure")));
        assert!(!is_accepted(Some(""), None));
        assert!(!is_accepted(None, None));
    }
}
