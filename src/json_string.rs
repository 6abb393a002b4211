//! A JSON string as it stands in its document: quotes, escapes and all, borrowed and not yet unescaped.
//!
//! The `json` output copies a message's literal as it is, the `message` output unescapes it once, straight into the
//! output. Neither allocates.
//!
//! # What of half a surrogate pair?
//!
//! `"\ud83d"` is JSON by the grammar, and no text in any encoding. Strict parsers refuse it, and refusing here would
//! fail a record of ten thousand good log events for one character. It becomes U+FFFD, as CloudWatch Logs itself writes
//! for what is not UTF-8.

use std::borrow::Cow;

use memchr::{memchr, memmem};
use serde::{Deserialize, Deserializer, de};
use serde_json::value::RawValue;

/// A JSON string literal, quotes included, that a JSON parser has accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JsonStr<'a>(&'a str);

impl<'a> JsonStr<'a> {
    /// The value, if it is a string.
    #[must_use]
    pub fn from_raw(value: &'a RawValue) -> Option<Self> {
        value.get().starts_with('"').then_some(Self(value.get()))
    }

    /// The text, borrowed where nothing is escaped.
    #[must_use]
    pub fn text(self) -> Cow<'a, str> {
        let inner = self.inner();
        if memchr(b'\\', inner.as_bytes()).is_none() {
            return Cow::Borrowed(inner);
        }
        let mut text = Vec::with_capacity(inner.len());
        self.append_text(&mut text);
        // What was UTF-8 before is UTF-8 after: the text is taken over, and not copied.
        Cow::Owned(
            String::from_utf8(text).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()),
        )
    }

    /// The literal as it stands in its document: two that are the same have the same text.
    #[must_use]
    pub fn literal(self) -> &'a str {
        self.0
    }

    /// Appends the text, unescaped, as UTF-8.
    pub fn append_text(self, out: &mut Vec<u8>) {
        let mut rest = self.inner();
        while let Some(at) = memchr(b'\\', rest.as_bytes()) {
            out.extend_from_slice(&rest.as_bytes()[..at]);
            let escape = Escape::read(&rest.as_bytes()[at..]);
            out.extend_from_slice(escape.char.encode_utf8(&mut [0; 4]).as_bytes());
            rest = &rest[at + escape.len..];
        }
        out.extend_from_slice(rest.as_bytes());
    }

    /// Appends the literal as it stands, quotes included; only half surrogate pairs become `\ufffd`.
    pub fn append_literal(self, out: &mut Vec<u8>) {
        append_without_half_pairs(self.0, out);
    }

    fn inner(self) -> &'a str {
        &self.0[1..self.0.len() - 1]
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for JsonStr<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&'de RawValue>::deserialize(deserializer)?;
        Self::from_raw(raw).ok_or_else(|| de::Error::custom("expected a string"))
    }
}

/// Appends any JSON value on one line.
///
/// A line break can only stand between the tokens of a value that a parser has accepted, never inside a string, so it
/// is left out without changing what the value says.
pub fn append_on_one_line(value: &RawValue, out: &mut Vec<u8>) {
    let start = out.len();
    append_without_half_pairs(value.get(), out);
    if memchr::memchr2(b'\n', b'\r', &out[start..]).is_some() {
        let one_line: Vec<u8> = out.drain(start..).filter(|byte| !matches!(byte, b'\n' | b'\r')).collect();
        out.extend_from_slice(&one_line);
    }
}

fn append_without_half_pairs(json: &str, out: &mut Vec<u8>) {
    if memmem::find(json.as_bytes(), br"\u").is_none() {
        out.extend_from_slice(json.as_bytes());
        return;
    }
    let mut rest = json;
    while let Some(at) = memchr(b'\\', rest.as_bytes()) {
        let escape = Escape::read(&rest.as_bytes()[at..]);
        let end = at + escape.len;
        if escape.is_half_pair {
            out.extend_from_slice(&rest.as_bytes()[..at]);
            out.extend_from_slice(br"\ufffd");
        } else {
            out.extend_from_slice(&rest.as_bytes()[..end]);
        }
        rest = &rest[end..];
    }
    out.extend_from_slice(rest.as_bytes());
}

/// One escape sequence, a surrogate pair counting as one.
struct Escape {
    char: char,
    /// Bytes of the sequence, from its backslash on.
    len: usize,
    is_half_pair: bool,
}

impl Escape {
    /// Reads the sequence at the start of `bytes`, which is a backslash.
    ///
    /// The parser has accepted the document, so the sequence is whole; were it not, a character would be U+FFFD and
    /// nothing would be read past the end.
    fn read(bytes: &[u8]) -> Self {
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(literal: &str) -> JsonStr<'_> {
        serde_json::from_str(literal).unwrap()
    }

    fn literal_of(literal: &str) -> String {
        let mut out = Vec::new();
        parse(literal).append_literal(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn half_a_surrogate_pair_costs_one_character() {
        assert_eq!(parse(r#""a\ud83db""#).text(), "a\u{fffd}b");
        assert_eq!(parse(r#""a\ude00""#).text(), "a\u{fffd}");
        assert_eq!(parse(r#""\ud83d\n\u0041""#).text(), "\u{fffd}\nA");
        assert_eq!(literal_of(r#""a\ud83db \\ud83d \ud83d\ude00""#), r#""a\ufffdb \\ud83d \ud83d\ude00""#);
    }

    #[test]
    fn text_without_escapes_is_borrowed() {
        assert!(matches!(parse(r#""ログ""#).text(), Cow::Borrowed("ログ")));
    }

    #[test]
    fn only_a_string_is_a_json_str() {
        for not_a_string in ["1", "null", "{}", "[\"a\"]", "true"] {
            assert!(serde_json::from_str::<JsonStr>(not_a_string).is_err(), "{not_a_string}");
        }
    }

    #[test]
    fn pretty_printed_value_is_put_on_one_line() {
        let value: &RawValue = serde_json::from_str("{\r\n  \"a b\": \"c\\nd\"\n}").unwrap();
        let mut out = b"before\n".to_vec();
        append_on_one_line(value, &mut out);
        assert_eq!(out, b"before\n{  \"a b\": \"c\\nd\"}");
    }

    proptest! {
        #[test]
        fn every_string_survives_being_escaped(text in any::<String>(), ascii_only in any::<bool>()) {
            let mut literal = serde_json::to_string(&text).unwrap();
            if ascii_only {
                literal = escape_non_ascii(&literal);
            }
            prop_assert_eq!(parse(&literal).text(), text.as_str());
            prop_assert_eq!(literal_of(&literal), literal);
        }

        #[test]
        fn any_accepted_literal_is_unescaped_without_a_panic(body in r#"(\\u[0-9a-fD]{4}|\\["\\/bfnrt]|[a-z あ])*"#) {
            let literal = format!("\"{body}\"");
            if let Ok(string) = serde_json::from_str::<JsonStr>(&literal) {
                let text = string.text().into_owned();
                let copied: String = serde_json::from_str(&literal_of(&literal)).unwrap();
                prop_assert_eq!(copied, text);
            }
        }
    }

    fn escape_non_ascii(literal: &str) -> String {
        let mut escaped = String::new();
        for char in literal.chars() {
            if char.is_ascii() {
                escaped.push(char);
            } else {
                escaped.extend(char.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")));
            }
        }
        escaped
    }
}
