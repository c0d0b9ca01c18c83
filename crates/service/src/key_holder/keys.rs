//! A key holder's keys at rest: one encrypted file for each version, in a folder of their own.

use crate::{
    identity::{self, IdentityError, Passphrase},
    network::{
        ConsortiumFolder, FolderError,
        folder::{make_private_folder, remove_file},
    },
};
use blockworm_crypto::{
    Algorithm, SecretKey,
    keyfile::{self, KeyFileError},
    oprf::{EvaluationKey, KeyVersion, OprfError},
};
use blockworm_ledger::OrganisationId;
use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

/// What follows the version in a file's name.
const SUFFIX: &str = ".key.pem";

/// Why the keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyFolderError {
    /// A key file or its passphrase cannot be used.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The folder cannot be written.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The folder cannot be read.
    #[error("cannot list {}", path.display())]
    Unreadable {
        /// The folder.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// A file's seed gives no key.
    #[error("{} holds no evaluation key: {source}", path.display())]
    NoKey {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: OprfError,
    },
    /// There is no version after the last.
    #[error("version {last} is the last that there can be")]
    LastVersion {
        /// The newest.
        last: KeyVersion,
    },
}

/// A folder with `<version>.key.pem` for each version, and the passphrase of these files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyFolder {
    folder: PathBuf,
    passphrase_file: PathBuf,
}

impl KeyFolder {
    /// Names the folder; touches nothing.
    #[must_use]
    pub const fn new(folder: PathBuf, passphrase_file: PathBuf) -> Self {
        Self {
            folder,
            passphrase_file,
        }
    }

    /// An organisation's in a local consortium.
    #[must_use]
    pub fn of(folder: &ConsortiumFolder, organisation: &OrganisationId) -> Self {
        let passphrase_file = folder.passphrase_file(organisation);
        Self::new(folder.evaluation_keys(organisation), passphrase_file)
    }

    /// Where a version lies.
    #[must_use]
    pub fn file(&self, version: KeyVersion) -> PathBuf {
        self.folder.join(format!("{version}{SUFFIX}"))
    }

    /// The folder itself.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.folder
    }

    /// Which versions there are; none where there is no folder.
    ///
    /// # Errors
    /// [`KeyFolderError::Unreadable`].
    pub fn versions(&self) -> Result<BTreeSet<KeyVersion>, KeyFolderError> {
        let unreadable = |source| KeyFolderError::Unreadable {
            path: self.folder.clone(),
            source,
        };
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeSet::new()),
            Err(source) => return Err(unreadable(source)),
        };
        let mut versions = BTreeSet::new();
        for entry in entries {
            let name = entry.map_err(unreadable)?.file_name();
            versions.extend(name.to_str().and_then(version_of));
        }
        Ok(versions)
    }

    /// Opens one version.
    ///
    /// # Errors
    /// [`KeyFolderError::Identity`], [`KeyFolderError::NoKey`].
    pub fn read(&self, version: KeyVersion) -> Result<EvaluationKey, KeyFolderError> {
        let passphrase = Passphrase::read(&self.passphrase_file)?;
        let path = self.file(version);
        let seed = identity::read_key(&path, &passphrase)?;
        EvaluationKey::derive(&seed, version)
            .map_err(|source| KeyFolderError::NoKey { path, source })
    }

    /// Opens all, the oldest first.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn read_all(&self) -> Result<Vec<EvaluationKey>, KeyFolderError> {
        let versions = self.versions()?;
        versions.into_iter().map(|one| self.read(one)).collect()
    }

    /// Makes the version after the newest, or the first, from random bytes of its own. A reader sees
    /// its file whole or not at all, and no version is ever written over.
    ///
    /// # Errors
    /// [`KeyFolderError`].
    pub fn make_next(&self) -> Result<EvaluationKey, KeyFolderError> {
        let newest = self.versions()?.last().map_or(0, |version| version.0);
        let last = KeyVersion(newest);
        let next = newest
            .checked_add(1)
            .ok_or(KeyFolderError::LastVersion { last })?;
        let version = KeyVersion(next);
        let passphrase = Passphrase::read(&self.passphrase_file)?;
        let seed = SecretKey::generate(Algorithm::Ed25519).map_err(IdentityError::Generate)?;
        make_private_folder(&self.folder)?;
        let (path, draft) = (self.file(version), self.folder.join("next.new"));
        remove_file(&draft)?;
        keyfile::write_encrypted_with(&draft, &seed, passphrase.as_bytes(), passphrase.cost())
            .and_then(|()| {
                let taken = |source| KeyFileError::Io {
                    path: path.clone(),
                    source,
                };
                fs::hard_link(&draft, &path).map_err(taken)
            })
            .map_err(|source| IdentityError::KeyFile {
                path: path.clone(),
                source,
            })?;
        remove_file(&draft)?;
        EvaluationKey::derive(&seed, version)
            .map_err(|source| KeyFolderError::NoKey { path, source })
    }
}

/// `7.key.pem` is version 7; nothing else is a key.
fn version_of(name: &str) -> Option<KeyVersion> {
    let digits = name.strip_suffix(SUFFIX)?;
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
    digits.parse().ok().filter(|_| plain).map(KeyVersion)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn keys(folder: &Path) -> KeyFolder {
        let passphrase_file = folder.join("passphrase");
        Passphrase::generate()
            .unwrap()
            .write(&passphrase_file)
            .unwrap();
        KeyFolder::new(folder.join("evaluation"), passphrase_file)
    }

    #[test]
    fn versions_follow_each_other_and_are_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let keys = keys(folder.path());
        assert!(keys.read_all().unwrap().is_empty());
        let made = [keys.make_next().unwrap(), keys.make_next().unwrap()];
        assert_eq!(made.each_ref().map(|key| key.version().0), [1, 2]);
        assert_ne!(made[0].public_key(), made[1].public_key());
        let read = keys.read_all().unwrap();
        for (made, read) in made.iter().zip(&read) {
            assert_eq!(made.public_key(), read.public_key());
        }
        let mode = keys.file(KeyVersion(1)).metadata().unwrap().permissions();
        assert_eq!(mode.mode() & 0o777, 0o600);
        // The next is counted from the newest that there is, not from how many.
        fs::remove_file(keys.file(KeyVersion(1))).unwrap();
        assert_eq!(keys.make_next().unwrap().version(), KeyVersion(3));
        for stray in ["next.new", "0.key.pem", "07.key.pem", "+9.key.pem", "x"] {
            fs::write(keys.path().join(stray), "").unwrap();
        }
        let versions = keys.versions().unwrap();
        assert_eq!(versions, [2, 3].map(KeyVersion).into());
    }

    #[test]
    fn a_key_that_others_may_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let keys = keys(folder.path());
        let key = keys.make_next().unwrap();
        let file = keys.file(key.version());
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        let refused = keys.read(key.version()).unwrap_err();
        let exposed = IdentityError::Exposed {
            path: file,
            mode: 0o640,
        };
        assert_eq!(refused.to_string(), exposed.to_string());
    }
}
