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
use std::sync::LazyLock;

use memchr::{memchr, memchr2, memmem};
use serde::{Deserialize, Deserializer, de};
use serde_json::value::RawValue;

use super::blocks::closing_quote;
use super::escape::Escape;
use super::unescape::append_unescaped;

/// A JSON string literal, quotes included, that follows the grammar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JsonStr<'a> {
    literal: &'a str,
    has_escapes: bool,
}

impl<'a> JsonStr<'a> {
    /// The value, if it is a string.
    #[must_use]
    pub fn from_raw(value: &'a RawValue) -> Option<Self> {
        let literal = value.get();
        literal.starts_with('"').then(|| Self { literal, has_escapes: memchr(b'\\', literal.as_bytes()).is_some() })
    }

    /// A literal that is known to have no escape sequences.
    pub(crate) fn without_escapes(literal: &'a str) -> Self {
        Self { literal, has_escapes: false }
    }

    /// The string that `json` begins with, if it does and has no control characters, which JSON wants escaped.
    ///
    /// Whether there are any is for the caller to know: it is found out for a whole document much faster.
    #[must_use]
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "see `logs_message::scan`")]
    pub(crate) fn at_start_of(json: &'a str) -> Option<Self> {
        let bytes = json.as_bytes().strip_prefix(b"\"")?;
        let found = memchr2(b'"', b'\\', bytes)?;
        let has_escapes = bytes[found] == b'\\';
        let closing = if has_escapes { found + closing_quote(&bytes[found..])? } else { found };
        Some(Self { literal: &json[..closing + 2], has_escapes })
    }

    /// The text, if nothing is escaped.
    #[must_use]
    pub fn borrowed_text(self) -> Option<&'a str> {
        (!self.has_escapes).then(|| self.inner())
    }

    /// The text, borrowed where nothing is escaped.
    #[must_use]
    pub fn text(self) -> Cow<'a, str> {
        if !self.has_escapes {
            return Cow::Borrowed(self.inner());
        }
        let mut text = Vec::new();
        self.append_text(&mut text);
        // What was UTF-8 before is UTF-8 after: the text is taken over, and not copied.
        Cow::Owned(
            String::from_utf8(text).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()),
        )
    }

    /// The literal as it stands in its document: two that are the same have the same text.
    #[must_use]
    pub fn literal(self) -> &'a str {
        self.literal
    }

    /// Appends the text, unescaped, as UTF-8.
    pub fn append_text(self, out: &mut Vec<u8>) {
        if self.has_escapes {
            append_unescaped(self.inner().as_bytes(), out);
        } else {
            out.extend_from_slice(self.inner().as_bytes());
        }
    }

    /// Appends the literal as it stands, quotes included; only half surrogate pairs become `\ufffd`.
    pub fn append_literal(self, out: &mut Vec<u8>) {
        if self.has_escapes {
            append_without_half_pairs(self.literal, out);
        } else {
            out.extend_from_slice(self.literal.as_bytes());
        }
    }

    fn inner(self) -> &'a str {
        &self.literal[1..self.literal.len() - 1]
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
pub(crate) fn append_on_one_line(value: &RawValue, out: &mut Vec<u8>) {
    let start = out.len();
    append_without_half_pairs(value.get(), out);
    if memchr::memchr2(b'\n', b'\r', &out[start..]).is_some() {
        let one_line: Vec<u8> = out.drain(start..).filter(|byte| !matches!(byte, b'\n' | b'\r')).collect();
        out.extend_from_slice(&one_line);
    }
}

static UNICODE_ESCAPE: LazyLock<memmem::Finder> = LazyLock::new(|| memmem::Finder::new(br"\u"));

fn append_without_half_pairs(json: &str, out: &mut Vec<u8>) {
    if UNICODE_ESCAPE.find(json.as_bytes()).is_none() {
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
