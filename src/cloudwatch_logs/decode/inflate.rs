//! Inflates gzip. Most of an invocation's CPU time is spent here.
//!
//! # Why two inflaters?
//!
//! libdeflate is several times as fast as a streaming inflater. But it needs the length in advance, reads a single gzip
//! member, and does not report where that member ends. Records of CloudWatch Logs are single members, so they go through
//! libdeflate, and its result counts only if length and checksum match the trailer. Everything else (several members, broken
//! ones, wrong trailers, texts above the limit) goes through the streaming inflater, which alone decides what is wrong.

use std::fmt;
use std::io::Read;
use std::sync::LazyLock;

use flate2::bufread::MultiGzDecoder;
use libdeflater::Decompressor;
use memchr::memmem;

use super::DecodeError;

/// Inflates one record after another into the same memory.
pub struct Inflater {
    whole: Decompressor,
    /// May be longer than the text of the last record, since earlier texts may have been longer.
    inflated: Vec<u8>,
}

impl Inflater {
    /// Bytes of memory kept between records.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.inflated.capacity()
    }

    /// Inflates a record that begins with gzip's magic bytes.
    pub(super) fn inflate(&mut self, original: &[u8], limit: usize) -> Result<&[u8], DecodeError> {
        if let Some(len) = self.inflate_whole(original, limit) {
            return Ok(&self.inflated[..len]);
        }
        self.inflated.clear();
        // One byte more than the text needs, so that reaching its end does not grow the buffer.
        let text_len = declared_text_len(original).unwrap_or(0).min(most_inflated(original, limit));
        self.inflated.reserve(text_len.saturating_add(1));
        let mut members = MultiGzDecoder::new(original).take(limit as u64 + 1);
        match members.read_to_end(&mut self.inflated) {
            Ok(inflated) if inflated > limit => Err(DecodeError::TooLarge { limit }),
            Ok(_) => Ok(&self.inflated),
            Err(source) => Err(DecodeError::BrokenGzip { inflated: self.inflated.len(), source }),
        }
    }

    /// Inflates a record that is one plain gzip member, and returns the length of its text. `None` leaves the record to the
    /// streaming inflater.
    fn inflate_whole(&mut self, original: &[u8], limit: usize) -> Option<usize> {
        let (header, rest) = original.split_first_chunk::<10>()?;
        let (deflated, trailer) = rest.split_last_chunk::<8>()?;
        let len = declared_text_len(original)?;
        let is_plain = header[2..4] == [METHOD_DEFLATE, NO_FLAGS];
        // A second member could have the length and checksum of the first. Without a member start, there is no second one.
        if !is_plain || len > most_inflated(original, limit) || MEMBER_START.find(deflated).is_some() {
            return None;
        }
        if self.inflated.len() < len {
            self.inflated = vec![0; len];
        }
        let text = &mut self.inflated[..len];
        let inflated = self.whole.deflate_decompress(deflated, text).ok()?;
        let is_sound = inflated == len && libdeflater::crc32(text).to_le_bytes() == trailer[..4];
        is_sound.then_some(len)
    }
}

impl Default for Inflater {
    fn default() -> Self {
        Self { whole: Decompressor::new(), inflated: Vec::new() }
    }
}

impl fmt::Debug for Inflater {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inflater").field("capacity", &self.capacity()).finish_non_exhaustive()
    }
}

/// Upper bound of a record's inflated size, regardless of its trailer.
fn most_inflated(original: &[u8], limit: usize) -> usize {
    limit.min(original.len().saturating_mul(MAX_DEFLATE_RATIO))
}

/// The inflated size in bytes that the gzip trailer declares; `None` if the record is not gzip.
///
/// This is a hint: the trailer counts modulo 4 GiB, covers the last member only, and may be wrong.
#[must_use]
pub(crate) fn declared_text_len(original: &[u8]) -> Option<usize> {
    let trailer = original.starts_with(&GZIP_MAGIC).then(|| original.last_chunk()).flatten()?;
    Some(u32::from_le_bytes(*trailer) as usize)
}

pub(super) const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// RFC 1952, section 2.3: these bytes follow the magic of a member without file name or comment. CloudWatch Logs sends
/// such members.
const METHOD_DEFLATE: u8 = 8;
const NO_FLAGS: u8 = 0;

static MEMBER_START: LazyLock<memmem::Finder> = LazyLock::new(|| memmem::Finder::new(&[0x1f, 0x8b, METHOD_DEFLATE]));

/// Deflate's largest ratio. A trailer that declares more is wrong.
/// Source: RFC 1951, a match of 258 bytes in two bits; <https://zlib.net/zlib_tech.html>.
const MAX_DEFLATE_RATIO: usize = 1032;

