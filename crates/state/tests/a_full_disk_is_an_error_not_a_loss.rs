//! The disk takes no more bytes: commits fail, reading goes on, and what was committed is there.

#![cfg(unix)]
#![allow(clippy::unwrap_used)]
#![allow(
    clippy::disallowed_methods,
    reason = "the child is told its folder by environment"
)]

mod reference;

use blockworm_state::{FjallStore, Order, State, StateError};
use reference::{reference_at, writes_of};
use std::{path::Path, process::Command};

const FOLDER: &str = "BLOCKWORM_STATE_FULL_DISK_FOLDER";
const BITS: u8 = 4;

fn open(folder: &Path) -> State<FjallStore> {
    State::open(FjallStore::open(folder).unwrap(), BITS).unwrap()
}

fn commit(state: &State<FjallStore>, height: u64) -> Result<(), StateError> {
    state.stage(height, writes_of(height))?;
    state.commit(height, Vec::new()).map(|_| ())
}

/// Not a test of its own: the child, whose files may not grow beyond a limit.
#[test]
fn child_writes_until_the_disk_is_full() {
    let Ok(folder) = std::env::var(FOLDER) else {
        return;
    };
    let state = open(Path::new(&folder));
    let first = state.height().unwrap() + 1;
    let (failed, error) = (first..first + 10_000)
        .find_map(|height| commit(&state, height).err().map(|error| (height, error)))
        .unwrap();
    assert!(matches!(error, StateError::Store(_)), "{error}");
    assert_eq!(state.height(), Some(failed - 1));
    assert_eq!(
        state.root(),
        reference_at(failed - 1).root(usize::from(BITS))
    );
    assert!(
        state.commit(failed, Vec::new()).is_err(),
        "a store that failed stays failed"
    );
    for (key, value) in reference_at(failed).values {
        assert_eq!(state.get(&key).unwrap(), Some(value));
    }
    println!("full at {failed}");
}

#[test]
fn what_was_committed_before_the_disk_filled_is_there_after_it() {
    let folder = tempfile::tempdir().unwrap();
    {
        let state = open(folder.path());
        (0..20).for_each(|height| commit(&state, height).unwrap());
    }
    // 2,048 blocks of 512 or 1,024 bytes, as the shell counts; past it a write is refused.
    let child = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 2048; exec \"$0\" \"$@\""])
        .arg(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "child_writes_until_the_disk_is_full",
            "--nocapture",
        ])
        .env(FOLDER, folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stdout).into_owned();
    assert!(
        child.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&child.stderr)
    );
    let failed: u64 = said
        .lines()
        .find_map(|line| line.split_once("full at ")?.1.parse().ok())
        .unwrap();

    let state = open(folder.path());
    let height = state.height().unwrap();
    assert!(
        height + 1 == failed || height == failed,
        "{height} of {failed}"
    );
    let expected = reference_at(height);
    assert_eq!(state.root(), expected.root(usize::from(BITS)));
    let rows = state
        .range(&[], None, Order::Ascending, usize::MAX)
        .unwrap();
    assert_eq!(rows, expected.values.into_iter().collect::<Vec<_>>());
    commit(&state, height + 1).unwrap();
}
