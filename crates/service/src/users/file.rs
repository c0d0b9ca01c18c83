//! The file of users: read as a whole, changed under a lock, written as a whole.

use super::{NewUser, PasswordHash, Secrets, TotpSecret, UserRecord, record::MAX_USERS, recovery};
use crate::{
    file_error::FileError,
    network::folder::{FolderError, write_whole},
    private_file::{self, PrivateFileError, Records},
};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeSet,
    fs::{File, OpenOptions},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

/// What the file says it is.
const FORMAT: &str = "blockworm-console-users/1";

/// Why the file cannot be used, or a user not be made or changed.
#[derive(Debug, thiserror::Error)]
pub enum UsersError {
    /// The file cannot be read.
    #[error(transparent)]
    File(#[from] PrivateFileError),
    /// The file could not be written.
    #[error("cannot write the file of users")]
    Write(#[source] FolderError),
    /// A new user, password or passkey breaks a rule.
    #[error("{0}")]
    BadUser(String),
    /// A user of that name is there already.
    #[error("a user is named {name:?} already")]
    NameTaken {
        /// The name.
        name: String,
    },
    /// Nobody has that name.
    #[error("no user is named {name:?}")]
    Unknown {
        /// The name.
        name: String,
    },
    /// There are [`MAX_USERS`] already.
    #[error("{MAX_USERS} users are in the file already")]
    TooMany,
    /// The password could not be hashed: no memory.
    #[error("the password could not be hashed: there is too little memory")]
    Hashing,
    /// The operating system gave no random bytes.
    #[error("the operating system gave no random bytes")]
    NoRandomness,
}

/// A file of users.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserFile {
    format: String,
    /// In the order in which they were added.
    pub users: Vec<UserRecord>,
}

impl Default for UserFile {
    fn default() -> Self {
        Self {
            format: FORMAT.into(),
            users: Vec::new(),
        }
    }
}

impl Records for UserFile {
    const KIND: &str = "file of users";
    /// A thousand users, each with ten passkeys.
    const MAX_BYTES: u64 = 16 << 20;

    fn check(&self) -> Result<(), String> {
        if self.format != FORMAT {
            return Err(format!("its format is {:?}, not {FORMAT:?}", self.format));
        }
        if self.users.len() > MAX_USERS {
            return Err(format!("more than {MAX_USERS} users"));
        }
        let (mut names, mut handles, mut passkeys) =
            (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for user in &self.users {
            user.check()?;
            if !names.insert(&user.name) || !handles.insert(&user.handle) {
                return Err(format!(
                    "two users are named {:?} or share a handle",
                    user.name
                ));
            }
            if !user.passkeys.iter().all(|key| passkeys.insert(&key.id)) {
                return Err(format!("a passkey of {:?} is there twice", user.name));
            }
        }
        Ok(())
    }
}

impl UserFile {
    /// Reads the file; none when it is not there.
    ///
    /// # Errors
    /// A file that cannot be read, that others may read, or that breaks its rules.
    pub fn read(path: &Path) -> Result<Option<Self>, UsersError> {
        Ok(private_file::read(path)?)
    }

    /// Reads the file, changes it and writes it in one step, with no other process between. What is
    /// refused changes nothing.
    ///
    /// # Errors
    /// Those of reading and writing, and what `change` refuses.
    pub fn change<T, E: From<UsersError>>(
        path: &Path,
        change: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        let _lock = lock(path)?;
        let before = Self::read(path)?.unwrap_or_default();
        let mut file = before.clone();
        let made = change(&mut file)?;
        if file != before {
            file.write(path)?;
        }
        Ok(made)
    }

    fn write(&self, path: &Path) -> Result<(), UsersError> {
        self.check().map_err(UsersError::BadUser)?;
        let mut text = serde_json::to_vec_pretty(self).unwrap_or_default();
        text.push(b'\n');
        write_whole(path, &text, 0o600).map_err(UsersError::Write)
    }

    /// Adds a user. What is returned exists nowhere else.
    ///
    /// # Errors
    /// A name, scope, ledger or password that breaks its rule, or a name that is taken.
    pub fn add(&mut self, new: NewUser, now_ms: u64) -> Result<Secrets, UsersError> {
        if self.users.iter().any(|user| user.name == new.name) {
            return Err(UsersError::NameTaken { name: new.name });
        }
        if self.users.len() >= MAX_USERS {
            return Err(UsersError::TooMany);
        }
        let (record, secrets) = UserRecord::create(new, now_ms)?;
        self.users.push(record);
        Ok(secrets)
    }

    /// Gives a user another password; sessions end.
    ///
    /// # Errors
    /// [`UsersError::Unknown`], or a password that breaks its rule.
    pub fn reset_password(
        &mut self,
        name: &str,
        password: &str,
        now_ms: u64,
    ) -> Result<(), UsersError> {
        let user = self.user(name)?;
        user.password = PasswordHash::of(password)?;
        user.changed_at_ms = now_ms;
        Ok(())
    }

    /// Gives a user another secret for the app, and other recovery codes; sessions end.
    ///
    /// # Errors
    /// [`UsersError::Unknown`].
    pub fn reset_totp(&mut self, name: &str, now_ms: u64) -> Result<Secrets, UsersError> {
        let user = self.user(name)?;
        let (codes, kept) = recovery::generate()?;
        let totp = TotpSecret::generate()?;
        user.totp_secret = totp.clone();
        user.totp_last_step = 0;
        user.recovery = kept;
        user.changed_at_ms = now_ms;
        Ok(Secrets {
            totp,
            recovery: codes,
        })
    }

    /// Refuses a user from now on, or lets them in again; sessions end.
    ///
    /// # Errors
    /// [`UsersError::Unknown`].
    pub fn set_disabled(
        &mut self,
        name: &str,
        disabled: bool,
        now_ms: u64,
    ) -> Result<(), UsersError> {
        let user = self.user(name)?;
        user.disabled = disabled;
        user.changed_at_ms = now_ms;
        Ok(())
    }

    /// Forgets a user.
    ///
    /// # Errors
    /// [`UsersError::Unknown`].
    pub fn remove(&mut self, name: &str) -> Result<(), UsersError> {
        self.user(name)?;
        self.users.retain(|user| user.name != name);
        Ok(())
    }

    pub(super) fn find(&self, name: &str) -> Option<&UserRecord> {
        self.users.iter().find(|user| user.name == name)
    }

    pub(super) fn user(&mut self, name: &str) -> Result<&mut UserRecord, UsersError> {
        let found = self.users.iter_mut().find(|user| user.name == name);
        found.ok_or_else(|| UsersError::Unknown { name: name.into() })
    }
}

/// Waits until no other process changes the file. The lock lies beside it, since the file itself is
/// replaced.
fn lock(path: &Path) -> Result<File, UsersError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let beside = PathBuf::from(name);
    let failed = FileError::on("lock", &beside);
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true).mode(0o600);
    let file = options
        .open(&beside)
        .map_err(failed)
        .map_err(PrivateFileError::Io)?;
    file.lock().map_err(failed).map_err(PrivateFileError::Io)?;
    Ok(file)
}
