//! Reads and copies JSON text without building values: string literals that are still escaped, and a scanner for
//! documents whose writer is known.
//!
//! Code for JSON text that knows nothing about Firehose or CloudWatch Logs belongs here. The modules that read a
//! document know its members. Documents of any shape are read by `serde_json`.

pub(crate) mod scan;
pub(crate) mod string;

mod blocks;
mod escape;
mod unescape;
