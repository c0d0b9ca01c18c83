//! The moved clock of a local consortium: `DIR/clock.json`, by which its nodes and commands live.
//!
//! ```text
//! time = real + offset                                     until `from_real_ms`
//! time = real + offset + (pace - 1) * (real - from)        until `until_real_ms`
//! time = real + offset + (pace - 1) * (until - from)       afterwards
//! ```
//! It never jumps and never goes back. A move begins a little ahead, so that every process has read
//! the file by then. For rehearsals only: what happens when our certificates end?

use super::folder::{ConsortiumFolder, FolderError, write_json};
use blockworm_node::{MovedClock as NodeClock, ledger_ms, move_clock};
use serde::{Deserialize, Serialize};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

/// The file's name in the consortium's folder.
pub const CLOCK: &str = "clock.json";
/// How often the file is looked at.
const LOOK: Duration = Duration::from_millis(100);
/// How far ahead a move begins.
const NOTICE_MS: u64 = 1_000;
/// The fastest move: an hour in a second.
pub const MAX_PACE: u64 = 3_600;

/// What stands in `DIR/clock.json`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MovedClock {
    /// When the move begins, by the machine's clock, milliseconds since 1970.
    pub from_real_ms: u64,
    /// When it ends.
    pub until_real_ms: u64,
    /// How far the clock was ahead when it began.
    pub offset_ms: u64,
    /// How many milliseconds pass in a real one while it lasts.
    pub pace: u64,
}

/// Why the clock is not moved.
#[derive(Debug, thiserror::Error)]
pub enum ClockError {
    /// A node of the folder belongs to a network.
    #[error("the node of {organisation} has profile `network`: its clock is the world's")]
    NotLocal {
        /// Whose node.
        organisation: String,
    },
    /// The pace makes no sense.
    #[error("a clock moves at 2 to {MAX_PACE} times its pace, not {pace}")]
    Pace {
        /// What was asked for.
        pace: u64,
    },
    /// A move goes on.
    #[error("the clock is being moved for another {left_ms} ms")]
    Moving {
        /// How long it lasts, by the machine's clock.
        left_ms: u64,
    },
    /// The folder cannot be used.
    #[error(transparent)]
    Folder(#[from] FolderError),
}

impl MovedClock {
    fn at(&self, real_ms: u64) -> u64 {
        let passed = real_ms.clamp(self.from_real_ms, self.until_real_ms.max(self.from_real_ms))
            - self.from_real_ms;
        let gained = passed.saturating_mul(self.pace.saturating_sub(1));
        real_ms
            .saturating_add(self.offset_ms)
            .saturating_add(gained)
    }

    fn pace_at(&self, real_ms: u64) -> u64 {
        match (self.from_real_ms..self.until_real_ms).contains(&real_ms) {
            true => self.pace.max(1),
            false => 1,
        }
    }
}

/// Reads the folder's clock; the machine's where it was never moved.
#[must_use]
pub fn read(dir: &Path) -> MovedClock {
    let text = fs::read(dir.join(CLOCK)).unwrap_or_default();
    serde_json::from_slice(&text).unwrap_or_default()
}

/// Moves the clock of a local consortium: `ahead_ms` more than the machine's, at `pace` times its
/// pace. Returns when it will have ended, by the machine's clock.
///
/// # Errors
/// [`ClockError`].
pub fn advance(folder: &ConsortiumFolder, pace: u64, ahead_ms: u64) -> Result<u64, ClockError> {
    let record = folder.record()?;
    for node in &record.nodes {
        let path = folder.node_file(&node.organisation);
        let file = super::NodeConfigFile::read(&path, super::Overrides::default());
        let local = file.is_ok_and(|file| file.profile == super::config::ProfileName::Local);
        if !local {
            let organisation = node.organisation.to_string();
            return Err(ClockError::NotLocal { organisation });
        }
    }
    if !(2..=MAX_PACE).contains(&pace) {
        return Err(ClockError::Pace { pace });
    }
    let real_ms = machine_ms();
    let before = read(folder.root());
    if before.until_real_ms > real_ms {
        let left_ms = before.until_real_ms - real_ms;
        return Err(ClockError::Moving { left_ms });
    }
    let from_real_ms = real_ms + NOTICE_MS;
    let until_real_ms = from_real_ms + ahead_ms.div_ceil(pace - 1);
    let clock = MovedClock {
        from_real_ms,
        until_real_ms,
        offset_ms: before.at(real_ms) - real_ms,
        pace,
    };
    write_json(folder.root().join(CLOCK), &clock)?;
    Ok(until_real_ms)
}

/// Now, by the folder's clock, milliseconds since 1970; reads the file each time.
#[must_use]
pub fn now_ms(dir: &Path) -> u64 {
    read(dir).at(machine_ms())
}

/// Now, by the clock by which this process lives: the machine's, unless [`live_by`] said otherwise.
#[must_use]
pub fn current_ms() -> u64 {
    ledger_ms(machine_ms())
}

/// From now on this process lives by the folder's clock, as it is and as it will be moved. False
/// where it lives by another already.
pub fn live_by(dir: &Path) -> bool {
    move_clock(Box::new(Watched {
        path: dir.to_owned(),
        seen: Mutex::new(None),
    }))
}

/// Whether the folder's clock is being moved.
#[must_use]
pub fn is_moving(dir: &Path) -> bool {
    read(dir).pace_at(machine_ms()) > 1
}

/// Now by the machine's own clock, milliseconds since 1970.
#[must_use]
pub fn machine_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}

/// The file, looked at again every [`LOOK`].
struct Watched {
    path: PathBuf,
    seen: Mutex<Option<(Instant, MovedClock)>>,
}

impl Watched {
    fn clock(&self) -> MovedClock {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        match *seen {
            Some((at, clock)) if at.elapsed() < LOOK => clock,
            _ => {
                let clock = read(&self.path);
                *seen = Some((Instant::now(), clock));
                clock
            }
        }
    }
}

impl NodeClock for Watched {
    fn moved(&self, real_ms: u64) -> u64 {
        self.clock().at(real_ms)
    }

    fn pace(&self, real_ms: u64) -> u64 {
        self.clock().pace_at(real_ms)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_moved_clock_never_jumps_and_never_goes_back() {
        let clock = MovedClock {
            from_real_ms: 1_000,
            until_real_ms: 2_000,
            offset_ms: 500,
            pace: 60,
        };
        assert_eq!(clock.at(0), 500);
        assert_eq!(clock.at(1_000), 1_500);
        assert_eq!(clock.at(1_001), 1_560);
        assert_eq!(clock.at(2_000), 61_500);
        assert_eq!(clock.at(2_001), 61_501);
        for real_ms in 0..3_000 {
            let step = clock.at(real_ms + 1) - clock.at(real_ms);
            assert_eq!(step, clock.pace_at(real_ms), "{real_ms}");
        }
        assert_eq!(MovedClock::default().at(7), 7);
    }

    #[test]
    fn a_second_move_begins_where_the_first_ended() {
        let dir = tempfile::tempdir().unwrap();
        let before = now_ms(dir.path());
        let clock = MovedClock {
            from_real_ms: before - 2_000,
            until_real_ms: before - 1_000,
            offset_ms: 0,
            pace: 3_600,
        };
        write_json(dir.path().join(CLOCK), &clock).unwrap();
        let ahead = now_ms(dir.path()) - machine_ms();
        assert!((3_598_000..=3_600_000).contains(&ahead), "{ahead}");
    }
}
