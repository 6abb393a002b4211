//! What the function promises, tested from outside: through the public handler and through the built binary.

// The exemption in clippy.toml covers test functions, but not the helpers that they call.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod architecture;
mod cli;
mod fate_table;
mod field_defects;
mod fixtures;
mod frames;
mod invariants;
mod output;
mod own_transform;
mod process;
mod reingestion;
mod support;
#[cfg(feature = "vrl")]
mod vrl;
#[cfg(feature = "vrl")]
mod vrl_examples;
