//! What the operating system refused: what was tried, and on which file.

use std::{
    io,
    path::{Path, PathBuf},
};

/// A refusal of the operating system.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {}", path.display())]
pub struct FileError {
    /// What was tried: `read`, `lock the audit`.
    pub action: &'static str,
    /// On which file or folder.
    pub path: PathBuf,
    /// Why not.
    #[source]
    pub source: io::Error,
}

impl FileError {
    /// What makes a refusal of that action on that file, for `map_err`.
    pub fn on(action: &'static str, path: &Path) -> impl Fn(io::Error) -> Self + Copy {
        move |source| Self {
            action,
            path: path.to_owned(),
            source,
        }
    }
}
