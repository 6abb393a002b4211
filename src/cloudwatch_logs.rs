//! The payload: what CloudWatch Logs puts into a record.
//!
//! Everything about the form of a payload belongs here: reading it, cutting it into smaller ones, and building one.
//!
//! - [`decode`]: from base64 to text.
//! - [`message`]: from text to log events.
//! - [`split`]: from one payload to several with fewer log events each.
//! - [`pack`]: the inverse of the first two, for `pack` and for tests.

pub(crate) mod decode;
pub(crate) mod message;
pub(crate) mod pack;
pub(crate) mod split;
