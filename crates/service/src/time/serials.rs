//! Serial numbers of tokens: reserved on disk in blocks before the first of a block is given, so that no crash repeats one.

use super::TimeError;
use crate::{file_error::FileError, network::folder::write_whole};
use std::{fs, io, path::PathBuf};

/// How many are reserved at once; a crash skips at most so many.
const BLOCK: u64 = 1_000;
/// A new file begins here for each millisecond since 1970, so that one that was lost repeats none.
const PER_MS: u64 = 1_024;

/// The serial numbers of one authority.
#[derive(Debug)]
pub(super) struct Serials {
    path: PathBuf,
    next: u64,
    reserved: u64,
}

impl Serials {
    /// Reads what earlier runs reserved; nothing is given yet.
    pub(super) fn open(path: PathBuf, now_ms: u64) -> Result<Self, TimeError> {
        let stored = match fs::read_to_string(&path) {
            Ok(text) => text.trim().parse().map_err(|_| TimeError::Damaged {
                path: path.clone(),
                reason: "it is no number".to_owned(),
            })?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                now_ms.saturating_mul(PER_MS).max(1)
            }
            Err(error) => return Err(FileError::on("read", &path)(error).into()),
        };
        Ok(Self {
            path,
            next: stored,
            reserved: stored,
        })
    }

    /// The next one.
    pub(super) fn take(&mut self) -> Result<u64, TimeError> {
        if self.next >= self.reserved {
            let reserved = self.next.saturating_add(BLOCK);
            let text = format!("{reserved}\n");
            write_whole(&self.path, text.as_bytes(), 0o600).map_err(|error| {
                TimeError::Damaged {
                    path: self.path.clone(),
                    reason: error.to_string(),
                }
            })?;
            self.reserved = reserved;
        }
        let serial = self.next;
        self.next += 1;
        Ok(serial)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn no_serial_is_given_twice_whatever_crashes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("serial");
        let mut given = BTreeSet::new();
        for count in [1, 1_500, 3] {
            // Dropped without a word, as by a crash.
            let mut serials = Serials::open(path.clone(), 7).unwrap();
            for _ in 0..count {
                assert!(given.insert(serials.take().unwrap()));
            }
        }
        // A file that was lost begins above all that a clock since then could have given.
        fs::remove_file(&path).unwrap();
        let mut serials = Serials::open(path.clone(), 60_000).unwrap();
        assert!(serials.take().unwrap() > *given.last().unwrap());
        fs::write(&path, "seven").unwrap();
        assert_eq!(
            Serials::open(path, 8).unwrap_err().code(),
            "timestamp.damaged"
        );
    }
}
