//! Keys of an organisation that are no member's: its node's cosigner, its timestamp authority, its documents.

use super::{
    AUTHORITY, Authority, CONSENSUS, COSIGNER, DOCUMENTS, Enrolled, ISSUING, IdentityError,
    IssuedLog, NODE, Passphrase, TIMESTAMPING, TLS,
    files::{keep_key, read_certificate, read_key, write_certificate},
};
use crate::{hsm, network::folder::ConsortiumFolder};
use blockworm_crypto::{
    Algorithm, SecretKey, Signing,
    identity::{Order, Profile, describe},
};
use blockworm_ledger::OrganisationId;
use std::sync::Arc;

/// What an organisation keeps a key for, besides its members, its node's votes and TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrganisationKey {
    /// Its node cosigns checkpoints with it.
    Cosigner,
    /// It answers requests for timestamps with it.
    Timestamping,
    /// It signs documents for outsiders with it.
    Documents,
}

impl OrganisationKey {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Cosigner, Self::Timestamping, Self::Documents];

    /// The name of its files in the `keys` folder, and the `CN` of its certificate.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cosigner => COSIGNER,
            Self::Timestamping => TIMESTAMPING,
            Self::Documents => DOCUMENTS,
        }
    }

    /// The key of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|key| key.name() == name)
    }

    /// What its certificate is for.
    #[must_use]
    pub const fn profile(self) -> Profile {
        match self {
            Self::Cosigner => Profile::Cosigning,
            Self::Timestamping => Profile::Timestamping,
            Self::Documents => Profile::DocumentSigning,
        }
    }

    /// Programs that read timestamps and documents know P-256 far better than Ed25519.
    const fn algorithm(self) -> Algorithm {
        match self {
            Self::Cosigner => Algorithm::Ed25519,
            Self::Timestamping | Self::Documents => Algorithm::P256,
        }
    }

    /// What an organisation begins with: who runs a node cosigns, a notary stamps times, notaries
    /// and courts sign documents.
    #[must_use]
    pub fn of_roles(roles: &[String], has_node: bool) -> Vec<Self> {
        let is = |role: &str| roles.iter().any(|one| one == role);
        let wanted = |key: &Self| match key {
            Self::Cosigner => has_node,
            Self::Timestamping => is("notary"),
            Self::Documents => is("notary") || is("court"),
        };
        Self::ALL.into_iter().filter(wanted).collect()
    }
}

impl Authority {
    /// Makes a key of the organisation with its certificate and keeps both in its folder. Where the
    /// key lies there already it is certified anew. The certificate's chain.
    ///
    /// # Errors
    /// [`IdentityError::Certificate`], [`IdentityError::KeyFile`] or [`IdentityError::Folder`].
    pub fn make_key(
        &self,
        folder: &ConsortiumFolder,
        which: OrganisationKey,
        passphrase: &Passphrase,
        now_ms: u64,
    ) -> Result<Vec<u8>, IdentityError> {
        let organisation = self.organisation();
        let path = folder.key_file(organisation, which.name());
        let key = if path.exists() {
            read_key(&path, passphrase)?
        } else {
            let key = SecretKey::generate(which.algorithm()).map_err(IdentityError::Generate)?;
            keep_key(folder, organisation, which.name(), &key, passphrase)?;
            key
        };
        let order = Order {
            profile: which.profile(),
            name: which.name(),
            functions: &[],
            hosts: &[],
        };
        let chain = self.issue_as(&order, &key.public_key(), now_ms)?;
        IssuedLog::of(folder, organisation).record(&chain, Enrolled::Founded, None)?;
        write_certificate(&folder.certificate_file(organisation, which.name()), &chain)?;
        Ok(chain)
    }
}

/// The names under which keys lie in an organisation's folder that are no member's.
#[must_use]
pub fn is_reserved(name: &str) -> bool {
    [
        AUTHORITY,
        ISSUING,
        "issuing-next",
        CONSENSUS,
        NODE,
        TLS,
        COSIGNER,
        TIMESTAMPING,
        DOCUMENTS,
    ]
    .contains(&name)
}

/// Opens a key of the organisation, in its file or on its token, with the chain of its certificate
/// (DER, the organisation's root left out). Decrypting a file may be slow by design.
///
/// # Errors
/// [`IdentityError::Unreadable`] where there is no such key, [`IdentityError::OtherKey`] where it is
/// not the certificate's.
pub fn open_key(
    folder: &ConsortiumFolder,
    organisation: &OrganisationId,
    name: &str,
) -> Result<(Arc<dyn Signing>, Vec<u8>), IdentityError> {
    let path = folder.key_file(organisation, name);
    let key: Arc<dyn Signing> = match hsm::open(folder, organisation, name)? {
        Some(key) => Arc::new(key),
        None => {
            let passphrase = Passphrase::read(&folder.passphrase_file(organisation))?;
            Arc::new(read_key(&path, &passphrase)?)
        }
    };
    let chain = read_certificate(&folder.certificate_file(organisation, name))?;
    let described = describe(&chain).map_err(|source| IdentityError::Certificate {
        subject: format!("{organisation}/{name}"),
        source,
    })?;
    if described.public_key != key.public_key() {
        return Err(IdentityError::OtherKey { path });
    }
    Ok((key, chain))
}
