//! Renewal of what lies in an organisation's folder: certificates that near their end are issued
//! again, the issuing authority before all others.

use super::{
    AUTHORITY, Authority, Enrolled, ISSUING, IdentityError, IssuedLog, Passphrase,
    files::{read_certificate, read_key, write_certificate},
    is_reserved,
    watch::{files, revoked},
};
use crate::{
    hsm::{self, reference_file},
    network::folder::ConsortiumFolder,
};
use blockworm_crypto::{
    Signing,
    identity::{Description, Order, Profile, describe},
};
use blockworm_ledger::{MemberId, OrganisationId};
use std::sync::Arc;

/// What a pass over a folder did.
#[derive(Debug, Default)]
pub struct Pass {
    /// The certificate files that were renewed.
    pub renewed: Vec<String>,
    /// What could not be renewed, by file.
    pub failed: Vec<(String, IdentityError)>,
    /// What nears its end and can be renewed only with the root's key, which lies elsewhere.
    pub needs_root: Vec<String>,
}

/// A member whose certificate lies in the folder, and whose key lies there or on the organisation's token.
#[derive(Clone)]
pub struct HeldMember {
    /// Who.
    pub id: MemberId,
    /// Its certificate's chain.
    pub certificate: Vec<u8>,
    /// What the certificate says.
    pub described: Description,
}

/// Renews every certificate of the organisation that is due, with the same key. Nothing that was
/// revoked is renewed.
///
/// # Errors
/// Where the authorities cannot be opened; what fails for one certificate stands in [`Pass`].
pub fn renew_due(
    folder: &ConsortiumFolder,
    organisation: &OrganisationId,
    now_ms: u64,
) -> Result<Pass, IdentityError> {
    let mut pass = Pass::default();
    let due = due(folder, organisation, now_ms);
    if due.is_empty() {
        return Ok(pass);
    }
    let mut authority = Authority::load(folder, organisation)?;
    if due.iter().any(|(file, _)| file == ISSUING) {
        if authority.has_root_key() {
            let passphrase = Passphrase::read(&folder.passphrase_file(organisation))?;
            authority.rotate_issuing(folder, &passphrase, now_ms)?;
            pass.renewed.push(ISSUING.to_owned());
        } else {
            pass.needs_root.push(ISSUING.to_owned());
        }
    }
    for (file, described) in due.iter().filter(|(file, _)| file != ISSUING) {
        let Some(profile) = described.profile else {
            continue;
        };
        let life_ms = described.validity.not_after_ms - described.validity.not_before_ms;
        let gained_ms = authority
            .would_end_ms(profile, now_ms)
            .saturating_sub(described.validity.not_after_ms);
        if gained_ms < life_ms / 12 {
            // Only a longer authority can make it longer.
            pass.needs_root.push(file.clone());
            continue;
        }
        match again(folder, &authority, file, profile, described, now_ms) {
            Ok(()) => pass.renewed.push(file.clone()),
            Err(error) => pass.failed.push((file.clone(), error)),
        }
    }
    Ok(pass)
}

/// Issues a certificate of the folder again for the same key.
///
/// # Errors
/// [`IdentityError::Certificate`], or a file that cannot be written.
pub fn again(
    folder: &ConsortiumFolder,
    authority: &Authority,
    file: &str,
    profile: Profile,
    described: &Description,
    now_ms: u64,
) -> Result<(), IdentityError> {
    let order = Order {
        profile,
        name: &described.name,
        functions: &described.functions,
        hosts: &described.hosts,
    };
    let chain = authority.issue_as(&order, &described.public_key, now_ms)?;
    let organisation = authority.organisation();
    IssuedLog::of(folder, organisation).record(&chain, Enrolled::Renewed, None)?;
    write_certificate(&folder.certificate_file(organisation, file), &chain)
}

/// The certificates that are due, by file; the root never is, since ledgers name it.
fn due(
    folder: &ConsortiumFolder,
    organisation: &OrganisationId,
    now_ms: u64,
) -> Vec<(String, Description)> {
    let revoked = revoked(folder, organisation);
    let described = files(folder, organisation).into_iter().filter_map(|file| {
        let chain = read_certificate(&folder.certificate_file(organisation, &file)).ok()?;
        Some((file, describe(&chain).ok()?))
    });
    described
        .filter(|(file, described)| {
            file != AUTHORITY
                && !revoked.contains(&described.serial)
                && is_due(file, described, now_ms)
        })
        .collect()
}

/// With less than a third of its life left, a little later for each by its serial number, so that
/// not all come at once. An issuing authority at half its life: what it issues is not to end early.
fn is_due(file: &str, described: &Description, now_ms: u64) -> bool {
    let end = described.validity.not_after_ms;
    let life_ms = end.saturating_sub(described.validity.not_before_ms);
    let random = described
        .serial
        .get(1..3)
        .map_or(0, |bytes| u64::from(bytes[0]) << 8 | u64::from(bytes[1]));
    let jitter_ms = (life_ms / 24).saturating_mul(random) >> 16;
    let part_ms = if file == ISSUING {
        life_ms / 2
    } else {
        life_ms / 3
    };
    end.saturating_sub(now_ms) < part_ms - jitter_ms
}

/// The members whose keys lie in the folder and may act: for the ledgers that know older
/// certificates of theirs. No key is opened.
#[must_use]
pub fn held_members(folder: &ConsortiumFolder, organisation: &OrganisationId) -> Vec<HeldMember> {
    let revoked = revoked(folder, organisation);
    let held = files(folder, organisation).into_iter().filter_map(|file| {
        let in_file = folder.key_file(organisation, &file).exists();
        let on_token = reference_file(folder, organisation, &file).exists();
        if is_reserved(&file) || !(in_file || on_token) {
            return None;
        }
        let path = folder.certificate_file(organisation, &file);
        let certificate = read_certificate(&path).ok()?;
        let described = describe(&certificate).ok()?;
        let counts =
            described.profile == Some(Profile::Member) && !revoked.contains(&described.serial);
        // The file's name is how the key is found again.
        let id = MemberId::new(organisation, &described.name).ok()?;
        (counts && described.name == file).then_some(HeldMember {
            id,
            certificate,
            described,
        })
    });
    held.collect()
}

/// Opens a held member's key, in its file or on the organisation's token. It may be slow by design.
///
/// # Errors
/// [`IdentityError`].
pub fn open_key(
    folder: &ConsortiumFolder,
    member: &MemberId,
) -> Result<Arc<dyn Signing>, IdentityError> {
    let organisation = member.organisation();
    if let Some(key) = hsm::open(folder, &organisation, member.name())? {
        return Ok(Arc::new(key));
    }
    let passphrase = Passphrase::read(&folder.passphrase_file(&organisation))?;
    let file = folder.key_file(&organisation, member.name());
    Ok(Arc::new(read_key(&file, &passphrase)?))
}
