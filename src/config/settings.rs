//! The configuration as `check` prints it: a variable and its value, whether set or not.

use super::{Config, OutputCompression, OutputFormat, VrlOnError, VrlProgram};

impl Config {
    /// The variables and what they are worth, in the order of the README's table.
    #[must_use]
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        let none = || "none".to_owned();
        let list = |values: Vec<&str>| if values.is_empty() { none() } else { values.join(",") };
        let (inline, file) = match &self.vrl_program {
            Some(VrlProgram::Inline(source)) => (format!("a program of {} lines", source.lines().count()), none()),
            Some(VrlProgram::File(path)) => (none(), path.display().to_string()),
            None => (none(), none()),
        };
        let (compression, level) = match self.output_compression {
            OutputCompression::None => (none(), "unused".to_owned()),
            OutputCompression::Gzip { level } => ("gzip".to_owned(), level.to_string()),
        };
        vec![
            ("OUTPUT_FORMAT", self.output_format.name().to_owned()),
            ("VRL_PROGRAM", inline),
            ("VRL_FILE", file),
            ("VRL_ON_ERROR", self.vrl_on_error.name().to_owned()),
            ("OUTPUT_COMPRESSION", compression),
            ("OUTPUT_COMPRESSION_LEVEL", level),
            ("PARTITION_KEYS", list(self.partition_keys.iter().map(|key| key.name()).collect())),
            ("IGNORED_LOG_GROUPS", list(self.ignored_log_groups.iter().map(String::as_str).collect())),
            ("MAX_DECOMPRESSED_BYTES", self.max_decompressed_bytes.to_string()),
            ("REINGEST_MAX_ATTEMPTS", self.reingest_max_attempts.to_string()),
            ("AWS_LAMBDA_LOG_LEVEL", self.log_level.to_string()),
        ]
    }
}

impl OutputFormat {
    /// Every format.
    const ALL: [Self; 2] = [Self::Message, Self::Json];

    /// The format of a name.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Json => "json",
        }
    }
}

impl VrlOnError {
    /// Every choice.
    const ALL: [Self; 3] = [Self::Fail, Self::Drop, Self::Keep];

    /// The choice of a name.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|choice| choice.name() == name)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Drop => "drop",
            Self::Keep => "keep",
        }
    }
}
