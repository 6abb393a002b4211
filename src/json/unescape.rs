//! The text of a string: its bytes without the backslashes that begin an escape sequence.
//!
//! Of every eight bytes, one shuffle brings those that stay together, however many there are. The few that stand for
//! another byte are replaced after that.

#![expect(clippy::inline_always, reason = "what is not inlined into `dispatch!` has none of the level's instructions")]

use fearless_simd::{Level, Simd, dispatch, prelude::*, u8x16};
use memchr::memchr;

use super::blocks::{BLOCK_BYTES, Block, Escaped, Masks, block_at, positions};
use super::escape::Escape;

/// Bytes that are not worth a block.
const FEW_BYTES: usize = 16;
const LANE_BYTES: usize = 16;
/// A block's text, and what the last shuffle writes too much.
const ROOM_BYTES: usize = BLOCK_BYTES + LANE_BYTES;

/// Appends the text of a string whose characters are `inner`.
pub(super) fn append_unescaped(inner: &[u8], out: &mut Vec<u8>) {
    let (plain, rest) = inner.split_at(memchr(b'\\', inner).unwrap_or(inner.len()));
    out.extend_from_slice(plain);
    // Many a message has its line break at the end, and no other escape sequence.
    if rest.len() <= FEW_BYTES {
        append_one_by_one(rest, out);
    } else {
        append_at(Level::new(), rest, out);
    }
}

fn append_at(level: Level, inner: &[u8], out: &mut Vec<u8>) {
    dispatch!(level, simd => append_in_blocks(simd, inner, out));
}

#[inline(always)]
fn append_in_blocks<S: Simd>(simd: S, inner: &[u8], out: &mut Vec<u8>) {
    let mut written = out.len();
    // No escape sequence is shorter than what it stands for.
    out.resize(written + inner.len() + ROOM_BYTES, 0);
    let mut escaped = Escaped::default();
    let mut last = [0; BLOCK_BYTES];
    let mut base = 0;
    while base < inner.len() {
        let starts_escaped = escaped.is_next();
        let block = block_at(inner, base, &mut last);
        let masks = Masks::of(simd, block, &mut escaped);
        let others = masks.others();
        let has_unicode = others != 0 && others & positions(simd, block, b'u') != 0;
        let Some(text) = out[written..].first_chunk_mut().filter(|_| !has_unicode) else {
            out.truncate(written);
            append_one_by_one(&inner[base - usize::from(starts_escaped)..], out);
            return;
        };
        let stays = !(masks.backslashes & !masks.escaped);
        keep(simd, block, stays, text);
        replace(block, stays, others, text);
        let in_string = u64::MAX >> (BLOCK_BYTES - BLOCK_BYTES.min(inner.len() - base));
        written += (stays & in_string).count_ones() as usize;
        base += BLOCK_BYTES;
    }
    out.truncate(written);
}

/// Moves the bytes of a block that stay to the start of `text`; what is behind them there has no meaning.
#[inline(always)]
fn keep<S: Simd>(simd: S, block: &Block, stays: u64, text: &mut [u8; ROOM_BYTES]) {
    let mut written = 0;
    let (lanes, _) = block.as_chunks::<LANE_BYTES>();
    let stays = stays.to_le_bytes();
    let (halves, _) = stays.as_chunks::<2>();
    for (lane, halves) in lanes.iter().zip(halves) {
        let lane = u8x16::load_array_ref(simd, lane);
        for (&stays, first) in halves.iter().zip([0, 8]) {
            let indices = u8x16::load_array_ref(simd, &KEPT[usize::from(stays)]) + u8x16::splat(simd, first);
            // Never behind a block's last byte. That it is taken modulo the block's length is what tells the compiler.
            let at = written % BLOCK_BYTES;
            lane.swizzle_dyn(indices).store_slice(&mut text[at..at + LANE_BYTES]);
            written += stays.count_ones() as usize;
        }
    }
}

