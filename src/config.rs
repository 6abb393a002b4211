//! Settings from environment variables, read once at start. An empty variable counts as unset.
//!
//! This module turns variables into the option types that the other modules own. Only this module reads them. A new setting
//! belongs here, in its owner's options, and in the README's table.

mod settings;
mod variable;

use tracing::Level;

use crate::firehose::reingest::ReingestOptions;
use crate::output::partition::PartitionKey;
use crate::output::{Compression, Framing, OutputOptions};
use crate::plan::PlanOptions;
use crate::transform::{OutputFormat, TransformOptions, VrlOnError};

pub use self::variable::ConfigError;
use self::variable::{Variable, parse_log_groups, parse_log_level, parse_partition_keys, vrl_program};

/// All settings, by their owners.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Which transform to build.
    pub transform: TransformOptions,
    /// The form of a record's output.
    pub output: OutputOptions,
    /// Limits, and log groups to ignore.
    pub plan: PlanOptions,
    /// How often re-ingestion is attempted.
    pub reingest: ReingestOptions,
    /// `AWS_LAMBDA_LOG_LEVEL`, which Lambda sets from the function's logging configuration.
    pub log_level: Level,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            transform: TransformOptions::default(),
            output: OutputOptions::default(),
            plan: PlanOptions::default(),
            reingest: ReingestOptions::default(),
            log_level: Level::INFO,
        }
    }
}

impl Config {
    /// Reads the environment of the process.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::read(|name| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned()))
    }

    /// Reads the variables that `lookup` returns.
    pub fn read(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let variable = |name| Variable { name, value: lookup(name).filter(|value| !value.is_empty()) };
        Ok(Self {
            transform: transform_options(&variable)?,
            output: output_options(&variable)?,
            plan: plan_options(&variable)?,
            reingest: ReingestOptions {
                max_attempts: variable("REINGEST_MAX_ATTEMPTS").parse_or(
                    ReingestOptions::default().max_attempts,
                    "a number from 1 to 100",
                    |value| value.parse().ok().filter(|attempts| (1..=100).contains(attempts)),
                )?,
            },
            log_level: variable("AWS_LAMBDA_LOG_LEVEL").parse_or(
                Level::INFO,
                "TRACE, DEBUG, INFO, WARN, ERROR or FATAL",
                parse_log_level,
            )?,
        })
    }
}

