//! What a node's process wrote to its log: both files, in order, and what is added while one looks.

use super::folder::ConsortiumFolder;
use blockworm_ledger::OrganisationId;
use serde::Serialize;
use std::{
    collections::VecDeque,
    fs::File,
    io::{self, BufRead as _, BufReader},
    os::unix::fs::MetadataExt as _,
    path::PathBuf,
};

/// Longest line that is kept; the rest of a longer one is cut off.
const LONGEST_BYTES: usize = 64 << 10;

/// How bad a line of the log is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Every step.
    Trace,
    /// What a developer wants to know.
    Debug,
    /// What happened.
    Info,
    /// What an operator should look at.
    Warn,
    /// What does not work.
    Error,
}

impl Level {
    fn of(word: &str) -> Option<Self> {
        Some(match word {
            "TRACE" => Self::Trace,
            "DEBUG" => Self::Debug,
            "INFO" => Self::Info,
            "WARN" => Self::Warn,
            "ERROR" => Self::Error,
            _ => return None,
        })
    }
}

/// One line of a log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// How bad; a line that says nothing of it belongs to the one before.
    pub level: Level,
    /// The line as it stands there.
    pub text: String,
}

/// The log of one organisation's node, read from its beginning on.
#[derive(Debug)]
pub struct NodeLog {
    path: PathBuf,
    open: Option<Open>,
    /// The level of the line before.
    level: Level,
}

#[derive(Debug)]
struct Open {
    inode: u64,
    reader: BufReader<File>,
    /// The beginning of a line whose end is not written yet.
    begun: Vec<u8>,
}

impl NodeLog {
    /// Names the log; touches nothing.
    #[must_use]
    pub fn new(folder: &ConsortiumFolder, organisation: &OrganisationId) -> Self {
        Self {
            path: folder.organisation(organisation).join("node.log"),
            open: None,
            level: Level::Info,
        }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &PathBuf {
        &self.path
    }

    /// The last `count` lines at least as bad as `least`, of both files; further reading goes on
    /// behind them.
    ///
    /// # Errors
    /// When a file that is there cannot be read.
    pub fn last(&mut self, count: usize, least: Level) -> io::Result<Vec<Line>> {
        let mut kept = VecDeque::new();
        let mut keep = |line: Line| {
            if line.level >= least && count > 0 {
                if kept.len() == count {
                    kept.pop_front();
                }
                kept.push_back(line);
            }
        };
        let mut old = self.path.clone().into_os_string();
        old.push(".1");
        if let Some(mut file) = open(&PathBuf::from(old))? {
            read_lines(&mut file, &mut self.level, &mut keep)?;
        }
        self.open = open(&self.path)?;
        if let Some(file) = &mut self.open {
            read_lines(file, &mut self.level, &mut keep)?;
        }
        Ok(kept.into())
    }

    /// What was written since, at least as bad as `least`. A log that was turned over meanwhile is
    /// read to its end first.
    ///
    /// # Errors
    /// When a file that is there cannot be read.
    pub fn more(&mut self, least: Level) -> io::Result<Vec<Line>> {
        let mut found = Vec::new();
        let mut keep = |line: Line| {
            if line.level >= least {
                found.push(line);
            }
        };
        if let Some(file) = &mut self.open {
            read_lines(file, &mut self.level, &mut keep)?;
        }
        let newest = match std::fs::metadata(&self.path) {
            Ok(metadata) => Some(metadata.ino()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        if newest.is_some() && newest != self.open.as_ref().map(|open| open.inode) {
            self.open = open(&self.path)?;
            if let Some(file) = &mut self.open {
                read_lines(file, &mut self.level, &mut keep)?;
            }
        }
        Ok(found)
    }
}

fn open(path: &PathBuf) -> io::Result<Option<Open>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let inode = file.metadata()?.ino();
    Ok(Some(Open {
        inode,
        reader: BufReader::new(file),
        begun: Vec::new(),
    }))
}

fn read_lines(file: &mut Open, level: &mut Level, keep: &mut impl FnMut(Line)) -> io::Result<()> {
    loop {
        let read = file.reader.read_until(b'\n', &mut file.begun)?;
        if read == 0 {
            return Ok(());
        }
        if file.begun.last() != Some(&b'\n') {
            continue;
        }
        let mut bytes = std::mem::take(&mut file.begun);
        bytes.truncate(LONGEST_BYTES);
        let text = String::from_utf8_lossy(&bytes).trim_end().to_owned();
        // `2026-11-23T05:54:09.123456Z  INFO blockworm_node: …`
        if let Some(found) = text.split_whitespace().nth(1).and_then(Level::of) {
            *level = found;
        }
        if !text.is_empty() {
            keep(Line {
                level: *level,
                text,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::{fs, io::Write as _};

    fn texts(lines: &[Line]) -> Vec<&str> {
        lines
            .iter()
            .map(|line| line.text.rsplit(' ').next().unwrap())
            .collect()
    }

    #[test]
    fn both_files_are_read_in_order_and_a_turned_log_is_followed() {
        let dir = tempfile::tempdir().unwrap();
        let folder = ConsortiumFolder::new(dir.path());
        let bank: OrganisationId = "bank".parse().unwrap();
        let home = folder.organisation(&bank);
        fs::create_dir(&home).unwrap();
        let mut log = NodeLog::new(&folder, &bank);
        assert_eq!(log.last(9, Level::Trace).unwrap(), []);
        fs::write(home.join("node.log.1"), "t INFO a: one\nt WARN a: two\n").unwrap();
        fs::write(
            home.join("node.log"),
            "of-two\nt INFO a: three\nt ERROR a: fo",
        )
        .unwrap();
        let last = log.last(9, Level::Trace).unwrap();
        assert_eq!(texts(&last), ["one", "two", "of-two", "three"]);
        assert_eq!(
            texts(&log.last(2, Level::Trace).unwrap()),
            ["of-two", "three"]
        );
        assert_eq!(texts(&log.last(9, Level::Warn).unwrap()), ["two", "of-two"]);

        let mut file = fs::OpenOptions::new()
            .append(true)
            .open(home.join("node.log"))
            .unwrap();
        file.write_all(b"ur\n").unwrap();
        fs::rename(home.join("node.log"), home.join("node.log.1")).unwrap();
        file.write_all(b"t INFO a: five\n").unwrap();
        fs::write(home.join("node.log"), "t INFO a: six\n").unwrap();
        let more = log.more(Level::Info).unwrap();
        assert_eq!(texts(&more), ["four", "five", "six"]);
        assert_eq!(log.more(Level::Info).unwrap(), []);
    }
}
