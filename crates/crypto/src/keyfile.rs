//! Secret keys on disk: PKCS#8 encrypted with a passphrase, in PEM, readable by openssl.

use crate::{SecretKey, SecretKeyError};
use pkcs8::{
    EncryptedPrivateKeyInfoOwned, EncryptedPrivateKeyInfoRef, LineEnding, SecretDocument,
    der::{EncodePem as _, asn1::OctetString, pem::PemLabel as _},
    pkcs5::{EncryptionScheme, pbes2, scrypt},
};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};
use zeroize::Zeroizing;

/// How much work each guess at a passphrase shall cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cost {
    /// For what a person may have chosen: scrypt with N = 2¹⁴, r = 8, p = 5, that is 16 MiB five
    /// times over. The cost comes from p because openssl spends at most 32 MiB on a key file.
    Passphrase,
    /// For at least 128 random bits, which nobody guesses: scrypt with N = 2¹⁰, r = 8, p = 1.
    RandomSecret,
}

impl Cost {
    const fn scrypt(self) -> (u8, u32, u32) {
        match self {
            Self::Passphrase => (14, 8, 5),
            Self::RandomSecret => (10, 8, 1),
        }
    }
}

/// What a file may ask of its reader at most: 128 MiB for scrypt, ten million rounds of PBKDF2.
const MAX_SCRYPT_BLOCKS: u64 = 1 << 20;
const MAX_SCRYPT_P: u64 = 16;
const MAX_PBKDF2_ROUNDS: u32 = 10_000_000;

/// A key file of ours has some 400 bytes.
const MAX_FILE_BYTES: u64 = 16 * 1024;

/// Why a key file could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// There is a file already; keys are never overwritten.
    #[error("{} exists already, and keys are never overwritten", path.display())]
    AlreadyExists {
        /// The file.
        path: PathBuf,
    },
    /// Others than the owner may use the file.
    #[error("{} may be used by others (mode {mode:o}); set it to 600", path.display())]
    NotPrivate {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The operating system refused.
    #[error("cannot access the key file {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The passphrase is empty.
    #[error("the passphrase is empty")]
    EmptyPassphrase,
    /// No PEM block of an encrypted PKCS#8 key, or a file that is too large to be one.
    #[error("the file holds no encrypted PKCS#8 key in PEM")]
    Malformed,
    /// Encrypted in a way that is too weak, unknown, or would take too much memory or time.
    #[error("the key is encrypted in a way that is not supported or too costly")]
    UnsupportedEncryption,
    /// The passphrase is wrong, or the file is damaged: the two cannot be told apart.
    #[error("the passphrase is wrong or the file is damaged")]
    WrongPassphrase,
    /// The file was decrypted, but its key is of no use here, or no random salt could be had.
    #[error(transparent)]
    Key(#[from] SecretKeyError),
}

/// Encrypts a key: PBES2 with scrypt and AES-256-CBC, as a PEM block `ENCRYPTED PRIVATE KEY`.
///
/// # Errors
/// An empty passphrase or no randomness.
pub fn encrypt(key: &SecretKey, passphrase: &[u8], cost: Cost) -> Result<String, KeyFileError> {
    if passphrase.is_empty() {
        return Err(KeyFileError::EmptyPassphrase);
    }
    let (mut salt, mut iv) = ([0; 16], [0; 16]);
    getrandom::fill(&mut salt)
        .and_then(|()| getrandom::fill(&mut iv))
        .map_err(|_| SecretKeyError::NoRandomness)?;
    let seal = || {
        let (log_n, r, p) = cost.scrypt();
        let params = scrypt::Params::new(log_n, r, p).ok()?;
        let scheme = pbes2::Parameters::generate_scrypt_aes256cbc(params, &salt, iv).ok()?;
        let sealed = scheme.encrypt(passphrase, &key.to_pkcs8_der()).ok()?;
        let info = EncryptedPrivateKeyInfoOwned {
            encryption_algorithm: scheme.into(),
            encrypted_data: OctetString::new(sealed).ok()?,
        };
        info.to_pem(LineEnding::LF).ok()
    };
    Ok(seal().expect("invariant: fixed parameters encrypt and encode any short key"))
}

/// Decrypts what [`encrypt`] or `openssl pkcs8 -topk8` (scrypt or PBKDF2 with HMAC-SHA-2, and AES)
/// has written.
///
/// # Errors
/// Anything but an encrypted key that this passphrase opens.
pub fn decrypt(pem: &str, passphrase: &[u8]) -> Result<SecretKey, KeyFileError> {
    let (label, der) = SecretDocument::from_pem(pem).map_err(|_| KeyFileError::Malformed)?;
    EncryptedPrivateKeyInfoRef::validate_pem_label(label).map_err(|_| KeyFileError::Malformed)?;
    let info = EncryptedPrivateKeyInfoRef::try_from(der.as_bytes())
        .map_err(|_| KeyFileError::Malformed)?;
    check_cost(&info.encryption_algorithm)?;
    let der = info
        .decrypt(passphrase)
        .map_err(|_| KeyFileError::WrongPassphrase)?;
    SecretKey::from_pkcs8_der(der.as_bytes()).map_err(|error| match error {
        // One wrong passphrase in 256 still leaves a well-formed padding.
        SecretKeyError::Malformed => KeyFileError::WrongPassphrase,
        other => other.into(),
    })
}

/// [`write_encrypted_with`] at the cost that passphrases of people need.
///
/// # Errors
/// As [`write_encrypted_with`].
pub fn write_encrypted(
    path: &Path,
    key: &SecretKey,
    passphrase: &[u8],
) -> Result<(), KeyFileError> {
    write_encrypted_with(path, key, passphrase, Cost::Passphrase)
}

/// Writes a key encrypted, readable by its owner alone (mode 0600). The file appears whole or not
/// at all, and is durable on return.
///
/// # Errors
/// An existing file, an empty passphrase, or a refusal of the operating system.
pub fn write_encrypted_with(
    path: &Path,
    key: &SecretKey,
    passphrase: &[u8],
    cost: Cost,
) -> Result<(), KeyFileError> {
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::AlreadyExists => KeyFileError::AlreadyExists {
            path: path.to_owned(),
        },
        _ => KeyFileError::Io {
            path: path.to_owned(),
            source,
        },
    };
    let name = path
        .file_name()
        .ok_or_else(|| failed(io::Error::from(io::ErrorKind::InvalidFilename)))?;
    if path.symlink_metadata().is_ok() {
        return Err(KeyFileError::AlreadyExists {
            path: path.to_owned(),
        });
    }
    let pem = encrypt(key, passphrase, cost)?;
    let mut suffix = [0; 8];
    getrandom::fill(&mut suffix).map_err(|_| SecretKeyError::NoRandomness)?;
    let mut temporary_name = name.to_owned();
    temporary_name.push(format!(".{}.new", hex::encode(suffix)));
    let temporary = path.with_file_name(temporary_name);
    let written = write_new(&temporary, pem.as_bytes())
        // Unlike a rename, a link never replaces a file that appeared in the meantime.
        .and_then(|()| fs::hard_link(&temporary, path));
    let removed = fs::remove_file(&temporary);
    written.and(removed).map_err(failed)?;
    sync_directory(path).map_err(failed)
}

