//! The folder of a local consortium: which file lies where, its format mark and its lock.
//!
//! ```text
//! DIR/FORMAT                    one line: blockworm-local/3
//! DIR/LOCK                      held while `up` or `down` works on the folder
//! DIR/genesis/<ledger>.json     what a ledger's proofs are pinned to
//! DIR/consortium.json           ledgers, organisations, members, nodes and their addresses
//! DIR/<org>/node.toml           only where the organisation runs a node
//! DIR/<org>/node.{lock,pid,log} of the running process
//! DIR/<org>/keys/               passphrase, ca.*, issuing.*, consensus.key.pem with node.cert.pem,
//!                               tls.*, cosigner.*, timestamping.*, documents.*,
//!                               <member>.{key,cert}.pem
//! DIR/<org>/keys/next/          a root or member's key that the ledgers do not know yet
//! DIR/<org>/issued.jsonl        the certificates that the organisation issued and revoked
//! DIR/<org>/enrolment-tokens.*  digests of one-time tokens; DIR/<org>/enrolled/ proofs that came in
//! DIR/<org>/lifetimes.json      only where certificates count for other than the usual times
//! DIR/clock.json                only where the clock was moved for a rehearsal
//! DIR/<org>/keys/evaluation/    <version>.key.pem, where the organisation is a key holder
//! DIR/<org>/keys/evidence.identity.age, DIR/<org>/evidence/   originals of evidence and their key
//! DIR/<org>/ledgers/<id>/       blocks, state, votes
//! DIR/<org>/ledgers/<id>.evaluations.jsonl   a key holder's audit
//! ```

use crate::file_error::FileError;
use blockworm_ledger::{Genesis, LedgerId, MemberId, OrganisationId};
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Write as _},
    net::SocketAddr,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

/// What stands in `DIR/FORMAT`, without the line's end.
pub const FORMAT: &str = "blockworm-local/3";

/// A consortium's folder, and the names of everything in it.
#[derive(Clone, Debug)]
pub struct ConsortiumFolder {
    root: PathBuf,
}

/// Why a folder could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// There is no consortium in this folder.
    #[error("there is no consortium in {}", path.display())]
    Absent {
        /// The folder.
        path: PathBuf,
    },
    /// The folder holds other things.
    #[error("{} is not empty and holds no consortium", path.display())]
    Foreign {
        /// The folder.
        path: PathBuf,
    },
    /// The folder was written by another version.
    #[error("{} says `{found}`, and this program reads `{FORMAT}`", path.display())]
    OtherFormat {
        /// The FORMAT file.
        path: PathBuf,
        /// What it says.
        found: String,
    },
    /// The record names no ledger.
    #[error("the consortium's record names no ledger")]
    NoLedger,
    /// Another process works on the folder.
    #[error("another process holds {}", path.display())]
    Locked {
        /// The lock file.
        path: PathBuf,
    },
    /// The operating system refused.
    #[error(transparent)]
    Io(#[from] FileError),
    /// A file's JSON is not what it should be.
    #[error("{} is not readable as {what}", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        what: &'static str,
        /// Where it fails.
        #[source]
        source: serde_json::Error,
    },
}

/// `DIR/consortium.json`: who is in the local consortium and where its nodes are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsortiumRecord {
    /// When it was founded, milliseconds since 1970.
    pub created_at_ms: u64,
    /// The ledgers; the first is the one that is meant where none is named.
    pub ledgers: Vec<LedgerRecord>,
    /// The organisations, in the order of their founding.
    pub organisations: Vec<OrganisationRecord>,
    /// The nodes, one for each organisation that validates.
    pub nodes: Vec<NodeRecord>,
}

impl ConsortiumRecord {
    /// The ledger that is meant where none is named.
    ///
    /// # Errors
    /// [`FolderError::NoLedger`] for a record that names none.
    pub fn first_ledger(&self) -> Result<&LedgerRecord, FolderError> {
        self.ledgers.first().ok_or(FolderError::NoLedger)
    }
}

/// A ledger of the local consortium.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LedgerRecord {
    /// Its name.
    pub name: String,
    /// Its id, 32 hex digits.
    pub id: String,
    /// Who keeps it.
    pub organisations: Vec<OrganisationId>,
}

impl LedgerRecord {
    /// Whether the organisation keeps it.
    #[must_use]
    pub fn is_kept_by(&self, organisation: &OrganisationId) -> bool {
        self.organisations.contains(organisation)
    }
}

