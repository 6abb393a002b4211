//! One gzip member, from bytes that are all there or that come in parts.
//!
//! libdeflate is faster than a streaming compressor at every level, and its members are no larger. But it needs all bytes at
//! once. Output above [`WHOLE_BYTES`] goes through the streaming compressor, so that memory stays bounded.

use std::fmt;
use std::io::{self, Write};

use flate2::{Compression, write::GzEncoder};
use libdeflater::{CompressionLvl, Compressor};

use crate::firehose::quotas::RESPONSE_BUDGET_BYTES;

/// Most bytes of output that are compressed at once.
pub(super) const WHOLE_BYTES: usize = 4 * 1024 * 1024;

/// Compresses one output after another into the same memory.
#[derive(Default)]
pub(super) struct Gzip {
    /// The compressor and its level.
    compressor: Option<(u32, Compressor)>,
    /// The last member. May be longer than that, since earlier outputs may have needed more room.
    compressed: Vec<u8>,
    /// Bytes of the last member in `compressed`.
    kept_len: usize,
}

impl Gzip {
    /// Compresses `plain` to one member, and returns the member's length.
    pub(super) fn compress_whole(&mut self, plain: &[u8], level: u32) -> io::Result<usize> {
        if self.compressor.as_ref().is_none_or(|(made_for, _)| *made_for != level) {
            let library_level = i32::try_from(level).ok().and_then(|level| CompressionLvl::new(level).ok());
            self.compressor = Some((level, Compressor::new(library_level.unwrap_or_default())));
        }
        let Some((_, compressor)) = &mut self.compressor else { return Ok(0) };
        let most = compressor.gzip_compress_bound(plain.len());
        if self.compressed.len() < most {
            self.compressed = vec![0; most];
        }
        self.kept_len = compressor
            .gzip_compress(plain, &mut self.compressed)
            .map_err(|error| io::Error::other(error.to_string()))?;
        Ok(self.kept_len)
    }

    /// Begins a member whose bytes come in parts. [`Self::end`] ends it.
    pub(super) fn begin(&mut self, level: u32) -> GzEncoder<Bounded> {
        let mut bytes = std::mem::take(&mut self.compressed);
        bytes.clear();
        GzEncoder::new(Bounded { bytes, len: 0 }, Compression::new(level))
    }

    /// Ends a member that came in parts, and returns its length. Of a member larger than any response, only a part is kept.
    pub(super) fn end(&mut self, member: GzEncoder<Bounded>) -> io::Result<usize> {
        let Bounded { bytes, len } = member.finish()?;
        self.kept_len = bytes.len();
        self.compressed = bytes;
        Ok(len)
    }

    /// The last member, or what is kept of it.
    pub(super) fn member(&self) -> &[u8] {
        &self.compressed[..self.kept_len]
    }

    /// Bytes of memory kept between outputs.
    pub(super) fn capacity(&self) -> usize {
        self.compressed.capacity()
    }
}

impl fmt::Debug for Gzip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gzip").field("capacity", &self.capacity()).finish_non_exhaustive()
    }
}

/// Keeps as many bytes as fit a response, and counts all.
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
        fn member_inflates_to_its_input(outputs in prop::collection::vec(("[a-z]{0,3000}", 1_u32..10), 1..5)) {
            let mut gzip = Gzip::default();
            for (plain, level) in &outputs {
                let len = gzip.compress_whole(plain.as_bytes(), *level).unwrap();
                prop_assert_eq!((inflated(gzip.member()), gzip.member().len()), (plain.as_bytes().to_vec(), len));
                let mut member = gzip.begin(*level);
                for part in plain.as_bytes().chunks(1_000) {
                    member.write_all(part).unwrap();
                }
                let len = gzip.end(member).unwrap();
                prop_assert_eq!((inflated(gzip.member()), gzip.member().len()), (plain.as_bytes().to_vec(), len));
            }
        }
    }

    #[test]
    fn each_member_has_the_requested_level() {
        let lines = (0..5_000).map(|number| format!("request {} took {} ms", number * 7_919 % 997, number % 83));
        let plain = lines.collect::<Vec<_>>().join("\n");
        let mut gzip = Gzip::default();
        let mut len = |level| gzip.compress_whole(plain.as_bytes(), level).unwrap();
        let (fast, small) = (len(1), len(9));
        assert!(small < fast, "{small} bytes of {fast}");
        assert_eq!(len(1), fast);
    }

    #[test]
    fn compressed_output_larger_than_a_response_is_counted_but_not_kept() {
        let mut bounded = Bounded { bytes: Vec::new(), len: 0 };
        for _ in 0..100 {
            bounded.write_all(&vec![0; 1024 * 1024]).unwrap();
        }
        assert_eq!(bounded.len, 100 * 1024 * 1024);
        assert!(bounded.bytes.len() <= RESPONSE_BUDGET_BYTES);
    }
}
