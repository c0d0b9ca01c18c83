//! API keys on disk: names, digests, scopes and ends; never the keys themselves.

use blockworm_crypto::{Digest, sha256};
pub use blockworm_service::users::Scope;
use blockworm_service::{
    file_error::FileError,
    private_file::{self, PrivateFileError, Records},
};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeSet,
    fs::{self, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// What the file says it is.
const FORMAT: &str = "blockworm-api-keys/1";
/// What every key begins with, so that scanners for leaked secrets find it.
const PREFIX: &str = "bwk_";
/// Bytes of randomness in a key.
const KEY_BYTES: usize = 32;
/// Most keys in a file: each is compared with what a caller shows.
pub const MAX_KEYS: usize = 1_000;
/// Most ledgers that one key is limited to.
const MAX_LEDGERS: usize = 64;

/// A key as it is kept: everything about it but the key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyRecord {
    /// What people call it: 1 to 64 of `a-z 0-9 - . _`; never used twice in a file.
    pub name: String,
    /// SHA-256 of the key's text.
    pub digest: Digest,
    /// What it lets its holder do.
    pub scopes: BTreeSet<Scope>,
    /// Ids or names of the ledgers that it is limited to; all when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ledgers: Vec<String>,
    /// When it was made, milliseconds since 1970.
    pub created_at_ms: u64,
    /// From when on it no longer counts.
    pub expires_at_ms: u64,
    /// When it was revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at_ms: Option<u64>,
}

/// What a new key shall be.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// See [`KeyRecord::name`].
    pub name: String,
    /// At least one.
    pub scopes: BTreeSet<Scope>,
    /// See [`KeyRecord::ledgers`].
    pub ledgers: Vec<String>,
    /// See [`KeyRecord::expires_at_ms`].
    pub expires_at_ms: u64,
}

/// Why a file of keys cannot be used, or a key not be made.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The file cannot be read or written.
    #[error(transparent)]
    File(#[from] PrivateFileError),
    /// The new key breaks a rule.
    #[error("{0}")]
    BadKey(String),
    /// A key of that name is there already, revoked or not.
    #[error("a key is named {name:?} already; names are not used twice, so that logs stay clear")]
    NameTaken {
        /// The name.
        name: String,
    },
    /// No key has that name.
    #[error("no key is named {name:?}")]
    Unknown {
        /// The name.
        name: String,
    },
    /// There are [`MAX_KEYS`] already.
    #[error("{MAX_KEYS} keys are in the file already; make a new file")]
    TooMany,
    /// The operating system gave no random bytes.
    #[error("the operating system gave no random bytes")]
    NoRandomness,
}

/// A file of keys, read as a whole and written as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyFile {
    format: String,
    /// In the order in which they were made.
    pub keys: Vec<KeyRecord>,
}

impl Default for KeyFile {
    fn default() -> Self {
        Self {
            format: FORMAT.into(),
            keys: Vec::new(),
        }
    }
}

impl Records for KeyFile {
    const KIND: &str = "file of API keys";
    const MAX_BYTES: u64 = 1 << 20;

    fn check(&self) -> Result<(), String> {
        if self.format != FORMAT {
            return Err(format!("its format is {:?}, not {FORMAT:?}", self.format));
        }
        if self.keys.len() > MAX_KEYS {
            return Err(format!("more than {MAX_KEYS} keys"));
        }
        let mut names = BTreeSet::new();
        for key in &self.keys {
            check_key(&key.name, &key.scopes, &key.ledgers)?;
            if !names.insert(&key.name) {
                return Err(format!("two keys are named {:?}", key.name));
            }
        }
        Ok(())
    }
}

impl KeyFile {
    /// Reads the file; none when it is not there.
    ///
    /// # Errors
    /// A file that cannot be read, that others may read, or that breaks its rules.
    pub fn read(path: &Path) -> Result<Option<Self>, KeysError> {
        Ok(private_file::read(path)?)
    }

    /// Writes the file in one step, for its owner alone.
    ///
    /// # Errors
    /// [`KeysError::File`].
    pub fn write(&self, path: &Path) -> Result<(), KeysError> {
        let mut name = path.as_os_str().to_owned();
        name.push(".new");
        let draft = PathBuf::from(name);
        let mut text = serde_json::to_vec_pretty(self).unwrap_or_default();
        text.push(b'\n');
        let write = || {
            match fs::remove_file(&draft) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            let mut options = OpenOptions::new();
            let mut file = options
                .create_new(true)
                .write(true)
                .mode(0o600)
                .open(&draft)?;
            file.write_all(&text)?;
            file.sync_all()?;
            fs::rename(&draft, path)
        };
        let written = write().map_err(FileError::on("write", path));
        Ok(written.map_err(PrivateFileError::Io)?)
    }

    /// Makes a key and keeps its digest. The text that is returned exists nowhere else.
    ///
    /// # Errors
    /// A name, scope or ledger that breaks its rule, a name that is taken, or no randomness.
    pub fn create(&mut self, new: NewKey, now_ms: u64) -> Result<Zeroizing<String>, KeysError> {
        check_key(&new.name, &new.scopes, &new.ledgers).map_err(KeysError::BadKey)?;
        if new.expires_at_ms <= now_ms {
            return Err(KeysError::BadKey("a key must end in the future".into()));
        }
        if self.keys.iter().any(|key| key.name == new.name) {
            return Err(KeysError::NameTaken { name: new.name });
        }
        if self.keys.len() >= MAX_KEYS {
            return Err(KeysError::TooMany);
        }
        let mut random = Zeroizing::new([0u8; KEY_BYTES]);
        getrandom::fill(&mut *random).map_err(|_| KeysError::NoRandomness)?;
        let digits = Zeroizing::new(hex::encode(*random));
        let text = Zeroizing::new(format!("{PREFIX}{}", *digits));
        self.keys.push(KeyRecord {
            name: new.name,
            digest: sha256(&[text.as_bytes()]),
            scopes: new.scopes,
            ledgers: new.ledgers,
            created_at_ms: now_ms,
            expires_at_ms: new.expires_at_ms,
            revoked_at_ms: None,
        });
        Ok(text)
    }

