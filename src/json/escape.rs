//! One escape sequence of a JSON string.

/// What a sequence stands for. A surrogate pair counts as one sequence.
pub(super) struct Escape {
    pub(super) char: char,
    /// Bytes of the sequence, from its backslash on.
    pub(super) len: usize,
    pub(super) is_half_pair: bool,
}

impl Escape {
    /// Whether `bytes`, which follow a backslash, make a sequence of JSON's with it. Half a surrogate pair does.
    pub(super) fn is_valid(bytes: &[u8]) -> bool {
        match bytes.first() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => true,
            Some(b'u') => bytes.get(1..5).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)),
            _ => false,
        }
    }

    /// What a sequence of two bytes stands for, by its second byte.
    pub(super) fn of_two_bytes(second: u8) -> u8 {
        match second {
            b'b' => 0x08,
            b'f' => 0x0c,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            itself => itself,
        }
    }

    /// Reads the sequence at the start of `bytes`, which is a backslash.
    ///
    /// The parser has accepted the document, so the sequence is whole; were it not, a character would be U+FFFD and
    /// nothing would be read past the end.
    pub(super) fn read(bytes: &[u8]) -> Self {
        let simple = |char| Self { char, len: 2.min(bytes.len()), is_half_pair: false };
        match bytes.get(1) {
            Some(b'b') => simple('\u{8}'),
            Some(b'f') => simple('\u{c}'),
            Some(b'n') => simple('\n'),
            Some(b'r') => simple('\r'),
            Some(b't') => simple('\t'),
            Some(b'u') => Self::read_unicode(bytes),
            Some(&byte @ (b'"' | b'\\' | b'/')) => simple(char::from(byte)),
            _ => Self { char: char::REPLACEMENT_CHARACTER, len: 1, is_half_pair: false },
        }
    }

    fn read_unicode(bytes: &[u8]) -> Self {
        let one = |char, is_half_pair| Self { char, len: 6.min(bytes.len()), is_half_pair };
        let Some(unit) = code_unit(bytes) else {
            return one(char::REPLACEMENT_CHARACTER, false);
        };
        if let Some(char) = char::from_u32(unit) {
            return one(char, false);
        }
        let low = bytes.get(6..).filter(|rest| rest.starts_with(br"\u")).and_then(code_unit);
        match (unit, low) {
            (0xd800..0xdc00, Some(low @ 0xdc00..0xe000)) => {
                let scalar = 0x1_0000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
                let char = char::from_u32(scalar).unwrap_or(char::REPLACEMENT_CHARACTER);
                Self { char, len: 12, is_half_pair: false }
            }
            _ => one(char::REPLACEMENT_CHARACTER, true),
        }
    }
}

/// The four hexadecimal digits of a `\uXXXX`.
fn code_unit(escape: &[u8]) -> Option<u32> {
    let digits = std::str::from_utf8(escape.get(2..6)?).ok()?;
    u32::from_str_radix(digits, 16).ok()
}
