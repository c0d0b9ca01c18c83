//! A notary or a court puts its name to a package: it signs the report and seals the list of all files.

use super::{
    archive::{self, ArchiveError},
    bag::Bag,
};
use blockworm_crypto::cms::{CmsError, Signer, sign_detached};
use blockworm_document::{DocumentError, SignatureNote, prepare};
use blockworm_service::identity::encode_pem;
use serde_json::Value;

/// Who seals, with its documents key.
pub struct Sealer {
    /// Its slug.
    pub organisation: String,
    /// Its name for people.
    pub name: String,
    /// The key with its certificates.
    pub signer: Signer,
}

/// Why a package was not sealed.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The package cannot be read or written.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// It is no bag with an index.
    #[error("this is no evidence package: {0}")]
    NotAPackage(&'static str),
    /// Somebody sealed it already.
    #[error("the package is sealed already")]
    Sealed,
    /// The package knows nothing of the sealer's organisation.
    #[error("the package names no organisation {0}, so nobody could check its seal")]
    Unknown(String),
    /// The report cannot be signed.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// The key did not sign.
    #[error(transparent)]
    Signature(#[from] CmsError),
}

impl SealError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Archive(error) => error.code(),
            Self::NotAPackage(_) => "evidence.not_a_package",
            Self::Sealed => "evidence.already_sealed",
            Self::Unknown(_) => "evidence.sealer_unknown",
            Self::Document(error) => error.code(),
            Self::Signature(_) => "evidence.not_sealed",
        }
    }
}

/// Seals a package's bytes; the sealed package's bytes.
///
/// # Errors
/// [`SealError`].
pub fn seal_archive(package: &[u8], sealer: &Sealer, now_ms: u64) -> Result<Vec<u8>, SealError> {
    let bag = Bag::read(archive::read(package)?);
    let mut bag = bag.ok_or(SealError::NotAPackage("it is no bag"))?;
    seal(&mut bag, sealer, now_ms)?;
    Ok(archive::write(&bag.files())?)
}

/// Signs the report, adds the sealer's chain, and seals the manifest.
///
/// # Errors
/// [`SealError`].
pub fn seal(bag: &mut Bag, sealer: &Sealer, now_ms: u64) -> Result<(), SealError> {
    if bag.seal.is_some() {
        return Err(SealError::Sealed);
    }
    let index = bag.payload.get("data/matter.json");
    let index = index.ok_or(SealError::NotAPackage("it has no data/matter.json"))?;
    let index: Value = serde_json::from_slice(index)
        .map_err(|_| SealError::NotAPackage("its data/matter.json is no JSON"))?;
    let mut named = index["organisations"].as_array().into_iter().flatten();
    if !named.any(|one| one["slug"] == sealer.organisation) {
        return Err(SealError::Unknown(sealer.organisation.clone()));
    }
    let report = bag.payload.get("data/report.pdf");
    let report = report.ok_or(SealError::NotAPackage("it has no data/report.pdf"))?;
    let note = SignatureNote {
        name: format!("{} ({})", sealer.name, sealer.organisation),
        reason: format!(
            "{} {}",
            index["ledger"].as_str().unwrap_or_default(),
            bag.name
        ),
        at_ms: now_ms,
    };
    let prepared = prepare(report, &note)?;
    let signature = sign_detached(&prepared.signed_bytes(), &sealer.signer, None)?;
    let signed = prepared.finish(&signature)?;
    bag.payload.insert("data/report.pdf".into(), signed);
    let chain = sealer.signer.chain().concat();
    let file = format!("data/certificates/{}-documents.pem", sealer.organisation);
    bag.payload
        .insert(file, encode_pem(&chain).unwrap_or_default().into_bytes());
    let manifest = bag.manifest();
    bag.seal = Some(sign_detached(
        manifest.as_bytes(),
        &sealer.signer,
        Some(now_ms),
    )?);
    Ok(())
}
