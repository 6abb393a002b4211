//! One escape sequence of a JSON string: whether it is valid, and which character it stands for.
//!
//! All that is known about the syntax of escape sequences belongs here.

/// An escape sequence and its character. A surrogate pair is one sequence.
pub(super) struct Escape {
    pub(super) char: char,
    /// The length of the sequence in bytes, including its backslash.
    pub(super) len: usize,
    pub(super) is_lone_surrogate: bool,
}

impl Escape {
    /// Whether a backslash followed by these bytes is a valid escape sequence. A lone surrogate is valid.
    pub(super) fn is_valid(after_backslash: &[u8]) -> bool {
        match after_backslash.first() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => true,
            Some(b'u') => after_backslash.get(1..5).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)),
            _ => false,
        }
    }

    /// The byte that a sequence of two bytes stands for, given its second byte.
    pub(super) fn unescaped_byte(second: u8) -> u8 {
        match second {
            b'b' => 0x08,
            b'f' => 0x0c,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            itself => itself,
        }
    }

    /// Reads the sequence at the start of `bytes`, where there is a backslash.
    ///
    /// The parser has accepted the document, so the sequence is complete. If it were not, its character would be
    /// U+FFFD, and nothing would be read past the end.
    pub(super) fn read(bytes: &[u8]) -> Self {
        let simple = |char| Self { char, len: 2.min(bytes.len()), is_lone_surrogate: false };
        match bytes.get(1) {
            Some(b'b') => simple('\u{8}'),
            Some(b'f') => simple('\u{c}'),
            Some(b'n') => simple('\n'),
            Some(b'r') => simple('\r'),
            Some(b't') => simple('\t'),
            Some(b'u') => Self::read_unicode(bytes),
            Some(&byte @ (b'"' | b'\\' | b'/')) => simple(char::from(byte)),
            _ => Self { char: char::REPLACEMENT_CHARACTER, len: 1, is_lone_surrogate: false },
        }
    }

    fn read_unicode(bytes: &[u8]) -> Self {
        let single = |char, is_lone_surrogate| Self { char, len: 6.min(bytes.len()), is_lone_surrogate };
        let Some(unit) = code_unit(bytes) else {
            return single(char::REPLACEMENT_CHARACTER, false);
        };
        if let Some(char) = char::from_u32(unit) {
            return single(char, false);
        }
        let low = bytes.get(6..).filter(|rest| rest.starts_with(br"\u")).and_then(code_unit);
        match (unit, low) {
            (0xd800..0xdc00, Some(low @ 0xdc00..0xe000)) => {
                let scalar = 0x1_0000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
                let char = char::from_u32(scalar).unwrap_or(char::REPLACEMENT_CHARACTER);
                Self { char, len: 12, is_lone_surrogate: false }
            }
            _ => single(char::REPLACEMENT_CHARACTER, true),
        }
    }
}

/// The UTF-16 code unit that a `\uXXXX` sequence names with its four hexadecimal digits.
fn code_unit(escape: &[u8]) -> Option<u32> {
    let digits = std::str::from_utf8(escape.get(2..6)?).ok()?;
    u32::from_str_radix(digits, 16).ok()
}
