//! What the output is configured with.

use super::partition::PartitionKey;

/// Settings of a record's output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputOptions {
    /// `OUTPUT_COMPRESSION` and `OUTPUT_COMPRESSION_LEVEL`.
    pub compression: Compression,
    /// `PARTITION_KEYS`: the keys that dynamic partitioning gets for each record.
    pub partition_keys: Vec<PartitionKey>,
}

/// The values of `OUTPUT_COMPRESSION`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// The output stays as it is.
    None,
    /// The output of each record is one gzip member.
    Gzip {
        /// From 1, fast, to 9, small.
        level: u32,
    },
}

impl Default for OutputOptions {
    fn default() -> Self {
        Self { compression: Compression::None, partition_keys: Vec::new() }
    }
}
