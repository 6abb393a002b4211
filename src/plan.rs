//! The fate of every record.

pub mod budget;
pub mod fate;
pub mod forecast;
pub mod planner;