fn transform_options(variable: &impl Fn(&'static str) -> Variable) -> Result<TransformOptions, ConfigError> {
    let default = TransformOptions::default();
    Ok(TransformOptions {
        format: variable("OUTPUT_FORMAT").parse_or(default.format, "message or json", OutputFormat::from_name)?,
        program: vrl_program(
            variable("VRL_PROGRAM").value,
            variable("VRL_FILE").value,
            variable("LAMBDA_TASK_ROOT").value,
        )?,
        on_error: variable("VRL_ON_ERROR").parse_or(default.on_error, "fail, drop or keep", VrlOnError::from_name)?,
    })
}

fn output_options(variable: &impl Fn(&'static str) -> Variable) -> Result<OutputOptions, ConfigError> {
    let default = OutputOptions::default();
    let partition_keys = variable("PARTITION_KEYS").parse_or(
        default.partition_keys,
        "owner, log_group, log_stream, year, month, day and hour, each at most once, separated by commas",
        parse_partition_keys,
    )?;
    let name = variable("OUTPUT_COMPRESSION").parse_or("none", "none, gzip or zstd", |value| {
        ["none", "gzip", "zstd"].into_iter().find(|name| *name == value)
    })?;
    let level = |default, highest, expected| {
        variable("OUTPUT_COMPRESSION_LEVEL")
            .parse_or(default, expected, |value| value.parse().ok().filter(|level| (1..=highest).contains(level)))
    };
    let compression = match name {
        "gzip" => Compression::Gzip { level: level(DEFAULT_GZIP_LEVEL, 9, "a number from 1 to 9 for gzip")? },
        "zstd" => Compression::Zstd { level: level(DEFAULT_ZSTD_LEVEL, 19, "a number from 1 to 19 for zstd")? },
        _ => Compression::None,
    };
    let framing = match variable("OUTPUT_FRAMES") {
        Variable { name: variable, value: Some(found) } if compression == Compression::None => {
            let expected = "nothing without OUTPUT_COMPRESSION: output that is not compressed has no frames";
            return Err(ConfigError { variable, expected, found });
        }
        framing => framing.parse_or(default_framing(&partition_keys), "batch or record", Framing::from_name)?,
    };
    Ok(OutputOptions { compression, framing, partition_keys })
}

/// Shared frames are smaller. Keys of dynamic partitioning get frames for each record, until it has been seen on
/// AWS what an error object holds when Firehose rejects a record after the transform.
fn default_framing(partition_keys: &[PartitionKey]) -> Framing {
    if partition_keys.is_empty() { Framing::Batch } else { Framing::Record }
}

fn plan_options(variable: &impl Fn(&'static str) -> Variable) -> Result<PlanOptions, ConfigError> {
    let default = PlanOptions::default();
    Ok(PlanOptions {
        max_decompressed_bytes: variable("MAX_DECOMPRESSED_BYTES").parse_or(
            default.max_decompressed_bytes,
            "a number of bytes from 1 to 1073741824",
            |value| value.parse().ok().filter(|bytes| (1..=1024 * 1024 * 1024).contains(bytes)),
        )?,
        ignored_log_groups: variable("IGNORED_LOG_GROUPS").parse_or(
            default.ignored_log_groups,
            "names of log groups, separated by commas",
            parse_log_groups,
        )?,
        own_log_group: variable("AWS_LAMBDA_LOG_GROUP_NAME").value,
    })
}

/// On real logs, level 6 makes objects 7 to 11 % smaller and takes up to 1.7 times as long.
const DEFAULT_GZIP_LEVEL: u32 = 3;

/// On real logs, levels 2 to 6 make objects no smaller than level 1 does, and take longer: see `docs/performance.md`.
const DEFAULT_ZSTD_LEVEL: u32 = 1;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transform::VrlProgram;

    fn read(variables: &[(&str, &str)]) -> Result<Config, String> {
        let lookup =
            |name: &str| variables.iter().find(|(variable, _)| *variable == name).map(|(_, value)| (*value).to_owned());
        Config::read(lookup).map_err(|error| error.to_string())
    }

    #[test]
    fn unset_variables_have_defaults() {
        assert_eq!(read(&[]), Ok(Config::default()));
        assert_eq!(read(&[("OUTPUT_FORMAT", ""), ("IGNORED_LOG_GROUPS", "")]), Ok(Config::default()));
    }

    #[test]
    fn every_variable_is_read() {
        let config = read(&[
            ("OUTPUT_FORMAT", "json"),
            ("VRL_PROGRAM", ".a = 1"),
            ("VRL_ON_ERROR", "keep"),
            ("OUTPUT_COMPRESSION", "zstd"),
            ("OUTPUT_COMPRESSION_LEVEL", "19"),
            ("OUTPUT_FRAMES", "batch"),
            ("PARTITION_KEYS", "owner, log_group,log_stream,year,month,day,hour"),
            ("IGNORED_LOG_GROUPS", "/aws/lambda/a, b#1"),
            ("MAX_DECOMPRESSED_BYTES", "1000"),
            ("REINGEST_MAX_ATTEMPTS", "3"),
            ("AWS_LAMBDA_LOG_LEVEL", "debug"),
            ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/self"),
        ]);
        assert_eq!(
            config,
            Ok(Config {
                transform: TransformOptions {
                    format: OutputFormat::Json,
                    program: Some(VrlProgram::Inline(".a = 1".into())),
                    on_error: VrlOnError::Keep,
                },
                output: OutputOptions {
                    compression: Compression::Zstd { level: 19 },
                    framing: Framing::Batch,
                    partition_keys: PartitionKey::ALL.to_vec(),
                },
                plan: PlanOptions {
                    max_decompressed_bytes: 1_000,
                    ignored_log_groups: vec!["/aws/lambda/a".into(), "b#1".into()],
                    own_log_group: Some("/aws/lambda/self".into()),
                },
                reingest: ReingestOptions { max_attempts: 3 },
                log_level: Level::DEBUG,
            })
        );
    }

    #[test]
    fn bad_value_names_the_variable_the_value_and_what_is_allowed() {
        for (variable, value, message) in [
            ("OUTPUT_FORMAT", "csv", "environment variable OUTPUT_FORMAT: expected message or json, found \"csv\""),
            (
                "OUTPUT_COMPRESSION",
                "lz4",
                "environment variable OUTPUT_COMPRESSION: expected none, gzip or zstd, found \"lz4\"",
            ),
            ("VRL_ON_ERROR", "pass", "environment variable VRL_ON_ERROR: expected fail, drop or keep, found \"pass\""),
            (
                "PARTITION_KEYS",
                "day,host",
                "environment variable PARTITION_KEYS: expected owner, log_group, log_stream, year, month, day and hour, \
                 each at most once, separated by commas, found \"day,host\"",
            ),
            (
                "IGNORED_LOG_GROUPS",
                "a,,b",
                "environment variable IGNORED_LOG_GROUPS: expected names of log groups, separated by commas, found \"a,,b\"",
            ),
            (
                "MAX_DECOMPRESSED_BYTES",
                "64MiB",
                "environment variable MAX_DECOMPRESSED_BYTES: expected a number of bytes from 1 to 1073741824, found \
                 \"64MiB\"",
            ),
            (
                "REINGEST_MAX_ATTEMPTS",
                "0",
                "environment variable REINGEST_MAX_ATTEMPTS: expected a number from 1 to 100, found \"0\"",
            ),
            (
                "AWS_LAMBDA_LOG_LEVEL",
                "3",
                "environment variable AWS_LAMBDA_LOG_LEVEL: expected TRACE, DEBUG, INFO, WARN, ERROR or FATAL, found \
                 \"3\"",
            ),
        ] {
            assert_eq!(read(&[(variable, value)]), Err(message.to_owned()));
        }
    }

    #[test]
    fn vrl_file_is_relative_to_the_deployment_package() {
        let path = |variables: &[(&str, &str)]| match read(variables).unwrap().transform.program {
            Some(VrlProgram::File(path)) => path.display().to_string(),
            other => panic!("{other:?}"),
        };
        assert_eq!(path(&[("VRL_FILE", "a.vrl")]), "a.vrl");
        assert_eq!(path(&[("VRL_FILE", "a.vrl"), ("LAMBDA_TASK_ROOT", "/var/task")]), "/var/task/a.vrl");
        assert_eq!(path(&[("VRL_FILE", "/opt/a.vrl"), ("LAMBDA_TASK_ROOT", "/var/task")]), "/opt/a.vrl");
    }

    #[test]
    fn vrl_program_is_inline_or_in_a_file_and_not_both() {
        assert_eq!(
            read(&[("VRL_PROGRAM", "."), ("VRL_FILE", "a.vrl")]),
            Err("environment variable VRL_FILE: expected nothing beside VRL_PROGRAM: a program is inline or in a file, \
                 found \"a.vrl\""
                .to_owned())
        );
        assert_eq!(read(&[("VRL_PROGRAM", ""), ("VRL_FILE", "")]), Ok(Config::default()));
    }

    #[test]
    fn level_is_within_the_range_of_its_compression() {
        for (compression, highest, over) in [("gzip", "9", "10"), ("zstd", "19", "20")] {
            let level = |level| read(&[("OUTPUT_COMPRESSION", compression), ("OUTPUT_COMPRESSION_LEVEL", level)]);
            assert!(level("1").is_ok() && level(highest).is_ok());
            for level in [level("0"), level(over)] {
                let message = level.unwrap_err();
                assert!(
                    message.contains(&format!("expected a number from 1 to {highest} for {compression}")),
                    "{message}"
                );
            }
        }
    }

    #[test]
    fn records_share_frames_unless_partition_keys_are_set() {
        let framing = |variables: &[(&str, &str)]| read(variables).unwrap().output.framing;
        for compression in ["gzip", "zstd"] {
            let compression = ("OUTPUT_COMPRESSION", compression);
            let keys = ("PARTITION_KEYS", "day");
            assert_eq!(framing(&[compression]), Framing::Batch);
            assert_eq!(framing(&[compression, keys]), Framing::Record);
            assert_eq!(framing(&[compression, keys, ("OUTPUT_FRAMES", "batch")]), Framing::Batch);
            assert_eq!(framing(&[compression, ("OUTPUT_FRAMES", "record")]), Framing::Record);
        }
        assert!(!read(&[]).unwrap().output.shares_frames());
    }

    #[test]
    fn frames_without_compression_are_rejected_with_the_reason() {
        for framing in ["batch", "record"] {
            assert_eq!(
                read(&[("OUTPUT_FRAMES", framing)]),
                Err(format!(
                    "environment variable OUTPUT_FRAMES: expected nothing without OUTPUT_COMPRESSION: output that is not \
                     compressed has no frames, found \"{framing}\""
                ))
            );
        }
    }

    #[test]
    fn limits_are_one_under_at_and_one_over() {
        let accepted = |variable, values: [&'static str; 4]| {
            values.into_iter().filter(|value| read(&[(variable, value)]).is_ok()).collect::<Vec<_>>()
        };
        assert_eq!(accepted("MAX_DECOMPRESSED_BYTES", ["0", "1", "1073741824", "1073741825"]), ["1", "1073741824"]);
        assert_eq!(accepted("PARTITION_KEYS", ["day,day", "day", "month,day", "day,"]), ["day", "month,day"]);
        assert_eq!(accepted("REINGEST_MAX_ATTEMPTS", ["0", "1", "100", "101"]), ["1", "100"]);
    }
}
