//! Finds the closing quote and the escape sequences of a JSON string in blocks of 64 bytes, with one mask bit per byte.
//!
//! The arithmetic on these masks belongs here; [`unescape`](super::unescape) uses it too.
//!
//! A message that is JSON itself has an escape sequence every few bytes. Searching from one sequence to the next costs
//! more than the bytes between them. A block costs the same however many sequences it has.
//!
//! Source of the arithmetic: Langdale and Lemire, "Parsing Gigabytes of JSON per Second", section 3.1.1,
//! <https://arxiv.org/abs/1902.08318>.

#![expect(clippy::inline_always, reason = "only code inlined into `dispatch!` uses the level's instructions")]

use fearless_simd::{Level, Simd, dispatch, prelude::*, u8x64};

use super::escape::Escape;

pub(super) const BLOCK_BYTES: usize = 64;

/// 64 bytes of a string. If the string ends within the block, zeros follow its last byte.
pub(super) type Block = [u8; BLOCK_BYTES];

/// Returns the index of the quote that closes a string, where `bytes` starts with the string's first character.
///
/// `None` if no quote closes the string, or if an escape sequence before the quote is not valid JSON.
pub(super) fn closing_quote(bytes: &[u8]) -> Option<usize> {
    closing_quote_at_level(Level::new(), bytes)
}

fn closing_quote_at_level(level: Level, bytes: &[u8]) -> Option<usize> {
    dispatch!(level, simd => closing_quote_in_blocks(simd, bytes))
}

#[inline(always)]
fn closing_quote_in_blocks<S: Simd>(simd: S, bytes: &[u8]) -> Option<usize> {
    let mut escape_state = EscapeState::default();
    let mut padded = [0; BLOCK_BYTES];
    let mut base = 0;
    while base < bytes.len() {
        let masks = Masks::new(simd, block_at(bytes, base, &mut padded), &mut escape_state);
        let closing = masks.quotes & !masks.escaped;
        let before_closing = closing.wrapping_sub(1) & !closing;
        let mut unchecked = masks.uncommon_escapes() & before_closing;
        while unchecked != 0 {
            let index = base + unchecked.trailing_zeros() as usize;
            if !Escape::is_valid(&bytes[index..]) {
                return None;
            }
            unchecked &= unchecked - 1;
        }
        if closing != 0 {
            return Some(base + closing.trailing_zeros() as usize);
        }
        base += BLOCK_BYTES;
    }
    None
}

/// Masks of a block. The lowest bit stands for the first byte.
pub(super) struct Masks {
    pub(super) backslashes: u64,
    quotes: u64,
    /// The second bytes of escape sequences: those that follow a backslash which is not escaped itself.
    pub(super) escaped: u64,
}

impl Masks {
    /// Computes the masks of the block that follows the ones `escape_state` has seen.
    #[inline(always)]
    pub(super) fn new<S: Simd>(simd: S, block: &Block, escape_state: &mut EscapeState) -> Self {
        let backslashes = positions(simd, block, b'\\');
        let escaped = escape_state.escaped_in_next_block(backslashes);
        Self { backslashes, quotes: positions(simd, block, b'"'), escaped }
    }

    /// The second bytes of all escape sequences except `\"` and `\\`.
    ///
    /// Most sequences are these two. They need no further check, since they are valid and stand for their second byte.
    #[inline(always)]
    pub(super) fn uncommon_escapes(&self) -> u64 {
        self.escaped & !(self.quotes | self.backslashes)
    }
}

/// Mask of the positions at which the block has `byte`.
#[inline(always)]
pub(super) fn positions<S: Simd>(simd: S, block: &Block, byte: u8) -> u64 {
    u8x64::load_array_ref(simd, block).simd_eq(u8x64::splat(simd, byte)).to_bitmask()
}

