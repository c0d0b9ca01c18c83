//! Where stamps are kept: `DIR/<org>/timestamps/<ledger>/<size>/`, written whole or not at all.
//!
//! ```text
//! checkpoint.txt   the cosigned note, as it stood when it was stamped
//! body.txt         its body, the bytes that were stamped
//! token.tsr        the first token (ContentInfo, DER)
//! record.ers       the evidence record (RFC 4998, DER), which renewals lengthen
//! chain.pem        the authority's certificates up to the pinned root, the newest token's
//! about.json       what a list says of it
//! ```

use super::{TimeError, client::Stamped};
use crate::{
    file_error::FileError,
    network::folder::{make_private_folder, write_whole},
};
use blockworm_crypto::{
    cms::Path as CertificatePath,
    pkix::HashAlgorithm,
    timestamp::{EvidenceRecord, Token},
};
use blockworm_ledger::LedgerId;
use der::pem::{self, LineEnding};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

const NOTE: &str = "checkpoint.txt";
const BODY: &str = "body.txt";
const TOKEN: &str = "token.tsr";
const RECORD: &str = "record.ers";
const CHAIN: &str = "chain.pem";
const ABOUT: &str = "about.json";

/// What a list says of a stamp.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// The checkpoint's size: the stamp covers all blocks below it.
    pub size: u64,
    /// The time of the last block that it covers, milliseconds since 1970 UTC.
    pub block_ms: u64,
    /// The first token's time, milliseconds since 1970 UTC.
    pub token_ms: u64,
    /// How far that time may be off, as the authority says.
    pub accuracy_ms: Option<u64>,
    /// The authority that was asked first.
    pub source: String,
    /// The subject of its certificate.
    pub authority: String,
    /// The subject of the pinned root.
    pub root: String,
    /// The hash function of the newest token.
    pub hash: String,
    /// Since when the newest token's certificates hold, milliseconds since 1970 UTC.
    pub holds_from_ms: u64,
    /// Until when the newest token's certificates hold, milliseconds since 1970 UTC.
    pub holds_until_ms: u64,
    /// How often it was renewed.
    pub renewals: u32,
}

impl About {
    /// The hash function of the newest token.
    #[must_use]
    pub fn algorithm(&self) -> HashAlgorithm {
        HashAlgorithm::from_name(&self.hash).unwrap_or(HashAlgorithm::Sha256)
    }
}

/// A stamped checkpoint, whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// What a list says of it.
    pub about: About,
    /// The cosigned note.
    pub note: String,
    /// Its body: what was stamped.
    pub body: String,
    /// The first token, DER.
    pub token: Vec<u8>,
    /// The evidence record, DER.
    pub record: Vec<u8>,
    /// The authority's certificates up to the pinned root, PEM.
    pub chain_pem: String,
}

impl Stamp {
    /// The stamp of a checkpoint by a token that was checked.
    #[must_use]
    pub fn new(
        note: String,
        body: String,
        size: u64,
        block_ms: u64,
        url: &str,
        by: &Stamped,
    ) -> Self {
        let path = &by.verified.path;
        let about = About {
            size,
            block_ms,
            token_ms: by.verified.time_ms,
            accuracy_ms: by.verified.accuracy_ms,
            source: url.to_owned(),
            authority: path.subject.clone(),
            root: path.root_subject.clone(),
            hash: by.token.imprint_algorithm.as_str().to_owned(),
            holds_from_ms: path.not_before_ms,
            holds_until_ms: path.not_after_ms,
            renewals: 0,
        };
        Self {
            about,
            note,
            body,
            token: by.token.der().to_vec(),
            record: EvidenceRecord::new(by.token.clone()).to_der(),
            chain_pem: chain_pem(path),
        }
    }

    /// Adds a token that renews the record, which was checked on receipt.
    ///
    /// # Errors
    /// A damaged record, or a token that does not continue it.
    pub fn renew(
        &mut self,
        by: &Stamped,
    ) -> Result<(), blockworm_crypto::timestamp::TimestampError> {
        let mut record = EvidenceRecord::parse(&self.record)?;
        let hash = by.token.imprint_algorithm;
        if record.last().map(|last| last.imprint_algorithm) == Some(hash) {
            record.renew_timestamp(by.token.clone())?;
        } else {
            record.renew_hash(self.body.as_bytes(), hash, by.token.clone())?;
        }
        self.record = record.to_der();
        let path = &by.verified.path;
        self.chain_pem = chain_pem(path);
        hash.as_str().clone_into(&mut self.about.hash);
        self.about.holds_from_ms = path.not_before_ms;
        self.about.holds_until_ms = path.not_after_ms;
        self.about.renewals += 1;
        Ok(())
    }

