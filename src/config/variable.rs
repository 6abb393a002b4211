//! One environment variable, and the values that need more than a name to parse.

use std::path::Path;

use tracing::Level;

use crate::output::partition::PartitionKey;
use crate::transform::VrlProgram;

/// A variable has a value that is not allowed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("environment variable {variable}: expected {expected}, found {found:?}")]
pub struct ConfigError {
    pub(super) variable: &'static str,
    pub(super) expected: &'static str,
    pub(super) found: String,
}

/// A variable and its value, if it is set.
pub(super) struct Variable {
    pub(super) name: &'static str,
    pub(super) value: Option<String>,
}

impl Variable {
    /// The parsed value, or the default if the variable is not set.
    pub(super) fn parse_or<T>(
        self,
        default: T,
        expected: &'static str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, ConfigError> {
        let Some(found) = self.value else { return Ok(default) };
        parse(&found).ok_or(ConfigError { variable: self.name, expected, found })
    }
}

pub(super) fn vrl_program(
    inline: Option<String>,
    file: Option<String>,
    task_root: Option<String>,
) -> Result<Option<VrlProgram>, ConfigError> {
    match (inline, file) {
        (Some(_), Some(found)) => Err(ConfigError {
            variable: "VRL_FILE",
            expected: "nothing beside VRL_PROGRAM: a program is inline or in a file",
            found,
        }),
        (inline, None) => Ok(inline.map(VrlProgram::Inline)),
        (None, Some(file)) => Ok(Some(VrlProgram::File(Path::new(&task_root.unwrap_or_default()).join(file)))),
    }
}

pub(super) fn parse_partition_keys(value: &str) -> Option<Vec<PartitionKey>> {
    let keys: Vec<_> = value.split(',').map(|name| PartitionKey::from_name(name.trim())).collect::<Option<_>>()?;
    let is_repeated = |(index, key)| keys[..index].contains(key);
    (!keys.iter().enumerate().any(is_repeated)).then_some(keys)
}

/// Splits names that CloudWatch Logs allows: 1 to 512 ASCII letters, digits and `_-/.#`.
/// Source: <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html>.
pub(super) fn parse_log_groups(value: &str) -> Option<Vec<String>> {
    let is_name = |name: &&str| {
        (1..=512).contains(&name.len())
            && name.chars().all(|char| char.is_ascii_alphanumeric() || "_-/.#".contains(char))
    };
    value.split(',').map(str::trim).map(|name| Some(name).filter(is_name).map(str::to_owned)).collect()
}

pub(super) fn parse_log_level(value: &str) -> Option<Level> {
    match value.to_ascii_uppercase().as_str() {
        "FATAL" => Some(Level::ERROR),
        name => name.parse().ok().filter(|_| name.bytes().all(|byte| byte.is_ascii_alphabetic())),
    }
}
