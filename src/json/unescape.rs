//! Unescapes a string: removes the backslashes that begin escape sequences, and replaces the bytes that stand for
//! others.
//!
//! For every eight bytes, one shuffle moves the bytes that are kept together, however many there are. The few bytes
//! that stand for another byte are replaced after that.

#![expect(clippy::inline_always, reason = "only code inlined into `dispatch!` uses the level's instructions")]

use fearless_simd::{Level, Simd, dispatch, prelude::*, u8x16};
use memchr::memchr;

use super::blocks::{BLOCK_BYTES, Block, EscapeState, Masks, block_at, positions};
use super::escape::Escape;

/// Up to this length, a string is not worth a block.
const MAX_SHORT_BYTES: usize = 16;
const LANE_BYTES: usize = 16;
/// Space for the text of a block, and for the excess bytes that the last shuffle writes.
const BLOCK_TEXT_BYTES: usize = BLOCK_BYTES + LANE_BYTES;

/// Appends the text of a string. `inner` is what is between its quotes.
pub(super) fn append_unescaped(inner: &[u8], out: &mut Vec<u8>) {
    let (plain, rest) = inner.split_at(memchr(b'\\', inner).unwrap_or(inner.len()));
    out.extend_from_slice(plain);
    // In many messages the line break at the end is the only escape sequence.
    if rest.len() <= MAX_SHORT_BYTES {
        append_one_by_one(rest, out);
    } else {
        append_at_level(Level::new(), rest, out);
    }
}

fn append_at_level(level: Level, inner: &[u8], out: &mut Vec<u8>) {
    dispatch!(level, simd => append_in_blocks(simd, inner, out));
}

#[inline(always)]
fn append_in_blocks<S: Simd>(simd: S, inner: &[u8], out: &mut Vec<u8>) {
    let mut written = out.len();
    // Text never gets longer, since no escape sequence is shorter than the text that it stands for.
    out.resize(written + inner.len() + BLOCK_TEXT_BYTES, 0);
    let mut escape_state = EscapeState::default();
    let mut padded = [0; BLOCK_BYTES];
    let mut base = 0;
    while base < inner.len() {
        let starts_escaped = escape_state.next_byte_is_escaped();
        let block = block_at(inner, base, &mut padded);
        let masks = Masks::new(simd, block, &mut escape_state);
        let uncommon = masks.uncommon_escapes();
        let has_unicode = uncommon != 0 && uncommon & positions(simd, block, b'u') != 0;
        let Some(text) = out[written..].first_chunk_mut().filter(|_| !has_unicode) else {
            out.truncate(written);
            append_one_by_one(&inner[base - usize::from(starts_escaped)..], out);
            return;
        };
        let kept = !(masks.backslashes & !masks.escaped);
        compact(simd, block, kept, text);
        replace_uncommon(block, kept, uncommon, text);
        let in_string = u64::MAX >> (BLOCK_BYTES - BLOCK_BYTES.min(inner.len() - base));
        written += (kept & in_string).count_ones() as usize;
        base += BLOCK_BYTES;
    }
    out.truncate(written);
}

/// Moves the kept bytes of a block to the start of `text`. What follows them in `text` has no meaning.
#[inline(always)]
fn compact<S: Simd>(simd: S, block: &Block, kept: u64, text: &mut [u8; BLOCK_TEXT_BYTES]) {
    let mut written = 0;
    let (lanes, _) = block.as_chunks::<LANE_BYTES>();
    let kept = kept.to_le_bytes();
    let (kept_by_lane, _) = kept.as_chunks::<2>();
    for (lane, kept_by_half) in lanes.iter().zip(kept_by_lane) {
        let lane = u8x16::load_array_ref(simd, lane);
        for (&kept, first) in kept_by_half.iter().zip([0, 8]) {
            let indices = u8x16::load_array_ref(simd, &KEPT_INDICES[usize::from(kept)]) + u8x16::splat(simd, first);
            // `written` is always less than the length of a block. The modulo tells the compiler so.
            let start = written % BLOCK_BYTES;
            lane.swizzle_dyn(indices).store_slice(&mut text[start..start + LANE_BYTES]);
            written += kept.count_ones() as usize;
        }
    }
}

/// Replaces the second bytes of uncommon escape sequences with the bytes that the sequences stand for.
#[inline(always)]
fn replace_uncommon(block: &Block, kept: u64, mut uncommon: u64, text: &mut [u8; BLOCK_TEXT_BYTES]) {
    while uncommon != 0 {
        let before = (uncommon & uncommon.wrapping_neg()) - 1;
        let second = block[before.count_ones() as usize % BLOCK_BYTES];
        text[(kept & before).count_ones() as usize % BLOCK_BYTES] = Escape::unescaped_byte(second);
        uncommon &= uncommon - 1;
    }
}

/// For each mask of eight bytes, the indices of the bytes that it keeps, in order.
static KEPT_INDICES: [[u8; LANE_BYTES]; 256] = {
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

/// Appends the text of a string, one escape sequence after another.
///
/// This is for short strings, and for strings with `\u`, which CloudWatch Logs writes for control characters only.
fn append_one_by_one(mut inner: &[u8], out: &mut Vec<u8>) {
    while let Some(start) = memchr(b'\\', inner) {
        out.extend_from_slice(&inner[..start]);
        let escape = Escape::read(&inner[start..]);
        out.extend_from_slice(escape.char.encode_utf8(&mut [0; 4]).as_bytes());
        inner = &inner[start + escape.len..];
    }
    out.extend_from_slice(inner);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::json::blocks::levels;

    /// The text of `inner`, after checking that every level finds the same.
    fn text(inner: &str) -> String {
        let mut out = b"before".to_vec();
        append_unescaped(inner.as_bytes(), &mut out);
        for level in levels() {
            let mut at_level = b"before".to_vec();
            append_at_level(level, inner.as_bytes(), &mut at_level);
            assert_eq!(at_level, out, "{level:?}");
        }
        String::from_utf8(out).unwrap().strip_prefix("before").unwrap().to_owned()
    }

    #[test]
    fn escape_sequences_are_unescaped_anywhere_in_a_block() {
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
        fn every_second_backslash_of_a_run_is_kept(runs in prop::collection::vec((0_usize..70, 0_usize..70), 1..8)) {
            let inner: String = runs.iter().map(|&(letters, pairs)| "a".repeat(letters) + &"\\".repeat(2 * pairs)).collect();
            prop_assert_eq!(text(&inner), inner.replace(r"\\", "\\"));
        }

        #[test]
        fn text_matches_the_parser(inner in r#"(\\["\\/bfnrt]|\\u00[0-9a-f]{2}|[a-z ]{1,20}|あ){0,60}"#) {
            let expected: String = serde_json::from_str(&format!("\"{inner}\"")).unwrap();
            prop_assert_eq!(text(&inner), expected);
        }

        #[test]
        fn two_byte_escapes_match_the_parser(inner in r#"(\\["\\/bfnrt]|[a-z ]{1,20}|あ){0,60}"#) {
            let expected: String = serde_json::from_str(&format!("\"{inner}\"")).unwrap();
            prop_assert_eq!(text(&inner), expected);
        }
    }
}
