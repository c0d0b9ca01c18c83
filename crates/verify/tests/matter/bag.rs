//! Bags and zip files, made plainly, so that tests can make wrong ones too.

use blockworm_crypto::sha256;
use std::collections::BTreeMap;

pub type Files = BTreeMap<String, Vec<u8>>;

/// Adds what makes a bag of files below `data/`: everything but the seal and what depends on it.
pub fn manifest(files: &Files) -> Vec<u8> {
    lines(files.iter().filter(|(path, _)| path.starts_with("data/")))
}

pub fn tag_manifest(files: &Files) -> Vec<u8> {
    let tags = [
        "bagit.txt",
        "bag-info.txt",
        "manifest-sha256.txt",
        "seal.p7s",
    ];
    lines(
        files
            .iter()
            .filter(|(path, _)| tags.contains(&path.as_str())),
    )
}

fn lines<'a>(files: impl Iterator<Item = (&'a String, &'a Vec<u8>)>) -> Vec<u8> {
    let line = |(path, bytes): (&String, &Vec<u8>)| format!("{}  {path}\n", sha256(&[bytes]));
    files.map(line).collect::<String>().into_bytes()
}

pub fn info(files: &Files, ledger: &str, matter: &str) -> Vec<u8> {
    let payload = files.iter().filter(|(path, _)| path.starts_with("data/"));
    let sizes: Vec<usize> = payload.map(|(_, bytes)| bytes.len()).collect();
    let (bytes, count) = (sizes.iter().sum::<usize>(), sizes.len());
    format!(
        "Source-Organization: notary\nExternal-Identifier: {ledger}/{matter}\nBagging-Date: 2026-09-22\nPayload-Oxum: {bytes}.{count}\nBlockworm-Evidence: 1\n"
    )
    .into_bytes()
}

/// An entry of a zip file, with what its headers say.
#[derive(Clone)]
pub struct Entry {
    pub name: String,
    pub data: Vec<u8>,
    pub size: u32,
    pub crc: u32,
    pub method: u16,
    pub flags: u16,
    /// What the local header says instead of the name.
    pub local_name: Option<String>,
}

impl Entry {
    pub fn stored(name: &str, bytes: &[u8]) -> Self {
        Self {
            name: name.into(),
            data: bytes.to_vec(),
            size: u32::try_from(bytes.len()).unwrap(),
            crc: crc(bytes),
            method: 0,
            flags: 1 << 11,
            local_name: None,
        }
    }

    pub fn deflated(name: &str, bytes: &[u8]) -> Self {
        Self {
            data: miniz_oxide::deflate::compress_to_vec(bytes, 6),
            method: 8,
            ..Self::stored(name, bytes)
        }
    }
}

fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            crc >> 1 ^ (0xedb8_8320 * (crc & 1))
        })
    })
}

/// The fields that local header and directory share.
fn head(entry: &Entry, name: &str) -> Vec<u8> {
    let mut bytes = vec![20, 0];
    bytes.extend(entry.flags.to_le_bytes());
    bytes.extend(entry.method.to_le_bytes());
    bytes.extend([0, 0, 0x21, 0]);
    bytes.extend(entry.crc.to_le_bytes());
    bytes.extend(u32::try_from(entry.data.len()).unwrap().to_le_bytes());
    bytes.extend(entry.size.to_le_bytes());
    bytes.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
    bytes.extend([0, 0]);
    bytes
}

pub fn zip_entries(entries: &[Entry]) -> Vec<u8> {
    let (mut archive, mut directory) = (Vec::new(), Vec::new());
    for entry in entries {
        let offset = u32::try_from(archive.len()).unwrap();
        let local = entry.local_name.as_deref().unwrap_or(&entry.name);
        archive.extend(b"PK\x03\x04");
        archive.extend(head(entry, local));
        archive.extend(local.as_bytes());
        archive.extend(&entry.data);
        directory.extend(b"PK\x01\x02\x14\x03");
        directory.extend(head(entry, &entry.name));
        directory.extend([0; 6]);
        directory.extend([0, 0, 0xa4, 0x81]);
        directory.extend(offset.to_le_bytes());
        directory.extend(entry.name.as_bytes());
    }
    let start = u32::try_from(archive.len()).unwrap();
    let count = u16::try_from(entries.len()).unwrap().to_le_bytes();
    archive.extend(&directory);
    archive.extend(b"PK\x05\x06\0\0\0\0");
    archive.extend(count);
    archive.extend(count);
    archive.extend(u32::try_from(directory.len()).unwrap().to_le_bytes());
    archive.extend(start.to_le_bytes());
    archive.extend([0, 0]);
    archive
}

pub fn entries(top: &str, files: &Files) -> Vec<Entry> {
    files
        .iter()
        .map(|(path, bytes)| Entry::deflated(&format!("{top}/{path}"), bytes))
        .collect()
}

pub fn zip(top: &str, files: &Files) -> Vec<u8> {
    zip_entries(&entries(top, files))
}

/// Writes the files below a folder.
pub fn unzip(folder: &std::path::Path, files: &Files) {
    for (path, bytes) in files {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
}
