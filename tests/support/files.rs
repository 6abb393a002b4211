//! Files of this project, and temporary files.

use std::fs;
use std::path::{Path, PathBuf};

/// A path in this project.
pub(crate) fn project_path(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

pub(crate) fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Reads a file that `make fixtures` writes.
pub(crate) fn read_generated(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}; `make fixtures` writes it", path.display()))
}

/// Whether `make fixtures` is running: tests then write the files that they compare with.
pub(crate) fn is_updating_fixtures() -> bool {
    std::env::var_os("UPDATE_FIXTURES").is_some()
}

/// A file that is removed at the end of the test.
pub(crate) struct TempFile(PathBuf);

impl TempFile {
    /// `name` must differ from the names in other tests, since all of them share a directory.
    pub(crate) fn new(name: &str, content: &[u8]) -> Self {
        let path = std::env::temp_dir().join(format!("{}-{name}", std::process::id()));
        fs::write(&path, content).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }

    /// The path without its directory.
    pub(crate) fn name(&self) -> &str {
        self.0.file_name().unwrap().to_str().unwrap()
    }
}

impl Drop for TempFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}
