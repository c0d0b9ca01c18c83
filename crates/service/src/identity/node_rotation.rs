//! A node's next consensus key, which waits in `keys/next` until every ledger has it in the old one's place.

use super::{
    AUTHORITY, Authority, CONSENSUS, Enrolled, IdentityError, NODE, Passphrase,
    authority::remove_if_there,
    files::{read_certificate, read_key, write_certificate, write_key},
};
use crate::network::{
    config::NEVER_VOTED,
    folder::{ConsortiumFolder, make_private_folder, write_whole},
};
use blockworm_crypto::{
    Algorithm, PublicKey, SecretKey,
    identity::{parse_node, verify_node_chain},
};
use blockworm_ledger::OrganisationId;
use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

/// The key with which a node votes now, and the next one with its certificate.
///
/// The certificate that waits is removed last: while it is there, the rotation is not over.
#[derive(Debug)]
pub struct NodeRotation {
    key_file: PathBuf,
    certificate_file: PathBuf,
    never_voted: PathBuf,
    waiting_key: PathBuf,
    waiting_certificate: PathBuf,
    /// The key that votes now; none once the next one lies in its place.
    pub now: Option<PublicKey>,
    /// The next key.
    pub next: PublicKey,
    /// The chain of its certificate.
    pub certificate: Vec<u8>,
}

impl NodeRotation {
    /// Makes the next key and its certificate, or takes those that wait already.
    ///
    /// # Errors
    /// [`IdentityError`]; the key that votes is left as it is.
    pub fn begin(
        folder: &ConsortiumFolder,
        organisation: &OrganisationId,
        now_ms: u64,
    ) -> Result<Self, IdentityError> {
        let passphrase = Passphrase::read(&folder.passphrase_file(organisation))?;
        let home = folder.keys(organisation).join("next");
        make_private_folder(&home)?;
        let key_file = folder.key_file(organisation, CONSENSUS);
        let waiting_key = home.join(format!("{CONSENSUS}.key.pem"));
        let waiting_certificate = home.join(format!("{NODE}.cert.pem"));
        let now = read_key(&key_file, &passphrase)?.public_key();
        let waits = match waiting_certificate.exists() {
            true => Some(read_certificate(&waiting_certificate)?),
            false => None,
        };
        let placed = !waiting_key.exists() && waits.as_ref().is_some_and(|it| certifies(it, &now));
        let next = match (placed, waiting_key.exists()) {
            (true, _) => now,
            (false, true) => read_key(&waiting_key, &passphrase)?.public_key(),
            (false, false) => {
                let key =
                    SecretKey::generate(Algorithm::Ed25519).map_err(IdentityError::Generate)?;
                write_key(&waiting_key, &key, &passphrase)?;
                key.public_key()
            }
        };
        // One that has ended or is of a root before would be refused by the votes.
        let root = read_certificate(&folder.certificate_file(organisation, AUTHORITY))?;
        let counts = |chain: &Vec<u8>| {
            certifies(chain, &next) && (placed || verify_node_chain(chain, &root, now_ms).is_ok())
        };
        let certificate = match waits.filter(counts) {
            Some(chain) => chain,
            None => {
                let chain = certify(folder, organisation, &next, now_ms)?;
                write_certificate(&waiting_certificate, &chain)?;
                chain
            }
        };
        Ok(Self {
            key_file,
            certificate_file: folder.certificate_file(organisation, NODE),
            never_voted: folder.organisation(organisation).join(NEVER_VOTED),
            waiting_key,
            waiting_certificate,
            now: (!placed).then_some(now),
            next,
            certificate,
        })
    }

    /// Puts the next key in the place of the one before, which is gone then: with enough keys that
    /// once voted somebody could sign another past. The node must not run.
    ///
    /// # Errors
    /// [`IdentityError`].
    pub fn place(&mut self) -> Result<(), IdentityError> {
        if self.now.is_some() {
            rename(&self.waiting_key, &self.key_file)?;
            // Only now: the key before has voted.
            write_whole(&self.never_voted, b"", 0o600)?;
            self.now = None;
        }
        // It may have been renewed since, where an earlier run ended after this step.
        let there = read_certificate(&self.certificate_file);
        if there.is_ok_and(|chain| certifies(&chain, &self.next)) {
            return Ok(());
        }
        write_certificate(&self.certificate_file, &self.certificate)
    }

    /// The node votes with the next key: the rotation is over.
    ///
    /// # Errors
    /// [`IdentityError`].
    pub fn finish(self) -> Result<(), IdentityError> {
        remove_if_there(&self.waiting_certificate)
    }
}

fn certifies(chain: &[u8], key: &PublicKey) -> bool {
    parse_node(chain).is_ok_and(|node| node.public_key == *key)
}

fn certify(
    folder: &ConsortiumFolder,
    organisation: &OrganisationId,
    key: &PublicKey,
    now_ms: u64,
) -> Result<Vec<u8>, IdentityError> {
    Authority::load(folder, organisation)?.issue_node(folder, key, Enrolled::Rotated, now_ms)
}

/// Renames a file, durably.
fn rename(from: &Path, to: &Path) -> Result<(), IdentityError> {
    let renamed = fs::rename(from, to).and_then(|()| match to.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    });
    renamed.map_err(|source| IdentityError::Unreadable {
        path: from.to_owned(),
        source,
    })
}