    /// The first token, read.
    ///
    /// # Errors
    /// A damaged token.
    pub fn first_token(&self) -> Result<Token, blockworm_crypto::timestamp::TimestampError> {
        Token::parse(&self.token)
    }
}

fn chain_pem(path: &CertificatePath) -> String {
    let certificates = path.certificates.iter().chain([&path.root]);
    let block = |der: &Vec<u8>| pem::encode_string("CERTIFICATE", LineEnding::LF, der);
    certificates.filter_map(|der| block(der).ok()).collect()
}

/// The stamps of a node, with what lists ask in memory.
#[derive(Debug)]
pub struct StampStore {
    root: PathBuf,
    index: Mutex<BTreeMap<LedgerId, BTreeMap<u64, About>>>,
}

impl StampStore {
    /// Opens the folder, making it where there is none. What an interrupted write left is removed.
    ///
    /// # Errors
    /// A folder that cannot be read, or an `about.json` that is none.
    pub fn open(root: &Path) -> Result<Self, TimeError> {
        make_private_folder(root).map_err(|error| TimeError::Damaged {
            path: root.to_owned(),
            reason: error.to_string(),
        })?;
        let mut index: BTreeMap<LedgerId, BTreeMap<u64, About>> = BTreeMap::new();
        for (name, path) in folders(root)? {
            let Ok(ledger) = name.parse::<LedgerId>() else {
                continue;
            };
            let stamps = index.entry(ledger).or_default();
            for (name, path) in folders(&path)? {
                if let Ok(size) = name.parse::<u64>() {
                    stamps.insert(size, read_about(&path.join(ABOUT), size)?);
                } else if name.starts_with(".new-") {
                    fs::remove_dir_all(&path).map_err(FileError::on("remove", &path))?;
                }
            }
        }
        Ok(Self {
            root: root.to_owned(),
            index: Mutex::new(index),
        })
    }

    /// Keeps a stamp.
    ///
    /// # Errors
    /// [`TimeError::Io`]: then nothing of it is there.
    pub fn put(&self, ledger: LedgerId, stamp: &Stamp) -> Result<(), TimeError> {
        let size = stamp.about.size;
        let folder = self.root.join(ledger.to_string());
        let draft = folder.join(format!(".new-{size}"));
        let whole = folder.join(size.to_string());
        let _ = fs::remove_dir_all(&draft);
        make_private_folder(&draft).map_err(|error| TimeError::Damaged {
            path: draft.clone(),
            reason: error.to_string(),
        })?;
        for (name, bytes) in [
            (NOTE, stamp.note.as_bytes()),
            (BODY, stamp.body.as_bytes()),
            (TOKEN, &stamp.token),
            (RECORD, &stamp.record),
            (CHAIN, stamp.chain_pem.as_bytes()),
            (ABOUT, &about_json(&stamp.about)),
        ] {
            write(&draft.join(name), bytes)?;
        }
        sync(&draft)?;
        fs::rename(&draft, &whole).map_err(FileError::on("name", &whole))?;
        sync(&folder)?;
        self.note(ledger, &stamp.about);
        Ok(())
    }

    /// Keeps what a renewal changed. A crash between the files leaves a stamp that is due again.
    ///
    /// # Errors
    /// [`TimeError::Io`].
    pub fn put_renewed(&self, ledger: LedgerId, stamp: &Stamp) -> Result<(), TimeError> {
        let folder = self.folder(ledger, stamp.about.size);
        write(&folder.join(RECORD), &stamp.record)?;
        write(&folder.join(CHAIN), stamp.chain_pem.as_bytes())?;
        write(&folder.join(ABOUT), &about_json(&stamp.about))?;
        sync(&folder)?;
        self.note(ledger, &stamp.about);
        Ok(())
    }

    /// Keeps the note with cosignatures that came after the stamp; the body stays what it was.
    ///
    /// # Errors
    /// [`TimeError::Io`].
    pub fn put_note(&self, ledger: LedgerId, size: u64, note: &str) -> Result<(), TimeError> {
        write(&self.folder(ledger, size).join(NOTE), note.as_bytes())
    }

    fn note(&self, ledger: LedgerId, about: &About) {
        let mut index = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        let stamps = index.entry(ledger).or_default();
        stamps.insert(about.size, about.clone());
    }

