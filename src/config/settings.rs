//! The settings as `check` prints them: every variable of the README's table and its value, set or not.

use super::Config;
use crate::output::Compression;
use crate::transform::VrlProgram;

impl Config {
    /// The variables and their values, in the order of the README's table.
    #[must_use]
    pub(crate) fn settings(&self) -> Vec<(&'static str, String)> {
        let none = || "none".to_owned();
        let list = |values: Vec<&str>| if values.is_empty() { none() } else { values.join(",") };
        let (inline, file) = match &self.transform.program {
            Some(VrlProgram::Inline(source)) => (format!("a program of {} lines", source.lines().count()), none()),
            Some(VrlProgram::File(path)) => (none(), path.display().to_string()),
            None => (none(), none()),
        };
        let (compression, level) = match self.output.compression {
            Compression::None => (none(), "unused".to_owned()),
            Compression::Gzip { level } => ("gzip".to_owned(), level.to_string()),
            Compression::Zstd { level } => ("zstd".to_owned(), level.to_string()),
        };
        let is_compressed = self.output.compression != Compression::None;
        let frames = if is_compressed { self.output.framing.name() } else { "unused" };
        vec![
            ("OUTPUT_FORMAT", self.transform.format.name().to_owned()),
            ("VRL_PROGRAM", inline),
            ("VRL_FILE", file),
            ("VRL_ON_ERROR", self.transform.on_error.name().to_owned()),
            ("OUTPUT_COMPRESSION", compression),
            ("OUTPUT_COMPRESSION_LEVEL", level),
            ("OUTPUT_FRAMES", frames.to_owned()),
            ("PARTITION_KEYS", list(self.output.partition_keys.iter().map(|key| key.name()).collect())),
            ("IGNORED_LOG_GROUPS", list(self.plan.ignored_log_groups.iter().map(String::as_str).collect())),
            ("MAX_DECOMPRESSED_BYTES", self.plan.max_decompressed_bytes.to_string()),
            ("REINGEST_MAX_ATTEMPTS", self.reingest.max_attempts.to_string()),
            ("AWS_LAMBDA_LOG_LEVEL", self.log_level.to_string()),
        ]
    }
}
