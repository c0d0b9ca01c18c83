//! Writes evidence packages as ZIP (APPNOTE.TXT 6.3) in its strictest form, and reads that form again.

use crate::receivable::table::zip::{long, short};
use blockworm_verify::{Packing, crc32, unpack};
use miniz_oxide::deflate::compress_to_vec;

/// Most files in a package.
pub const MAX_ENTRIES: usize = 2_000;
/// Most bytes of all files of a package.
pub const MAX_BYTES: usize = 1 << 30;
/// Longest name of a file.
const MAX_NAME_BYTES: usize = 200;
/// A file that shrinks by more than this is stored as it is: readers take it for a bomb.
const MAX_RATIO: usize = 200;
/// Midnight of 1980-01-01, as MS-DOS counts: the same package is the same bytes whenever it is made.
const DATE: u16 = 0x0021;
/// Names are UTF-8.
const FLAGS: u16 = 1 << 11;
/// What is needed to unfold it: deflate, 2.0.
const VERSION: u16 = 20;
/// Made on Unix by the rules of 2.0: some programs take names for those of MS-DOS otherwise, whatever the
/// flag says.
const MADE_BY: u16 = 3 << 8 | VERSION;
/// A plain file that its owner may write and everybody may read.
const ATTRIBUTES: u32 = 0o100_644 << 16;
const LOCAL: u32 = 0x0403_4b50;
const CENTRAL: u32 = 0x0201_4b50;
const END: u32 = 0x0605_4b50;
const LOCAL_BYTES: usize = 30;
const CENTRAL_BYTES: usize = 46;
const END_BYTES: usize = 22;

/// A file of a package: its path and its bytes.
pub type File = (String, Vec<u8>);

/// Why no archive was written, or none was read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArchiveError {
    /// Too many files, or too large ones.
    #[error(
        "a package holds at most {MAX_ENTRIES} files of 1 GiB in all; these are {files} of {bytes} bytes"
    )]
    TooLarge {
        /// How many.
        files: usize,
        /// Their bytes.
        bytes: usize,
    },
    /// A path that no package may have.
    #[error("`{0}` is no path of a package")]
    Name(String),
    /// The bytes are no archive of this form.
    #[error("this is no evidence package, or it is damaged: {0}")]
    Damaged(&'static str),
}

impl ArchiveError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "evidence.package_too_large",
            Self::Name(_) => "evidence.bad_path",
            Self::Damaged(_) => "evidence.damaged_package",
        }
    }
}

/// The archive of these files, in their order.
///
/// # Errors
/// [`ArchiveError`].
pub fn write(files: &[File]) -> Result<Vec<u8>, ArchiveError> {
    let bytes: usize = files.iter().map(|(_, bytes)| bytes.len()).sum();
    let too_large = ArchiveError::TooLarge {
        files: files.len(),
        bytes,
    };
    if files.len() > MAX_ENTRIES || bytes > MAX_BYTES {
        return Err(too_large);
    }
    let (mut archive, mut contents) = (Vec::new(), Vec::new());
    for (name, bytes) in files {
        if !is_path(name) {
            return Err(ArchiveError::Name(name.clone()));
        }
        let packed = compress_to_vec(bytes, 10);
        let worth = packed.len() < bytes.len() && bytes.len() <= packed.len() * MAX_RATIO;
        let (method, packed) = if worth {
            (8, packed.as_slice())
        } else {
            (0, bytes.as_slice())
        };
        let at = archive.len();
        let mut described = Vec::with_capacity(26);
        for value in [VERSION, FLAGS, method, 0, DATE] {
            described.extend_from_slice(&value.to_le_bytes());
        }
        for value in [crc32(bytes) as usize, packed.len(), bytes.len()] {
            described.extend_from_slice(&four(value)?);
        }
        // The name's length, and no extra field.
        described.extend_from_slice(&four(name.len())?);
        archive.extend_from_slice(&LOCAL.to_le_bytes());
        archive.extend_from_slice(&described);
        archive.extend_from_slice(name.as_bytes());
        archive.extend_from_slice(packed);
        contents.extend_from_slice(&CENTRAL.to_le_bytes());
        contents.extend_from_slice(&MADE_BY.to_le_bytes());
        contents.extend_from_slice(&described);
        // No comment, the first disk, nothing said of the content.
        contents.extend_from_slice(&[0; 6]);
        contents.extend_from_slice(&ATTRIBUTES.to_le_bytes());
        contents.extend_from_slice(&four(at)?);
        contents.extend_from_slice(name.as_bytes());
    }
    let (at, count) = (archive.len(), files.len().to_le_bytes());
    archive.extend_from_slice(&contents);
    archive.extend_from_slice(&END.to_le_bytes());
    archive.extend_from_slice(&[0; 4]);
    archive.extend_from_slice(&[count[0], count[1], count[0], count[1]]);
    archive.extend_from_slice(&four(contents.len())?);
    archive.extend_from_slice(&four(at)?);
    archive.extend_from_slice(&[0; 2]);
    Ok(archive)
}

