//! One frame at a time: a gzip member or a zstd frame, from a complete buffer or from a stream of parts.
//!
//! A complete buffer is compressed at once, which is faster: libdeflate beats a streaming compressor at every level,
//! and zstd chooses better parameters when it knows the size. Output above [`WHOLE_BYTES`] comes in parts, so that memory
//! stays bounded.

use std::fmt;
use std::io::{self, Write};

use flate2::write::GzEncoder;
use libdeflater::{CompressionLvl, Compressor as Libdeflate};
use zstd::stream::write::Encoder as ZstdEncoder;
use zstd::zstd_safe::{CCtx, CParameter, ResetDirective, get_error_name};

use super::Compression;
use crate::firehose::quotas::RESPONSE_BUDGET_BYTES;

/// Most bytes of output that are compressed at once.
pub(super) const WHOLE_BYTES: usize = 4 * 1024 * 1024;

/// Compresses one frame after another into the same memory.
#[derive(Default)]
pub(super) struct Compressor {
    /// The context that all frames share, and what it was made for.
    context: Option<(Compression, Context)>,
    /// The last frame. May be longer than that, since earlier frames may have needed more room.
    compressed: Vec<u8>,
    /// Bytes of the last frame in `compressed`.
    kept_len: usize,
}

enum Context {
    None,
    Gzip(Libdeflate),
    Zstd(CCtx<'static>),
}

/// A frame whose bytes come in parts.
pub(super) enum FrameInParts<'c> {
    /// Without compression the bytes are only counted: such output fits no response.
    Plain(Bounded),
    Gzip(GzEncoder<Bounded>),
    Zstd(ZstdEncoder<'c, Bounded>),
}

impl Compressor {
    /// Compresses `plain` to one frame, and returns the frame's length.
    pub(super) fn compress(&mut self, plain: &[u8], compression: Compression) -> io::Result<usize> {
        let (context, compressed) = self.prepare(compression)?;
        let len = match context {
            Context::None => {
                plain.clone_into(compressed);
                plain.len()
            }
            Context::Gzip(libdeflate) => {
                let most = libdeflate.gzip_compress_bound(plain.len());
                if compressed.len() < most {
                    *compressed = vec![0; most];
                }
                libdeflate.gzip_compress(plain, compressed).map_err(|error| io::Error::other(error.to_string()))?
            }
            Context::Zstd(context) => {
                compressed.clear();
                compressed.reserve(zstd::zstd_safe::compress_bound(plain.len()));
                context.compress2(compressed, plain).map_err(zstd_error)?
            }
        };
        self.kept_len = len;
        Ok(len)
    }

    /// Begins a frame whose bytes come in parts. [`Self::end`] ends it.
    pub(super) fn begin(&mut self, compression: Compression) -> io::Result<FrameInParts<'_>> {
        // An abandoned frame leaves nothing behind.
        self.kept_len = 0;
        let (context, compressed) = self.prepare(compression)?;
        let mut bytes = std::mem::take(compressed);
        bytes.clear();
        let bounded = Bounded { bytes, len: 0 };
        Ok(match (context, compression) {
            (Context::Zstd(context), _) => FrameInParts::Zstd(ZstdEncoder::with_context(bounded, context)),
            (_, Compression::Gzip { level }) => {
                FrameInParts::Gzip(GzEncoder::new(bounded, flate2::Compression::new(level)))
            }
            _ => FrameInParts::Plain(bounded),
        })
    }

    /// Keeps a frame that came in parts, and returns its length. Of a frame larger than any response, only a part is kept.
    pub(super) fn end(&mut self, Bounded { bytes, len }: Bounded) -> usize {
        self.kept_len = bytes.len();
        self.compressed = bytes;
        len
    }

    /// The last frame, or what is kept of it.
    pub(super) fn frame(&self) -> &[u8] {
        &self.compressed[..self.kept_len]
    }

    /// Bytes of memory kept between frames.
    pub(super) fn capacity(&self) -> usize {
        self.compressed.capacity()
    }

    fn prepare(&mut self, compression: Compression) -> io::Result<(&mut Context, &mut Vec<u8>)> {
        if self.context.as_ref().is_none_or(|(made_for, _)| *made_for != compression) {
            self.context = Some((compression, Context::new(compression)?));
        }
        match &mut self.context {
            Some((_, context)) => {
                if let Context::Zstd(context) = context {
                    // A frame in parts may have been abandoned.
                    context.reset(ResetDirective::SessionOnly).map_err(zstd_error)?;
                }
                Ok((context, &mut self.compressed))
            }
            None => Err(io::Error::other("no compression context")),
        }
    }
}

