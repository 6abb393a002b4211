//! The base64 of events and responses: the standard alphabet, padded.

use std::sync::LazyLock;

use base64::engine::{Simd, general_purpose::PAD};

/// Encodes and decodes with the vector instructions that the machine has at run time.
pub(crate) static STANDARD: LazyLock<Simd> = LazyLock::new(|| Simd::standard(PAD));