fn four(value: usize) -> Result<[u8; 4], ArchiveError> {
    let value = u32::try_from(value).map_err(|_| ArchiveError::Damaged("it is longer than 4 GiB"));
    Ok(value?.to_le_bytes())
}

/// Whether a path may stand in a package: relative, without detours, and printable.
#[must_use]
pub fn is_path(name: &str) -> bool {
    let part = |part: &str| !part.is_empty() && part != "." && part != "..";
    let sign = |sign: char| !sign.is_control() && sign != '\\' && sign != ':';
    !name.is_empty()
        && name.len() <= MAX_NAME_BYTES
        && name.split('/').all(part)
        && name.chars().all(sign)
}

/// The files of an archive that [`write()`] made, in their order; anything else is refused.
///
/// # Errors
/// [`ArchiveError`].
pub fn read(archive: &[u8]) -> Result<Vec<File>, ArchiveError> {
    let end = archive.len().checked_sub(END_BYTES);
    let end = end.ok_or(ArchiveError::Damaged("it is too short"))?;
    let damaged = || ArchiveError::Damaged("its table of contents does not fit its files");
    let tail = archive.get(end..).ok_or_else(damaged)?;
    if !tail.starts_with(&END.to_le_bytes()) {
        return Err(ArchiveError::Damaged("it has no end"));
    }
    let count = short(tail, 10).ok_or_else(damaged)?;
    let begin = long(tail, 16).ok_or_else(damaged)?;
    if count > MAX_ENTRIES || begin > end {
        return Err(damaged());
    }
    let (mut files, mut left, mut at) = (Vec::new(), MAX_BYTES, 0);
    let mut contents = archive.get(begin..end).ok_or_else(damaged)?;
    for _ in 0..count {
        let described = contents.get(6..CENTRAL_BYTES - 14).ok_or_else(damaged)?;
        let (packed, whole) = (long(described, 14), long(described, 18));
        let (packed, whole) = packed.zip(whole).ok_or_else(damaged)?;
        let name = short(described, 22).ok_or_else(damaged)?;
        let text = contents
            .get(CENTRAL_BYTES..CENTRAL_BYTES + name)
            .ok_or_else(damaged)?;
        // The same description stands before the file, and the file begins where the last one ended.
        let local = archive
            .get(at..at + LOCAL_BYTES + name)
            .ok_or_else(damaged)?;
        let same = local.get(4..LOCAL_BYTES) == Some(described) && local.ends_with(text);
        if !same || long(contents, 42) != Some(at) || whole > left {
            return Err(damaged());
        }
        at += LOCAL_BYTES + name;
        let bytes = archive.get(at..at + packed).ok_or_else(damaged)?;
        let packing = Packing {
            deflated: match short(described, 4) {
                Some(0) => false,
                Some(8) => true,
                _ => return Err(damaged()),
            },
            packed: bytes.len() as u64,
            size: whole as u64,
            crc: long(described, 10)
                .and_then(|crc| u32::try_from(crc).ok())
                .ok_or_else(damaged)?,
        };
        let bytes = unpack(bytes, packing).map_err(|_| damaged())?;
        let text = std::str::from_utf8(text).map_err(|_| damaged())?.to_owned();
        if !is_path(&text) || files.iter().any(|(name, _)| *name == text) {
            return Err(ArchiveError::Name(text));
        }
        files.push((text, bytes));
        left -= whole;
        at += packed;
        contents = contents.get(CENTRAL_BYTES + name..).ok_or_else(damaged)?;
    }
    match contents.is_empty() && at == begin {
        true => Ok(files),
        false => Err(damaged()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files() -> Vec<File> {
        vec![
            ("m/bagit.txt".into(), b"BagIt-Version: 1.0\n".to_vec()),
            (
                "m/data/合同.pdf".into(),
                (0..=255).cycle().take(9000).collect(),
            ),
            ("m/data/zeros".into(), vec![0; 300_000]),
            ("m/data/none".into(), Vec::new()),
        ]
    }

    #[test]
    fn what_is_written_is_read_again_and_is_the_same_each_time() {
        let archive = write(&files()).unwrap();
        assert_eq!(read(&archive).unwrap(), files());
        assert_eq!(archive, write(&files()).unwrap());
        // A file that shrinks by more than the readers' limit is stored.
        assert!(archive.len() > 300_000);
    }

    #[test]
    fn bad_paths_are_refused_both_ways() {
        for name in [
            "",
            "/a",
            "a//b",
            "a/../b",
            "./a",
            "a\\b",
            "c:a",
            "a\nb",
            &"a".repeat(201),
        ] {
            let refused = write(&[(name.to_owned(), Vec::new())]);
            assert_eq!(refused, Err(ArchiveError::Name(name.to_owned())));
        }
    }

    #[test]
    fn every_flipped_byte_is_refused_or_changes_nothing() {
        let archive = write(&files()[..2]).unwrap();
        let mut kept = 0;
        for at in 0..archive.len() {
            let mut flipped = archive.clone();
            flipped[at] ^= 1;
            kept += usize::from(read(&flipped).is_ok_and(|read| read == files()[..2]));
        }
        // Version, attributes and disks say nothing about the files.
        assert!(kept < 64, "{kept}");
    }
}
