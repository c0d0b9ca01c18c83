//! Files that only their owner reads, written whole and durable.

use super::store::StoreError;
use blockworm_service::file_error::FileError;
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

/// Keeps drafts of one process apart.
static DRAFTS: AtomicU64 = AtomicU64::new(0);

pub(super) fn read_bounded(path: &Path, most: u64) -> Result<Vec<u8>, StoreError> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(most).read_to_end(&mut bytes))
        .map_err(FileError::on("read", path))?;
    Ok(bytes)
}

/// Writes a file that its owner alone reads: whole or not at all, durable on return.
pub(super) fn put(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let draft = write_draft(path, bytes)?;
    fs::rename(&draft, path)
        .and_then(|()| sync_folder(path))
        .map_err(FileError::on("write", path))?;
    Ok(())
}

/// The same for a file that must not take another's place; it is as good if there is one.
pub(super) fn put_new(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let draft = write_draft(path, bytes)?;
    let linked = match fs::hard_link(&draft, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        linked => linked.and_then(|()| sync_folder(path)),
    };
    linked
        .and_then(|()| fs::remove_file(&draft))
        .map_err(FileError::on("write", path))?;
    Ok(())
}

fn write_draft(path: &Path, bytes: &[u8]) -> Result<PathBuf, StoreError> {
    let mut name = path.as_os_str().to_owned();
    let draft = DRAFTS.fetch_add(1, Ordering::Relaxed);
    name.push(format!(".{}-{draft}.new", std::process::id()));
    let draft = PathBuf::from(name);
    OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .mode(0o600)
        .open(&draft)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .map_err(FileError::on("write", &draft))?;
    Ok(draft)
}

fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

pub(super) fn remove(path: &Path) -> Result<(), StoreError> {
    let removed = match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    };
    removed
        .and_then(|()| sync_folder(path))
        .map_err(FileError::on("remove", path))?;
    Ok(())
}
