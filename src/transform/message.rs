//! `OUTPUT_FORMAT=message`: the message and a line break, as AWS's blueprint writes it.

use super::{Transform, TransformError};
use crate::cloudwatch_logs::message::{DataMessage, LogEvent};

/// The unchanged message and `\n`. A message with line breaks becomes several lines.
#[derive(Debug, Clone, Copy)]
pub struct Message;

impl Transform for Message {
    fn append(&self, _: &DataMessage<'_>, event: &LogEvent<'_>, out: &mut Vec<u8>) -> Result<(), TransformError> {
        event.message.append_text(out);
        out.push(b'\n');
        Ok(())
    }
}
