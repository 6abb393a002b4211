//! The fast way through JSON whose writer is known: tokens where they are expected, without a space between them.
//!
//! What looks otherwise is no fault: a scan gives up, and the document is left to a JSON parser, which also finds out what
//! is wrong if something is. So a scan takes nothing that the parser would refuse, or read otherwise.

#![expect(clippy::inline_always, reason = "a third of a scan went into handing strings from one function to the next")]

use serde::Deserialize;

use crate::json::string::JsonStr;

/// What is still to be scanned of a document.
pub(crate) struct JsonScanner<'a> {
    rest: &'a str,
}

impl<'a> JsonScanner<'a> {
    /// Begins with a document, unless it has control characters: no string may have one, and between the tokens there is
    /// none if there are no spaces. This is found out for a whole document much faster than for each string.
    pub(crate) fn new(document: &'a str) -> Option<Self> {
        let least = document.as_bytes().iter().fold(u8::MAX, |least, &byte| least.min(byte));
        (least >= b' ').then_some(Self { rest: document })
    }

    /// Goes on from an earlier place in a document.
    pub(crate) fn at(rest: &'a str) -> Self {
        Self { rest }
    }

    /// What is still to be scanned.
    #[inline(always)]
    pub(crate) fn rest(&self) -> &'a str {
        self.rest
    }

    /// Passes over what is known to be there.
    #[inline(always)]
    pub(crate) fn skip(&mut self, expected: &str) -> Option<()> {
        self.rest = self.rest.strip_prefix(expected)?;
        Some(())
    }

    /// Takes `len` bytes.
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

    /// Takes the name of a member, and the colon behind it. An escaped name is none that is known: it is given up.
    pub(crate) fn name(&mut self) -> Option<&'a str> {
        let name = self.string()?.borrowed_text()?;
        self.skip(":")?;
        Some(name)
    }

    /// Takes an object, a list or a string as a JSON parser reads it.
    pub(crate) fn parsed<T: Deserialize<'a>>(&mut self) -> Option<T> {
        let mut values = serde_json::Deserializer::from_str(self.rest).into_iter();
        let value = values.next()?.ok()?;
        self.rest = &self.rest[values.byte_offset()..];
        Some(value)
    }

    /// After a member or an element: whether `end` closes what it is in. If not, another one must follow.
    #[inline(always)]
    pub(crate) fn ends(&mut self, end: &str) -> Option<bool> {
        if self.skip(end).is_some() {
            return Some(true);
        }
        self.skip(",")?;
        Some(false)
    }
}

/// Sets a member. One that comes twice is a fault, and the parser says so.
pub(crate) fn set<T>(member: &mut Option<T>, value: T) -> Option<()> {
    member.replace(value).is_none().then_some(())
}
