//! `OUTPUT_FORMAT=json`: one line of JSON for each log event. The Glue table reads this format.
//!
//! | member | type | value |
//! | --- | --- | --- |
//! | `id` | string | unique to the log event |
//! | `timestamp` | number | milliseconds since 1970 |
//! | `owner` | string | account id |
//! | `log_group`, `log_stream` | string | names |
//! | `message` | string | the log line |
//! | `extracted_fields` | object of strings | only if the payload has them |

use std::io::Write;

use super::{Transform, TransformError};
use crate::cloudwatch_logs::message::{DataMessage, LogEvent};
use crate::json::string::append_on_one_line;

/// One JSON object and `\n`: always one line, whatever the message contains.
///
/// Strings are copied as JSON literals from the payload, without unescaping and escaping them.
#[derive(Debug, Clone, Copy)]
pub struct Json;

impl Transform for Json {
    fn append(&self, message: &DataMessage<'_>, event: &LogEvent<'_>, out: &mut Vec<u8>) -> Result<(), TransformError> {
        out.extend_from_slice(br#"{"id":"#);
        event.id.append_literal(out);
        let _ = write!(out, r#","timestamp":{},"owner":"#, event.timestamp);
        message.owner.append_literal(out);
        out.extend_from_slice(br#","log_group":"#);
        message.log_group.append_literal(out);
        out.extend_from_slice(br#","log_stream":"#);
        message.log_stream.append_literal(out);
        out.extend_from_slice(br#","message":"#);
        event.message.append_literal(out);
        if let Some(fields) = event.extracted_fields {
            out.extend_from_slice(br#","extracted_fields":"#);
            append_on_one_line(fields, out);
        }
        out.extend_from_slice(b"}\n");
        Ok(())
    }
}
