//! The functions that a program can call: VRL's standard library, without what reaches beyond the log event.
//!
//! The cargo features chosen for the crate leave out most of that already. It is left out here once more by name, since
//! any other crate of the same build can switch features on.

use vrl::compiler::Function;

/// What a program cannot call.
const LEFT_OUT: [&str; 20] = [
    // The network.
    "dns_lookup",
    "http_request",
    "reverse_dns",
    // The environment and the host. `parse_groks`, `parse_etld`, the schemas and the descriptors read files.
    "get_env_var",
    "get_hostname",
    "get_timezone_name",
    "parse_groks",
    "parse_etld",
    "parse_proto",
    "encode_proto",
    "validate_json_schema",
    // The function's own log, which log content must not come into.
    "log",
    // What inflates without a limit: a kilobyte of a log event could take a gigabyte of memory.
    "decode_gzip",
    "decode_lz4",
    "decode_snappy",
    "decode_zlib",
    "decode_zstd",
    // What goes as deep as the text that it reads: a log event of brackets or dots would overflow the stack, and end the
    // process with every record of the batch. `parse_json`, `parse_yaml` and `parse_cbor` have a limit of their own.
    "parse_ruby_hash",
    "parse_xml",
    "unflatten",
];

/// Every function that a program can call.
pub(super) fn pure() -> Vec<Box<dyn Function>> {
    let mut functions = vrl::stdlib::all();
    functions.retain(|function| !LEFT_OUT.contains(&function.identifier()));
    functions
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A new version of VRL brings new functions: each is looked at before a program can call it.
    #[test]
    fn programs_can_call_the_functions_that_were_looked_at_and_no_others() {
        let mut found: Vec<_> = pure().iter().map(|function| function.identifier()).collect();
        found.sort_unstable();
        let looked_at: Vec<_> = include_str!("functions.txt").split_whitespace().collect();
        assert_eq!(found, looked_at);
    }
}
