//! Node processes: started apart from the terminal, found by their lock, stopped by signal.
//!
//! A node holds `node.lock` as long as it lives, and the operating system gives the lock back
//! when it dies however it dies. So "alive" is asked of the lock, never of a process id, which
//! may belong to a stranger by now; the id in `node.pid` is only used while the lock is held.

use super::folder::{ConsortiumFolder, FolderError};
use crate::file_error::FileError;
use blockworm_ledger::OrganisationId;
use rustix::process::{Pid, Signal, kill_process};
use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read as _, Seek as _, SeekFrom},
    os::unix::{fs::OpenOptionsExt as _, process::CommandExt as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// How often a wait looks again.
const POLL: Duration = Duration::from_millis(20);

/// Why a node process could not be started, found or stopped.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// A node already runs on this folder.
    #[error("a node already runs on {}", folder.display())]
    AlreadyRunning {
        /// The organisation's folder.
        folder: PathBuf,
    },
    /// The program could not be started.
    #[error("cannot start {}", program.display())]
    Start {
        /// The program.
        program: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The process did not end in time.
    #[error("the node of {organisation} (process {pid}) still runs {waited_ms} ms after SIGTERM")]
    StillRunning {
        /// Whose node.
        organisation: OrganisationId,
        /// Its process.
        pid: u32,
        /// How long it was given.
        waited_ms: u128,
    },
    /// The signal could not be sent.
    #[error("cannot signal process {pid} of {organisation}")]
    Signal {
        /// Whose node.
        organisation: OrganisationId,
        /// Its process.
        pid: u32,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// A file could not be read or written.
    #[error(transparent)]
    Io(#[from] FileError),
    /// The folder could not be used.
    #[error(transparent)]
    Folder(#[from] FolderError),
}

/// What is known about a node's process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeState {
    /// It lives under this id (0 in the moment before it wrote its id).
    Running(u32),
    /// It was stopped in good order, or never started.
    Stopped,
    /// It died under this id without taking leave.
    Died(u32),
}

/// Held by a node process for as long as it lives.
#[derive(Debug)]
pub struct NodeLock {
    #[expect(dead_code, reason = "the open file is the lock")]
    file: File,
    pid_file: PathBuf,
}

impl NodeLock {
    /// Takes `node.lock` in the organisation's folder and writes this process's id.
    ///
    /// # Errors
    /// [`ProcessError::AlreadyRunning`] if another process has it.
    pub fn acquire(folder: &Path) -> Result<Self, ProcessError> {
        let file = open_lock(folder)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(ProcessError::AlreadyRunning {
                    folder: folder.to_owned(),
                });
            }
            Err(TryLockError::Error(source)) => {
                return Err(FileError::on("lock", &folder.join("node.lock"))(source).into());
            }
        }
        let pid_file = folder.join("node.pid");
        fs::write(&pid_file, format!("{}\n", std::process::id()))
            .map_err(FileError::on("write", &pid_file))?;
        Ok(Self { file, pid_file })
    }

    /// Takes leave: from now on the node counts as stopped, not as dead.
    pub fn release(self) {
        // A pid file that stays only makes `status` say "died" for "stopped".
        let _ = fs::remove_file(&self.pid_file);
    }
}

fn open_lock(folder: &Path) -> Result<File, FileError> {
    let path = folder.join("node.lock");
    OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(&path)
        .map_err(FileError::on("open", &path))
}

/// Looks whether the organisation's node lives.
///
/// # Errors
/// [`ProcessError::Io`] if its lock cannot be looked at.
pub fn state(
    folder: &ConsortiumFolder,
    organisation: &OrganisationId,
) -> Result<NodeState, ProcessError> {
    let home = folder.organisation(organisation);
    let lock_file = home.join("node.lock");
    let pid = fs::read_to_string(home.join("node.pid"))
        .ok()
        .and_then(|text| text.trim().parse::<u32>().ok());
    let file = match File::open(&lock_file) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(NodeState::Stopped),
        Err(source) => return Err(FileError::on("open", &lock_file)(source).into()),
    };
    // A shared lock, so that two onlookers do not take each other for the node.
    match file.try_lock_shared() {
        Ok(()) => Ok(pid.map_or(NodeState::Stopped, NodeState::Died)),
        Err(TryLockError::WouldBlock) => Ok(NodeState::Running(pid.unwrap_or(0))),
        Err(TryLockError::Error(source)) => Err(FileError::on("lock", &lock_file)(source).into()),
    }
}

