//! An organisation's key and certificate files: written whole, read with care.

use super::{Identity, IdentityError, Passphrase, certificate_error, check_private};
use crate::network::folder::{ConsortiumFolder, make_private_folder, write_whole};
use blockworm_crypto::{
    SecretKey,
    identity::{MemberCertificate, parse_member, split_chain},
    keyfile,
};
use blockworm_ledger::{MemberId, OrganisationId};
use der::pem::{self, LineEnding};
use std::{fs, path::Path};
use zeroize::Zeroizing;

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
    write_key(&folder.key_file(organisation, name), key, passphrase)
}

/// Writes an encrypted key file.
pub(super) fn write_key(
    path: &Path,
    key: &SecretKey,
    passphrase: &Passphrase,
) -> Result<(), IdentityError> {
    keyfile::write_encrypted_with(path, key, passphrase.as_bytes(), passphrase.cost()).map_err(
        |source| IdentityError::KeyFile {
            path: path.to_owned(),
            source,
        },
    )
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

/// Reads the certificates of a PEM file as a chain, DER.
///
/// # Errors
/// [`IdentityError::Unreadable`] or [`IdentityError::NotPem`].
pub fn read_certificate(path: &Path) -> Result<Vec<u8>, IdentityError> {
    let text = fs::read(path).map_err(|source| IdentityError::Unreadable {
        path: path.to_owned(),
        source,
    })?;
    decode_pem(&text).ok_or_else(|| IdentityError::NotPem {
        path: path.to_owned(),
    })
}

/// The chain in PEM blocks, one after the other; none where anything else stands.
#[must_use]
pub fn decode_pem(text: &[u8]) -> Option<Vec<u8>> {
    const END: &str = "-----END CERTIFICATE-----";
    let text = std::str::from_utf8(text).ok()?;
    let mut chain = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (block, after) = rest.split_at(rest.find(END)? + END.len());
        let block = format!("{}\n", block.trim());
        match pem::decode_vec(block.as_bytes()) {
            Ok(("CERTIFICATE", der)) => chain.extend_from_slice(&der),
            Ok(_) | Err(_) => return None,
        }
        rest = after.trim();
    }
    split_chain(&chain).is_ok().then_some(chain)
}

/// The chain as PEM, one block for each certificate.
#[must_use]
pub fn encode_pem(chain: &[u8]) -> Option<String> {
    let mut text = String::new();
    for der in split_chain(chain).ok()? {
        text.push_str(&pem::encode_string("CERTIFICATE", LineEnding::LF, der).ok()?);
    }
    Some(text)
}

/// Writes a chain as PEM.
///
/// # Errors
/// [`IdentityError::Folder`].
pub fn write_certificate(path: &Path, der: &[u8]) -> Result<(), IdentityError> {
    let text = encode_pem(der).ok_or_else(|| IdentityError::NotPem {
        path: path.to_owned(),
    })?;
    Ok(write_whole(path, text.as_bytes(), 0o644)?)
}

/// Writes a key as PKCS#8 that is not encrypted, as programs that serve TLS read it; only its owner
/// may read the file.
///
/// # Errors
/// [`IdentityError::Folder`].
pub fn write_plain_key(path: &Path, key: &SecretKey) -> Result<(), IdentityError> {
    let der = key.to_pkcs8_der();
    let text = pem::encode_string("PRIVATE KEY", LineEnding::LF, &der).map_err(|_| {
        IdentityError::NotPem {
            path: path.to_owned(),
        }
    })?;
    Ok(write_whole(path, Zeroizing::new(text).as_bytes(), 0o600)?)
}

/// Reads a key that [`write_plain_key`] wrote.
///
/// # Errors
/// [`IdentityError::Exposed`], [`IdentityError::Unreadable`] or [`IdentityError::NotPem`].
pub fn read_plain_key(path: &Path) -> Result<SecretKey, IdentityError> {
    check_private(path)?;
    let text = fs::read(path).map_err(|source| IdentityError::Unreadable {
        path: path.to_owned(),
        source,
    })?;
    let text = Zeroizing::new(text);
    match pem::decode_vec(&text) {
        Ok(("PRIVATE KEY", der)) => {
            SecretKey::from_pkcs8_der(&Zeroizing::new(der)).map_err(IdentityError::Generate)
        }
        Ok(_) | Err(_) => Err(IdentityError::NotPem {
            path: path.to_owned(),
        }),
    }
}
