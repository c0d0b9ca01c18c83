//! Bytes that are read in pieces at any place: a file, memory, or what a browser hands over.

use std::{
    cell::RefCell,
    fs::File,
    io::{Read as _, Seek as _, SeekFrom},
    path::Path,
};

/// Bytes that can be read anywhere.
pub trait Source {
    /// How many there are.
    fn size(&self) -> u64;

    /// Fills the buffer from `offset` on.
    ///
    /// # Errors
    /// In words: fewer bytes than asked for, or whatever the system says.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), String>;
}

/// A file.
#[derive(Debug)]
pub struct FileSource {
    file: RefCell<File>,
    size: u64,
}

impl FileSource {
    /// Opens a file.
    ///
    /// # Errors
    /// Whatever the system says.
    pub fn open(path: &Path) -> Result<Self, std::io::Error> {
        let file = File::open(path)?;
        let size = file.metadata()?.len();
        Ok(Self {
            file: RefCell::new(file),
            size,
        })
    }
}

impl Source for FileSource {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), String> {
        let mut file = self.file.borrow_mut();
        file.seek(SeekFrom::Start(offset))
            .and_then(|_| file.read_exact(buffer))
            .map_err(|error| format!("cannot read the file: {error}"))
    }
}

/// Bytes in memory.
#[derive(Debug)]
pub struct BytesSource(pub Vec<u8>);

impl Source for BytesSource {
    fn size(&self) -> u64 {
        self.0.as_slice().size()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), String> {
        self.0.as_slice().read_at(offset, buffer)
    }
}

impl Source for &[u8] {
    fn size(&self) -> u64 {
        self.len() as u64
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), String> {
        let start = usize::try_from(offset).map_err(|_| "beyond the end")?;
        let end = start.checked_add(buffer.len()).ok_or("beyond the end")?;
        buffer.copy_from_slice(self.get(start..end).ok_or("beyond the end")?);
        Ok(())
    }
}
