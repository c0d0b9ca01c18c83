//! The node's log: to standard error, or to a file that is bounded by turning over once.

use crate::failure::{Failure, Result};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};
use tracing_subscriber::{EnvFilter, fmt::MakeWriter};

/// A log file of this size becomes `<name>.1`, and a new one begins.
const LARGEST_BYTES: u64 = 16 << 20;

/// Sends the process's log to `file` or to standard error, and panics along with it.
pub fn start(level: &str, file: Option<&Path>) -> Result<()> {
    let filter = EnvFilter::try_new(level).map_err(|error| {
        Failure::new(
            "log.level",
            format!("`{level}` is not a log level: {error}"),
        )
        .next("use error, warn, info, debug, trace or target=level pairs")
    })?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false);
    match file {
        Some(path) => {
            let writer = TurningFile::open(path).map_err(|error| {
                Failure::of("log.file", &error).during(format!("cannot open {}", path.display()))
            })?;
            builder.with_writer(writer).init();
        }
        None => builder.with_writer(io::stderr).init(),
    }
    let default = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        tracing::error!("{panic}");
        default(panic);
    }));
    Ok(())
}

/// A file that turns over.
#[derive(Clone)]
struct TurningFile(Arc<Mutex<Turning>>);

struct Turning {
    path: PathBuf,
    file: File,
    bytes: u64,
    largest_bytes: u64,
}

impl TurningFile {
    fn open(path: &Path) -> io::Result<Self> {
        Self::with_limit(path, LARGEST_BYTES)
    }

    fn with_limit(path: &Path, largest_bytes: u64) -> io::Result<Self> {
        let file = append(path)?;
        let bytes = file.metadata()?.len();
        let turning = Turning {
            path: path.to_owned(),
            file,
            bytes,
            largest_bytes,
        };
        Ok(Self(Arc::new(Mutex::new(turning))))
    }
}

fn append(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)
}

impl Turning {
    fn turn(&mut self) -> io::Result<()> {
        let mut old = self.path.clone().into_os_string();
        old.push(".1");
        fs::rename(&self.path, old)?;
        self.file = append(&self.path)?;
        self.bytes = 0;
        Ok(())
    }
}

impl Write for TurningFile {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut turning = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if turning.bytes > 0 && turning.bytes + line.len() as u64 > turning.largest_bytes {
            turning.turn()?;
        }
        // A full disk must not stop the node's log from being tried again later.
        let written = turning.file.write(line)?;
        turning.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .file
            .flush()
    }
}

impl MakeWriter<'_> for TurningFile {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_never_takes_more_than_two_files() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("node.log");
        let mut log = TurningFile::with_limit(&path, 100).unwrap();
        for _ in 0..50 {
            log.write_all(&[b'x'; 30]).unwrap();
        }
        let sizes: Vec<u64> = fs::read_dir(dir.path())
            .unwrap()
            .map(|e| e.unwrap().metadata().unwrap().len())
            .collect();
        assert_eq!(sizes.len(), 2);
        assert!(sizes.iter().all(|size| *size <= 100), "{sizes:?}");
    }
}
