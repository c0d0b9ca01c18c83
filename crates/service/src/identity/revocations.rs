//! Lists of revoked certificates as a node hands them out: its own organisation's, made when it changed, and others' that were handed in.

use super::{Authority, IdentityError, IssuedError, IssuedLog};
use crate::network::folder::ConsortiumFolder;
use blockworm_ledger::OrganisationId;
use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read as _},
    path::PathBuf,
    sync::{Mutex, PoisonError},
};

/// The folder of others' lists in an organisation's folder: `<organisation>.crl`, DER.
pub const REVOCATIONS: &str = "revocations";
/// How long a list counts.
const COUNTS_MS: u64 = 30 * 24 * 60 * 60 * 1000;
/// A list is made anew after this, although nothing changed.
const FRESH_MS: u64 = 60 * 60 * 1000;
/// Longer files are no lists.
const MAX_BYTES: u64 = 1 << 20;

/// Why there is no list.
#[derive(Debug, thiserror::Error)]
pub enum RevocationError {
    /// The organisation's authority cannot be used.
    #[error(transparent)]
    Authority(#[from] IdentityError),
    /// The log of issued certificates cannot be used.
    #[error(transparent)]
    Log(#[from] IssuedError),
    /// A list that was handed in cannot be read.
    #[error("cannot read {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
}

/// A list that was made.
struct Made {
    at_ms: u64,
    revoked: usize,
    der: Vec<u8>,
}

/// The lists that were made here; a caller cannot have the authority's key opened again and again.
#[derive(Default)]
pub struct Revocations(Mutex<BTreeMap<OrganisationId, Made>>);

impl Revocations {
    /// None were made yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(Mutex::new(BTreeMap::new()))
    }

    /// The list of `organisation`, made here where it is one of `own` and its authority's key lies here.
    ///
    /// # Errors
    /// [`RevocationError`].
    pub fn list(
        &self,
        folder: &ConsortiumFolder,
        own: &[OrganisationId],
        organisation: &OrganisationId,
        now_ms: u64,
    ) -> Result<Option<Vec<u8>>, RevocationError> {
        if !own.contains(organisation) {
            return handed_in(folder, own, organisation);
        }
        let mut made = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let revoked = IssuedLog::of(folder, organisation).revoked()?;
        if let Some(last) = made.get(organisation) {
            let fresh = now_ms.saturating_sub(last.at_ms) < FRESH_MS && now_ms >= last.at_ms;
            if fresh && last.revoked == revoked.len() {
                return Ok(Some(last.der.clone()));
            }
        }
        let authority = Authority::load(folder, organisation)?;
        let der = authority.revocation_list(&revoked, now_ms, now_ms + COUNTS_MS)?;
        let list = Made {
            at_ms: now_ms,
            revoked: revoked.len(),
            der: der.clone(),
        };
        made.insert(organisation.clone(), list);
        Ok(Some(der))
    }
}

fn handed_in(
    folder: &ConsortiumFolder,
    own: &[OrganisationId],
    organisation: &OrganisationId,
) -> Result<Option<Vec<u8>>, RevocationError> {
    for one in own {
        let folder = folder.organisation(one).join(REVOCATIONS);
        let path = folder.join(format!("{organisation}.crl"));
        let mut bytes = Vec::new();
        let read = File::open(&path).and_then(|file| file.take(MAX_BYTES).read_to_end(&mut bytes));
        match read {
            Ok(_) => return Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(RevocationError::Unreadable { path, source }),
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{identity::Passphrase, network::folder::make_private_folder};
    use blockworm_crypto::{Algorithm, cms::read_revocation_list, identity::split_chain};
    use std::fs;

    const NOW_MS: u64 = 1_790_000_000_000;

    #[test]
    fn the_own_list_is_made_anew_when_it_changed_and_anothers_is_the_one_handed_in() {
        let dir = tempfile::tempdir().unwrap();
        let folder = ConsortiumFolder::new(dir.path());
        let bank: OrganisationId = "bank".parse().unwrap();
        make_private_folder(&folder.keys(&bank)).unwrap();
        let passphrase = Passphrase::generate().unwrap();
        passphrase.write(&folder.passphrase_file(&bank)).unwrap();
        let authority = Authority::create(&bank, "Bank", Algorithm::P256, NOW_MS).unwrap();
        authority.keep(&folder, &passphrase).unwrap();
        let chain = authority
            .create_member("maker", &[], Algorithm::P256, NOW_MS)
            .unwrap()
            .certificate;
        let issuer = split_chain(&chain).unwrap()[1].to_vec();
        let log = IssuedLog::of(&folder, &bank);
        log.record(&chain, super::super::Enrolled::Founded, None)
            .unwrap();
        let lists = Revocations::new();
        let own = [bank.clone()];
        let list = |now_ms| lists.list(&folder, &own, &bank, now_ms).unwrap().unwrap();
        let first = list(NOW_MS);
        assert_eq!(
            read_revocation_list(&first, std::slice::from_ref(&issuer)).unwrap(),
            0
        );
        assert_eq!(list(NOW_MS + 1), first, "it is kept for an hour");
        assert_ne!(list(NOW_MS + FRESH_MS), first);
        log.revoke("bank/maker", NOW_MS, "left").unwrap();
        let later = list(NOW_MS + FRESH_MS + 1);
        assert_eq!(read_revocation_list(&later, &[issuer]).unwrap(), 1);

        let court: OrganisationId = "court".parse().unwrap();
        assert_eq!(lists.list(&folder, &own, &court, NOW_MS).unwrap(), None);
        let place = folder.organisation(&bank).join(REVOCATIONS);
        fs::create_dir_all(&place).unwrap();
        fs::write(place.join("court.crl"), b"as it came").unwrap();
        let handed = lists.list(&folder, &own, &court, NOW_MS).unwrap();
        assert_eq!(handed.as_deref(), Some(&b"as it came"[..]));
    }
}
