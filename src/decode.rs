//! From a record's base64 to the text of its payload: base64, then gzip, then UTF-8.
//!
//! Inflating stops at a limit, so a megabyte that inflates to a gigabyte costs the limit and not the gigabyte. A payload
//! that arrives as plain JSON is read as it is: that is what a stream with Firehose's own decompression on sends.

use std::io::Read;

use base64::{DecodeError as Base64Error, Engine, engine::general_purpose::STANDARD};
use flate2::bufread::MultiGzDecoder;

/// Why a record's data holds no text. None of these shows the data.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// The record has no `data`, or one that is no string.
    #[error("expected `data` to be a base64 string, found none")]
    NoData,
    /// The data is not base64.
    #[error("expected base64, found something else at character {offset} of {len}")]
    NotBase64 {
        /// Counted from 0.
        offset: usize,
        /// Characters in all.
        len: usize,
    },
    /// The data is neither gzip nor JSON.
    #[error("expected gzip or plain JSON, found neither in {len} bytes")]
    NotGzip {
        /// Bytes before base64.
        len: usize,
    },
    /// The gzip stream ends early, its checksum does not match, or something else follows it.
    #[error("expected a whole gzip stream, found a broken one after {inflated} inflated bytes")]
    BrokenGzip {
        /// Bytes that came out before the fault.
        inflated: usize,
        /// What the decoder says of it.
        #[source]
        source: std::io::Error,
    },
    /// The gzip stream holds more than the limit.
    #[error(
        "expected at most {limit} bytes inflated, found more; to take such records, raise MAX_DECOMPRESSED_BYTES and the \
         function's memory"
    )]
    TooLarge {
        /// The configured limit in bytes.
        limit: usize,
    },
    /// The text is in another encoding.
    #[error("expected UTF-8, found something else after {valid_up_to} bytes")]
    NotUtf8 {
        /// Bytes before the fault.
        valid_up_to: usize,
    },
}

/// The original bytes of a record: what is inside its base64.
pub fn original_bytes(base64: &str) -> Result<Vec<u8>, DecodeError> {
    STANDARD.decode(base64).map_err(|error| {
        let len = base64.len();
        let offset = match error {
            Base64Error::InvalidByte(offset, _) | Base64Error::InvalidLastSymbol { offset, .. } => offset,
            _ => len,
        };
        DecodeError::NotBase64 { offset, len }
    })
}

/// The text of a record, inflated into `buffer` where it is gzip, of one member or of several.
///
/// # Errors
/// Whatever is wrong with the bytes; [`DecodeError::TooLarge`] without having inflated past `limit` bytes.
pub fn text<'b>(original: &'b [u8], limit: usize, buffer: &'b mut Vec<u8>) -> Result<&'b str, DecodeError> {
    let bytes = if original.starts_with(&GZIP_MAGIC) {
        inflate(original, limit, buffer)?;
        buffer
    } else if original.trim_ascii_start().starts_with(b"{") {
        original
    } else {
        return Err(DecodeError::NotGzip { len: original.len() });
    };
    std::str::from_utf8(bytes).map_err(|error| DecodeError::NotUtf8 { valid_up_to: error.valid_up_to() })
}

/// How many bytes the text of a gzip record has, as its trailer says; `None` if the record is not gzip.
///
/// A guess: the trailer counts modulo 4 GiB, speaks of the last member alone, and may lie.
#[must_use]
pub fn declared_text_len(original: &[u8]) -> Option<usize> {
    let trailer = original.starts_with(&GZIP_MAGIC).then(|| original.last_chunk()).flatten()?;
    Some(u32::from_le_bytes(*trailer) as usize)
}

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Deflate cannot shrink anything further than this, so a trailer that claims more lies.
/// Source: RFC 1951, a match of 258 bytes in two bits; <https://zlib.net/zlib_tech.html>.
const MAX_DEFLATE_RATIO: usize = 1032;

