//! The log event as a program sees it.
//!
//! The names, types and values of its fields belong here. Each log event reuses the memory of the previous one.

use std::collections::BTreeMap;

use vrl::value::kind::Collection;
use vrl::value::{Kind, ObjectMap, Value};

use crate::cloudwatch_logs::message::{DataMessage, LogEvent};
use crate::json::string::{JsonStr, append_on_one_line};

/// The types of the fields, for VRL's compiler.
pub(super) fn kind() -> Kind {
    let field = |name: &str, kind| (name.into(), kind);
    Kind::object(Collection::from(BTreeMap::from([
        field("id", Kind::bytes()),
        field("timestamp", Kind::integer()),
        field("owner", Kind::bytes()),
        field("log_group", Kind::bytes()),
        field("log_stream", Kind::bytes()),
        field("message", Kind::bytes()),
        // AWS documents an object of strings, but nothing here checks that.
        field("extracted_fields", Kind::json().or_undefined()),
    ])))
}

/// The input of a run, with memory that the next run reuses.
pub(super) struct InputEvent {
    /// The program's `.`. After a run it is the output.
    value: Value,
    /// The object that was in `.` before the program replaced it as a whole.
    replaced: Option<ObjectMap>,
    owner: SharedText,
    log_group: SharedText,
    log_stream: SharedText,
}

/// A text that all log events of a record have in common. Its clones share one buffer.
#[derive(Default)]
struct SharedText {
    literal: String,
    value: Option<Value>,
}

const FIELDS: [&str; 6] = ["id", "timestamp", "owner", "log_group", "log_stream", "message"];

impl InputEvent {
    /// Builds the object of this log event. Nothing of the previous log event is left in it.
    ///
    /// Returns the object, and the slot that keeps the object if the program replaces it as a whole.
    pub(super) fn fill(
        &mut self,
        message: &DataMessage<'_>,
        event: &LogEvent<'_>,
    ) -> (&mut Value, &mut Option<ObjectMap>) {
        let last = std::mem::replace(&mut self.value, Value::Null);
        let mut object = match (self.replaced.take(), last) {
            (Some(object), _) | (None, Value::Object(object)) => object,
            _ => ObjectMap::new(),
        };
        object.retain(|name, _| FIELDS.contains(&name.as_str()));
        let mut set = |name: &str, value| match object.get_mut(name) {
            Some(slot) => *slot = value,
            None => drop(object.insert(name.into(), value)),
        };
        set("id", text(event.id));
        set("timestamp", Value::Integer(event.timestamp));
        set("owner", self.owner.value(message.owner));
        set("log_group", self.log_group.value(message.log_group));
        set("log_stream", self.log_stream.value(message.log_stream));
        set("message", text(event.message));
        if let Some(fields) = event.extracted_fields {
            let mut json = Vec::new();
            append_on_one_line(fields, &mut json);
            // JSON that still cannot be read, such as a number of a thousand digits, stays text.
            let value = serde_json::from_slice(&json).unwrap_or_else(|_| Value::from(fields.get()));
            set("extracted_fields", value);
        }
        self.value = Value::Object(object);
        (&mut self.value, &mut self.replaced)
    }
}

impl Default for InputEvent {
    fn default() -> Self {
        Self {
            value: Value::Null,
            replaced: None,
            owner: SharedText::default(),
            log_group: SharedText::default(),
            log_stream: SharedText::default(),
        }
    }
}

impl SharedText {
    /// Returns the value of `string`. A new one is built only if `string` differs from the last one.
    fn value(&mut self, string: JsonStr<'_>) -> Value {
        if self.literal != string.literal() {
            *self = Self { literal: string.literal().to_owned(), value: None };
        }
        self.value.get_or_insert_with(|| text(string)).clone()
    }
}

fn text(string: JsonStr<'_>) -> Value {
    Value::from(string.text().into_owned())
}
