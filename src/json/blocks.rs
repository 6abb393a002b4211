//! Strings in blocks of 64 bytes, with one bit of a mask for each byte: where a string ends, and where its escape
//! sequences are.
//!
//! A message that is JSON itself has an escape sequence every few bytes. A search from one to the next costs more than
//! what is between them; here a block costs the same however many there are.
//!
//! Source of the arithmetic on masks: Langdale and Lemire, "Parsing Gigabytes of JSON per Second", section 3.1.1,
//! <https://arxiv.org/abs/1902.08318>.

#![expect(clippy::inline_always, reason = "what is not inlined into `dispatch!` has none of the level's instructions")]

use fearless_simd::{Level, Simd, dispatch, prelude::*, u8x64};

use super::escape::Escape;

pub(super) const BLOCK_BYTES: usize = 64;

/// 64 bytes of a string, with zeros behind its end.
pub(super) type Block = [u8; BLOCK_BYTES];

/// Index of the quote that closes the string whose characters begin where `bytes` does, if there is one and every
/// escape sequence before it is one of JSON's.
pub(super) fn closing_quote(bytes: &[u8]) -> Option<usize> {
    closing_quote_at(Level::new(), bytes)
}

fn closing_quote_at(level: Level, bytes: &[u8]) -> Option<usize> {
    dispatch!(level, simd => closing_quote_in_blocks(simd, bytes))
}

#[inline(always)]
fn closing_quote_in_blocks<S: Simd>(simd: S, bytes: &[u8]) -> Option<usize> {
    let mut escaped = Escaped::default();
    let mut last = [0; BLOCK_BYTES];
    let mut base = 0;
    while base < bytes.len() {
        let masks = Masks::of(simd, block_at(bytes, base, &mut last), &mut escaped);
        let closing = masks.quotes & !masks.escaped;
        let before_closing = closing.wrapping_sub(1) & !closing;
        let mut others = masks.others() & before_closing;
        while others != 0 {
            let at = base + others.trailing_zeros() as usize;
            if !Escape::is_valid(&bytes[at..]) {
                return None;
            }
            others &= others - 1;
        }
        if closing != 0 {
            return Some(base + closing.trailing_zeros() as usize);
        }
        base += BLOCK_BYTES;
    }
    None
}

/// What is where in a block: the first byte is the lowest bit.
pub(super) struct Masks {
    pub(super) backslashes: u64,
    quotes: u64,
    /// The bytes that follow a backslash that begins an escape sequence.
    pub(super) escaped: u64,
}

impl Masks {
    /// Of the block that follows the ones which `escaped` has seen.
    #[inline(always)]
    pub(super) fn of<S: Simd>(simd: S, block: &Block, escaped: &mut Escaped) -> Self {
        let backslashes = positions(simd, block, b'\\');
        Self { backslashes, quotes: positions(simd, block, b'"'), escaped: escaped.in_block(backslashes) }
    }

    /// The second bytes of escape sequences but for `\"` and `\\`: most are these two, and need no second look.
    #[inline(always)]
    pub(super) fn others(&self) -> u64 {
        self.escaped & !(self.quotes | self.backslashes)
    }
}

/// Where `byte` is in the block.
#[inline(always)]
pub(super) fn positions<S: Simd>(simd: S, block: &Block, byte: u8) -> u64 {
    u8x64::load_array_ref(simd, block).simd_eq(u8x64::splat(simd, byte)).to_bitmask()
}

/// The block at `base`, which is `last` if the string ends in it.
#[inline(always)]
pub(super) fn block_at<'b>(bytes: &'b [u8], base: usize, last: &'b mut Block) -> &'b Block {
    let rest = &bytes[base..];
    if let Some(block) = rest.first_chunk() {
        return block;
    }
    *last = [0; BLOCK_BYTES];
    last[..rest.len()].copy_from_slice(rest);
    last
}

/// Which bytes follow a backslash that begins an escape sequence, from one block to the next.
#[derive(Default)]
pub(super) struct Escaped {
    /// One if the first byte of the next block does.
    carry: u64,
}

impl Escaped {
    /// Whether the first byte of the next block does.
    #[inline(always)]
    pub(super) fn is_next(&self) -> bool {
        self.carry == 1
    }

    #[inline(always)]
    fn in_block(&mut self, backslashes: u64) -> u64 {
        const ODD_BITS: u64 = 0xaaaa_aaaa_aaaa_aaaa;
        if backslashes == 0 {
            return std::mem::take(&mut self.carry);
        }
        // In a run of backslashes every other one begins a sequence: which ones depends on where the run begins, and the
        // subtraction carries through the run to tell.
        let beginning = backslashes & !self.carry;
        let escape_or_end = (((beginning << 1) | ODD_BITS).wrapping_sub(beginning)) ^ ODD_BITS;
        let escaped = escape_or_end ^ (backslashes | self.carry);
        self.carry = (escape_or_end & backslashes) >> 63;
        escaped
    }
}

/// The levels of vector instructions that this machine has.
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

    /// One byte after the other, as the grammar has it.
    fn closing_quote_by_the_grammar(bytes: &[u8]) -> Option<usize> {
        let mut at = 0;
        loop {
            match bytes.get(at)? {
                b'"' => return Some(at),
                b'\\' if Escape::is_valid(&bytes[at + 1..]) => at += Escape::read(&bytes[at..]).len.min(6),
                b'\\' => return None,
                _ => at += 1,
            }
        }
    }

    #[test]
    fn string_may_end_anywhere_in_a_block() {
        for (level, before) in levels().into_iter().flat_map(|level| (0..2 * BLOCK_BYTES).map(move |len| (level, len)))
        {
            for escapes in [r#"\""#, r"\n", r"\\\\\t", r"\u001b\n", r"\ud83d\ude00\/", r#"\b\f\r\"\\"#] {
                let string = "a".repeat(before) + escapes;
                for after in ["", "c", &"c".repeat(3 * BLOCK_BYTES)] {
                    let bytes = format!("{string}\"{after}");
                    assert_eq!(closing_quote_at(level, bytes.as_bytes()), Some(string.len()), "{level:?}");
                }
            }
        }
    }

    proptest! {
        #[test]
        fn string_ends_where_the_grammar_says(bytes in r#"(\\\\|\\"|\\[nu]|\\u[0-9a-fA-F]{4}|\\|[a-z]{1,20}|"|あ){0,60}"#) {
            let expected = closing_quote_by_the_grammar(bytes.as_bytes());
            prop_assert_eq!(closing_quote(bytes.as_bytes()), expected);
            for level in levels() {
                prop_assert_eq!(closing_quote_at(level, bytes.as_bytes()), expected, "{:?}", level);
            }
        }
    }
}
