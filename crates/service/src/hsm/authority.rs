//! An issuing authority whose key lies on the token, below a root whose key lies in the folder.

use super::{HsmError, HsmKey, destroy, key::generate_as, reference_file};
use crate::{
    identity::{
        AUTHORITY, BACKDATED_MS, Enrolled, ISSUING, IdentityError, IssuedLog, Lifetimes,
        Passphrase, read_certificate, read_key, write_certificate,
    },
    network::folder::ConsortiumFolder,
};
use blockworm_crypto::{
    Algorithm, Signing as _,
    identity::{CertificateAuthority, Validity, describe},
};
use blockworm_ledger::OrganisationId;
use std::{fs, sync::Arc};

/// The name under which the new key waits until its certificate is written.
const WAITING: &str = "issuing-next";

/// Makes an issuing authority on the organisation's token, certified by its root, in place of the one
/// before. Certificates of that one go on counting; its key, if it lay in a file, is removed. Gives the
/// new chain.
///
/// # Errors
/// [`IdentityError`]; what was there before stays then.
pub fn move_issuing(
    folder: &ConsortiumFolder,
    organisation: &OrganisationId,
    algorithm: Algorithm,
    now_ms: u64,
) -> Result<Vec<u8>, IdentityError> {
    let refused = |source| IdentityError::Certificate {
        subject: organisation.to_string(),
        source,
    };
    let root_file = folder.key_file(organisation, AUTHORITY);
    if !root_file.exists() {
        let organisation = organisation.clone();
        return Err(IdentityError::NoRootKey { organisation });
    }
    let passphrase = Passphrase::read(&folder.passphrase_file(organisation))?;
    let root_key = read_key(&root_file, &passphrase)?;
    let root = read_certificate(&folder.certificate_file(organisation, AUTHORITY))?;
    let described = describe(&root).map_err(refused)?;
    let ends_ms = described.validity.not_after_ms;
    let before = folder.certificate_file(organisation, ISSUING);
    let number = match before.exists() {
        true => {
            let before = describe(&read_certificate(&before)?).map_err(refused)?;
            let last = before.name.rsplit(' ').next();
            last.and_then(|digits| digits.parse::<u64>().ok())
                .unwrap_or(0)
                + 1
        }
        false => 1,
    };
    let short: String = described.name.chars().take(44).collect();
    let name = format!("{short} issuing {number}");
    let root = CertificateAuthority::open(root, Arc::new(root_key)).map_err(refused)?;
    // A run that was interrupted left a key that nothing refers to.
    destroy(folder, organisation, WAITING)?;
    let key = generate_as(
        folder,
        organisation,
        WAITING,
        label(organisation)?,
        algorithm,
    )?;
    let lifetimes = Lifetimes::read(folder, organisation)?;
    let validity = Validity {
        not_before_ms: now_ms.saturating_sub(BACKDATED_MS.min(lifetimes.issuing_ms / 12)),
        not_after_ms: now_ms.saturating_add(lifetimes.issuing_ms).min(ends_ms),
    };
    let chain = root.issue_authority(&name, &key.public_key(), validity);
    let kept = chain.map_err(refused).and_then(|chain| {
        prove(&chain, &key)?;
        IssuedLog::of(folder, organisation).record(&chain, Enrolled::Rotated, None)?;
        Ok(chain)
    });
    let chain = match kept {
        Ok(chain) => chain,
        Err(error) => {
            destroy(folder, organisation, WAITING)?;
            return Err(error);
        }
    };
    let unreadable = |path, source| IdentityError::Unreadable { path, source };
    let (from, to) = (
        reference_file(folder, organisation, WAITING),
        reference_file(folder, organisation, ISSUING),
    );
    fs::rename(&from, &to).map_err(|source| unreadable(from, source))?;
    write_certificate(&folder.certificate_file(organisation, ISSUING), &chain)?;
    let file = folder.key_file(organisation, ISSUING);
    if file.exists() {
        fs::remove_file(&file).map_err(|source| unreadable(file, source))?;
    }
    Ok(chain)
}

/// A label that no authority before had.
fn label(organisation: &OrganisationId) -> Result<String, IdentityError> {
    let mut random = [0u8; 6];
    getrandom::fill(&mut random).map_err(IdentityError::Random)?;
    Ok(format!("{organisation}/issuing-{}", hex::encode(random)))
}

/// The key must sign before anything is replaced by it.
fn prove(chain: &[u8], key: &HsmKey) -> Result<(), HsmError> {
    key.try_sign_message(chain).map(drop)
}