#[cfg(test)]
pub(super) mod tests {
    use std::io::Write;

    use flate2::{Compression, GzBuilder, write::GzEncoder};
    use proptest::prelude::*;

    use super::*;

    pub(in crate::cloudwatch_logs::decode) fn gzip(data: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    }

    fn inflated(original: &[u8], limit: usize) -> Result<Vec<u8>, DecodeError> {
        Inflater::default().inflate(original, limit).map(<[u8]>::to_vec)
    }

    #[test]
    fn inflating_stops_at_the_limit_and_not_below_it() {
        let data = gzip(&[b'a'; 1_000]);
        assert!(matches!(inflated(&data, 999), Err(DecodeError::TooLarge { limit: 999 })));
        assert_eq!(inflated(&data, 1_000).unwrap().len(), 1_000);
        assert_eq!(inflated(&data, 1_001).unwrap().len(), 1_000);
    }

    #[test]
    fn buffer_of_a_rejected_record_stays_near_the_limit() {
        let bomb = gzip(&vec![0; 64 * 1024 * 1024]);
        let mut inflater = Inflater::default();
        assert!(matches!(inflater.inflate(&bomb, 1_000_000), Err(DecodeError::TooLarge { .. })));
        assert!(inflater.capacity() <= 2_000_002, "{}", inflater.capacity());
    }

    #[test]
    fn wrong_trailer_reserves_no_more_than_deflate_can_inflate() {
        let mut lying = gzip(b"{}");
        let trailer = lying.len() - 4;
        lying[trailer..].copy_from_slice(&u32::MAX.to_le_bytes());
        let mut inflater = Inflater::default();
        assert!(matches!(inflater.inflate(&lying, usize::MAX - 1), Err(DecodeError::BrokenGzip { .. })));
        assert!(inflater.capacity() <= 64 * MAX_DEFLATE_RATIO, "{}", inflater.capacity());
    }

    #[test]
    fn every_member_is_read() {
        let members = [gzip(b"{\"a\""), gzip(b":1"), gzip(b"}")].concat();
        assert_eq!(inflated(&members, 100).unwrap(), b"{\"a\":1}");
        assert!(matches!(inflated(&members, 6), Err(DecodeError::TooLarge { .. })));
    }

    #[test]
    fn member_equal_to_the_first_is_also_read() {
        let member = gzip(br#"{"a":1}"#);
        assert_eq!(inflated(&[&member[..], &member].concat(), 100).unwrap(), br#"{"a":1}{"a":1}"#);
    }

    #[test]
    fn shorter_text_shows_nothing_of_the_longer_one_before() {
        let mut inflater = Inflater::default();
        for text in [r#"{"first":"longer"}"#, "{}", r#"{"a":1}"#, ""] {
            assert_eq!(inflater.inflate(&gzip(text.as_bytes()), 100).unwrap(), text.as_bytes());
        }
    }

    #[test]
    fn wrong_checksum_is_a_fault() {
        let mut broken = gzip(b"{}");
        let checksum = broken.len() - 8;
        broken[checksum] ^= 1;
        assert!(matches!(inflated(&broken, 100), Err(DecodeError::BrokenGzip { inflated: 2, .. })));
    }

    proptest! {
        #[test]
        fn both_inflaters_agree(
            data in prop::collection::vec(b'a'..b'f', 0..2000),
            level in 0_u32..10,
            has_name: bool,
            fault in prop::option::of((any::<prop::sample::Index>(), any::<u8>())),
            cut in prop::option::of(any::<prop::sample::Index>()),
            repeated: bool,
        ) {
            let builder = if has_name { GzBuilder::new().filename("name") } else { GzBuilder::new() };
            let mut encoder = builder.write(Vec::new(), Compression::new(level));
            encoder.write_all(&data).unwrap();
            let mut record = encoder.finish().unwrap();
            if let Some((at, byte)) = fault {
                let at = at.index(record.len() - GZIP_MAGIC.len()) + GZIP_MAGIC.len();
                record[at] = byte;
            }
            if let Some(cut) = cut {
                record.truncate(cut.index(record.len()));
            }
            if repeated {
                record.extend_from_within(..);
            }
            let mut streamed = Vec::new();
            let streamed = MultiGzDecoder::new(record.as_slice()).read_to_end(&mut streamed).map(|_| streamed);
            prop_assert_eq!(inflated(&record, 10_000).ok(), streamed.ok());
        }
    }

    #[test]
    fn bytes_after_the_last_member_are_a_fault() {
        let trailing = [gzip(b"{}"), b"more".to_vec()].concat();
        assert!(matches!(inflated(&trailing, 100), Err(DecodeError::BrokenGzip { .. })));
    }
}
