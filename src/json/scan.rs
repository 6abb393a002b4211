//! A fast scanner for JSON whose writer is known: it expects certain tokens in a certain order, without whitespace
//! between them.
//!
//! The steps that several scans share belong here. Each scan itself is in the module that knows the document.
//!
//! A document that looks different is not an error. The scan gives up (`None`), and a JSON parser reads the document
//! instead and reports what is wrong, if anything is. So a scan must never accept what the parser would refuse or read
//! differently.

#![expect(clippy::inline_always, reason = "passing strings between functions took a third of a scan's time")]

use serde::Deserialize;

use crate::json::string::JsonStr;

/// The part of a document that has not been scanned yet.
pub(crate) struct JsonScanner<'a> {
    rest: &'a str,
}

impl<'a> JsonScanner<'a> {
    /// Starts at the beginning of a document. Gives up if the document has control characters.
    ///
    /// No string may contain one, and without whitespace there is none between tokens. One check of the whole document
    /// is much faster than a check of each string.
    pub(crate) fn new(document: &'a str) -> Option<Self> {
        let smallest_byte = document.as_bytes().iter().fold(u8::MAX, |smallest, &byte| smallest.min(byte));
        (smallest_byte >= b' ').then_some(Self { rest: document })
    }

    /// Resumes at an earlier position of a document.
    pub(crate) fn at(rest: &'a str) -> Self {
        Self { rest }
    }

    /// What has not been scanned yet.
    #[inline(always)]
    pub(crate) fn rest(&self) -> &'a str {
        self.rest
    }

    /// Skips `expected`. Gives up if something else comes next.
    #[inline(always)]
    pub(crate) fn skip(&mut self, expected: &str) -> Option<()> {
        self.rest = self.rest.strip_prefix(expected)?;
        Some(())
    }

    /// Takes the next `len` bytes.
    #[inline(always)]
    pub(crate) fn take(&mut self, len: usize) -> Option<&'a str> {
        let (taken, rest) = self.rest.split_at_checked(len)?;
        self.rest = rest;
        Some(taken)
    }

    /// Takes a string.
    #[inline(always)]
    pub(crate) fn string(&mut self) -> Option<JsonStr<'a>> {
        let string = JsonStr::at_start_of(self.rest)?;
        self.rest = &self.rest[string.literal().len()..];
        Some(string)
    }

    /// Takes the name of a member and the colon after it. Gives up if the name has escape sequences,
    /// since no known name has any.
    pub(crate) fn name(&mut self) -> Option<&'a str> {
        let name = self.string()?.borrowed_text()?;
        self.skip(":")?;
        Some(name)
    }

    /// Takes an object, an array or a string, and has the JSON parser read it.
    pub(crate) fn parsed<T: Deserialize<'a>>(&mut self) -> Option<T> {
        let mut values = serde_json::Deserializer::from_str(self.rest).into_iter();
        let value = values.next()?.ok()?;
        self.rest = &self.rest[values.byte_offset()..];
        Some(value)
    }

    /// Skips `end`, or the comma before the next member or element. Returns whether it was `end`.
    #[inline(always)]
    pub(crate) fn ends(&mut self, end: &str) -> Option<bool> {
        if self.skip(end).is_some() {
            return Some(true);
        }
        self.skip(",")?;
        Some(false)
    }
}

/// Sets a member. Gives up on a duplicate, which is an error that the parser reports.
pub(crate) fn set<T>(member: &mut Option<T>, value: T) -> Option<()> {
    member.replace(value).is_none().then_some(())
}