/// Whether a secret's file is its owner's alone. Where a service manager hands secrets over, below
/// `$CREDENTIALS_DIRECTORY` (systemd's credentials, a pod's mounted secret), the node's user reads
/// by its group or by an entry that shows as the group's bits: there the group may read, and
/// nobody else anything.
#[must_use]
pub fn is_private(path: &Path, mode: u32) -> bool {
    let handed_over = || {
        let folder = std::env::var_os("CREDENTIALS_DIRECTORY").filter(|folder| !folder.is_empty());
        folder.is_some_and(|folder| path.starts_with(folder))
    };
    mode & 0o077 == 0 || (mode & 0o037 == 0 && handed_over())
}

/// Reads a key file.
///
/// # Errors
/// A file that others may use or that is no encrypted key, or a wrong passphrase.
pub fn read_encrypted(path: &Path, passphrase: &[u8]) -> Result<SecretKey, KeyFileError> {
    let failed = |source| KeyFileError::Io {
        path: path.to_owned(),
        source,
    };
    let file = File::open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    if !is_private(path, metadata.mode()) {
        let mode = metadata.mode() & 0o777;
        return Err(KeyFileError::NotPrivate {
            path: path.to_owned(),
            mode,
        });
    }
    let mut pem = Vec::new();
    file.take(MAX_FILE_BYTES + 1)
        .read_to_end(&mut pem)
        .map_err(failed)?;
    if pem.len() as u64 > MAX_FILE_BYTES {
        return Err(KeyFileError::Malformed);
    }
    let pem = Zeroizing::new(String::from_utf8(pem).map_err(|_| KeyFileError::Malformed)?);
    decrypt(&pem, passphrase)
}

