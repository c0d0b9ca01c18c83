//! A key holder's audit: one line of JSON for every signed request, durable before the answer.

use crate::file_error::FileError;
use blockworm_crypto::{Digest, oprf::KeyVersion};
use blockworm_ledger::MemberId;
use serde::{Deserialize, Serialize};
use std::{
    collections::VecDeque,
    fs::{File, OpenOptions, TryLockError},
    io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

/// A row has some 250 bytes.
const MAX_ROW_BYTES: u64 = 4_096;

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was evaluated.
    Answered,
    /// It was not, with the code.
    Refused(String),
}

/// One signed request. It holds nothing of the elements: who asked, when, how many, which key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditRow {
    /// The holder's clock, milliseconds since 1970.
    pub at_ms: u64,
    /// Who asked.
    pub member: MemberId,
    /// The digest that the member signed.
    pub request: Digest,
    /// Which version of the key.
    pub version: KeyVersion,
    /// How many elements.
    pub elements: u32,
    /// What became of it.
    pub outcome: Outcome,
}

/// Why a row could not be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
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
    /// Another process writes the file: two could not count one bank together.
    #[error("another process holds the audit {}", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// A line that is no row.
    #[error("line {line} of the audit {} is no row", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
    },
}

/// Where rows go.
pub trait Audit {
    /// Keeps a row; durable on return.
    ///
    /// # Errors
    /// [`AuditError`]: then nothing is answered.
    fn write(&mut self, row: &AuditRow) -> Result<(), AuditError>;
}

/// Rows in memory, for tests and for trying things out.
impl Audit for Vec<AuditRow> {
    fn write(&mut self, row: &AuditRow) -> Result<(), AuditError> {
        self.push(row.clone());
        Ok(())
    }
}

/// Rows in a file of the holder's own, one line each, mode 0600, never rewritten.
#[derive(Debug)]
pub struct AuditFile {
    path: PathBuf,
    file: File,
    end: u64,
}

impl AuditFile {
    /// Opens or makes the file, holds it against other processes, and reads its rows from a time on. A last line that a crash cut short
    /// is cut off: its request was not answered.
    ///
    /// # Errors
    /// [`AuditError`].
    pub fn open(path: &Path, since_ms: u64) -> Result<(Self, Vec<AuditRow>), AuditError> {
        let failed = FileError::on("open the audit", path);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)
            .map_err(failed)?;
        check_private(path, &file)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let path = path.to_owned();
                return Err(AuditError::InUse { path });
            }
            Err(TryLockError::Error(source)) => return Err(failed(source).into()),
        }
        let mut rows = Vec::new();
        let end = each_row(path, &file, |row| {
            if row.at_ms >= since_ms {
                rows.push(row);
            }
        })?;
        file.set_len(end).map_err(failed)?;
        let path = path.to_owned();
        Ok((Self { path, file, end }, rows))
    }
}

/// The last rows of an audit, the oldest first, also while a holder writes it; none where there is no
/// file yet.
///
/// # Errors
/// [`AuditError`].
pub fn last_rows(path: &Path, most: usize) -> Result<Vec<AuditRow>, AuditError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(FileError::on("open the audit", path)(error).into()),
    };
    check_private(path, &file)?;
    let mut rows = VecDeque::new();
    each_row(path, &file, |row| {
        rows.push_back(row);
        if rows.len() > most {
            rows.pop_front();
        }
    })?;
    Ok(rows.into())
}

fn check_private(path: &Path, file: &File) -> Result<(), AuditError> {
    let metadata = file.metadata();
    let mode = metadata
        .map_err(FileError::on("open the audit", path))?
        .mode()
        & 0o777;
    if mode & 0o077 != 0 {
        let path = path.to_owned();
        return Err(AuditError::NotPrivate { path, mode });
    }
    Ok(())
}

/// Reads row by row and gives where the last whole one ends.
fn each_row(path: &Path, file: &File, mut row: impl FnMut(AuditRow)) -> Result<u64, AuditError> {
    let mut end = 0;
    let mut reader = BufReader::new(file);
    for line in 1.. {
        let mut bytes = Vec::new();
        let read = (&mut reader)
            .take(MAX_ROW_BYTES)
            .read_until(b'\n', &mut bytes)
            .map_err(FileError::on("read the audit", path))?;
        let whole = bytes.ends_with(b"\n");
        if !whole && (read as u64) < MAX_ROW_BYTES {
            break;
        }
        row(
            serde_json::from_slice(&bytes).map_err(|_| AuditError::Malformed {
                path: path.to_owned(),
                line,
            })?,
        );
        end += read as u64;
    }
    Ok(end)
}

impl Audit for AuditFile {
    fn write(&mut self, row: &AuditRow) -> Result<(), AuditError> {
        let failed = FileError::on("write the audit", &self.path);
        let line = serde_json::to_vec(row).map_err(io::Error::other);
        let mut line = line.map_err(failed)?;
        line.push(b'\n');
        // After a write that failed half-way the next begins where the last whole row ended.
        let written = self
            .file
            .seek(SeekFrom::Start(self.end))
            .and_then(|_| self.file.set_len(self.end))
            .and_then(|()| self.file.write_all(&line))
            .and_then(|()| self.file.sync_data());
        written.map_err(failed)?;
        self.end += line.len() as u64;
        Ok(())
    }
}