/// Replaces second bytes of escape sequences by what they stand for.
#[inline(always)]
fn replace(block: &Block, stays: u64, mut others: u64, text: &mut [u8; ROOM_BYTES]) {
    while others != 0 {
        let before = (others & others.wrapping_neg()) - 1;
        let second = block[before.count_ones() as usize % BLOCK_BYTES];
        text[(stays & before).count_ones() as usize % BLOCK_BYTES] = Escape::of_two_bytes(second);
        others &= others - 1;
    }
}

/// Which of eight bytes stay, by a mask of them: their indices, in order.
static KEPT: [[u8; LANE_BYTES]; 256] = {
    let mut table = [[0; LANE_BYTES]; 256];
    let mut mask = 0;
    while mask < table.len() {
        let (mut byte, mut kept) = (0, 0);
        while byte < 8 {
            if mask >> byte & 1 != 0 {
                table[mask][kept] = byte;
                kept += 1;
            }
            byte += 1;
        }
        mask += 1;
    }
    table
};

/// Appends the text of a string with few escape sequences, or with `\u` in it, which CloudWatch Logs writes for control
/// characters alone.
fn append_one_by_one(mut inner: &[u8], out: &mut Vec<u8>) {
    while let Some(at) = memchr(b'\\', inner) {
        out.extend_from_slice(&inner[..at]);
        let escape = Escape::read(&inner[at..]);
        out.extend_from_slice(escape.char.encode_utf8(&mut [0; 4]).as_bytes());
        inner = &inner[at + escape.len..];
    }
    out.extend_from_slice(inner);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::json::blocks::levels;

    /// The text of `inner`, which every level finds alike.
    fn text(inner: &str) -> String {
        let mut out = b"before".to_vec();
        append_unescaped(inner.as_bytes(), &mut out);
        for level in levels() {
            let mut at_level = b"before".to_vec();
            append_at(level, inner.as_bytes(), &mut at_level);
            assert_eq!(at_level, out, "{level:?}");
        }
        String::from_utf8(out).unwrap().strip_prefix("before").unwrap().to_owned()
    }

    #[test]
    fn escape_sequences_may_stand_anywhere_in_a_block() {
        for (first, before) in
            ["", r"\\"].into_iter().flat_map(|first| (0..2 * BLOCK_BYTES).map(move |len| (first, len)))
        {
            for escapes in [r#"\""#, r"\n", r"\\\\\t", r"\u001b\n", r"\ud83d\ude00\/", r#"\b\f\r\"\\"#] {
                for after in [0, 1, LANE_BYTES, BLOCK_BYTES, 3 * BLOCK_BYTES] {
                    let inner = first.to_owned() + &"a".repeat(before) + escapes + &"b".repeat(after) + escapes;
                    let expected: String = serde_json::from_str(&format!("\"{inner}\"")).unwrap();
                    assert_eq!(text(&inner), expected);
                }
            }
        }
    }

    proptest! {
        #[test]
        fn every_second_backslash_of_a_run_stays(runs in prop::collection::vec((0_usize..70, 0_usize..70), 1..8)) {
            let inner: String = runs.iter().map(|&(letters, pairs)| "a".repeat(letters) + &"\\".repeat(2 * pairs)).collect();
            prop_assert_eq!(text(&inner), inner.replace(r"\\", "\\"));
        }

        #[test]
        fn text_is_what_the_parser_reads(inner in r#"(\\["\\/bfnrt]|\\u00[0-9a-f]{2}|[a-z ]{1,20}|あ){0,60}"#) {
            let expected: String = serde_json::from_str(&format!("\"{inner}\"")).unwrap();
            prop_assert_eq!(text(&inner), expected);
        }

        #[test]
        fn text_without_unicode_escapes_is_too(inner in r#"(\\["\\/bfnrt]|[a-z ]{1,20}|あ){0,60}"#) {
            let expected: String = serde_json::from_str(&format!("\"{inner}\"")).unwrap();
            prop_assert_eq!(text(&inner), expected);
        }
    }
}
