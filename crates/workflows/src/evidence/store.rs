//! Where an organisation keeps originals: each encrypted once in the age format, with the record that opens its commitment.
//!
//! ```text
//! DIR/<org>/keys/evidence.identity.age        the key, under the passphrase of the organisation's keys
//! DIR/<org>/evidence/<ledger>/<matter>/<commitment>.age    the original, to that key
//! DIR/<org>/evidence/<ledger>/<matter>/<commitment>.json   its record, written after it
//! ```
//! The record is durable before its transaction is submitted, so nothing of this organisation is ever
//! on the ledger without its opening. A record without a number is a leftover: the ledger may or may not
//! have it, and [`super::settle`] asks.

use super::{
    age::{self, AgeError, Identity},
    disk::{put, put_new, read_bounded, remove},
    import::Captured,
    kept::{KEPT_FORMAT, Kept, KeptCapture, Part},
};
use crate::commitment::{Domain, Opening};
use blockworm_crypto::{Digest, sha256};
use blockworm_ledger::OrganisationId;
use blockworm_service::{
    file_error::FileError,
    identity::{IdentityError, Passphrase, check_private},
    network::{ConsortiumFolder, FolderError, folder::make_private_folder},
};
use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

/// A file that belongs to nothing is some killed process's when it is as old as this.
const ABANDONED: Duration = Duration::from_secs(3_600);
/// The key's file among the organisation's keys.
const IDENTITY_FILE: &str = "evidence.identity.age";
/// Largest record that is read: a capture record has a few kilobytes.
const MAX_RECORD_BYTES: u64 = 1 << 20;
/// Largest original that is kept.
pub const MAX_ORIGINAL_BYTES: u64 = 256 << 20;
/// Most files that are looked at in one matter.
const MAX_FILES: usize = 4_096;

/// Why the store did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The operating system refused.
    #[error(transparent)]
    Io(#[from] FileError),
    /// The organisation's passphrase or key cannot be had.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The folder cannot be made.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// A file was not encrypted or decrypted.
    #[error("{}: {source}", path.display())]
    Age {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: AgeError,
    },
    /// A record is not what this program wrote.
    #[error("{} is damaged: its parts do not fit each other", path.display())]
    Damaged {
        /// Which.
        path: PathBuf,
    },
    /// The original is not the one that was kept.
    #[error("the original of {name} is not the file that was committed to")]
    OtherFile {
        /// Its name.
        name: String,
    },
    /// The original was destroyed.
    #[error("the original of {name} was destroyed")]
    Erased {
        /// Its name.
        name: String,
    },
    /// A matter or ledger whose name cannot be a folder.
    #[error("`{0}` is no name of a matter or a ledger")]
    BadName(String),
}

impl StoreError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Io(_) | Self::Folder(_) => "evidence.store_unusable",
            Self::Identity(_) => "key.unusable",
            Self::Age { .. } | Self::Damaged { .. } | Self::OtherFile { .. } => {
                "evidence.store_damaged"
            }
            Self::Erased { .. } => "evidence.original_erased",
            Self::BadName(_) => "evidence.bad_matter",
        }
    }
}

/// An organisation's originals.
#[derive(Debug)]
pub struct Store {
    root: PathBuf,
    identity: Identity,
}

/// Keeps other processes from depositing in a matter until dropped; a killed process keeps nobody.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "the open file is the lock")] fs::File);