/// The block at `base`. If the string ends within the block, this is a copy in `padded`.
#[inline(always)]
pub(super) fn block_at<'b>(bytes: &'b [u8], base: usize, padded: &'b mut Block) -> &'b Block {
    let rest = &bytes[base..];
    if let Some(block) = rest.first_chunk() {
        return block;
    }
    *padded = [0; BLOCK_BYTES];
    padded[..rest.len()].copy_from_slice(rest);
    padded
}

/// What one block passes to the next: an escape sequence may begin at the end of a block.
#[derive(Default)]
pub(super) struct EscapeState {
    /// 1 if the first byte of the next block is escaped, 0 otherwise.
    carry: u64,
}

impl EscapeState {
    /// Whether the first byte of the next block is escaped.
    #[inline(always)]
    pub(super) fn next_byte_is_escaped(&self) -> bool {
        self.carry == 1
    }

    /// Mask of the escaped bytes of the next block, which has these backslashes.
    #[inline(always)]
    fn escaped_in_next_block(&mut self, backslashes: u64) -> u64 {
        const ODD_BITS: u64 = 0xaaaa_aaaa_aaaa_aaaa;
        if backslashes == 0 {
            return std::mem::take(&mut self.carry);
        }
        // In a run of backslashes, every other one begins a sequence. Which ones do depends on whether the run starts
        // at an even or an odd bit. The carry of the subtraction runs through to the end of the run and tells these
        // cases apart.
        let possible_starts = backslashes & !self.carry;
        let starts_and_ends = (((possible_starts << 1) | ODD_BITS).wrapping_sub(possible_starts)) ^ ODD_BITS;
        let escaped = starts_and_ends ^ (backslashes | self.carry);
        self.carry = (starts_and_ends & backslashes) >> 63;
        escaped
    }
}

/// Every level of vector instructions that this machine supports.
#[cfg(test)]
pub(super) fn levels() -> Vec<Level> {
    let best = Level::new();
    #[cfg(target_arch = "x86_64")]
    let lower = [best.as_avx2().map(Level::Avx2), best.as_sse4_2().map(Level::Sse4_2), best.as_sse2().map(Level::Sse2)];
    #[cfg(not(target_arch = "x86_64"))]
    let lower = [];
    lower.into_iter().flatten().chain([best]).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Follows the grammar, one byte after another.
    fn closing_quote_byte_by_byte(bytes: &[u8]) -> Option<usize> {
        let mut index = 0;
        loop {
            match bytes.get(index)? {
                b'"' => return Some(index),
                b'\\' if Escape::is_valid(&bytes[index + 1..]) => index += Escape::read(&bytes[index..]).len.min(6),
                b'\\' => return None,
                _ => index += 1,
            }
        }
    }

    #[test]
    fn closing_quote_is_found_anywhere_in_a_block() {
        for (level, before) in levels().into_iter().flat_map(|level| (0..2 * BLOCK_BYTES).map(move |len| (level, len)))
        {
            for escapes in [r#"\""#, r"\n", r"\\\\\t", r"\u001b\n", r"\ud83d\ude00\/", r#"\b\f\r\"\\"#] {
                let string = "a".repeat(before) + escapes;
                for after in ["", "c", &"c".repeat(3 * BLOCK_BYTES)] {
                    let bytes = format!("{string}\"{after}");
                    assert_eq!(closing_quote_at_level(level, bytes.as_bytes()), Some(string.len()), "{level:?}");
                }
            }
        }
    }

    proptest! {
        #[test]
        fn closing_quote_matches_the_grammar(bytes in r#"(\\\\|\\"|\\[nu]|\\u[0-9a-fA-F]{4}|\\|[a-z]{1,20}|"|あ){0,60}"#) {
            let expected = closing_quote_byte_by_byte(bytes.as_bytes());
            prop_assert_eq!(closing_quote(bytes.as_bytes()), expected);
            for level in levels() {
                prop_assert_eq!(closing_quote_at_level(level, bytes.as_bytes()), expected, "{:?}", level);
            }
        }
    }
}
