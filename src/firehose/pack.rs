//! Builds events as Firehose sends them: the inverse of [`event`](super::event), for `pack` and for tests.

use base64::Engine;
use serde::Serialize;

use super::base64_engine::STANDARD;

/// An event to be written as JSON, its members in Firehose's order.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PackedEvent<'a> {
    /// A UUID.
    pub invocation_id: &'a str,
    /// The stream that the records come from.
    pub delivery_stream_arn: &'a str,
    /// The stream's region.
    pub region: &'a str,
    /// The records, in order.
    pub records: Vec<PackedRecord>,
}

/// One record of a [`PackedEvent`].
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PackedRecord {
    /// Unique within the event.
    pub record_id: String,
    /// Milliseconds since 1970.
    pub approximate_arrival_timestamp: u64,
    /// Base64.
    pub data: String,
}

impl PackedRecord {
    /// A record of `data`, before base64.
    #[must_use]
    pub fn new(record_id: String, approximate_arrival_timestamp: u64, data: &[u8]) -> Self {
        Self { record_id, approximate_arrival_timestamp, data: STANDARD.encode(data) }
    }
}