impl Context {
    fn new(compression: Compression) -> io::Result<Self> {
        Ok(match compression {
            Compression::None => Self::None,
            Compression::Gzip { level } => {
                let library_level = i32::try_from(level).ok().and_then(|level| CompressionLvl::new(level).ok());
                Self::Gzip(Libdeflate::new(library_level.unwrap_or_default()))
            }
            Compression::Zstd { level } => {
                let mut context = CCtx::create();
                let level = i32::try_from(level).unwrap_or(i32::MAX);
                context.set_parameter(CParameter::CompressionLevel(level)).map_err(zstd_error)?;
                context.set_parameter(CParameter::ChecksumFlag(true)).map_err(zstd_error)?;
                Self::Zstd(context)
            }
        })
    }
}

impl FrameInParts<'_> {
    pub(super) fn finish(self) -> io::Result<Bounded> {
        match self {
            Self::Plain(bounded) => Ok(bounded),
            Self::Gzip(encoder) => encoder.finish(),
            Self::Zstd(encoder) => encoder.finish(),
        }
    }

    pub(super) fn write_all(&mut self, part: &[u8]) -> io::Result<()> {
        match self {
            Self::Plain(bounded) => bounded.write_all(part),
            Self::Gzip(encoder) => encoder.write_all(part),
            Self::Zstd(encoder) => encoder.write_all(part),
        }
    }
}

fn zstd_error(code: usize) -> io::Error {
    io::Error::other(get_error_name(code))
}

impl fmt::Debug for Compressor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Compressor").field("capacity", &self.capacity()).finish_non_exhaustive()
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

    fn plain_of(frame: &[u8], compression: Compression) -> Vec<u8> {
        let mut plain = Vec::new();
        match compression {
            Compression::None => plain.extend_from_slice(frame),
            Compression::Gzip { .. } => drop(GzDecoder::new(frame).read_to_end(&mut plain).unwrap()),
            Compression::Zstd { .. } => plain = zstd::decode_all(frame).unwrap(),
        }
        plain
    }

    fn compression() -> impl Strategy<Value = Compression> {
        prop_oneof![
            (1_u32..10).prop_map(|level| Compression::Gzip { level }),
            (1_u32..20).prop_map(|level| Compression::Zstd { level }),
        ]
    }

    proptest! {
        #[test]
        fn frame_decompresses_to_its_input(outputs in prop::collection::vec(("[a-z]{0,3000}", compression()), 1..5)) {
            let mut compressor = Compressor::default();
            for (plain, compression) in outputs {
                let len = compressor.compress(plain.as_bytes(), compression).unwrap();
                prop_assert_eq!(compressor.frame().len(), len);
                prop_assert_eq!(plain_of(compressor.frame(), compression), plain.as_bytes());
                let mut frame = compressor.begin(compression).unwrap();
                for part in plain.as_bytes().chunks(1_000) {
                    frame.write_all(part).unwrap();
                }
                let bounded = frame.finish().unwrap();
                let len = compressor.end(bounded);
                prop_assert_eq!(compressor.frame().len(), len);
                prop_assert_eq!(plain_of(compressor.frame(), compression), plain.as_bytes());
            }
        }
    }

    fn lines() -> String {
        let lines = (0..5_000).map(|number| format!("request {} took {} ms", number * 7_919 % 997, number % 83));
        lines.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn each_frame_has_the_requested_level() {
        let plain = lines();
        for compression in [|level| Compression::Gzip { level }, |level| Compression::Zstd { level }] {
            let mut compressor = Compressor::default();
            let mut len = |level| compressor.compress(plain.as_bytes(), compression(level)).unwrap();
            let (fast, small) = (len(1), len(9));
            assert!(small < fast, "{small} bytes of {fast}");
            assert_eq!(len(1), fast);
        }
    }

    #[test]
    fn abandoned_frame_leaves_nothing_in_the_next_one() {
        for compression in [Compression::Gzip { level: 3 }, Compression::Zstd { level: 1 }] {
            let mut compressor = Compressor::default();
            compressor.compress(b"before", compression).unwrap();
            compressor.begin(compression).unwrap().write_all(lines().as_bytes()).unwrap();
            assert_eq!(compressor.frame(), b"");
            compressor.compress(b"next", compression).unwrap();
            assert_eq!(plain_of(compressor.frame(), compression), b"next");
        }
    }

    #[test]
    fn zstd_frame_has_a_checksum_and_a_window_of_at_most_eight_mebibytes() {
        let mut compressor = Compressor::default();
        compressor.compress(lines().repeat(40).as_bytes(), Compression::Zstd { level: 19 }).unwrap();
        let mut damaged = compressor.frame().to_vec();
        let checksum = damaged.len() - 1;
        damaged[checksum] ^= 1;
        assert!(zstd::decode_all(&damaged[..]).is_err());
        let mut decoder = zstd::stream::read::Decoder::new(compressor.frame()).unwrap();
        decoder.window_log_max(23).unwrap();
        assert!(decoder.read_to_end(&mut Vec::new()).is_ok());
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
