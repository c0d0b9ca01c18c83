//! A file of records that only its owner may use: read within a bound, as JSON; its versions told apart.

use crate::file_error::FileError;
use serde::de::DeserializeOwned;
use std::{
    fs::{self, File},
    io::{self, Read as _},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

/// Why such a file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PrivateFileError {
    /// The operating system refused.
    #[error(transparent)]
    Io(#[from] FileError),
    /// Others than the owner may use the file.
    #[error("{} may be used by others (mode {mode:o}); set it to 600", path.display())]
    NotPrivate {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file breaks its rules.
    #[error("{} is no {kind}: {reason}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What it should be.
        kind: &'static str,
        /// What is wrong.
        reason: String,
    },
}

/// Records that are kept as one file.
pub trait Records: DeserializeOwned {
    /// What people call the file.
    const KIND: &str;
    /// A larger file is refused.
    const MAX_BYTES: u64;

    /// The rules that JSON alone does not hold.
    ///
    /// # Errors
    /// What is broken, in words.
    fn check(&self) -> Result<(), String>;
}

/// Reads the file; none when it is not there.
///
/// # Errors
/// A file that cannot be read, that others may read, or that breaks its rules.
pub fn read<T: Records>(path: &Path) -> Result<Option<T>, PrivateFileError> {
    let failed = FileError::on("read", path);
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error).into()),
    };
    let mode = file.metadata().map_err(failed)?.mode() & 0o777;
    if mode & 0o077 != 0 {
        let path = path.to_owned();
        return Err(PrivateFileError::NotPrivate { path, mode });
    }
    let mut text = Vec::new();
    let mut bounded = file.take(T::MAX_BYTES + 1);
    bounded.read_to_end(&mut text).map_err(failed)?;
    let malformed = |reason: String| PrivateFileError::Malformed {
        path: path.to_owned(),
        kind: T::KIND,
        reason,
    };
    if text.len() as u64 > T::MAX_BYTES {
        return Err(malformed(format!("more than {} bytes", T::MAX_BYTES)));
    }
    let read: T = serde_json::from_slice(&text).map_err(|error| malformed(error.to_string()))?;
    read.check().map_err(malformed)?;
    Ok(Some(read))
}

/// Tells versions of a file apart. It is replaced, never changed in place, so its inode differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    place: (u64, u64),
    modified: (i64, i64),
    size: u64,
    mode: u32,
}

impl Stamp {
    /// The stamp of the file as it is now, in a microsecond; none where there is none.
    #[must_use]
    pub fn of(path: &Path) -> Option<Self> {
        let of = fs::metadata(path).ok()?;
        Some(Self {
            place: (of.dev(), of.ino()),
            modified: (of.mtime(), of.mtime_nsec()),
            size: of.size(),
            mode: of.mode(),
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde::Deserialize;
    use std::os::unix::fs::PermissionsExt as _;

    #[derive(Debug, Deserialize)]
    struct Names(Vec<String>);

    impl Records for Names {
        const KIND: &str = "file of names";
        const MAX_BYTES: u64 = 16;

        fn check(&self) -> Result<(), String> {
            match self.0.iter().any(String::is_empty) {
                true => Err("a name is empty".into()),
                false => Ok(()),
            }
        }
    }

    #[test]
    fn only_a_private_file_within_its_bound_and_rules_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("names.json");
        assert!(read::<Names>(&path).unwrap().is_none());
        let write = |text: &str| {
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        };
        write(r#"["ana","ben"]"#);
        let before = Stamp::of(&path).unwrap();
        assert_eq!(read::<Names>(&path).unwrap().unwrap().0, ["ana", "ben"]);
        for (text, reason) in [
            ("", "EOF"),
            (r#"["ana",""]"#, "a name is empty"),
            (r#"["ana","benedict"]"#, "more than 16 bytes"),
        ] {
            write(text);
            let error = read::<Names>(&path).unwrap_err().to_string();
            let expected = format!("{} is no file of names: ", path.display());
            assert!(
                error.starts_with(&expected) && error.contains(reason),
                "{error}"
            );
        }
        assert_ne!(Stamp::of(&path), Some(before));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(
            read::<Names>(&path).unwrap_err(),
            PrivateFileError::NotPrivate { mode: 0o640, .. }
        ));
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
        assert!(matches!(
            read::<Names>(folder.path()).unwrap_err(),
            PrivateFileError::Io(FileError { action: "read", .. })
        ));
    }
}
