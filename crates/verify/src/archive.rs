//! The one kind of zip file that a package may be: nothing hidden, nothing twice, nothing that grows without bound.
//!
//! A zip file has two descriptions of every entry, a local header and the central directory; tools
//! that believe the one or the other see different files. Here both must be equal, and entries must
//! follow one another without a gap up to the directory.

mod crc;
mod inflate;

pub use crc::crc32;
pub use inflate::{Packing, unpack};

use crate::{path, source::Source};
use blockworm_ledger::report::Checks;
use std::collections::BTreeSet;

/// Most entries.
const MAX_ENTRIES: usize = 2_000;
/// Most bytes of all entries together.
const MAX_TOTAL_BYTES: u64 = 1 << 30;
/// How often its own size an entry may unpack to, where it is larger than [`SMALL_BYTES`].
const MAX_RATIO: u64 = 200;
const SMALL_BYTES: u64 = 64 << 10;
/// 1980-01-01 00:00, the first moment of MS-DOS.
const DOS_TIME: [u8; 4] = [0, 0, 0x21, 0];
/// Names are UTF-8; no other flag is allowed.
const UTF8_FLAG: u16 = 1 << 11;
const LOCAL: &[u8] = b"PK\x03\x04";
const CENTRAL: &[u8] = b"PK\x01\x02";
const END: &[u8] = b"PK\x05\x06";
const LOCAL_BYTES: u64 = 30;
const CENTRAL_BYTES: usize = 46;
const END_BYTES: u64 = 22;

const CUT_SHORT: &str =
    "the archive has no end: the file was cut short, as by a transfer that broke off; get it again";

/// A file in the archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) packing: Packing,
    /// Where the local header stands.
    offset: u64,
}

impl Entry {
    fn data_offset(&self) -> u64 {
        self.offset + LOCAL_BYTES + self.name.len() as u64
    }
}

/// An archive whose directory was read and found in order.
pub(crate) struct Archive<'a> {
    source: &'a dyn Source,
    pub(crate) entries: Vec<Entry>,
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

impl<'a> Archive<'a> {
    /// Reads and checks the directory; `None` where a check failed.
    pub(crate) fn open(source: &'a dyn Source, checks: &mut Checks) -> Option<Self> {
        let entries = match read_directory(source) {
            Ok(entries) => entries,
            Err(reason) => {
                checks.note("zip.readable", Err(reason));
                return None;
            }
        };
        let count = entries.len();
        checks.note(
            "zip.readable",
            Ok(format!(
                "{count} entries, the local headers equal the directory"
            )),
        );
        let names = entries
            .iter()
            .try_for_each(|entry| path::check(&entry.name));
        let unique = check_duplicates(&entries);
        let sizes = check_sizes(&entries);
        let sound = names.is_ok() && unique.is_ok() && sizes.is_ok();
        checks.note(
            "zip.names",
            names.map(|()| "every name stays inside".into()),
        );
        checks.note("zip.duplicates", unique);
        checks.note("zip.size", sizes);
        sound.then_some(Self { source, entries })
    }

    /// Unpacks an entry piece by piece; its size and CRC-32 must be as declared.
    pub(crate) fn stream(&self, entry: &Entry, sink: &mut dyn FnMut(&[u8])) -> Result<(), String> {
        inflate::stream(self.source, entry.data_offset(), entry.packing, sink)
    }
}

fn read_directory(source: &dyn Source) -> Result<Vec<Entry>, String> {
    let size = source.size();
    let end_at = size.checked_sub(END_BYTES).ok_or(CUT_SHORT)?;
    let mut end = [0; END_BYTES as usize];
    source.read_at(end_at, &mut end)?;
    if &end[..4] != END {
        return Err(without_end(source)?.into());
    }
    let (count, count_all) = (u16_at(&end, 10), u16_at(&end, 8));
    let (length, start) = (u32_at(&end, 12), u32_at(&end, 16));
    if u16_at(&end, 4) != 0 || u16_at(&end, 6) != 0 || count != count_all {
        return Err("the archive is spread over several files".into());
    }
    if u16_at(&end, 20) != 0 {
        return Err("the archive has a comment".into());
    }
    if count == u16::MAX || length == u32::MAX || start == u32::MAX {
        return Err("zip64 is not read".into());
    }
    if usize::from(count) > MAX_ENTRIES {
        return Err(format!("{count} entries, more than {MAX_ENTRIES}"));
    }
    if u64::from(start) + u64::from(length) != end_at {
        return Err("the directory does not end where the archive's end begins".into());
    }
    // Every entry has 46 bytes and a name of at most 65,535.
    if u64::from(length) > u64::from(count) * (CENTRAL_BYTES as u64 + 65_535) {
        return Err("the directory is longer than its entries can be".into());
    }
    let mut directory = vec![0; length as usize];
    source.read_at(u64::from(start), &mut directory)?;
    let mut entries = Vec::with_capacity(usize::from(count));
    let (mut rest, mut next) = (&directory[..], 0);
    for _ in 0..count {
        let (entry, after) = read_central(rest)?;
        rest = after;
        check_local(source, &entry, next)?;
        next = entry.data_offset() + entry.packing.packed;
        entries.push(entry);
    }
    if !rest.is_empty() {
        return Err("the directory has more than its entries".into());
    }
    if next != u64::from(start) {
        return Err("bytes that belong to no entry stand before the directory".into());
    }
    Ok(entries)
}

