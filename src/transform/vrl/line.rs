//! Writes what a program leaves in `.` as lines.
//!
//! How each VRL type is written, and what cannot be written, belongs here.

use serde::Serialize;
use vrl::value::Value;

/// The limit on the output of one log event.
///
/// It is sixteen times the largest log event that CloudWatch Logs accepts. Only a program that multiplies its input
/// writes more, and that would use up the function's memory.
const MAX_LOG_EVENT_OUTPUT_BYTES: usize = 16 * 1024 * 1024;

/// Why a value cannot be written.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unwritable {
    /// JSON has no infinite numbers. It has no NaN either, but VRL makes sure that there is none.
    #[error("expected finite numbers in `.`, found an infinite one")]
    Infinite,
    /// The output is longer than the limit.
    #[error("expected at most {MAX_LOG_EVENT_OUTPUT_BYTES} bytes of output for one log event, found more")]
    TooLong,
}

/// Appends a line for each element of an array, nothing for `null`, and one line for anything else.
pub(super) fn append_lines(value: &Value, out: &mut Vec<u8>) -> Result<(), Unwritable> {
    let max_len = out.len().saturating_add(MAX_LOG_EVENT_OUTPUT_BYTES);
    match value {
        Value::Array(elements) => elements.iter().try_for_each(|element| append_line(element, max_len, out)),
        other => append_line(other, max_len, out),
    }
}

fn append_line(value: &Value, max_len: usize, out: &mut Vec<u8>) -> Result<(), Unwritable> {
    match value {
        Value::Null => return Ok(()),
        Value::Bytes(_) | Value::String(_) => {
            out.extend_from_slice(value.to_str_lossy().unwrap_or_default().as_bytes());
        }
        other => append_json(other, max_len, out)?,
    }
    out.push(b'\n');
    if out.len() > max_len { Err(Unwritable::TooLong) } else { Ok(()) }
}

fn append_json(value: &Value, max_len: usize, out: &mut Vec<u8>) -> Result<(), Unwritable> {
    match value {
        Value::Object(object) => {
            out.push(b'{');
            for (index, (name, member)) in object.iter().enumerate() {
                append_comma(index, out);
                append_scalar(name, out);
                out.push(b':');
                append_json(member, max_len, out)?;
            }
            out.push(b'}');
        }
        Value::Array(elements) => {
            out.push(b'[');
            for (index, element) in elements.iter().enumerate() {
                append_comma(index, out);
                append_json(element, max_len, out)?;
            }
            out.push(b']');
        }
        Value::Float(float) if float.is_infinite() => return Err(Unwritable::Infinite),
        scalar => append_scalar(scalar, out),
    }
    if out.len() > max_len { Err(Unwritable::TooLong) } else { Ok(()) }
}

fn append_comma(index: usize, out: &mut Vec<u8>) {
    if index > 0 {
        out.push(b',');
    }
}

fn append_scalar(scalar: &impl Serialize, out: &mut Vec<u8>) {
    // Writing a scalar to memory cannot fail.
    let _ = serde_json::to_writer(out, scalar);
}

#[cfg(test)]
mod tests {
    use vrl::value;

    use super::*;

    fn lines(value: &Value) -> Result<String, Unwritable> {
        let mut out = b"before\n".to_vec();
        append_lines(value, &mut out)?;
        Ok(String::from_utf8(out).unwrap().strip_prefix("before\n").unwrap().to_owned())
    }

    fn float(number: f64) -> Value {
        Value::from_f64_or_zero(number)
    }

    #[test]
    fn each_type_is_written_as_documented() {
        for (value, expected) in [
            (value!({b: {c: [1, null, "\n"]}, a: true}), "{\"a\":true,\"b\":{\"c\":[1,null,\"\\n\"]}}\n"),
            (value!("as it is\nwith its line break"), "as it is\nwith its line break\n"),
            (value!(""), "\n"),
            (value!([{a: 1}, "text", null, [1, "x"], (float(2.5))]), "{\"a\":1}\ntext\n[1,\"x\"]\n2.5\n"),
            (value!([]), ""),
            (value!(null), ""),
            (value!(7), "7\n"),
            (value!(false), "false\n"),
        ] {
            assert_eq!(lines(&value).as_deref(), Ok(expected));
        }
    }

    #[test]
    fn bytes_that_are_not_utf_8_become_the_replacement_character() {
        let bytes = || Value::from(b"a\xffb");
        assert_eq!(lines(&bytes()).as_deref(), Ok("a\u{fffd}b\n"));
        assert_eq!(lines(&Value::Object([("k".into(), bytes())].into())).as_deref(), Ok("{\"k\":\"a\u{fffd}b\"}\n"));
    }

    #[test]
    fn infinite_number_is_refused_at_any_depth() {
        assert_eq!(lines(&float(f64::INFINITY)), Err(Unwritable::Infinite));
        assert_eq!(lines(&value!([{a: [(float(f64::NEG_INFINITY))]}])), Err(Unwritable::Infinite));
    }

    #[test]
    fn output_is_accepted_up_to_the_limit_and_not_one_byte_over() {
        let lines_of = |len| lines(&Value::from("m".repeat(len))).map(|output| output.len());
        assert_eq!(lines_of(MAX_LOG_EVENT_OUTPUT_BYTES - 2), Ok(MAX_LOG_EVENT_OUTPUT_BYTES - 1));
        assert_eq!(lines_of(MAX_LOG_EVENT_OUTPUT_BYTES - 1), Ok(MAX_LOG_EVENT_OUTPUT_BYTES));
        assert_eq!(lines_of(MAX_LOG_EVENT_OUTPUT_BYTES), Err(Unwritable::TooLong));
    }

    #[test]
    fn excessive_output_stops_at_the_limit() {
        let shared = Value::from("m".repeat(1024 * 1024));
        for excessive in
            [Value::Array(vec![shared.clone(); 1_000]), Value::Array(vec![Value::Array(vec![shared; 1_000])])]
        {
            let mut out = Vec::new();
            assert_eq!(append_lines(&excessive, &mut out), Err(Unwritable::TooLong));
            assert!(out.capacity() <= 3 * MAX_LOG_EVENT_OUTPUT_BYTES, "{}", out.capacity());
        }
    }
}