/// Starts `program node run` for an organisation, apart from this terminal's signals. What it
/// says before its log is open goes to `node.stderr`, which each start empties.
///
/// # Errors
/// [`ProcessError::Start`], or [`ProcessError::Io`] if `node.stderr` cannot be written.
pub fn spawn(
    program: &Path,
    folder: &ConsortiumFolder,
    organisation: &OrganisationId,
) -> Result<Child, ProcessError> {
    let home = folder.organisation(organisation);
    let stderr_file = home.join("node.stderr");
    let stderr = OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .mode(0o600)
        .open(&stderr_file)
        .map_err(FileError::on("write", &stderr_file))?;
    Command::new(program)
        .args(["node", "run", "--config"])
        .arg(folder.node_file(organisation))
        .arg("--log")
        .arg(home.join("node.log"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(stderr)
        .process_group(0)
        .spawn()
        .map_err(|source| ProcessError::Start {
            program: program.to_owned(),
            source,
        })
}

/// Waits until the organisation's node has ended.
///
/// # Errors
/// [`ProcessError::StillRunning`] if it does not end within `patience`.
pub fn wait_stopped(
    folder: &ConsortiumFolder,
    organisation: &OrganisationId,
    patience: Duration,
) -> Result<(), ProcessError> {
    let begun = Instant::now();
    while let NodeState::Running(pid) = state(folder, organisation)? {
        if begun.elapsed() > patience {
            return Err(ProcessError::StillRunning {
                organisation: organisation.clone(),
                pid,
                waited_ms: patience.as_millis(),
            });
        }
        std::thread::sleep(POLL);
    }
    Ok(())
}

/// Asks the organisation's node to end, without waiting. Returns what it was before.
///
/// # Errors
/// [`ProcessError::Signal`] if the operating system refuses.
pub fn request_stop(
    folder: &ConsortiumFolder,
    organisation: &OrganisationId,
) -> Result<NodeState, ProcessError> {
    let state = state(folder, organisation)?;
    if let NodeState::Running(pid) = state
        && let Some(target) = i32::try_from(pid).ok().and_then(Pid::from_raw)
    {
        match kill_process(target, Signal::TERM) {
            // Gone between the look and the signal: what was wanted.
            Ok(()) | Err(rustix::io::Errno::SRCH) => {}
            Err(errno) => {
                return Err(ProcessError::Signal {
                    organisation: organisation.clone(),
                    pid,
                    source: errno.into(),
                });
            }
        }
    }
    Ok(state)
}

/// The last `lines` lines that a node left in its log and on its standard error, for an error
/// message; empty where it left none.
#[must_use]
pub fn last_words(
    folder: &ConsortiumFolder,
    organisation: &OrganisationId,
    lines: usize,
) -> Vec<String> {
    let home = folder.organisation(organisation);
    let mut words = Vec::new();
    for name in ["node.log", "node.stderr"] {
        let text = tail(&home.join(name), 16 * 1024).unwrap_or_default();
        let all: Vec<&str> = text
            .lines()
            .filter(|line| !line.trim().is_empty())
            .collect();
        words.extend(
            all[all.len().saturating_sub(lines)..]
                .iter()
                .map(ToString::to_string),
        );
    }
    words
}

fn tail(path: &Path, bytes: u64) -> io::Result<String> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(bytes)))?;
    let mut buffer = Vec::new();
    file.take(bytes).read_to_end(&mut buffer)?;
    Ok(String::from_utf8_lossy(&buffer).into_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn bank() -> OrganisationId {
        "bank".parse().unwrap()
    }

    #[test]
    fn a_node_that_never_ran_is_stopped() {
        let dir = tempfile::tempdir().unwrap();
        let folder = ConsortiumFolder::new(dir.path());
        assert_eq!(state(&folder, &bank()).unwrap(), NodeState::Stopped);
        assert_eq!(request_stop(&folder, &bank()).unwrap(), NodeState::Stopped);
        wait_stopped(&folder, &bank(), Duration::from_secs(1)).unwrap();
    }

    #[test]
    fn a_node_that_took_leave_is_told_from_one_that_died() {
        let dir = tempfile::tempdir().unwrap();
        let folder = ConsortiumFolder::new(dir.path());
        let home = folder.organisation(&bank());
        fs::create_dir(&home).unwrap();

        let lock = NodeLock::acquire(&home).unwrap();
        let me = std::process::id();
        assert_eq!(state(&folder, &bank()).unwrap(), NodeState::Running(me));
        assert!(matches!(
            NodeLock::acquire(&home),
            Err(ProcessError::AlreadyRunning { .. })
        ));

        drop(lock);
        assert_eq!(state(&folder, &bank()).unwrap(), NodeState::Died(me));

        NodeLock::acquire(&home).unwrap().release();
        assert_eq!(state(&folder, &bank()).unwrap(), NodeState::Stopped);
    }

    #[test]
    fn last_words_are_bounded() {
        let dir = tempfile::tempdir().unwrap();
        let folder = ConsortiumFolder::new(dir.path());
        let home = folder.organisation(&bank());
        fs::create_dir(&home).unwrap();
        let text: String = (0..10_000).map(|n| format!("line {n}\n")).collect();
        fs::write(home.join("node.log"), text).unwrap();
        let words = last_words(&folder, &bank(), 3);
        assert_eq!(words, ["line 9997", "line 9998", "line 9999"]);
    }
}