/// Why the archive's last bytes are not its end.
fn without_end(source: &dyn Source) -> Result<&'static str, String> {
    // As far back as a comment can push the end.
    let length = source.size().min(END_BYTES + u64::from(u16::MAX));
    let mut tail = vec![0; usize::try_from(length).unwrap_or_default()];
    source.read_at(source.size() - length, &mut tail)?;
    let mut whole = tail.windows(END_BYTES as usize);
    Ok(match whole.any(|end| end.starts_with(END)) {
        true => "something follows the end of the archive (a comment, other bytes)",
        false => CUT_SHORT,
    })
}

fn read_central(rest: &[u8]) -> Result<(Entry, &[u8]), String> {
    let (head, rest) = rest
        .split_at_checked(CENTRAL_BYTES)
        .filter(|(head, _)| head.starts_with(CENTRAL))
        .ok_or("the directory is cut short or damaged")?;
    let (name, rest) = rest
        .split_at_checked(usize::from(u16_at(head, 28)))
        .ok_or("the directory is cut short")?;
    let name = str::from_utf8(name).map_err(|_| "a name is not UTF-8")?;
    let refuse = |why: &str| {
        let shown: String = name
            .chars()
            .take(80)
            .flat_map(char::escape_default)
            .collect();
        Err(format!("{shown}: {why}"))
    };
    if u16_at(head, 8) & 1 != 0 {
        return refuse("it is encrypted by the zip tool");
    }
    if u16_at(head, 8) & (1 << 3) != 0 {
        return refuse("its sizes stand behind it (a data descriptor)");
    }
    if u16_at(head, 8) != UTF8_FLAG {
        return refuse("its flags are other than UTF-8 names alone");
    }
    if u16_at(head, 30) != 0 || u16_at(head, 32) != 0 || u16_at(head, 34) != 0 {
        return refuse("it has extra fields, a comment, or stands in another file");
    }
    if head[12..16] != DOS_TIME {
        return refuse("its time is not 1980-01-01 00:00");
    }
    let method = u16_at(head, 10);
    if method != 0 && method != 8 {
        return refuse("it is neither stored nor deflated");
    }
    let (packed, size) = (u32_at(head, 20), u32_at(head, 24));
    if packed == u32::MAX || size == u32::MAX || (method == 0 && packed != size) {
        return refuse("its sizes are impossible");
    }
    let entry = Entry {
        name: name.to_owned(),
        packing: Packing {
            deflated: method == 8,
            packed: u64::from(packed),
            size: u64::from(size),
            crc: u32_at(head, 16),
        },
        offset: u64::from(u32_at(head, 42)),
    };
    Ok((entry, rest))
}

/// The local header says the same and stands directly behind the entry before.
fn check_local(source: &dyn Source, entry: &Entry, expected: u64) -> Result<(), String> {
    let shown: String = entry
        .name
        .chars()
        .take(80)
        .flat_map(char::escape_default)
        .collect();
    if entry.offset != expected {
        return Err(format!(
            "{shown}: it begins at {}, the entry before ends at {expected}: entries overlap or leave a gap",
            entry.offset
        ));
    }
    let mut head = [0; LOCAL_BYTES as usize];
    source.read_at(entry.offset, &mut head)?;
    let mut name = vec![0; entry.name.len()];
    source.read_at(entry.offset + LOCAL_BYTES, &mut name)?;
    let equal = &head[..4] == LOCAL
        && u16_at(&head, 6) == UTF8_FLAG
        && u16_at(&head, 8) == if entry.packing.deflated { 8 } else { 0 }
        && head[10..14] == DOS_TIME
        && u32_at(&head, 14) == entry.packing.crc
        && u64::from(u32_at(&head, 18)) == entry.packing.packed
        && u64::from(u32_at(&head, 22)) == entry.packing.size
        && usize::from(u16_at(&head, 26)) == entry.name.len()
        && u16_at(&head, 28) == 0
        && name == entry.name.as_bytes();
    if !equal {
        return Err(format!(
            "{shown}: the local header says something else than the directory"
        ));
    }
    Ok(())
}

fn check_duplicates(entries: &[Entry]) -> Result<String, String> {
    let mut seen = BTreeSet::new();
    for entry in entries {
        if !seen.insert(path::fold(&entry.name)) {
            return Err(format!(
                "{} stands twice, or differs from another only in capital letters",
                entry.name
            ));
        }
    }
    // A file cannot also be a folder.
    for entry in entries {
        let mut prefix = path::fold(&entry.name);
        while let Some(at) = prefix.rfind('/') {
            prefix.truncate(at);
            if seen.contains(&prefix) {
                return Err(format!("{prefix} is a file and a folder"));
            }
        }
    }
    Ok("no name stands twice".into())
}

fn check_sizes(entries: &[Entry]) -> Result<String, String> {
    let mut total: u64 = 0;
    for entry in entries {
        total += entry.packing.size;
        if total > MAX_TOTAL_BYTES {
            return Err("the files declare more than 1 GiB together".into());
        }
        if entry.packing.size > SMALL_BYTES && entry.packing.size / MAX_RATIO > entry.packing.packed
        {
            return Err(format!(
                "{} unpacks from {} to {} bytes, more than {MAX_RATIO} times its size",
                entry.name, entry.packing.packed, entry.packing.size
            ));
        }
    }
    Ok(format!("{total} bytes unpacked"))
}
