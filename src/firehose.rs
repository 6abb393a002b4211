//! The contract with the Firehose stream: the event, the response, the quotas, and re-ingestion.
//!
//! Whatever AWS prescribes about events, responses and requests to the stream belongs here. What a record contains does
//! not: see [`cloudwatch_logs`](crate::cloudwatch_logs).
//!
//! - [`quotas`]: AWS's numbers.
//! - [`event`]: what Firehose sends. [`pack`]: the inverse, an event built from records.
//! - [`response`]: what Firehose gets back, and its exact length.
//! - [`arn`]: names of streams and functions.
//! - [`reingest`]: sends records to their stream again. The only module that names an AWS SDK.

pub(crate) mod arn;
pub(crate) mod base64_engine;
pub(crate) mod event;
pub(crate) mod pack;
pub(crate) mod quotas;
pub(crate) mod reingest;
pub(crate) mod response;
