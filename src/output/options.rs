//! What the output is configured with.

use super::partition::PartitionKey;

/// Settings of a record's output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputOptions {
    /// `OUTPUT_COMPRESSION` and `OUTPUT_COMPRESSION_LEVEL`.
    pub compression: Compression,
    /// `OUTPUT_FRAMES`: which records share a frame. Without compression there are no frames.
    pub framing: Framing,
    /// `PARTITION_KEYS`: the keys that dynamic partitioning gets for each record.
    pub partition_keys: Vec<PartitionKey>,
}

/// The values of `OUTPUT_COMPRESSION`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// The output stays as it is.
    None,
    /// Gzip members.
    Gzip {
        /// From 1, fast, to 9, small.
        level: u32,
    },
    /// zstd frames with a content checksum. At these levels no window exceeds 8 MiB.
    Zstd {
        /// From 1, fast, to 19, small.
        level: u32,
    },
}

/// The values of `OUTPUT_FRAMES`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// Records of one event share frames.
    Batch,
    /// Each record has a frame of its own.
    Record,
}

impl Framing {
    const ALL: [Self; 2] = [Self::Batch, Self::Record];

    /// The choice with this name.
    #[must_use]
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|choice| choice.name() == name)
    }

    /// The choice's name in `OUTPUT_FRAMES`.
    #[must_use]
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Batch => "batch",
            Self::Record => "record",
        }
    }
}

impl OutputOptions {
    /// Whether records share frames.
    #[must_use]
    pub fn shares_frames(&self) -> bool {
        self.compression != Compression::None && self.framing == Framing::Batch
    }
}

impl Default for OutputOptions {
    fn default() -> Self {
        Self { compression: Compression::None, framing: Framing::Batch, partition_keys: Vec::new() }
    }
}
