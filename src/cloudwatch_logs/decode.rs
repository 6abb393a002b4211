//! From a record's base64 to the text of its payload: base64, then gzip, then UTF-8.
//!
//! Inflating stops at a limit, so a megabyte that inflates to a gigabyte costs only the limit. A payload may also arrive as
//! plain JSON: that is what a stream with Firehose's own decompression sends.

mod inflate;

use base64::{DecodeError as Base64Error, Engine};

use self::inflate::GZIP_MAGIC;
pub use self::inflate::Inflater;
pub(crate) use self::inflate::declared_text_len;
use crate::firehose::base64_engine::STANDARD;

/// Why a record's data cannot be decoded. No message shows the data.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// The record has no `data`, or `data` is not a string.
    #[error("expected `data` to be a base64 string, found none")]
    NoData,
    /// The data is not base64.
    #[error("expected base64, found something else at character {offset} of {len}")]
    NotBase64 {
        /// Counted from 0.
        offset: usize,
        /// Characters in total.
        len: usize,
    },
    /// The data is neither gzip nor JSON.
    #[error("expected gzip or plain JSON, found neither in {len} bytes")]
    NotGzip {
        /// Bytes before base64.
        len: usize,
    },
    /// The gzip stream ends early, its checksum is wrong, or other bytes follow it.
    #[error("expected a whole gzip stream, found a broken one after {inflated} inflated bytes")]
    BrokenGzip {
        /// Bytes inflated before the fault.
        inflated: usize,
        /// The decoder's own message.
        #[source]
        source: std::io::Error,
    },
    /// The gzip stream inflates to more than the limit.
    #[error(
        "expected at most {limit} bytes inflated, found more; to take such records, raise MAX_DECOMPRESSED_BYTES and the \
         function's memory"
    )]
    TooLarge {
        /// The configured limit in bytes.
        limit: usize,
    },
    /// The text is not UTF-8.
    #[error("expected UTF-8, found something else after {valid_up_to} bytes")]
    NotUtf8 {
        /// Bytes before the fault.
        valid_up_to: usize,
    },
}

/// Decodes a record's base64 into `original`, which is cleared first. The result is the record's original bytes.
pub fn original_bytes(base64: &str, original: &mut Vec<u8>) -> Result<(), DecodeError> {
    original.clear();
    STANDARD.decode_vec(base64, original).map_err(|error| {
        let len = base64.len();
        let offset = match error {
            Base64Error::InvalidByte(offset, _) | Base64Error::InvalidLastSymbol { offset, .. } => offset,
            _ => len,
        };
        DecodeError::NotBase64 { offset, len }
    })
}

/// The text of a record, inflated if it is gzip. Several gzip members are read as one text.
///
/// # Errors
/// The bytes are not a text. `DecodeError::TooLarge` is returned without inflating past `limit` bytes.
pub fn text<'b>(original: &'b [u8], limit: usize, inflater: &'b mut Inflater) -> Result<&'b str, DecodeError> {
    let bytes = if original.starts_with(&GZIP_MAGIC) {
        inflater.inflate(original, limit)?
    } else if original.trim_ascii_start().starts_with(b"{") {
        original
    } else {
        return Err(DecodeError::NotGzip { len: original.len() });
    };
    // The fast validation does not report where the fault is.
    simdutf8::basic::from_utf8(bytes)
        .or_else(|_| std::str::from_utf8(bytes))
        .map_err(|error| DecodeError::NotUtf8 { valid_up_to: error.valid_up_to() })
}

#[cfg(test)]
mod tests {
    use super::inflate::tests::gzip;
    use super::*;

    fn text_of(original: &[u8], limit: usize) -> Result<String, DecodeError> {
        text(original, limit, &mut Inflater::default()).map(str::to_owned)
    }

    #[test]
    fn plain_json_is_read_without_inflating() {
        assert_eq!(text_of(b" \n{}", 1).unwrap(), " \n{}");
        assert_eq!(declared_text_len(b" \n{}"), None);
    }

    #[test]
    fn decode_errors_name_the_position_and_never_the_content() {
        let message = |bytes: &[u8]| text_of(bytes, 100).unwrap_err().to_string();
        assert_eq!(message(b"secret"), "expected gzip or plain JSON, found neither in 6 bytes");
        assert_eq!(message(b""), "expected gzip or plain JSON, found neither in 0 bytes");
        assert_eq!(message(b"{\"a\":\"\xff\"}"), "expected UTF-8, found something else after 6 bytes");
        let mut truncated = gzip(&[b'a'; 50]);
        truncated.truncate(truncated.len() - 1);
        assert_eq!(message(&truncated), "expected a whole gzip stream, found a broken one after 50 inflated bytes");
        let base64 = |text: &str| original_bytes(text, &mut Vec::new()).unwrap_err().to_string();
        assert_eq!(base64("secr!t=="), "expected base64, found something else at character 4 of 8");
        assert_eq!(base64("secre"), "expected base64, found something else at character 5 of 5");
    }
}
