//! An organisation's next root, which waits in `keys/next` until every ledger has accepted it.

use super::{
    AUTHORITY, Authority, ISSUING, IdentityError, IssuedLog, Passphrase,
    authority::remove_if_there,
    certificate_error,
    files::read_certificate,
    renewal::again,
    watch::{files, revoked},
};
use crate::{
    hsm::reference_file,
    network::folder::{ConsortiumFolder, make_private_folder},
};
use blockworm_crypto::{Algorithm, identity::describe};
use blockworm_ledger::OrganisationId;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// See the module.
pub struct NextRoot {
    organisation: OrganisationId,
    /// The root's certificate, DER.
    pub certificate: Vec<u8>,
}

impl NextRoot {
    /// Makes the next root with an issuing authority below it, or takes the ones that wait already.
    ///
    /// # Errors
    /// [`IdentityError`].
    pub fn make(
        folder: &ConsortiumFolder,
        organisation: &OrganisationId,
        now_ms: u64,
    ) -> Result<Self, IdentityError> {
        if let Some(waiting) = Self::read(folder, organisation)? {
            return Ok(waiting);
        }
        let passphrase = Passphrase::read(&folder.passphrase_file(organisation))?;
        let before = read_certificate(&folder.certificate_file(organisation, AUTHORITY))?;
        let before =
            describe(&before).map_err(|source| certificate_error(organisation.as_str(), source))?;
        let home = home(folder, organisation);
        // What a command left that was interrupted before its certificate was written; other keys
        // that wait there are not ours.
        for name in [AUTHORITY, ISSUING] {
            remove_if_there(&home.join(format!("{name}.key.pem")))?;
            remove_if_there(&home.join(format!("{name}.cert.pem")))?;
        }
        make_private_folder(&home)?;
        let made = Authority::create(organisation, &before.name, Algorithm::Ed25519, now_ms)?;
        made.keep_in(&home, &IssuedLog::of(folder, organisation), &passphrase)?;
        Ok(Self {
            organisation: organisation.clone(),
            certificate: made.root().to_vec(),
        })
    }

    /// The root that waits, if one does.
    ///
    /// # Errors
    /// [`IdentityError`].
    pub fn read(
        folder: &ConsortiumFolder,
        organisation: &OrganisationId,
    ) -> Result<Option<Self>, IdentityError> {
        let path = home(folder, organisation).join(format!("{AUTHORITY}.cert.pem"));
        if !path.exists() {
            return Ok(None);
        }
        Ok(Some(Self {
            organisation: organisation.clone(),
            certificate: read_certificate(&path)?,
        }))
    }

    /// Puts it in the place of the root before, and issues every certificate of the folder again.
    /// Run again after an interruption, it goes on where it ended.
    ///
    /// # Errors
    /// [`IdentityError`].
    pub fn adopt(self, folder: &ConsortiumFolder, now_ms: u64) -> Result<Authority, IdentityError> {
        let organisation = &self.organisation;
        let home = home(folder, organisation);
        // Keys first, the root's certificate last: it says that the rest is done.
        for name in [AUTHORITY, ISSUING] {
            let key = home.join(format!("{name}.key.pem"));
            if key.exists() {
                rename(&key, &folder.key_file(organisation, name))?;
            }
        }
        let issuing = home.join(format!("{ISSUING}.cert.pem"));
        if issuing.exists() {
            rename(&issuing, &folder.certificate_file(organisation, ISSUING))?;
            // The one before may have lain on a token; this one does not.
            let reference = reference_file(folder, organisation, ISSUING);
            if reference.exists() {
                fs::remove_file(&reference).map_err(|source| IdentityError::Unreadable {
                    path: reference,
                    source,
                })?;
            }
        }
        let root = home.join(format!("{AUTHORITY}.cert.pem"));
        rename(&root, &folder.certificate_file(organisation, AUTHORITY))?;
        let authority = Authority::load(folder, organisation)?;
        let revoked = revoked(folder, organisation);
        for file in files(folder, organisation) {
            let path = folder.certificate_file(organisation, &file);
            let described = describe(&read_certificate(&path)?)
                .map_err(|source| certificate_error(organisation.as_str(), source))?;
            let Some(profile) = described.profile else {
                continue;
            };
            if revoked.contains(&described.serial) {
                continue;
            }
            again(folder, &authority, &file, profile, &described, now_ms)?;
        }
        Ok(authority)
    }
}

fn home(folder: &ConsortiumFolder, organisation: &OrganisationId) -> PathBuf {
    folder.keys(organisation).join("next")
}

fn rename(from: &Path, to: &Path) -> Result<(), IdentityError> {
    fs::rename(from, to).map_err(|source| IdentityError::Unreadable {
        path: from.to_owned(),
        source,
    })
}
