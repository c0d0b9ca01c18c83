//! A folder and its lock.

#![allow(clippy::unwrap_used)]
use super::*;

#[test]
fn a_folder_with_other_things_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("thesis.txt"), "years of work").unwrap();
    let folder = ConsortiumFolder::new(dir.path());
    assert!(matches!(folder.exists(), Err(FolderError::Foreign { .. })));
    assert!(matches!(folder.record(), Err(FolderError::Absent { .. })));
}

#[test]
fn a_folder_of_another_version_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("FORMAT"), "blockworm-local/9\n").unwrap();
    let folder = ConsortiumFolder::new(dir.path());
    assert!(matches!(
        folder.exists(),
        Err(FolderError::OtherFormat { found, .. }) if found == "blockworm-local/9"
    ));
}

#[test]
fn an_absent_or_empty_folder_is_free() {
    let dir = tempfile::tempdir().unwrap();
    assert!(!ConsortiumFolder::new(dir.path()).exists().unwrap());
    assert!(
        !ConsortiumFolder::new(dir.path().join("new"))
            .exists()
            .unwrap()
    );
}

#[test]
fn the_lock_is_held_by_one() {
    let dir = tempfile::tempdir().unwrap();
    let folder = ConsortiumFolder::new(dir.path());
    let held = folder.lock().unwrap();
    assert!(matches!(folder.lock(), Err(FolderError::Locked { .. })));
    drop(held);
    folder.lock().unwrap();
}