    fn folder(&self, ledger: LedgerId, size: u64) -> PathBuf {
        self.root.join(ledger.to_string()).join(size.to_string())
    }

    /// The earliest stamp that covers the block of this height.
    #[must_use]
    pub fn covering(&self, ledger: &LedgerId, height: u64) -> Option<u64> {
        let after = height.checked_add(1)?;
        self.with(ledger, |stamps| {
            stamps.range(after..).next().map(|(size, _)| *size)
        })
    }

    /// The newest stamp.
    #[must_use]
    pub fn newest(&self, ledger: &LedgerId) -> Option<About> {
        self.with(ledger, |stamps| {
            stamps.last_key_value().map(|(_, about)| about.clone())
        })
    }

    /// At most `limit` stamps from this size downwards, newest first.
    #[must_use]
    pub fn list(&self, ledger: &LedgerId, below: u64, limit: usize) -> Vec<About> {
        self.with(ledger, |stamps| {
            let found = stamps.range(..below).rev().take(limit);
            Some(found.map(|(_, about)| about.clone()).collect())
        })
        .unwrap_or_default()
    }

    /// At most `limit` stamps for which the question is answered with yes, oldest first.
    pub(super) fn find(
        &self,
        ledger: &LedgerId,
        limit: usize,
        asked: impl Fn(&About) -> bool,
    ) -> Vec<About> {
        self.with(ledger, |stamps| {
            let found = stamps.values().filter(|about| asked(about)).take(limit);
            Some(found.cloned().collect())
        })
        .unwrap_or_default()
    }

    /// How many stamps there are for which the question is answered with yes.
    pub(super) fn count(&self, ledger: &LedgerId, asked: impl Fn(&About) -> bool) -> u64 {
        self.with(ledger, |stamps| {
            Some(stamps.values().filter(|about| asked(about)).count() as u64)
        })
        .unwrap_or(0)
    }

    fn with<T>(
        &self,
        ledger: &LedgerId,
        read: impl FnOnce(&BTreeMap<u64, About>) -> Option<T>,
    ) -> Option<T> {
        let index = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        index.get(ledger).and_then(read)
    }

    /// A stamp, whole.
    ///
    /// # Errors
    /// Files that are missing or damaged.
    pub fn get(&self, ledger: LedgerId, size: u64) -> Result<Option<Stamp>, TimeError> {
        let about = self.with(&ledger, |stamps| stamps.get(&size).cloned());
        let Some(about) = about else {
            return Ok(None);
        };
        let folder = self.folder(ledger, size);
        let bytes = |name: &str| {
            let path = folder.join(name);
            fs::read(&path).map_err(FileError::on("read", &path))
        };
        let text = |name: &str| {
            String::from_utf8(bytes(name)?).map_err(|error| TimeError::Damaged {
                path: folder.join(name),
                reason: error.to_string(),
            })
        };
        Ok(Some(Stamp {
            about,
            note: text(NOTE)?,
            body: text(BODY)?,
            token: bytes(TOKEN)?,
            record: bytes(RECORD)?,
            chain_pem: text(CHAIN)?,
        }))
    }
}

fn about_json(about: &About) -> Vec<u8> {
    let mut text = serde_json::to_vec_pretty(about).unwrap_or_default();
    text.push(b'\n');
    text
}

fn read_about(path: &Path, size: u64) -> Result<About, TimeError> {
    let damaged = |reason: String| TimeError::Damaged {
        path: path.to_owned(),
        reason,
    };
    let text = fs::read(path).map_err(FileError::on("read", path))?;
    let about: About = serde_json::from_slice(&text).map_err(|error| damaged(error.to_string()))?;
    if about.size != size {
        return Err(damaged(format!("it is of size {}, not {size}", about.size)));
    }
    Ok(about)
}

fn folders(parent: &Path) -> Result<Vec<(String, PathBuf)>, TimeError> {
    let listed = fs::read_dir(parent).map_err(FileError::on("list", parent))?;
    let mut found = Vec::new();
    for entry in listed {
        let entry = entry.map_err(FileError::on("list", parent))?;
        if entry.path().is_dir() {
            let name = entry.file_name().to_string_lossy().into_owned();
            found.push((name, entry.path()));
        }
    }
    Ok(found)
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), TimeError> {
    let written = write_whole(path, bytes, 0o600).map_err(io::Error::other);
    Ok(written.map_err(FileError::on("write", path))?)
}

fn sync(folder: &Path) -> Result<(), TimeError> {
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(FileError::on("sync", folder))?;
    Ok(())
}