    /// Revokes a key; one that is revoked already stays as it is.
    ///
    /// # Errors
    /// [`KeysError::Unknown`].
    pub fn revoke(&mut self, name: &str, now_ms: u64) -> Result<&KeyRecord, KeysError> {
        let key = self.keys.iter_mut().find(|key| key.name == name);
        let key = key.ok_or_else(|| KeysError::Unknown { name: name.into() })?;
        key.revoked_at_ms.get_or_insert(now_ms);
        Ok(key)
    }

    /// The record of the key that a caller shows. Every record is compared in constant time.
    #[must_use]
    pub fn find(&self, shown: &str) -> Option<&KeyRecord> {
        let digest = sha256(&[shown.as_bytes()]);
        let mut found = None;
        for key in &self.keys {
            if bool::from(key.digest.as_bytes().ct_eq(digest.as_bytes())) {
                found = Some(key);
            }
        }
        found
    }
}

fn check_key(name: &str, scopes: &BTreeSet<Scope>, ledgers: &[String]) -> Result<(), String> {
    let plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_');
    if !(1..=64).contains(&name.len()) || !name.bytes().all(plain) {
        return Err("a key's name is 1 to 64 of a-z, 0-9, '-', '.' and '_'".into());
    }
    if scopes.is_empty() {
        return Err(format!("the key {name:?} has no scope"));
    }
    if ledgers.len() > MAX_LEDGERS
        || ledgers
            .iter()
            .any(|text| text.is_empty() || text.len() > 128)
    {
        return Err(format!(
            "the key {name:?} names more than {MAX_LEDGERS} ledgers, or one that cannot be"
        ));
    }
    if scopes.contains(&Scope::Metrics) && !ledgers.is_empty() {
        return Err(format!(
            "the key {name:?} has the scope metrics, which tells about all ledgers, and is limited to some"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

    fn new(name: &str, scopes: &[Scope]) -> NewKey {
        NewKey {
            name: name.into(),
            scopes: scopes.iter().copied().collect(),
            ledgers: Vec::new(),
            expires_at_ms: 2_000,
        }
    }

    #[test]
    fn a_key_is_found_by_its_text_and_the_file_never_holds_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("api-keys.json");
        assert_eq!(KeyFile::read(&path).unwrap(), None);
        let mut file = KeyFile::default();
        let one = file.create(new("one", &[Scope::Read]), 1_000).unwrap();
        let two = file.create(new("two", &[Scope::Submit]), 1_000).unwrap();
        assert!(one.starts_with("bwk_") && one.len() == 68 && one != two);
        file.write(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        let text = fs::read_to_string(&path).unwrap();
        assert!(!text.contains(&one[4..]) && !text.contains(&two[4..]));
        let read = KeyFile::read(&path).unwrap().unwrap();
        assert_eq!(read, file);
        assert_eq!(read.find(&one).unwrap().name, "one");
        assert_eq!(read.find(&two).unwrap().name, "two");
        for other in ["", "bwk_", &one[..67], &one.to_uppercase()] {
            assert!(read.find(other).is_none(), "{other}");
        }
    }

    #[test]
    fn a_file_that_others_may_read_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("api-keys.json");
        KeyFile::default().write(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let error = KeyFile::read(&path).unwrap_err();
        assert!(
            matches!(
                error,
                KeysError::File(PrivateFileError::NotPrivate { mode: 0o640, .. })
            ),
            "{error}"
        );
    }

    #[test]
    fn keys_that_break_a_rule_are_refused() {
        let mut file = KeyFile::default();
        file.create(new("taken", &[Scope::Read]), 0).unwrap();
        file.revoke("taken", 7).unwrap();
        assert_eq!(file.revoke("taken", 9).unwrap().revoked_at_ms, Some(7));
        assert!(matches!(
            file.create(new("taken", &[Scope::Read]), 0),
            Err(KeysError::NameTaken { .. })
        ));
        assert!(matches!(
            file.revoke("other", 7),
            Err(KeysError::Unknown { .. })
        ));
        let limited = NewKey {
            ledgers: vec!["trade".into()],
            ..new("limited", &[Scope::Metrics])
        };
        let ended = NewKey {
            expires_at_ms: 10,
            ..new("ended", &[Scope::Read])
        };
        for bad in [
            new("", &[Scope::Read]),
            new("A b", &[Scope::Read]),
            new("none", &[]),
            limited,
            ended,
        ] {
            let error = file.create(bad, 10).unwrap_err();
            assert!(matches!(error, KeysError::BadKey(_)), "{error}");
        }
        assert_eq!(file.keys.len(), 1);
    }

    #[test]
    fn other_files_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("api-keys.json");
        for text in [
            "",
            "{}",
            r#"{"format":"blockworm-api-keys/9","keys":[]}"#,
            r#"{"format":"blockworm-api-keys/1","keys":[],"x":1}"#,
        ] {
            let mut options = OpenOptions::new();
            let mut file = options
                .create(true)
                .truncate(true)
                .write(true)
                .mode(0o600)
                .open(&path)
                .unwrap();
            file.write_all(text.as_bytes()).unwrap();
            let error = KeyFile::read(&path).unwrap_err();
            assert!(
                matches!(error, KeysError::File(PrivateFileError::Malformed { .. })),
                "{text}: {error}"
            );
        }
    }
}