impl Store {
    /// Opens the store of an organisation whose keys lie in this consortium folder; makes its key
    /// where there is none.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn open(
        dir: impl Into<PathBuf>,
        organisation: &OrganisationId,
    ) -> Result<Self, StoreError> {
        let folder = ConsortiumFolder::new(dir);
        let root = folder.organisation(organisation).join("evidence");
        let passphrase = Passphrase::read(&folder.passphrase_file(organisation))?;
        let path = folder.keys(organisation).join(IDENTITY_FILE);
        if !path.exists() {
            let identity = Identity::generate().map_err(of(&path))?;
            let text = identity.text();
            let work = work(&passphrase);
            let sealed = age::seal_under(passphrase.as_bytes(), work, text.as_bytes());
            // Whoever was first has made it.
            put_new(&path, &sealed.map_err(of(&path))?)?;
        }
        check_private(&path)?;
        let sealed = read_bounded(&path, MAX_RECORD_BYTES)?;
        let text = age::open_under(passphrase.as_bytes(), &sealed).map_err(of(&path))?;
        let text = zeroize::Zeroizing::new(text);
        let text = std::str::from_utf8(&text).map_err(|_| AgeError::Malformed);
        let identity = text.and_then(Identity::parse).map_err(of(&path))?;
        make_private_folder(&root)?;
        Ok(Self { root, identity })
    }

    /// The key, as a file that `age -d -i` takes.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Keeps an original with its record. Durable on return.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn keep(&self, ledger: &str, captured: &Captured, now_ms: u64) -> Result<Kept, StoreError> {
        let deposit = captured.deposit();
        let record = captured.record.clone();
        let capture = KeptCapture {
            sha256: captured.capture.file_digest,
            salt: captured.capture.salt,
            commitment: captured.capture.commitment_as(Domain::Capture),
            record,
            phase: deposit.phase,
            kind: deposit.kind,
            method: deposit.method,
            captured_ms: captured.terms.captured_ms,
        };
        let kept = Kept {
            format: KEPT_FORMAT.to_owned(),
            ledger: ledger.to_owned(),
            matter: captured.terms.matter.clone(),
            part: Part::Original,
            commitment: captured.original.commitment_as(Domain::Original),
            salt: Some(captured.original.salt),
            sha256: captured.original.file_digest,
            size: captured.file.bytes.len() as u64,
            name: captured.file.name.clone(),
            media_type: captured.media_type.clone(),
            capture: Some(capture),
            by: captured.terms.by.to_string(),
            kept_ms: now_ms,
            number: None,
            transaction: None,
            erased: false,
        };
        self.write(&kept, &captured.file.bytes)?;
        Ok(kept)
    }

    /// Keeps findings (with their opening) or a document (without).
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn keep_paper(
        &self,
        (ledger, matter): (&str, &str),
        (name, bytes): (&str, &[u8]),
        opening: Option<&Opening>,
        by: &str,
        now_ms: u64,
    ) -> Result<Kept, StoreError> {
        let sha256 = sha256(&[bytes]);
        let commitment = opening.map(|opening| opening.commitment_as(Domain::Findings));
        let kept = Kept {
            format: KEPT_FORMAT.to_owned(),
            ledger: ledger.to_owned(),
            matter: matter.to_owned(),
            part: opening.map_or(Part::Document, |_| Part::Findings),
            commitment: commitment.unwrap_or(sha256),
            salt: opening.map(|opening| opening.salt),
            sha256,
            size: bytes.len() as u64,
            name: name.to_owned(),
            media_type: super::import::guess(name, bytes).to_owned(),
            capture: None,
            by: by.to_owned(),
            kept_ms: now_ms,
            number: None,
            transaction: None,
            erased: false,
        };
        let place = self.record_file(&kept)?;
        match place.exists() {
            // The same paper was cited before.
            true => read_record(&place),
            false => self.write(&kept, bytes).map(|()| kept),
        }
    }

    /// Writes down where the ledger has it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn settle(
        &self,
        kept: &mut Kept,
        number: u32,
        transaction: &str,
    ) -> Result<(), StoreError> {
        if kept.number.is_some() {
            return Ok(());
        }
        kept.number = Some(number);
        kept.transaction = Some(transaction.to_owned());
        self.write_record(kept)
    }

    /// Removes what the ledger refused: it will never stand there.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn forget(&self, kept: &Kept) -> Result<(), StoreError> {
        // The record first: an original without a record is nothing.
        remove(&self.record_file(kept)?)?;
        remove(&self.sealed_file(kept)?)
    }

    /// Destroys an original; its record stays, for the ledger has its commitment.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn erase(&self, kept: &mut Kept) -> Result<(), StoreError> {
        remove(&self.sealed_file(kept)?)?;
        kept.erased = true;
        self.write_record(kept)
    }

    /// What is kept of an entry.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn find(
        &self,
        ledger: &str,
        matter: &str,
        number: u32,
    ) -> Result<Option<Kept>, StoreError> {
        self.find_part(ledger, matter, Part::Original, number)
    }

    /// What is kept of an entry, an attestation's findings, or an act's document.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn find_part(
        &self,
        ledger: &str,
        matter: &str,
        part: Part,
        number: u32,
    ) -> Result<Option<Kept>, StoreError> {
        let all = self.matter(ledger, matter)?;
        let mut found = all.into_iter();
        Ok(found.find(|kept| kept.part == part && kept.number == Some(number)))
    }

    /// What is kept under a commitment, or under a document's digest.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn find_commitment(
        &self,
        ledger: &str,
        matter: &str,
        commitment: &str,
    ) -> Result<Option<Kept>, StoreError> {
        let Ok(commitment) = commitment.parse::<Digest>() else {
            return Ok(None);
        };
        let path = self
            .folder(ledger, matter)?
            .join(format!("{commitment}.json"));
        match path.exists() {
            true => read_record(&path).map(Some),
            false => Ok(None),
        }
    }

    /// All that is kept of a matter, settled or not, in the order in which it came.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn matter(&self, ledger: &str, matter: &str) -> Result<Vec<Kept>, StoreError> {
        let folder = self.folder(ledger, matter)?;
        let listed = match fs::read_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            listed => listed.map_err(FileError::on("list", &folder))?,
        };
        let mut all = Vec::new();
        for found in listed.take(MAX_FILES) {
            let path = found.map_err(FileError::on("list", &folder))?.path();
            if path.extension().is_some_and(|ending| ending == "json") {
                all.push(read_record(&path)?);
            }
        }
        all.sort_by_key(|kept| (kept.kept_ms, kept.number, kept.commitment.to_string()));
        Ok(all)
    }

    /// Originals of which nobody knows whether the ledger has them.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn leftovers(&self, ledger: &str, matter: &str) -> Result<Vec<Kept>, StoreError> {
        let mut all = self.matter(ledger, matter)?;
        all.retain(|kept| kept.part == Part::Original && kept.number.is_none());
        Ok(all)
    }

    /// Waits until no other process deposits in the matter, and keeps others out until the answer is
    /// dropped: whatever one process forgets no other may have submitted.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn lock(&self, ledger: &str, matter: &str) -> Result<Lock, StoreError> {
        let folder = self.folder(ledger, matter)?;
        make_private_folder(&folder)?;
        let path = folder.with_extension("lock");
        let opened = fs::OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path);
        let locked = opened.and_then(|file| file.lock().map(|()| file));
        Ok(locked.map(Lock).map_err(FileError::on("lock", &path))?)
    }

    /// Removes what killed processes left of a matter: drafts, and originals that have no record and
    /// so were never submitted.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn tidy(&self, ledger: &str, matter: &str) -> Result<(), StoreError> {
        let folder = self.folder(ledger, matter)?;
        let listed = match fs::read_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            listed => listed.map_err(FileError::on("list", &folder))?,
        };
        for found in listed.flatten().take(MAX_FILES) {
            let path = found.path();
            let changed = found.metadata().and_then(|file| file.modified());
            let age = changed.map(|time| time.elapsed().unwrap_or_default());
            let useless = match path.extension().and_then(|ending| ending.to_str()) {
                Some("new") => true,
                Some("age") => !path.with_extension("json").exists(),
                _ => false,
            };
            if useless && age.is_ok_and(|age| age > ABANDONED) {
                remove(&path)?;
            }
        }
        Ok(())
    }

    /// The file itself, and it is the one that was committed to.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn original(&self, kept: &Kept) -> Result<Vec<u8>, StoreError> {
        let sealed = self.sealed(kept)?;
        let path = self.sealed_file(kept)?;
        let bytes = self.identity.open(&sealed).map_err(of(&path))?;
        if sha256(&[&bytes]) == kept.sha256 {
            return Ok(bytes);
        }
        let name = kept.name.clone();
        Err(StoreError::OtherFile { name })
    }

    /// The file as it lies encrypted.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn sealed(&self, kept: &Kept) -> Result<Vec<u8>, StoreError> {
        if kept.erased {
            let name = kept.name.clone();
            return Err(StoreError::Erased { name });
        }
        // Encryption adds some kilobytes at most.
        read_bounded(&self.sealed_file(kept)?, MAX_ORIGINAL_BYTES * 2)
    }

    fn write(&self, kept: &Kept, bytes: &[u8]) -> Result<(), StoreError> {
        let path = self.sealed_file(kept)?;
        make_private_folder(&self.folder(&kept.ledger, &kept.matter)?)?;
        let sealed = self.identity.seal(bytes).map_err(of(&path))?;
        put(&path, &sealed)?;
        self.write_record(kept)
    }

    fn write_record(&self, kept: &Kept) -> Result<(), StoreError> {
        let mut text =
            serde_json::to_vec_pretty(kept).expect("invariant: a record of texts is JSON");
        text.push(b'\n');
        put(&self.record_file(kept)?, &text)
    }

    fn folder(&self, ledger: &str, matter: &str) -> Result<PathBuf, StoreError> {
        for name in [ledger, matter] {
            let known = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
            if name.is_empty() || name.len() > 64 || !name.bytes().all(known) {
                return Err(StoreError::BadName(name.to_owned()));
            }
        }
        Ok(self.root.join(ledger).join(matter))
    }

    fn record_file(&self, kept: &Kept) -> Result<PathBuf, StoreError> {
        let folder = self.folder(&kept.ledger, &kept.matter)?;
        Ok(folder.join(format!("{}.json", kept.commitment)))
    }

    fn sealed_file(&self, kept: &Kept) -> Result<PathBuf, StoreError> {
        let folder = self.folder(&kept.ledger, &kept.matter)?;
        Ok(folder.join(format!("{}.age", kept.commitment)))
    }
}

/// A generated passphrase, 256 random bits in hex, needs no slow derivation.
fn work(passphrase: &Passphrase) -> u8 {
    let text = passphrase.as_bytes();
    let generated = text.len() == 64 && text.iter().all(u8::is_ascii_hexdigit);
    if generated { 10 } else { 16 }
}

fn of(path: &Path) -> impl Fn(AgeError) -> StoreError {
    let path = path.to_owned();
    move |source| StoreError::Age {
        path: path.clone(),
        source,
    }
}

fn read_record(path: &Path) -> Result<Kept, StoreError> {
    let bytes = read_bounded(path, MAX_RECORD_BYTES)?;
    let kept: Option<Kept> = serde_json::from_slice(&bytes).ok();
    kept.filter(Kept::is_sound)
        .ok_or_else(|| StoreError::Damaged {
            path: path.to_owned(),
        })
}
