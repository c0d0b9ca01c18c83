//! A child process writes in a loop and is killed with SIGKILL; what it leaves is one height.

#![allow(clippy::unwrap_used)]
#![allow(
    clippy::disallowed_methods,
    reason = "the child is told its folder by environment, and the parent waits for it"
)]

mod reference;

use blockworm_state::{Column, FjallOptions, FjallStore, Order, SideRow, State};
use reference::{reference_at, writes_of};
use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

const FOLDER: &str = "BLOCKWORM_STATE_CRASH_FOLDER";
const BITS: u8 = 4;

fn open(folder: &Path) -> State<FjallStore> {
    // Small memtables, so that the kill also meets flushes and merges.
    let options = FjallOptions {
        memtable_bytes: 64 * 1024,
        ..FjallOptions::default()
    };
    State::open(FjallStore::open_with(folder, options).unwrap(), BITS).unwrap()
}

/// Not a test of its own: what the child does until it is killed.
#[test]
fn child_writes_until_killed() {
    let Ok(folder) = std::env::var(FOLDER) else {
        return;
    };
    let state = open(Path::new(&folder));
    for height in state.height().map_or(0, |height| height + 1).. {
        state.stage(height, writes_of(height)).unwrap();
        let row = SideRow::put(Column::Meta, "last", height.to_be_bytes());
        state.commit(height, vec![row]).unwrap();
        println!("committed {height}");
    }
}

fn spawn_child(folder: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child_writes_until_killed", "--nocapture"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Kills the child once it has committed `count` heights more; returns the last one it reported.
fn run_and_kill(folder: &Path, count: usize) -> u64 {
    let mut child = spawn_child(folder);
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut heights = lines.filter_map(|line| {
        line.unwrap()
            .split_once("committed ")
            .map(|(_, height)| height.parse::<u64>().unwrap())
    });
    let mut last = heights.by_ref().take(count).last().unwrap();
    // Somewhere inside a later commit.
    std::thread::sleep(Duration::from_micros(137 * count as u64));
    child.kill().unwrap();
    child.wait().unwrap();
    last = heights.last().unwrap_or(last);
    last
}

/// The height on disk after checking that all of it is there.
fn check(folder: &Path) -> u64 {
    let state = open(folder);
    let height = state.height().unwrap();
    let expected = reference_at(height);
    assert_eq!(state.root(), expected.root(usize::from(BITS)));
    let rows = state
        .range(&[], None, Order::Ascending, usize::MAX)
        .unwrap();
    assert_eq!(rows, expected.values.into_iter().collect::<Vec<_>>());
    let last = state.side_get(Column::Meta, b"last").unwrap();
    assert_eq!(last, Some(height.to_be_bytes().to_vec()));
    height
}

#[test]
fn what_a_killed_process_reported_is_on_disk_whole() {
    let folder = tempfile::tempdir().unwrap();
    for round in 1..=6 {
        let reported = run_and_kill(folder.path(), round * 7);
        let height = check(folder.path());
        assert!(
            height >= reported,
            "height {reported} was reported, {height} is on disk"
        );
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// The only journal of a small store, without the zeros behind its last byte.
fn journal(folder: &Path) -> (PathBuf, Vec<u8>) {
    let mut journals = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "jnl"));
    let path = journals.next().unwrap();
    assert_eq!(journals.next(), None);
    let mut bytes = fs::read(&path).unwrap();
    let end = bytes
        .iter()
        .rposition(|byte| *byte != 0)
        .map_or(0, |at| at + 1);
    bytes.truncate(end);
    (path, bytes)
}

#[test]
fn a_journal_torn_by_a_power_cut_falls_back_to_the_height_before() {
    let folder = tempfile::tempdir().unwrap();
    let mut ends = Vec::new();
    {
        let state = State::open(FjallStore::open(folder.path()).unwrap(), BITS).unwrap();
        for height in 0..8 {
            state.stage(height, writes_of(height)).unwrap();
            let row = SideRow::put(Column::Meta, "last", height.to_be_bytes());
            state.commit(height, vec![row]).unwrap();
            ends.push(journal(folder.path()).1.len());
        }
    }
    let (path, bytes) = journal(folder.path());
    for height in [0, 3, 6] {
        let (from, to) = (ends[height], ends[height + 1]);
        for end in [from, from + 1, from.midpoint(to), to - 1] {
            let torn = tempfile::tempdir().unwrap();
            copy(folder.path(), torn.path());
            fs::write(torn.path().join(path.file_name().unwrap()), &bytes[..end]).unwrap();
            assert_eq!(
                check(torn.path()),
                height as u64,
                "{end} bytes of {from} to {to}"
            );
        }
    }
}