/// An organisation of the local consortium.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrganisationRecord {
    /// Its slug.
    pub id: OrganisationId,
    /// Its name for people.
    pub name: String,
    /// What the consortium granted it at genesis.
    pub roles: Vec<String>,
    /// Members whose keys lie in this folder.
    pub members: Vec<MemberId>,
}

/// A node of the local consortium.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeRecord {
    /// Whose node it is.
    pub organisation: OrganisationId,
    /// Where it speaks with the other nodes.
    pub listen: SocketAddr,
    /// Where it serves people and programs.
    pub api: SocketAddr,
}

impl NodeRecord {
    /// The address of its API.
    #[must_use]
    pub fn api_url(&self) -> String {
        format!("http://{}", self.api)
    }
}

/// Holds `DIR/LOCK` until dropped.
#[derive(Debug)]
pub struct FolderLock(#[expect(dead_code, reason = "the open file is the lock")] File);

impl ConsortiumFolder {
    /// Names the folder; touches nothing.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The folder itself.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// `DIR/FORMAT`.
    #[must_use]
    pub fn format_file(&self) -> PathBuf {
        self.root.join("FORMAT")
    }

    /// `DIR/genesis/<ledger>.json`.
    #[must_use]
    pub fn genesis_file(&self, ledger: &str) -> PathBuf {
        self.root.join(GENESIS).join(format!("{ledger}.json"))
    }

    /// `DIR/consortium.json`.
    #[must_use]
    pub fn record_file(&self) -> PathBuf {
        self.root.join("consortium.json")
    }

    /// `DIR/<org>`.
    #[must_use]
    pub fn organisation(&self, organisation: &OrganisationId) -> PathBuf {
        self.root.join(organisation.as_str())
    }

    /// `DIR/<org>/node.toml`.
    #[must_use]
    pub fn node_file(&self, organisation: &OrganisationId) -> PathBuf {
        self.organisation(organisation).join("node.toml")
    }

    /// `DIR/<org>/keys`.
    #[must_use]
    pub fn keys(&self, organisation: &OrganisationId) -> PathBuf {
        self.organisation(organisation).join("keys")
    }

    /// `DIR/<org>/keys/passphrase`.
    #[must_use]
    pub fn passphrase_file(&self, organisation: &OrganisationId) -> PathBuf {
        self.keys(organisation).join("passphrase")
    }

    /// `DIR/<org>/keys/<name>.key.pem`, encrypted.
    #[must_use]
    pub fn key_file(&self, organisation: &OrganisationId, name: &str) -> PathBuf {
        self.keys(organisation).join(format!("{name}.key.pem"))
    }

    /// `DIR/<org>/keys/<name>.cert.pem`.
    #[must_use]
    pub fn certificate_file(&self, organisation: &OrganisationId, name: &str) -> PathBuf {
        self.keys(organisation).join(format!("{name}.cert.pem"))
    }

    /// `DIR/<org>/keys/evaluation`, where a key holder's keys are, one file a version.
    #[must_use]
    pub fn evaluation_keys(&self, organisation: &OrganisationId) -> PathBuf {
        self.keys(organisation).join("evaluation")
    }

    /// `DIR/<org>/ledgers/<id>.evaluations.jsonl`, what a key holder was asked for that ledger's
    /// registry.
    #[must_use]
    pub fn evaluation_audit(&self, organisation: &OrganisationId, ledger: &LedgerId) -> PathBuf {
        let ledgers = self.organisation(organisation).join("ledgers");
        ledgers.join(format!("{ledger}.evaluations.jsonl"))
    }

    /// Whether a consortium lies here.
    ///
    /// # Errors
    /// [`FolderError::OtherFormat`] where another version wrote it, [`FolderError::Foreign`] where
    /// the folder holds other things, [`FolderError::Io`] where it cannot be read.
    pub fn exists(&self) -> Result<bool, FolderError> {
        let path = self.format_file();
        match fs::read_to_string(&path) {
            Ok(text) if text.trim_end() == FORMAT => Ok(true),
            Ok(text) => {
                let found = text.trim_end().chars().take(60).collect();
                Err(FolderError::OtherFormat { path, found })
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.is_free().map(|()| false),
            Err(source) => Err(FileError::on("read", &path)(source).into()),
        }
    }

    /// Refuses a folder that somebody uses for something else. What an interrupted founding left
    /// (it writes FORMAT last) is no obstacle: `local::create` clears it.
    fn is_free(&self) -> Result<(), FolderError> {
        let entries = match fs::read_dir(&self.root) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(FileError::on("list", &self.root)(error).into()),
        };
        let only_lock = entries.flatten().all(|entry| entry.file_name() == "LOCK");
        if only_lock || self.root.join(UNFINISHED).exists() {
            Ok(())
        } else {
            Err(FolderError::Foreign {
                path: self.root.clone(),
            })
        }
    }

    /// Removes what an interrupted founding left of these organisations.
    pub(crate) fn clear_unfinished<'a>(
        &self,
        organisations: impl Iterator<Item = &'a OrganisationId>,
    ) -> Result<(), FolderError> {
        if !self.root.join(UNFINISHED).exists() {
            return Ok(());
        }
        for organisation in organisations {
            let path = self.organisation(organisation);
            match fs::remove_dir_all(&path) {
                Err(source) if source.kind() != io::ErrorKind::NotFound => {
                    return Err(FileError::on("remove", &path)(source).into());
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Takes `DIR/LOCK`, making the folder if it is not there.
    ///
    /// # Errors
    /// [`FolderError::Locked`] if another process works on the folder.
    pub fn lock(&self) -> Result<FolderLock, FolderError> {
        make_private_folder(&self.root)?;
        let path = self.root.join("LOCK");
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&path)
            .map_err(FileError::on("open", &path))?;
        match file.try_lock() {
            Ok(()) => Ok(FolderLock(file)),
            Err(TryLockError::WouldBlock) => Err(FolderError::Locked { path }),
            Err(TryLockError::Error(source)) => Err(FileError::on("lock", &path)(source).into()),
        }
    }

    /// Reads `consortium.json`.
    ///
    /// # Errors
    /// [`FolderError::Absent`] where no consortium lies; else as [`Self::exists`].
    pub fn record(&self) -> Result<ConsortiumRecord, FolderError> {
        if !self.exists().or_else(|error| match error {
            FolderError::Foreign { .. } => Ok(false),
            other => Err(other),
        })? {
            return Err(FolderError::Absent {
                path: self.root.clone(),
            });
        }
        read_json(&self.record_file(), "the consortium's record")
    }

    /// Reads `genesis/<ledger>.json`.
    ///
    /// # Errors
    /// [`FolderError::Io`] or [`FolderError::Json`].
    pub fn genesis(&self, ledger: &str) -> Result<Genesis, FolderError> {
        read_json(&self.genesis_file(ledger), "a genesis")
    }
}

/// Writes a file of JSON in one step.
pub(crate) fn write_json(path: PathBuf, value: &impl Serialize) -> Result<(), FolderError> {
    let mut text = serde_json::to_vec_pretty(value).map_err(|source| FolderError::Json {
        path: path.clone(),
        what: "JSON",
        source,
    })?;
    text.push(b'\n');
    write_whole(&path, &text, 0o644)
}

/// The folder of the genesis files.
pub(crate) const GENESIS: &str = "genesis";

/// Marks a folder whose founding has begun and not ended.
pub(crate) const UNFINISHED: &str = "UNFINISHED";

fn read_json<T: for<'de> Deserialize<'de>>(
    path: &Path,
    what: &'static str,
) -> Result<T, FolderError> {
    let bytes = fs::read(path).map_err(FileError::on("read", path))?;
    serde_json::from_slice(&bytes).map_err(|source| FolderError::Json {
        path: path.to_owned(),
        what,
        source,
    })
}

/// Removes a file; one that is not there is as good.
pub(crate) fn remove_file(path: &Path) -> Result<(), FolderError> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(FileError::on("remove", path)(source).into())
        }
        _ => Ok(()),
    }
}

/// Makes a folder that only its owner can enter; one that exists is left as it is.
///
/// # Errors
/// [`FolderError::Io`].
pub fn make_private_folder(path: &Path) -> Result<(), FolderError> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(FileError::on("make", path))?;
    Ok(())
}

/// Writes a file in one step: a reader sees all of it or none.
pub(crate) fn write_whole(path: &Path, bytes: &[u8], mode: u32) -> Result<(), FolderError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let draft = PathBuf::from(name);
    let written = OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .mode(mode)
        .open(&draft)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&draft, path));
    written.map_err(FileError::on("write", path))?;
    Ok(())
}

#[cfg(test)]
mod tests;
