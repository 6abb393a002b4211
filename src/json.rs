//! JSON text as it stands in a document: strings that are not unescaped yet, and a scan of documents whose writer is known.

pub(crate) mod scan;
pub(crate) mod string;

mod blocks;
mod escape;
mod unescape;
