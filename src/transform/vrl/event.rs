//! The log event as a program sees it, built anew for each with what the last one left.

use std::collections::BTreeMap;

use vrl::value::kind::Collection;
use vrl::value::{Kind, ObjectMap, Value};

use crate::cloudwatch_logs::message::{DataMessage, LogEvent};
use crate::json::string::{JsonStr, append_on_one_line};

/// The types of the fields, which the compiler goes by.
pub(super) fn kind() -> Kind {
    let field = |name: &str, kind| (name.into(), kind);
    Kind::object(Collection::from(BTreeMap::from([
        field("id", Kind::bytes()),
        field("timestamp", Kind::integer()),
        field("owner", Kind::bytes()),
        field("log_group", Kind::bytes()),
        field("log_stream", Kind::bytes()),
        field("message", Kind::bytes()),
        // An object of strings by AWS's documentation, which nothing here makes sure of.
        field("extracted_fields", Kind::json().or_undefined()),
    ])))
}

/// The input of one run, and what is the same in the next.
pub(super) struct InputEvent {
    /// After a run: what the program has left in `.`.
    value: Value,
    /// The object that was in `.` before the program put something else there.
    replaced: Option<ObjectMap>,
    owner: Shared,
    log_group: Shared,
    log_stream: Shared,
}

/// A text that is the same for all log events of a record: VRL shares it rather than copies it.
#[derive(Default)]
struct Shared {
    literal: String,
    value: Option<Value>,
}

const FIELDS: [&str; 6] = ["id", "timestamp", "owner", "log_group", "log_stream", "message"];

impl InputEvent {
    /// The object of this log event, in which nothing of the last one is, and where to put it when it is replaced.
    pub(super) fn fill(
        &mut self,
        message: &DataMessage<'_>,
        event: &LogEvent<'_>,
    ) -> (&mut Value, &mut Option<ObjectMap>) {
        let left = std::mem::replace(&mut self.value, Value::Null);
        let mut object = match (self.replaced.take(), left) {
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
        set("owner", self.owner.of(message.owner));
        set("log_group", self.log_group.of(message.log_group));
        set("log_stream", self.log_stream.of(message.log_stream));
        set("message", text(event.message));
        if let Some(fields) = event.extracted_fields {
            let mut json = Vec::new();
            append_on_one_line(fields, &mut json);
            // What even so cannot be read, a number of a thousand digits for one, stays text.
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
            owner: Shared::default(),
            log_group: Shared::default(),
            log_stream: Shared::default(),
        }
    }
}

impl Shared {
    fn of(&mut self, string: JsonStr<'_>) -> Value {
        if self.literal != string.literal() {
            *self = Self { literal: string.literal().to_owned(), value: None };
        }
        self.value.get_or_insert_with(|| text(string)).clone()
    }
}

fn text(string: JsonStr<'_>) -> Value {
    Value::from(string.text().into_owned())
}