/// A hostile file must not make its reader spend gigabytes or hours.
fn check_cost(scheme: &EncryptionScheme) -> Result<(), KeyFileError> {
    let EncryptionScheme::Pbes2(parameters) = scheme else {
        return Err(KeyFileError::UnsupportedEncryption);
    };
    let bearable = if let Some(scrypt) = parameters.kdf.scrypt() {
        let blocks = scrypt
            .cost_parameter
            .checked_mul(u64::from(scrypt.block_size));
        blocks.is_some_and(|blocks| blocks <= MAX_SCRYPT_BLOCKS)
            && u64::from(scrypt.parallelization) <= MAX_SCRYPT_P
    } else if let Some(pbkdf2) = parameters.kdf.pbkdf2() {
        pbkdf2.iteration_count <= MAX_PBKDF2_ROUNDS
    } else {
        false
    };
    if bearable {
        Ok(())
    } else {
        Err(KeyFileError::UnsupportedEncryption)
    }
}

fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn sync_directory(path: &Path) -> io::Result<()> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    File::open(directory)?.sync_all()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::Algorithm;
    use std::os::unix::fs::PermissionsExt as _;
    use tempfile::TempDir;

    /// Made once by [`write_encrypted`]: files written today must be readable for ever.
    const FROZEN: &str = include_str!("../fixtures/key_file.pem");

    fn key() -> SecretKey {
        SecretKey::from_ed25519_seed([42; 32])
    }

    #[test]
    fn the_frozen_key_file_still_opens() {
        let read = decrypt(FROZEN, b"frozen passphrase").unwrap();
        assert_eq!(*read.ed25519_seed().unwrap(), [42; 32]);
        let wrong = decrypt(FROZEN, b"Frozen passphrase");
        assert!(matches!(wrong, Err(KeyFileError::WrongPassphrase)));
    }

    #[test]
    fn a_key_survives_its_file_and_the_file_is_private_and_alone() {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("key.pem");
        let (person, machine) = (Cost::Passphrase, Cost::RandomSecret);
        for (algorithm, cost) in [(Algorithm::Ed25519, person), (Algorithm::P256, machine)] {
            let key = SecretKey::generate(algorithm).unwrap();
            write_encrypted_with(&path, &key, b"p", cost).unwrap();
            assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
            assert_eq!(directory.path().read_dir().unwrap().count(), 1);
            let read = read_encrypted(&path, b"p").unwrap();
            assert_eq!(read.to_pkcs8_der(), key.to_pkcs8_der());
            fs::remove_file(&path).unwrap();
        }
    }

    #[test]
    fn keys_are_never_overwritten() {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("key.pem");
        fs::write(&path, "precious").unwrap();
        let refused = write_encrypted(&path, &key(), b"p");
        assert!(matches!(refused, Err(KeyFileError::AlreadyExists { .. })));
        assert_eq!(fs::read(&path).unwrap(), b"precious");
        let dangling = directory.path().join("link");
        std::os::unix::fs::symlink("nowhere", &dangling).unwrap();
        let refused = write_encrypted(&dangling, &key(), b"p");
        assert!(matches!(refused, Err(KeyFileError::AlreadyExists { .. })));
    }

    #[test]
    fn a_file_that_others_may_read_is_refused() {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("key.pem");
        write_encrypted(&path, &key(), b"p").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let refused = read_encrypted(&path, b"p");
        assert!(matches!(
            refused,
            Err(KeyFileError::NotPrivate { mode: 0o640, .. })
        ));
    }

    #[test]
    fn an_empty_passphrase_or_a_missing_folder_writes_nothing() {
        let directory = TempDir::new().unwrap();
        let refused = write_encrypted(&directory.path().join("a"), &key(), b"");
        assert!(matches!(refused, Err(KeyFileError::EmptyPassphrase)));
        let refused = write_encrypted(&directory.path().join("none/a"), &key(), b"p");
        assert!(matches!(refused, Err(KeyFileError::Io { .. })));
        assert_eq!(directory.path().read_dir().unwrap().count(), 0);
    }

    #[test]
    fn a_file_that_asks_for_too_much_memory_is_refused_unread() {
        let cost = scrypt::Params::new(20, 8, 1).unwrap();
        let scheme = pbes2::Parameters::generate_scrypt_aes256cbc(cost, &[0; 16], [0; 16]).unwrap();
        let info = EncryptedPrivateKeyInfoOwned {
            encryption_algorithm: scheme.into(),
            encrypted_data: OctetString::new(vec![0; 64]).unwrap(),
        };
        let refused = decrypt(&info.to_pem(LineEnding::LF).unwrap(), b"p");
        assert!(matches!(refused, Err(KeyFileError::UnsupportedEncryption)));
    }

    #[test]
    fn other_pem_blocks_are_no_key_files() {
        for pem in [
            "",
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        ] {
            assert!(matches!(decrypt(pem, b"p"), Err(KeyFileError::Malformed)));
        }
    }
}