fn inflate(original: &[u8], limit: usize, buffer: &mut Vec<u8>) -> Result<(), DecodeError> {
    buffer.clear();
    let most = limit.min(original.len().saturating_mul(MAX_DEFLATE_RATIO));
    // One byte more than the text needs, so that the end is seen without growing the buffer.
    buffer.reserve(declared_text_len(original).unwrap_or(0).min(most).saturating_add(1));
    let mut member = MultiGzDecoder::new(original).take(limit as u64 + 1);
    match member.read_to_end(buffer) {
        Ok(inflated) if inflated > limit => Err(DecodeError::TooLarge { limit }),
        Ok(_) => Ok(()),
        Err(source) => Err(DecodeError::BrokenGzip { inflated: buffer.len(), source }),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    fn gzip(data: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    }

    fn text_of(original: &[u8], limit: usize) -> Result<String, DecodeError> {
        text(original, limit, &mut Vec::new()).map(str::to_owned)
    }

    #[test]
    fn inflating_stops_at_the_limit_and_not_under_it() {
        let data = gzip(&[b'a'; 1_000]);
        assert!(matches!(text_of(&data, 999), Err(DecodeError::TooLarge { limit: 999 })));
        assert_eq!(text_of(&data, 1_000).unwrap().len(), 1_000);
        assert_eq!(text_of(&data, 1_001).unwrap().len(), 1_000);
    }

    #[test]
    fn buffer_of_a_refused_record_stays_near_the_limit() {
        let bomb = gzip(&vec![0; 64 * 1024 * 1024]);
        let mut buffer = Vec::new();
        assert!(matches!(text(&bomb, 1_000_000, &mut buffer), Err(DecodeError::TooLarge { .. })));
        assert!(buffer.capacity() <= 2_000_002, "{}", buffer.capacity());
    }

    #[test]
    fn trailer_that_lies_reserves_no_more_than_deflate_can_give() {
        let mut lying = gzip(b"{}");
        let trailer = lying.len() - 4;
        lying[trailer..].copy_from_slice(&u32::MAX.to_le_bytes());
        let mut buffer = Vec::new();
        assert!(matches!(text(&lying, usize::MAX - 1, &mut buffer), Err(DecodeError::BrokenGzip { .. })));
        assert!(buffer.capacity() <= 64 * MAX_DEFLATE_RATIO, "{}", buffer.capacity());
    }

    #[test]
    fn every_member_is_read() {
        let members = [gzip(b"{\"a\""), gzip(b":1"), gzip(b"}")].concat();
        assert_eq!(text_of(&members, 100).unwrap(), "{\"a\":1}");
        assert!(matches!(text_of(&members, 6), Err(DecodeError::TooLarge { .. })));
    }

    #[test]
    fn what_follows_the_last_member_is_not_passed_over() {
        let trailing = [gzip(b"{}"), b"more".to_vec()].concat();
        assert!(matches!(text_of(&trailing, 100), Err(DecodeError::BrokenGzip { .. })));
    }

    #[test]
    fn plain_json_is_read_as_it_is() {
        assert_eq!(text_of(b" \n{}", 1).unwrap(), " \n{}");
        assert_eq!(declared_text_len(b" \n{}"), None);
    }

    #[test]
    fn decode_errors_name_the_place_and_never_the_content() {
        let message = |bytes: &[u8]| text_of(bytes, 100).unwrap_err().to_string();
        assert_eq!(message(b"secret"), "expected gzip or plain JSON, found neither in 6 bytes");
        assert_eq!(message(b""), "expected gzip or plain JSON, found neither in 0 bytes");
        assert_eq!(message(b"{\"a\":\"\xff\"}"), "expected UTF-8, found something else after 6 bytes");
        let mut truncated = gzip(&[b'a'; 50]);
        truncated.truncate(truncated.len() - 1);
        assert_eq!(message(&truncated), "expected a whole gzip stream, found a broken one after 50 inflated bytes");
        let base64 = |text: &str| original_bytes(text).unwrap_err().to_string();
        assert_eq!(base64("secr!t=="), "expected base64, found something else at character 4 of 8");
        assert_eq!(base64("secre"), "expected base64, found something else at character 5 of 5");
    }
}
