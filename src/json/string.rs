//! A JSON string literal, borrowed from its document with its quotes and its escape sequences.
//!
//! Everything that reads or copies a literal belongs here. The `json` output copies the literal of a message unchanged.
//! The `message` output unescapes it once, directly into the output. Neither allocates.
//!
//! # Why is a lone surrogate accepted?
//!
//! `"\ud83d"`, half of a surrogate pair, is valid JSON by the grammar but is not text in any encoding. Strict parsers
//! refuse it. Refusing it here would fail a record of ten thousand good log events because of one character. Instead it
//! becomes U+FFFD, which CloudWatch Logs itself writes for bytes that are not UTF-8.

use std::borrow::Cow;
use std::sync::LazyLock;

use memchr::{memchr, memchr2, memmem};
use serde::{Deserialize, Deserializer, de};
use serde_json::value::RawValue;

use super::blocks::closing_quote;
use super::escape::Escape;
use super::unescape::append_unescaped;

/// A valid JSON string literal, including its quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JsonStr<'a> {
    literal: &'a str,
    has_escapes: bool,
}

impl<'a> JsonStr<'a> {
    /// Returns the literal of a string, or `None` for any other value.
    #[must_use]
    pub fn from_raw(value: &'a RawValue) -> Option<Self> {
        let literal = value.get();
        literal.starts_with('"').then(|| Self { literal, has_escapes: memchr(b'\\', literal.as_bytes()).is_some() })
    }

    /// Wraps a literal that is known to have no escape sequences.
    pub(crate) fn without_escapes(literal: &'a str) -> Self {
        Self { literal, has_escapes: false }
    }

    /// The literal at the start of `json`. `None` if there is none, or if it is not valid.
    ///
    /// The caller must make sure that `json` has no control characters, which JSON requires to be escaped. One check of
    /// a whole document is much faster than a check of each string.
    #[must_use]
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "see `scan`")]
    pub(crate) fn at_start_of(json: &'a str) -> Option<Self> {
        let bytes = json.as_bytes().strip_prefix(b"\"")?;
        let first = memchr2(b'"', b'\\', bytes)?;
        let has_escapes = bytes[first] == b'\\';
        let closing = if has_escapes { first + closing_quote(&bytes[first..])? } else { first };
        Some(Self { literal: &json[..closing + 2], has_escapes })
    }

    /// The text, if the literal has no escape sequences.
    #[must_use]
    pub fn borrowed_text(self) -> Option<&'a str> {
        (!self.has_escapes).then(|| self.inner())
    }

    /// The unescaped text, borrowed if the literal has no escape sequences.
    #[must_use]
    pub fn text(self) -> Cow<'a, str> {
        if !self.has_escapes {
            return Cow::Borrowed(self.inner());
        }
        let mut text = Vec::new();
        self.append_text(&mut text);
        // Unescaping keeps UTF-8 valid, so the string takes over the buffer without a copy.
        Cow::Owned(
            String::from_utf8(text).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()),
        )
    }

    /// The literal as it is in its document. Equal literals have equal text.
    #[must_use]
    pub fn literal(self) -> &'a str {
        self.literal
    }

    /// Appends the unescaped text as UTF-8.
    pub fn append_text(self, out: &mut Vec<u8>) {
        if self.has_escapes {
            append_unescaped(self.inner().as_bytes(), out);
        } else {
            out.extend_from_slice(self.inner().as_bytes());
        }
    }

    /// Appends the literal unchanged, including its quotes, except that lone surrogates become `\ufffd`.
    pub fn append_literal(self, out: &mut Vec<u8>) {
        if self.has_escapes {
            append_without_lone_surrogates(self.literal, out);
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
/// A parser has accepted the value, so its line breaks are between tokens, never inside a string. Leaving them out does
/// not change the value.
pub(crate) fn append_on_one_line(value: &RawValue, out: &mut Vec<u8>) {
    let start = out.len();
    append_without_lone_surrogates(value.get(), out);
    if memchr::memchr2(b'\n', b'\r', &out[start..]).is_some() {
        let one_line: Vec<u8> = out.drain(start..).filter(|byte| !matches!(byte, b'\n' | b'\r')).collect();
        out.extend_from_slice(&one_line);
    }
}

static UNICODE_ESCAPE: LazyLock<memmem::Finder> = LazyLock::new(|| memmem::Finder::new(br"\u"));

fn append_without_lone_surrogates(json: &str, out: &mut Vec<u8>) {
    if UNICODE_ESCAPE.find(json.as_bytes()).is_none() {
        out.extend_from_slice(json.as_bytes());
        return;
    }
    let mut rest = json;
    while let Some(start) = memchr(b'\\', rest.as_bytes()) {
        let escape = Escape::read(&rest.as_bytes()[start..]);
        let end = start + escape.len;
        if escape.is_lone_surrogate {
            out.extend_from_slice(&rest.as_bytes()[..start]);
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

    fn copied_literal(literal: &str) -> String {
        let mut out = Vec::new();
        parse(literal).append_literal(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn lone_surrogate_becomes_one_replacement_character() {
        assert_eq!(parse(r#""a\ud83db""#).text(), "a\u{fffd}b");
        assert_eq!(parse(r#""a\ude00""#).text(), "a\u{fffd}");
        assert_eq!(parse(r#""\ud83d\n\u0041""#).text(), "\u{fffd}\nA");
        assert_eq!(copied_literal(r#""a\ud83db \\ud83d \ud83d\ude00""#), r#""a\ufffdb \\ud83d \ud83d\ude00""#);
    }

    #[test]
    fn text_without_escapes_is_borrowed() {
        assert!(matches!(parse(r#""ログ""#).text(), Cow::Borrowed("ログ")));
    }

    #[test]
    fn values_that_are_not_strings_are_refused() {
        for not_a_string in ["1", "null", "{}", "[\"a\"]", "true"] {
            assert!(serde_json::from_str::<JsonStr>(not_a_string).is_err(), "{not_a_string}");
        }
    }

    #[test]
    fn pretty_printed_value_is_written_on_one_line() {
        let value: &RawValue = serde_json::from_str("{\r\n  \"a b\": \"c\\nd\"\n}").unwrap();
        let mut out = b"before\n".to_vec();
        append_on_one_line(value, &mut out);
        assert_eq!(out, b"before\n{  \"a b\": \"c\\nd\"}");
    }

    proptest! {
        #[test]
        fn every_string_survives_escaping(text in any::<String>(), ascii_only in any::<bool>()) {
            let mut literal = serde_json::to_string(&text).unwrap();
            if ascii_only {
                literal = escape_non_ascii(&literal);
            }
            prop_assert_eq!(parse(&literal).text(), text.as_str());
            prop_assert_eq!(copied_literal(&literal), literal);
        }

        #[test]
        fn accepted_literal_and_its_copy_have_the_same_text(body in r#"(\\u[0-9a-fD]{4}|\\["\\/bfnrt]|[a-z あ])*"#) {
            let literal = format!("\"{body}\"");
            if let Ok(string) = serde_json::from_str::<JsonStr>(&literal) {
                let text = string.text().into_owned();
                let copied: String = serde_json::from_str(&copied_literal(&literal)).unwrap();
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
