//! The passphrase of an organisation's key files, and who may read a secret file.

use super::IdentityError;
use crate::network::folder::write_whole;
use blockworm_crypto::keyfile::{self, Cost};
use std::{fs, os::unix::fs::MetadataExt as _, path::Path};
use zeroize::Zeroizing;

/// Hex digits of a generated passphrase: 256 bits.
const GENERATED_DIGITS: usize = 64;

/// The passphrase of an organisation's key files, wiped from memory when dropped.
#[derive(Clone)]
pub struct Passphrase(Zeroizing<String>);

impl Passphrase {
    /// 256 random bits as 64 hex digits.
    ///
    /// # Errors
    /// [`IdentityError::Random`].
    pub fn generate() -> Result<Self, IdentityError> {
        let mut bytes = Zeroizing::new([0u8; 32]);
        getrandom::fill(&mut bytes[..]).map_err(IdentityError::Random)?;
        Ok(Self(Zeroizing::new(hex::encode(&bytes[..]))))
    }

    /// Reads the first line of a file that only its owner may read.
    ///
    /// # Errors
    /// [`IdentityError::Exposed`] if others may read it, [`IdentityError::Unreadable`].
    pub fn read(path: &Path) -> Result<Self, IdentityError> {
        let unreadable = |source| IdentityError::Unreadable {
            path: path.to_owned(),
            source,
        };
        check_private(path)?;
        let text = Zeroizing::new(fs::read_to_string(path).map_err(unreadable)?);
        Ok(Self(Zeroizing::new(
            text.lines().next().unwrap_or_default().to_owned(),
        )))
    }

    /// Writes it to a file that only its owner may read.
    ///
    /// # Errors
    /// [`IdentityError::Folder`].
    pub fn write(&self, path: &Path) -> Result<(), IdentityError> {
        let line = Zeroizing::new([self.as_bytes(), b"\n"].concat());
        Ok(write_whole(path, &line, 0o600)?)
    }

    /// A generated passphrase needs no slow derivation: founding a consortium writes two dozen key
    /// files. Whatever a person may have chosen does.
    pub(crate) fn cost(&self) -> Cost {
        let generated =
            self.0.len() == GENERATED_DIGITS && self.0.bytes().all(|byte| byte.is_ascii_hexdigit());
        if generated {
            Cost::RandomSecret
        } else {
            Cost::Passphrase
        }
    }

    /// The text's bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// Refuses a file that the group or the world may read or write.
///
/// # Errors
/// [`IdentityError::Exposed`], or [`IdentityError::Unreadable`] if there is no such file.
pub fn check_private(path: &Path) -> Result<(), IdentityError> {
    let metadata = fs::metadata(path).map_err(|source| IdentityError::Unreadable {
        path: path.to_owned(),
        source,
    })?;
    let mode = metadata.mode() & 0o777;
    if !keyfile::is_private(path, mode) {
        return Err(IdentityError::Exposed {
            path: path.to_owned(),
            mode,
        });
    }
    Ok(())
}
