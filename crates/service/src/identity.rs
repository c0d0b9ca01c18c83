//! An organisation's certificate authority, its members' certificates and their encrypted keys.

use crate::network::folder::{ConsortiumFolder, FolderError, make_private_folder, write_whole};
use blockworm_crypto::{
    Algorithm, PublicKey, SecretKey, SecretKeyError,
    identity::{CertificateAuthority, MemberCertificate, MemberSubject, Validity, parse_member},
    keyfile::{self, Cost, KeyFileError},
};
use blockworm_ledger::{MemberId, OrganisationId};
use der::pem::{self, LineEnding};
use std::{
    fs, io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};
use zeroize::Zeroizing;

/// The name under which an organisation's own authority lies in its `keys` folder.
pub const AUTHORITY: &str = "ca";
/// The name under which the node's key lies there.
pub const CONSENSUS: &str = "consensus";

/// Hex digits of a generated passphrase: 256 bits.
const GENERATED_DIGITS: usize = 64;

const DAY_MS: u64 = 24 * 60 * 60 * 1000;
/// How long a root certificate counts: ten years of 365 days.
pub const AUTHORITY_VALIDITY_MS: u64 = 3650 * DAY_MS;
/// How long a member's certificate counts: two years of 365 days.
pub const MEMBER_VALIDITY_MS: u64 = 730 * DAY_MS;
/// Certificates begin a little before now, since clocks of two organisations differ.
pub const BACKDATED_MS: u64 = 60 * 60 * 1000;

