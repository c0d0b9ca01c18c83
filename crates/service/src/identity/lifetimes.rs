//! How long an organisation's certificates count.

use super::{
    AUTHORITY_VALIDITY_MS, ISSUING_VALIDITY_MS, IdentityError, MEMBER_VALIDITY_MS, TLS_VALIDITY_MS,
};
use crate::network::folder::{ConsortiumFolder, FolderError};
use blockworm_crypto::identity::Profile;
use blockworm_ledger::OrganisationId;
use serde::{Deserialize, Serialize};
use std::{fs, io, path::PathBuf};

/// How long certificates of each kind count, in milliseconds. What differs from the usual stands in
/// `lifetimes.json` of the organisation's folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lifetimes {
    /// A root's.
    pub root_ms: u64,
    /// An issuing authority's.
    pub issuing_ms: u64,
    /// A member's, a node's and all others'.
    pub leaf_ms: u64,
    /// A TLS server's.
    pub tls_ms: u64,
}

impl Default for Lifetimes {
    fn default() -> Self {
        Self {
            root_ms: AUTHORITY_VALIDITY_MS,
            issuing_ms: ISSUING_VALIDITY_MS,
            leaf_ms: MEMBER_VALIDITY_MS,
            tls_ms: TLS_VALIDITY_MS,
        }
    }
}

impl Lifetimes {
    /// Everything below the root counts for `ms`: to rehearse what happens when it ends.
    #[must_use]
    pub fn short(ms: u64) -> Self {
        Self {
            issuing_ms: ms,
            leaf_ms: ms,
            tls_ms: ms,
            ..Self::default()
        }
    }

    pub(super) fn file(folder: &ConsortiumFolder, organisation: &OrganisationId) -> PathBuf {
        folder.organisation(organisation).join("lifetimes.json")
    }

    /// The organisation's own, where its folder says so.
    pub(crate) fn read(
        folder: &ConsortiumFolder,
        organisation: &OrganisationId,
    ) -> Result<Self, IdentityError> {
        let path = Self::file(folder, organisation);
        match fs::read(&path) {
            Ok(text) => serde_json::from_slice(&text).map_err(|source| {
                IdentityError::Folder(FolderError::Json {
                    path,
                    what: "lifetimes of certificates",
                    source,
                })
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(source) => Err(IdentityError::Unreadable { path, source }),
        }
    }

    pub(super) const fn of(&self, profile: Profile) -> u64 {
        match profile {
            Profile::TlsServer => self.tls_ms,
            _ => self.leaf_ms,
        }
    }
}
