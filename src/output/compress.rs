//! One gzip member, from bytes that are all there or that come in parts.
//!
//! libdeflate is faster than a compressor of streams at every level, and no larger; but it wants all bytes at once. Output
//! beyond [`WHOLE_BYTES`] goes through the other one, and memory stays bounded.

use std::fmt;
use std::io::{self, Write};

use flate2::{Compression, write::GzEncoder};
use libdeflater::{CompressionLvl, Compressor};

use crate::firehose::quotas::RESPONSE_BUDGET_BYTES;

/// Bytes of output that are compressed at once, at the most.
pub(super) const WHOLE_BYTES: usize = 4 * 1024 * 1024;

/// Compresses one output after another, into the same memory.
#[derive(Default)]
pub(super) struct Gzip {
    /// With its level.
    compressor: Option<(u32, Compressor)>,
    /// Longer than the last member, if it had to have room for a longer one.
    compressed: Vec<u8>,
}

impl Gzip {
    /// The member that holds `plain`.
    pub(super) fn whole(&mut self, plain: &[u8], level: u32) -> io::Result<&[u8]> {
        if self.compressor.as_ref().is_none_or(|(made_for, _)| *made_for != level) {
            let level_of_library = i32::try_from(level).ok().and_then(|level| CompressionLvl::new(level).ok());
            self.compressor = Some((level, Compressor::new(level_of_library.unwrap_or_default())));
        }
        let Some((_, compressor)) = &mut self.compressor else { return Ok(&[]) };
        let most = compressor.gzip_compress_bound(plain.len());
        if self.compressed.len() < most {
            self.compressed = vec![0; most];
        }
        let len = compressor
            .gzip_compress(plain, &mut self.compressed)
            .map_err(|error| io::Error::other(error.to_string()))?;
        Ok(&self.compressed[..len])
    }

    /// A member whose bytes come in parts. [`Self::end`] ends it.
    pub(super) fn begin(&mut self, level: u32) -> GzEncoder<Bounded> {
        let mut bytes = std::mem::take(&mut self.compressed);
        bytes.clear();
        GzEncoder::new(Bounded { bytes, len: 0 }, Compression::new(level))
    }

    /// The member that has come in parts, and its bytes. Of one that is more than any response holds there is only some.
    pub(super) fn end(&mut self, member: GzEncoder<Bounded>) -> io::Result<(&[u8], usize)> {
        let Bounded { bytes, len } = member.finish()?;
        self.compressed = bytes;
        Ok((&self.compressed, len))
    }

    /// Bytes of memory that stay in use between outputs.
    pub(super) fn capacity(&self) -> usize {
        self.compressed.capacity()
    }
}

impl fmt::Debug for Gzip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gzip").field("capacity", &self.capacity()).finish_non_exhaustive()
    }
}

/// Keeps what a response can hold, and counts the rest.
pub(super) struct Bounded {
    bytes: Vec<u8>,
    len: usize,
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.len += bytes.len();
        if self.len <= RESPONSE_BUDGET_BYTES {
            self.bytes.extend_from_slice(bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::GzDecoder;
    use proptest::prelude::*;

    use super::*;

    fn inflated(member: &[u8]) -> Vec<u8> {
        let mut plain = Vec::new();
        GzDecoder::new(member).read_to_end(&mut plain).unwrap();
        plain
    }

    proptest! {
        #[test]
        fn member_holds_what_went_in(outputs in prop::collection::vec(("[a-z]{0,3000}", 1_u32..10), 1..5)) {
            let mut gzip = Gzip::default();
            for (plain, level) in &outputs {
                prop_assert_eq!(inflated(gzip.whole(plain.as_bytes(), *level).unwrap()), plain.as_bytes());
                let mut member = gzip.begin(*level);
                for part in plain.as_bytes().chunks(1_000) {
                    member.write_all(part).unwrap();
                }
                let (bytes, len) = gzip.end(member).unwrap();
                prop_assert_eq!((inflated(bytes), bytes.len()), (plain.as_bytes().to_vec(), len));
            }
        }
    }

    #[test]
    fn each_member_has_the_level_that_is_asked_for() {
        let lines = (0..5_000).map(|number| format!("request {} took {} ms", number * 7_919 % 997, number % 83));
        let plain = lines.collect::<Vec<_>>().join("\n");
        let mut gzip = Gzip::default();
        let mut len = |level| gzip.whole(plain.as_bytes(), level).unwrap().len();
        let (fast, small) = (len(1), len(9));
        assert!(small < fast, "{small} bytes of {fast}");
        assert_eq!(len(1), fast);
    }

    #[test]
    fn compressed_output_past_a_response_is_counted_and_not_kept() {
        let mut bounded = Bounded { bytes: Vec::new(), len: 0 };
        for _ in 0..100 {
            bounded.write_all(&vec![0; 1024 * 1024]).unwrap();
        }
        assert_eq!(bounded.len, 100 * 1024 * 1024);
        assert!(bounded.bytes.len() <= RESPONSE_BUDGET_BYTES);
    }
}
