//! A member's next key, which waits in `keys/next` until every ledger knows it.

use super::{
    Authority, Enrolled, Identity, IdentityError, IssuedLog, Passphrase, certificate_error,
    files::{load, read_certificate, read_key, write_certificate, write_key},
};
use crate::network::folder::{ConsortiumFolder, make_private_folder};
use blockworm_crypto::{
    Algorithm, SecretKey,
    identity::{describe, parse_member},
};
use blockworm_ledger::MemberId;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// The key that speaks for a member now, and the next one with its certificate.
pub struct KeyRotation {
    key_file: PathBuf,
    certificate_file: PathBuf,
    waiting_key: PathBuf,
    waiting_certificate: PathBuf,
    passphrase: Passphrase,
    /// What the ledgers know.
    pub now: Identity,
    /// The next key.
    pub key: SecretKey,
    /// Its certificate, once there is one.
    pub certificate: Option<Vec<u8>>,
}

impl KeyRotation {
    /// Makes the next key, or takes the one that waits already.
    ///
    /// # Errors
    /// [`IdentityError`].
    pub fn begin(folder: &ConsortiumFolder, member: &MemberId) -> Result<Self, IdentityError> {
        let organisation = member.organisation();
        let passphrase = Passphrase::read(&folder.passphrase_file(&organisation))?;
        let home = folder.keys(&organisation).join("next");
        make_private_folder(&home)?;
        let waiting_key = home.join(format!("{}.key.pem", member.name()));
        let waiting_certificate = home.join(format!("{}.cert.pem", member.name()));
        let certificate_file = folder.certificate_file(&organisation, member.name());
        if waiting_certificate.exists() && !waiting_key.exists() {
            // The last step of an earlier rotation was interrupted.
            rename(&waiting_certificate, &certificate_file)?;
        }
        let now = load(folder, member)?;
        let key = if waiting_key.exists() {
            read_key(&waiting_key, &passphrase)?
        } else {
            let algorithm: Algorithm = now.key.algorithm();
            let key = SecretKey::generate(algorithm).map_err(IdentityError::Generate)?;
            write_key(&waiting_key, &key, &passphrase)?;
            key
        };
        let certificate = match waiting_certificate.exists() {
            true => Some(read_certificate(&waiting_certificate)?)
                .filter(|chain| describe(chain).is_ok_and(|it| it.public_key == key.public_key())),
            false => None,
        };
        Ok(Self {
            key_file: folder.key_file(&organisation, member.name()),
            certificate_file,
            waiting_key,
            waiting_certificate,
            passphrase,
            now,
            key,
            certificate,
        })
    }

    /// Certifies the next key with the organisation's own authority.
    ///
    /// # Errors
    /// [`IdentityError`].
    pub fn certify(
        &mut self,
        folder: &ConsortiumFolder,
        member: &MemberId,
        now_ms: u64,
    ) -> Result<(), IdentityError> {
        let before = parse_member(&self.now.certificate)
            .map_err(|source| certificate_error(member.as_str(), source))?;
        let organisation = member.organisation();
        let authority = Authority::load(folder, &organisation)?;
        let (name, key) = (member.name(), self.key.public_key());
        let chain = authority.issue(name, &before.functions, &key, now_ms)?;
        IssuedLog::of(folder, &organisation).record(&chain, Enrolled::Rotated, None)?;
        self.certified(chain)
    }

    /// Keeps the certificate of the next key, wherever it was issued.
    ///
    /// # Errors
    /// [`IdentityError`].
    pub fn certified(&mut self, chain: Vec<u8>) -> Result<(), IdentityError> {
        write_certificate(&self.waiting_certificate, &chain)?;
        self.certificate = Some(chain);
        Ok(())
    }

    /// The ledgers know the next key: from now on it speaks for the member. The key before is kept
    /// as `keys/next/<name>.key.before.pem`, since a ledger of another node may still know it.
    ///
    /// # Errors
    /// [`IdentityError`].
    pub fn finish(self) -> Result<(), IdentityError> {
        let before = self.waiting_key.with_extension("before.pem");
        if before.exists() {
            fs::remove_file(&before).map_err(|source| IdentityError::Unreadable {
                path: before.clone(),
                source,
            })?;
        }
        write_key(&before, &self.now.key, &self.passphrase)?;
        rename(&self.waiting_key, &self.key_file)?;
        rename(&self.waiting_certificate, &self.certificate_file)
    }
}

fn rename(from: &Path, to: &Path) -> Result<(), IdentityError> {
    fs::rename(from, to).map_err(|source| IdentityError::Unreadable {
        path: from.to_owned(),
        source,
    })
}
