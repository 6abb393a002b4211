//! The contract with the Firehose stream.

pub mod base64_engine;
pub mod event;
pub mod quotas;
pub mod reingest;
pub mod response;
