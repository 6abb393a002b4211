//! The functions that a program can call: VRL's standard library without those that reach beyond the log event.
//!
//! The list of excluded functions and the reasons belong here. The cargo features chosen for the `vrl` crate exclude
//! most of these functions already. They are also excluded here by name, since any other crate in the same build can
//! enable features.

use vrl::compiler::Function;

/// The functions that a program cannot call.
const EXCLUDED: [&str; 20] = [
    // They reach the network.
    "dns_lookup",
    "http_request",
    "reverse_dns",
    // They read the environment or the host. The last five read files: patterns, suffix lists, descriptors and schemas.
    "get_env_var",
    "get_hostname",
    "get_timezone_name",
    "parse_groks",
    "parse_etld",
    "parse_proto",
    "encode_proto",
    "validate_json_schema",
    // It writes to the function's own log, where log content must not appear.
    "log",
    // They inflate without a limit: a kilobyte of a log event could take a gigabyte of memory.
    "decode_gzip",
    "decode_lz4",
    "decode_snappy",
    "decode_zlib",
    "decode_zstd",
    // They recurse as deep as the text is nested: a log event of brackets or dots would overflow the stack, and end the
    // process with every record of the event. `parse_json`, `parse_yaml` and `parse_cbor` have a limit of their own.
    "parse_ruby_hash",
    "parse_xml",
    "unflatten",
];

/// Every function that a program can call.
pub(super) fn allowed() -> Vec<Box<dyn Function>> {
    let mut functions = vrl::stdlib::all();
    functions.retain(|function| !EXCLUDED.contains(&function.identifier()));
    functions
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A new version of VRL brings new functions. A person reviews each before programs can call it.
    #[test]
    fn programs_can_call_only_reviewed_functions() {
        let mut found: Vec<_> = allowed().iter().map(|function| function.identifier()).collect();
        found.sort_unstable();
        let reviewed: Vec<_> = include_str!("functions.txt").split_whitespace().collect();
        assert_eq!(found, reviewed);
    }
}
