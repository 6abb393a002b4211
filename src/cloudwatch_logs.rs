//! What CloudWatch Logs sends.

pub mod decode;
pub mod message;
pub mod split;
