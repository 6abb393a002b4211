//! The host.

pub mod commands;
pub mod handler;
pub mod logging;
mod runtime_api;
mod summary;
