//! The files of a package, out of the zip file or out of the folder after unzipping.

use crate::{
    archive::{Archive, Entry},
    path,
    source::Source,
};
use blockworm_ledger::report::Checks;
use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::Read as _,
    path::{Path, PathBuf},
};

/// Most files of a folder.
const MAX_FILES: usize = 2_000;
/// Most folders within folders.
const MAX_DEPTH: usize = 16;
/// A file that is read whole, not in pieces, is no larger.
pub(crate) const MAX_READ_BYTES: u64 = 32 << 20;

/// A package as it was handed over.
pub enum Package<'a> {
    /// A zip file.
    Zip(&'a dyn Source),
    /// The folder that unzipping made, named by the matter.
    Folder(PathBuf),
}

impl Package<'_> {
    /// Whether the first bytes are those of a zip file; the empty archive too.
    #[must_use]
    pub fn is_zip(source: &dyn Source) -> bool {
        let mut start = [0; 4];
        source.read_at(0, &mut start).is_ok() && matches!(&start, b"PK\x03\x04" | b"PK\x05\x06")
    }
}

/// The opened package: paths within the bag, without the top folder.
pub(crate) struct Files<'a> {
    /// The top folder's name.
    pub(crate) top: String,
    places: BTreeMap<String, Place>,
    archive: Option<Archive<'a>>,
}

enum Place {
    Entry(Entry),
    File(PathBuf, u64),
}

impl<'a> Files<'a> {
    /// Opens the package; `None` where a check failed.
    pub(crate) fn open(package: &Package<'a>, checks: &mut Checks) -> Option<Self> {
        match package {
            Package::Zip(source) => Self::open_zip(*source, checks),
            Package::Folder(folder) => Self::open_folder(folder, checks),
        }
    }

    fn open_zip(source: &'a dyn Source, checks: &mut Checks) -> Option<Self> {
        let archive = Archive::open(source, checks)?;
        let mut places = BTreeMap::new();
        let mut top: Option<&str> = None;
        for entry in &archive.entries {
            let split = entry.name.split_once('/');
            let Some((folder, rest)) =
                split.filter(|(folder, _)| top.is_none_or(|top| top == *folder))
            else {
                checks.note(
                    "bag.declaration",
                    Err(format!("{} lies outside the one top folder", entry.name)),
                );
                return None;
            };
            top = Some(folder);
            places.insert(rest.to_owned(), Place::Entry(entry.clone()));
        }
        Some(Self {
            top: top?.to_owned(),
            places,
            archive: Some(archive),
        })
    }

    fn open_folder(folder: &Path, checks: &mut Checks) -> Option<Self> {
        let mut places = BTreeMap::new();
        let found = walk(folder, "", 0, &mut places);
        let sound = found.is_ok();
        match found {
            Ok(()) => checks.unchecked("zip.readable", "a folder was given, not the zip file"),
            Err(reason) => checks.note("zip.names", Err(reason)),
        }
        let named = fs::canonicalize(folder).ok()?;
        sound.then(|| Self {
            top: named
                .file_name()
                .map_or_else(String::new, |name| name.to_string_lossy().into_owned()),
            places,
            archive: None,
        })
    }

    /// Every path, ordered.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &str> {
        self.places.keys().map(String::as_str)
    }

    pub(crate) fn contains(&self, path: &str) -> bool {
        self.places.contains_key(path)
    }

    /// Bytes of a file, as declared.
    pub(crate) fn size(&self, path: &str) -> Option<u64> {
        self.places.get(path).map(|place| match place {
            Place::Entry(entry) => entry.packing.size,
            Place::File(_, size) => *size,
        })
    }

    /// A file piece by piece.
    pub(crate) fn stream(&self, path: &str, sink: &mut dyn FnMut(&[u8])) -> Result<(), String> {
        match self.places.get(path) {
            None => Err("it is missing".into()),
            Some(Place::Entry(entry)) => match &self.archive {
                Some(archive) => archive.stream(entry, sink),
                None => Err("it is missing".into()),
            },
            Some(Place::File(file, _)) => {
                let unreadable = |error| format!("cannot read it: {error}");
                let mut file = File::open(file).map_err(unreadable)?;
                let mut buffer = vec![0; 64 << 10];
                loop {
                    match file.read(&mut buffer).map_err(unreadable)? {
                        0 => return Ok(()),
                        length => sink(&buffer[..length]),
                    }
                }
            }
        }
    }

    /// A whole file, which must be small.
    pub(crate) fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        let size = self
            .size(path)
            .ok_or_else(|| format!("{path} is missing"))?;
        if size > MAX_READ_BYTES {
            return Err(format!("{path} has {size} bytes, more than are read"));
        }
        let mut bytes = Vec::new();
        self.stream(path, &mut |piece| bytes.extend_from_slice(piece))
            .map_err(|reason| format!("{path}: {reason}"))?;
        Ok(bytes)
    }
}

fn walk(
    folder: &Path,
    prefix: &str,
    depth: usize,
    places: &mut BTreeMap<String, Place>,
) -> Result<(), String> {
    let unreadable = |error| format!("cannot read {}: {error}", folder.display());
    if depth > MAX_DEPTH {
        return Err(format!("{prefix}: folders within folders without end"));
    }
    for item in fs::read_dir(folder).map_err(unreadable)? {
        let item = item.map_err(unreadable)?;
        let name = item.file_name().into_string();
        let name = name.map_err(|_| format!("a name below {prefix} is not UTF-8"))?;
        let path = if prefix.is_empty() {
            name
        } else {
            format!("{prefix}/{name}")
        };
        path::check(&path)?;
        // Not followed: a link could show a file from elsewhere.
        let metadata = item.path().symlink_metadata().map_err(unreadable)?;
        if metadata.is_dir() {
            walk(&item.path(), &path, depth + 1, places)?;
        } else if metadata.is_file() {
            places.insert(path, Place::File(item.path(), metadata.len()));
        } else {
            return Err(format!("{path} is neither a file nor a folder"));
        }
        if places.len() > MAX_FILES {
            return Err(format!("more than {MAX_FILES} files"));
        }
    }
    Ok(())
}