/// Why an identity could not be made, read or kept.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The system gives no random bytes.
    #[error("the operating system gives no random bytes: {0}")]
    Random(getrandom::Error),
    /// A key could not be made.
    #[error("cannot make a key")]
    Generate(#[source] SecretKeyError),
    /// A secret may be read by others.
    #[error("{} may be read by others (mode {mode:o})", path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A key file cannot be read or written.
    #[error("cannot use the key file {}", path.display())]
    KeyFile {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: KeyFileError,
    },
    /// A certificate cannot be made or breaks its rules.
    #[error("certificate of {subject}")]
    Certificate {
        /// Whose, or which file.
        subject: String,
        /// What is wrong.
        #[source]
        source: blockworm_crypto::identity::IdentityError,
    },
    /// A file is not PEM.
    #[error("{} holds no PEM certificate", path.display())]
    NotPem {
        /// The file.
        path: PathBuf,
    },
    /// A key and the certificate beside it do not belong together.
    #[error("{} does not hold the key of the certificate beside it", path.display())]
    OtherKey {
        /// The key file.
        path: PathBuf,
    },
    /// A file cannot be read.
    #[error("cannot read {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// A member's name breaks its rules.
    #[error("`{name}` is not a member's name: 1 to 48 of a-z, 0-9, `-`, `.`, `_`")]
    MemberName {
        /// The refused name.
        name: String,
    },
    /// The folder could not be used.
    #[error(transparent)]
    Folder(#[from] FolderError),
}

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

/// A key and the certificate that says whose it is.
#[derive(Clone)]
pub struct Identity {
    /// The certificate, DER.
    pub certificate: Vec<u8>,
    /// The key.
    pub key: SecretKey,
}

/// An organisation's own root.
pub struct Authority {
    organisation: OrganisationId,
    inner: CertificateAuthority,
}

impl Authority {
    /// Makes an organisation's root, valid for [`AUTHORITY_VALIDITY_MS`] from `now_ms`.
    ///
    /// # Errors
    /// [`IdentityError::Certificate`].
    pub fn create(
        organisation: &OrganisationId,
        name: &str,
        algorithm: Algorithm,
        now_ms: u64,
    ) -> Result<Self, IdentityError> {
        let validity = validity(now_ms, AUTHORITY_VALIDITY_MS);
        let inner = CertificateAuthority::create(organisation.as_str(), name, algorithm, validity)
            .map_err(|source| certificate_error(organisation.as_str(), source))?;
        Ok(Self {
            organisation: organisation.clone(),
            inner,
        })
    }

    /// Opens the root that lies in the organisation's folder.
    ///
    /// # Errors
    /// As [`load`].
    pub fn load(
        folder: &ConsortiumFolder,
        organisation: &OrganisationId,
    ) -> Result<Self, IdentityError> {
        let passphrase = Passphrase::read(&folder.passphrase_file(organisation))?;
        let key = read_key(&folder.key_file(organisation, AUTHORITY), &passphrase)?;
        let certificate = read_certificate(&folder.certificate_file(organisation, AUTHORITY))?;
        let inner = CertificateAuthority::open(certificate, key)
            .map_err(|source| certificate_error(organisation.as_str(), source))?;
        Ok(Self {
            organisation: organisation.clone(),
            inner,
        })
    }

    /// The root certificate, DER.
    #[must_use]
    pub fn certificate(&self) -> &[u8] {
        self.inner.certificate()
    }

    /// The root's key.
    #[must_use]
    pub fn key(&self) -> &SecretKey {
        self.inner.key()
    }

    /// Certifies that `public_key` is the member's, with these functions, for
    /// [`MEMBER_VALIDITY_MS`].
    ///
    /// # Errors
    /// [`IdentityError::Certificate`], for example for a function that does not exist.
    pub fn issue(
        &self,
        name: &str,
        functions: &[String],
        public_key: &PublicKey,
        now_ms: u64,
    ) -> Result<Vec<u8>, IdentityError> {
        let subject = MemberSubject {
            organisation: self.organisation.as_str().to_owned(),
            name: name.to_owned(),
            functions: functions.to_vec(),
        };
        self.inner
            .issue(&subject, public_key, validity(now_ms, MEMBER_VALIDITY_MS))
            .map_err(|source| certificate_error(&format!("{}/{name}", self.organisation), source))
    }

    /// Makes a key and certifies it.
    ///
    /// # Errors
    /// As [`Self::issue`].
    pub fn create_member(
        &self,
        name: &str,
        functions: &[String],
        algorithm: Algorithm,
        now_ms: u64,
    ) -> Result<Identity, IdentityError> {
        let key = SecretKey::generate(algorithm).map_err(IdentityError::Generate)?;
        let certificate = self.issue(name, functions, &key.public_key(), now_ms)?;
        Ok(Identity { certificate, key })
    }
}

fn validity(now_ms: u64, length_ms: u64) -> Validity {
    Validity {
        not_before_ms: now_ms.saturating_sub(BACKDATED_MS),
        not_after_ms: now_ms.saturating_add(length_ms),
    }
}

/// Keeps an identity in the organisation's folder: `<name>.cert.pem` and the encrypted
/// `<name>.key.pem`.
///
/// # Errors
/// [`IdentityError::KeyFile`], also where a key of that name lies there already.
pub fn keep(
    folder: &ConsortiumFolder,
    organisation: &OrganisationId,
    name: &str,
    identity: &Identity,
    passphrase: &Passphrase,
) -> Result<(), IdentityError> {
    keep_key(folder, organisation, name, &identity.key, passphrase)?;
    write_certificate(
        &folder.certificate_file(organisation, name),
        &identity.certificate,
    )
}

/// Keeps a key that has no certificate, such as a node's.
///
/// # Errors
/// As [`keep`].
pub fn keep_key(
    folder: &ConsortiumFolder,
    organisation: &OrganisationId,
    name: &str,
    key: &SecretKey,
    passphrase: &Passphrase,
) -> Result<(), IdentityError> {
    make_private_folder(&folder.keys(organisation))?;
    let path = folder.key_file(organisation, name);
    keyfile::write_encrypted_with(&path, key, passphrase.as_bytes(), passphrase.cost())
        .map_err(|source| IdentityError::KeyFile { path, source })
}

/// Opens the identity of a member whose key lies in the folder.
///
/// # Errors
/// [`IdentityError::Unreadable`] where no such key lies, [`IdentityError::KeyFile`] where it
/// cannot be decrypted, [`IdentityError::OtherKey`] where it is not the certificate's.
pub fn load(folder: &ConsortiumFolder, member: &MemberId) -> Result<Identity, IdentityError> {
    let organisation = member.organisation();
    let passphrase = Passphrase::read(&folder.passphrase_file(&organisation))?;
    let key_file = folder.key_file(&organisation, member.name());
    let certificate = read_certificate(&folder.certificate_file(&organisation, member.name()))?;
    load_pair(&key_file, certificate, &passphrase)
}

fn load_pair(
    key_file: &Path,
    certificate: Vec<u8>,
    passphrase: &Passphrase,
) -> Result<Identity, IdentityError> {
    let key = read_key(key_file, passphrase)?;
    if read_member(&certificate)?.public_key != key.public_key() {
        return Err(IdentityError::OtherKey {
            path: key_file.to_owned(),
        });
    }
    Ok(Identity { certificate, key })
}

/// Reads an encrypted key file that only its owner may read.
///
/// # Errors
/// [`IdentityError::Exposed`], [`IdentityError::Unreadable`] or [`IdentityError::KeyFile`].
pub fn read_key(path: &Path, passphrase: &Passphrase) -> Result<SecretKey, IdentityError> {
    check_private(path)?;
    keyfile::read_encrypted(path, passphrase.as_bytes()).map_err(|source| IdentityError::KeyFile {
        path: path.to_owned(),
        source,
    })
}

/// What a member's certificate says; its chain is not checked here.
///
/// # Errors
/// [`IdentityError::Certificate`].
pub fn read_member(certificate: &[u8]) -> Result<MemberCertificate, IdentityError> {
    parse_member(certificate).map_err(|source| certificate_error("a member", source))
}

/// Reads a PEM certificate as DER.
///
/// # Errors
/// [`IdentityError::Unreadable`] or [`IdentityError::NotPem`].
pub fn read_certificate(path: &Path) -> Result<Vec<u8>, IdentityError> {
    let text = fs::read(path).map_err(|source| IdentityError::Unreadable {
        path: path.to_owned(),
        source,
    })?;
    match pem::decode_vec(&text) {
        Ok(("CERTIFICATE", der)) => Ok(der),
        Ok(_) | Err(_) => Err(IdentityError::NotPem {
            path: path.to_owned(),
        }),
    }
}

/// Writes a DER certificate as PEM.
///
/// # Errors
/// [`IdentityError::Folder`].
pub fn write_certificate(path: &Path, der: &[u8]) -> Result<(), IdentityError> {
    let text = pem::encode_string("CERTIFICATE", LineEnding::LF, der).map_err(|_| {
        IdentityError::NotPem {
            path: path.to_owned(),
        }
    })?;
    Ok(write_whole(path, text.as_bytes(), 0o644)?)
}

fn certificate_error(
    subject: &str,
    source: blockworm_crypto::identity::IdentityError,
) -> IdentityError {
    IdentityError::Certificate {
        subject: subject.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    const NOW_MS: u64 = 1_790_000_000_000;

    fn bank() -> OrganisationId {
        "bank".parse().unwrap()
    }

    #[test]
    fn a_kept_identity_is_loaded_again() {
        let dir = tempfile::tempdir().unwrap();
        let folder = ConsortiumFolder::new(dir.path());
        let passphrase = Passphrase::generate().unwrap();
        make_private_folder(&folder.keys(&bank())).unwrap();
        passphrase.write(&folder.passphrase_file(&bank())).unwrap();
        for algorithm in [Algorithm::Ed25519, Algorithm::P256] {
            let authority = Authority::create(&bank(), "Bank", algorithm, NOW_MS).unwrap();
            let name = format!("maker-{}", if algorithm == Algorithm::P256 { 2 } else { 1 });
            let member = authority
                .create_member(&name, &["maker".to_owned()], algorithm, NOW_MS)
                .unwrap();
            keep(&folder, &bank(), &name, &member, &passphrase).unwrap();
            let id = MemberId::new(&bank(), &name).unwrap();
            let loaded = load(&folder, &id).unwrap();
            assert_eq!(loaded.key.public_key(), member.key.public_key());
            assert_eq!(loaded.certificate, member.certificate);
        }
    }

    #[test]
    fn a_passphrase_that_others_may_read_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("passphrase");
        Passphrase::generate().unwrap().write(&path).unwrap();
        Passphrase::read(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(
            Passphrase::read(&path),
            Err(IdentityError::Exposed { mode: 0o640, .. })
        ));
    }

    #[test]
    fn a_certificate_beside_a_foreign_key_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let folder = ConsortiumFolder::new(dir.path());
        let passphrase = Passphrase::generate().unwrap();
        let authority = Authority::create(&bank(), "Bank", Algorithm::Ed25519, NOW_MS).unwrap();
        let certificate = authority
            .create_member("maker", &["maker".to_owned()], Algorithm::Ed25519, NOW_MS)
            .unwrap()
            .certificate;
        let key = SecretKey::generate(Algorithm::Ed25519).unwrap();
        let mixed = Identity { certificate, key };
        make_private_folder(&folder.keys(&bank())).unwrap();
        passphrase.write(&folder.passphrase_file(&bank())).unwrap();
        keep(&folder, &bank(), "maker", &mixed, &passphrase).unwrap();
        let id = MemberId::new(&bank(), "maker").unwrap();
        assert!(matches!(
            load(&folder, &id),
            Err(IdentityError::OtherKey { .. })
        ));
    }
}
