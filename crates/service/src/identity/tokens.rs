//! One-time tokens: what an organisation hands to somebody who is to be certified; kept as digests.

use super::{IdentityError, check_private};
use crate::network::folder::{ConsortiumFolder, FolderError, write_whole};
use blockworm_crypto::{Digest, identity::Profile, sha256};
use blockworm_ledger::{LedgerId, OrganisationId};
use serde::{Deserialize, Serialize};
use std::{
    fmt,
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};
use zeroize::Zeroizing;

/// Tokens that one file may hold; the oldest that are spent go first.
const MAX_TOKENS: usize = 4096;
/// What a token's text begins with.
const PREFIX: &str = "bwt1";

/// A token in the clear: 256 random bits, and the digest of the root that its certificate leads to.
pub struct TokenText {
    secret: Zeroizing<[u8; 32]>,
    root: Digest,
}

impl TokenText {
    fn generate(root: &[u8]) -> Result<Self, IdentityError> {
        let mut secret = Zeroizing::new([0; 32]);
        getrandom::fill(&mut secret[..]).map_err(IdentityError::Random)?;
        Ok(Self {
            secret,
            root: sha256(&[root]),
        })
    }

    /// Reads `bwt1.<64 hex>.<64 hex>`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.trim().split('.');
        let (Some(PREFIX), Some(secret), Some(root), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return None;
        };
        let bytes = Zeroizing::new(hex::decode(secret).ok()?);
        let secret = Zeroizing::new(<[u8; 32]>::try_from(bytes.as_slice()).ok()?);
        let root = Digest(hex::decode(root).ok()?.try_into().ok()?);
        Some(Self { secret, root })
    }

    /// The text that is handed over.
    #[must_use]
    pub fn text(&self) -> Zeroizing<String> {
        Zeroizing::new(format!(
            "{PREFIX}.{}.{}",
            hex::encode(*self.secret),
            hex::encode(self.root.as_bytes())
        ))
    }

    /// The digest of the root that the certificate must lead to.
    #[must_use]
    pub const fn root(&self) -> &Digest {
        &self.root
    }

    pub(super) fn digest(&self) -> String {
        hex::encode(sha256(&[b"blockworm enrolment token", &*self.secret]).as_bytes())
    }
}

impl fmt::Debug for TokenText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenText")
    }
}

/// What a token is to allow.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// The name that is certified.
    pub name: String,
    /// For which use.
    pub profile: Profile,
    /// A member's functions.
    pub functions: Vec<String>,
    /// A TLS server's hosts.
    pub hosts: Vec<String>,
    /// The ledgers on which the member is to be registered.
    pub ledgers: Vec<LedgerId>,
    /// When it ends, milliseconds since 1970.
    pub expires_at_ms: u64,
}

/// A token as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenRecord {
    /// SHA-256 of the secret.
    pub digest: String,
    /// The name that is certified.
    pub name: String,
    /// For which use.
    pub profile: String,
    /// A member's functions.
    pub functions: Vec<String>,
    /// A TLS server's hosts.
    pub hosts: Vec<String>,
    /// The ledgers on which the member is to be registered.
    pub ledgers: Vec<LedgerId>,
    /// When it was made, milliseconds since 1970.
    pub created_at_ms: u64,
    /// When it ends.
    pub expires_at_ms: u64,
    /// When it was used, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used_at_ms: Option<u64>,
    /// The key that was certified with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The certificate that it gave, hex of its chain: the same request again gets it again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
}

/// The tokens of one organisation, held under a lock while this lives.
pub struct TokenFile {
    path: PathBuf,
    #[expect(dead_code, reason = "the open file is the lock")]
    lock: File,
    /// The tokens, the oldest first.
    pub tokens: Vec<TokenRecord>,
}

impl TokenFile {
    /// Opens `DIR/<org>/enrolment-tokens.json`; there need be none yet.
    ///
    /// # Errors
    /// [`IdentityError::Exposed`], [`IdentityError::Unreadable`] or [`IdentityError::Folder`].
    pub fn open(
        folder: &ConsortiumFolder,
        organisation: &OrganisationId,
    ) -> Result<Self, IdentityError> {
        let home = folder.organisation(organisation);
        let path = home.join("enrolment-tokens.json");
        let lock = lock(&home.join("enrolment-tokens.lock"))?;
        let tokens = match fs::read(&path) {
            Ok(text) => {
                check_private(&path)?;
                serde_json::from_slice(&text).map_err(|source| {
                    IdentityError::Folder(FolderError::Json {
                        path: path.clone(),
                        what: "enrolment tokens",
                        source,
                    })
                })?
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(source) => return Err(IdentityError::Unreadable { path, source }),
        };
        Ok(Self { path, lock, tokens })
    }

    /// Makes a token; its text is nowhere else.
    ///
    /// # Errors
    /// [`IdentityError::Random`] or [`IdentityError::Folder`].
    pub fn create(
        &mut self,
        new: NewToken,
        root: &[u8],
        now_ms: u64,
    ) -> Result<TokenText, IdentityError> {
        let text = TokenText::generate(root)?;
        while self.tokens.len() >= MAX_TOKENS {
            let spent =
                |token: &TokenRecord| token.used_at_ms.is_some() || token.expires_at_ms <= now_ms;
            let oldest = self.tokens.iter().position(spent).unwrap_or(0);
            self.tokens.remove(oldest);
        }
        self.tokens.push(TokenRecord {
            digest: text.digest(),
            name: new.name,
            profile: new.profile.as_str().to_owned(),
            functions: new.functions,
            hosts: new.hosts,
            ledgers: new.ledgers,
            created_at_ms: now_ms,
            expires_at_ms: new.expires_at_ms,
            used_at_ms: None,
            key: None,
            certificate: None,
        });
        self.write()?;
        Ok(text)
    }

    pub(super) fn write(&self) -> Result<(), IdentityError> {
        let text = serde_json::to_vec_pretty(&self.tokens).map_err(|source| {
            IdentityError::Folder(FolderError::Json {
                path: self.path.clone(),
                what: "enrolment tokens",
                source,
            })
        })?;
        Ok(write_whole(&self.path, &text, 0o600)?)
    }
}

fn lock(path: &Path) -> Result<File, IdentityError> {
    let unusable = |source| IdentityError::Unreadable {
        path: path.to_owned(),
        source,
    };
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(path)
        .map_err(unusable)?;
    file.lock().map_err(unusable)?;
    Ok(file)
}
