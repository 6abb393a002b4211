//! Strings in blocks of 64 bytes, with one bit of a mask for each byte: where a string ends, and what it says.
//!
//! A message that is JSON itself has an escape sequence every few bytes. A search from one to the next costs more than
//! what is between them; here a block costs the same however many there are.
//!
//! Source of the arithmetic on masks: Langdale and Lemire, "Parsing Gigabytes of JSON per Second", section 3.1.1,
//! <https://arxiv.org/abs/1902.08318>.

use memchr::memchr;
use wide::u8x16;

use super::escape::Escape;

const BLOCK_BYTES: usize = 64;
const STEP_BYTES: usize = 32;
const WINDOW_BYTES: usize = BLOCK_BYTES + STEP_BYTES;

/// Index of the quote that closes the string whose characters begin where `bytes` does, if there is one and every
/// escape sequence before it is one of JSON's.
#[inline(never)]
pub(super) fn closing_quote(bytes: &[u8]) -> Option<usize> {
    let mut escaped = Escaped::default();
    let mut last = [0; WINDOW_BYTES];
    let mut base = 0;
    while base < bytes.len() {
        let window = window_at(bytes, base, &mut last);
        let backslashes = positions(window, b'\\');
        let quotes = positions(window, b'"');
        let escaped = escaped.in_block(backslashes);
        let closing = quotes & !escaped;
        let before_closing = closing.wrapping_sub(1) & !closing;
        // Most escape sequences are these two, and need no second look.
        let mut others = escaped & before_closing & !(quotes | backslashes);
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

/// Appends the text of a string whose characters are `inner`, unescaped.
pub(super) fn append_unescaped(inner: &[u8], out: &mut Vec<u8>) {
    let (plain, rest) = inner.split_at(memchr(b'\\', inner).unwrap_or(inner.len()));
    out.extend_from_slice(plain);
    // Many a message has its line break at the end, and no other escape sequence.
    if rest.len() <= FEW_BYTES {
        append_one_by_one(rest, out);
    } else {
        append_in_blocks(rest, out);
    }
}

/// Bytes that are not worth a block.
const FEW_BYTES: usize = 16;

fn append_in_blocks(inner: &[u8], out: &mut Vec<u8>) {
    let mut written = out.len();
    // No escape sequence is shorter than what it stands for, and what a step writes too much needs room.
    out.resize(written + inner.len() + WINDOW_BYTES, 0);
    let mut escaped = Escaped::default();
    let mut last = [0; WINDOW_BYTES];
    let mut base = 0;
    while base < inner.len() {
        let starts_escaped = escaped.carry == 1;
        let window = window_at(inner, base, &mut last);
        let backslashes = positions(window, b'\\');
        let escaped = escaped.in_block(backslashes);
        let others = escaped & !(backslashes | positions(window, b'"'));
        let has_unicode = others != 0 && others & positions(window, b'u') != 0;
        let Some(target) = out[written..].first_chunk_mut().filter(|_| !has_unicode) else {
            out.truncate(written);
            append_one_by_one(&inner[base - usize::from(starts_escaped)..], out);
            return;
        };
        written += unescape_block(window, BLOCK_BYTES.min(inner.len() - base), backslashes & !escaped, others, target);
        base += BLOCK_BYTES;
    }
    out.truncate(written);
}

/// Unescapes the first `len` bytes of a block without `\u`, and gives the length of the text. `beginnings` are the bytes
/// that begin an escape sequence, `others` the second bytes that do not stand for themselves.
fn unescape_block(
    window: &[u8; WINDOW_BYTES],
    len: usize,
    mut beginnings: u64,
    others: u64,
    text: &mut [u8; WINDOW_BYTES],
) -> usize {
    let (mut read, mut written) = (0, 0);
    if others & 1 != 0 {
        text[0] = Escape::of_two_bytes(window[0]);
        (read, written) = (1, 1);
    }
    while beginnings != 0 {
        let at = beginnings.trailing_zeros() as usize;
        beginnings &= beginnings - 1;
        written += copy_run(window, read, at, text, written);
        read = at + 1;
        if others >> at & 0b10 != 0 {
            text[written % BLOCK_BYTES] = Escape::of_two_bytes(window[read % BLOCK_BYTES]);
            written += 1;
            read += 1;
        }
    }
    if read < len {
        written += copy_run(window, read, len, text, written);
    }
    written
}

/// Copies the run from `read` to `end`, and maybe some bytes more: the runs are short, and steps of a fixed size are
/// faster than finding out how short. Gives the run's length.
///
/// Nothing is ever out of bounds. That it is taken modulo the block's length is what tells the compiler.
#[inline]
fn copy_run(from: &[u8; WINDOW_BYTES], read: usize, end: usize, to: &mut [u8; WINDOW_BYTES], written: usize) -> usize {
    let mut step = |done| {
        let (read, written) = ((read + done) % BLOCK_BYTES, (written + done) % BLOCK_BYTES);
        to[written..written + STEP_BYTES].copy_from_slice(&from[read..read + STEP_BYTES]);
    };
    let len = end - read;
    step(0);
    if len > STEP_BYTES {
        step(STEP_BYTES);
    }
    len
}

const _: () = assert!(BLOCK_BYTES == 2 * STEP_BYTES, "two steps are a block");

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

/// The block at `base` and a step more, with zeros behind the end.
#[inline]
fn window_at<'b>(bytes: &'b [u8], base: usize, last: &'b mut [u8; WINDOW_BYTES]) -> &'b [u8; WINDOW_BYTES] {
    let rest = &bytes[base..];
    if let Some(window) = rest.first_chunk() {
        return window;
    }
    *last = [0; WINDOW_BYTES];
    last[..rest.len()].copy_from_slice(rest);
    last
}

/// Where `byte` is in the block at the start of a window: the first byte is the lowest bit.
fn positions(window: &[u8; WINDOW_BYTES], byte: u8) -> u64 {
    let (lanes, _) = window.as_chunks::<16>();
    let wanted = u8x16::splat(byte);
    lanes[..BLOCK_BYTES / 16]
        .iter()
        .rev()
        .fold(0, |mask, lane| mask << 16 | u64::from(u8x16::new(*lane).simd_eq(wanted).to_bitmask()))
}

/// Which bytes follow a backslash that begins an escape sequence, from one block to the next.
#[derive(Default)]
struct Escaped {
    /// One if the first byte of the next block does.
    carry: u64,
}

impl Escaped {
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
    fn escape_sequences_may_stand_anywhere_in_a_block() {
        for (first, before) in
            ["", r"\\"].into_iter().flat_map(|first| (0..2 * BLOCK_BYTES).map(move |len| (first, len)))
        {
            for escapes in [r#"\""#, r"\n", r"\\\\\t", r"\u001b\n", r"\ud83d\ude00\/", r#"\b\f\r\"\\"#] {
                for after in [0, 1, STEP_BYTES, BLOCK_BYTES, 3 * BLOCK_BYTES] {
                    let inner = first.to_owned() + &"a".repeat(before) + escapes + &"b".repeat(after) + escapes;
                    let mut out = Vec::new();
                    append_unescaped(inner.as_bytes(), &mut out);
                    let expected: String = serde_json::from_str(&format!("\"{inner}\"")).unwrap();
                    assert_eq!(String::from_utf8(out).unwrap(), expected);
                    let literal = inner.clone() + "\"" + &"c".repeat(after);
                    assert_eq!(closing_quote(literal.as_bytes()), Some(inner.len()));
                }
            }
        }
    }

    proptest! {
        #[test]
        fn string_ends_where_the_grammar_says(bytes in r#"(\\\\|\\"|\\[nu]|\\u[0-9a-fA-F]{4}|\\|[a-z]{1,20}|"|あ){0,60}"#) {
            prop_assert_eq!(closing_quote(bytes.as_bytes()), closing_quote_by_the_grammar(bytes.as_bytes()));
        }

        #[test]
        fn every_second_backslash_of_a_run_is_escaped(runs in prop::collection::vec((0_usize..70, 0_usize..70), 1..8)) {
            let text: String = runs.iter().map(|&(letters, pairs)| "a".repeat(letters) + &"\\".repeat(2 * pairs)).collect();
            let mut out = b"before".to_vec();
            append_unescaped(text.as_bytes(), &mut out);
            prop_assert_eq!(String::from_utf8(out).unwrap(), format!("before{}", text.replace(r"\\", "\\")));
        }
    }
}
