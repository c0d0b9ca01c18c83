//! The few parts of a ZIP archive that a workbook needs, unfolded within bounds (APPNOTE.TXT 6.3).

use super::{error::TableError, grid::MAX_UNFOLDED_BYTES};
use blockworm_verify::{Packing, unpack};
use std::collections::BTreeMap;

/// Most files in a workbook.
const MAX_ENTRIES: usize = 2_000;
const END: [u8; 4] = *b"PK\x05\x06";
const END_BYTES: usize = 22;
const CENTRAL: [u8; 4] = *b"PK\x01\x02";
const CENTRAL_BYTES: usize = 46;
const LOCAL: [u8; 4] = *b"PK\x03\x04";
const LOCAL_BYTES: usize = 30;

/// An archive's table of contents.
pub struct Archive<'a> {
    bytes: &'a [u8],
    entries: BTreeMap<String, Entry>,
    /// How much more may be unfolded.
    left: usize,
}

struct Entry {
    encrypted: bool,
    method: usize,
    crc: u32,
    packed: usize,
    unfolded: usize,
    at: usize,
}

impl<'a> Archive<'a> {
    /// Reads the table of contents.
    pub fn open(bytes: &'a [u8]) -> Result<Self, TableError> {
        let entries = contents(bytes)?;
        Ok(Self {
            bytes,
            entries,
            left: MAX_UNFOLDED_BYTES,
        })
    }

    /// A file of it, unfolded; `None` where there is none.
    pub fn read(&mut self, name: &str) -> Result<Option<Vec<u8>>, TableError> {
        let Some(entry) = self.entries.get(name) else {
            return Ok(None);
        };
        if entry.encrypted {
            return Err(encrypted());
        }
        if entry.unfolded > self.left {
            return Err(TableError::file(
                "table.limit_exceeded",
                format!(
                    "the workbook unfolds to more than {} MiB",
                    MAX_UNFOLDED_BYTES >> 20
                ),
                "import it in parts, as CSV or as several workbooks",
            ));
        }
        let packed = entry.data(self.bytes, name).ok_or_else(|| damaged(name))?;
        let packing = Packing {
            deflated: match entry.method {
                0 => false,
                8 => true,
                _ => return Err(damaged(name)),
            },
            packed: packed.len() as u64,
            size: entry.unfolded as u64,
            crc: entry.crc,
        };
        let unfolded = unpack(packed, packing).map_err(|_| damaged(name))?;
        self.left -= unfolded.len();
        Ok(Some(unfolded))
    }
}

impl Entry {
    fn data<'a>(&self, bytes: &'a [u8], name: &str) -> Option<&'a [u8]> {
        let head = bytes.get(self.at..)?;
        let names = head.get(LOCAL_BYTES..)?;
        let (name_bytes, extra) = (short(head, 26)?, short(head, 28)?);
        if !head.starts_with(&LOCAL) || names.get(..name_bytes)? != name.as_bytes() {
            return None;
        }
        let begin = name_bytes.checked_add(extra)?;
        names.get(begin..begin.checked_add(self.packed)?)
    }
}

fn contents(bytes: &[u8]) -> Result<BTreeMap<String, Entry>, TableError> {
    let end = find_end(bytes).ok_or_else(|| damaged("the table of contents"))?;
    let bad = || damaged("the table of contents");
    let count = short(end, 10).ok_or_else(bad)?;
    let at = long(end, 16).ok_or_else(bad)?;
    if count > MAX_ENTRIES {
        return Err(TableError::file(
            "table.limit_exceeded",
            format!("the workbook holds {count} files; at most {MAX_ENTRIES} are read"),
            "save the sheet alone as a new workbook, or as CSV",
        ));
    }
    let mut rest = bytes.get(at..).ok_or_else(bad)?;
    let mut entries = BTreeMap::new();
    for _ in 0..count {
        let (name, entry, length) = central(rest).ok_or_else(bad)?;
        // Two files of one name: two programs could read two tables.
        if entries.insert(name, entry).is_some() {
            return Err(bad());
        }
        rest = rest.get(length..).ok_or_else(bad)?;
    }
    Ok(entries)
}

fn find_end(bytes: &[u8]) -> Option<&[u8]> {
    let last = bytes.len().checked_sub(END_BYTES)?;
    let first = last.saturating_sub(usize::from(u16::MAX));
    (first..=last).rev().find_map(|at| {
        let end = bytes.get(at..)?;
        let comment = end.starts_with(&END).then(|| short(end, 20))??;
        (END_BYTES + comment == end.len()).then_some(end)
    })
}

fn central(rest: &[u8]) -> Option<(String, Entry, usize)> {
    if !rest.starts_with(&CENTRAL) {
        return None;
    }
    let (name, extra, comment) = (short(rest, 28)?, short(rest, 30)?, short(rest, 32)?);
    let text = rest.get(CENTRAL_BYTES..)?.get(..name)?;
    let entry = Entry {
        encrypted: short(rest, 8)? & 1 == 1,
        method: short(rest, 10)?,
        crc: u32::try_from(long(rest, 16)?).ok()?,
        packed: long(rest, 20)?,
        unfolded: long(rest, 24)?,
        at: long(rest, 42)?,
    };
    let text = std::str::from_utf8(text).ok()?.to_owned();
    Some((text, entry, CENTRAL_BYTES + name + extra + comment))
}

pub fn short(bytes: &[u8], at: usize) -> Option<usize> {
    let two: [u8; 2] = bytes.get(at..at + 2)?.try_into().ok()?;
    Some(usize::from(u16::from_le_bytes(two)))
}

pub fn long(bytes: &[u8], at: usize) -> Option<usize> {
    let four: [u8; 4] = bytes.get(at..at + 4)?.try_into().ok()?;
    usize::try_from(u32::from_le_bytes(four)).ok()
}

fn damaged(what: &str) -> TableError {
    TableError::file(
        "table.malformed",
        format!("the workbook is damaged, or no workbook: {what} cannot be unfolded"),
        "open it in a spreadsheet program and save it again as .xlsx",
    )
}

/// Nobody asks for its password here.
pub fn encrypted() -> TableError {
    TableError::file(
        "table.encrypted",
        "the workbook is protected by a password",
        "save it without a password",
    )
}
