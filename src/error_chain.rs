//! An error with its causes, for every module that reports one.

use std::error::Error;
use std::iter::successors;

/// The error, then its cause, then the cause of that, down to the root.
pub(crate) fn causes<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    successors(Some(error), |error| (*error).source())
}

/// The error and its causes in one line, joined by colons.
pub(crate) fn in_one_line(error: &(dyn Error + 'static)) -> String {
    causes(error).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// The text of the root cause: "no credentials" rather than "dispatch failure".
pub(crate) fn root_cause(error: &(dyn Error + 'static)) -> String {
    causes(error).last().map_or_else(String::new, ToString::to_string)
}
