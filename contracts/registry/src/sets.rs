//! A document's fingerprints: which sets are well formed, what is held of each, whether more fits and who must make room.

use crate::{
    error::RegistryError,
    keys,
    msg::{DocumentSet, MAX_CLAIMS, MAX_PARTS, MAX_SETS},
    state::{EVER, HELD, Held, SETS, Share},
};
use blockworm_kit::{
    claims::{CLAIMS, Claim, End, WHOLE},
    is_digest,
};
use cosmwasm_std::{StdResult, Storage};
use std::{cmp::Reverse, collections::BTreeSet};

/// What the sets alone decide.
pub(crate) fn check(sets: &[DocumentSet]) -> Result<(), RegistryError> {
    let bad = |what| Err(RegistryError::BadSets { what });
    let parts = sets.iter().flat_map(|set| &set.parts);
    let fingerprints = parts.map(|part| &part.fingerprint);
    let documents = sets.iter().map(|set| &set.document);
    if !fingerprints.chain(documents).all(|text| is_digest(text)) {
        return Err(RegistryError::BadFingerprint);
    }
    if sets.is_empty() || sets.len() > MAX_SETS {
        return bad("a claim has one to eight sets");
    }
    if sets.windows(2).any(|two| two[0].version >= two[1].version) {
        return bad("sets stand in the order of their versions, each version once");
    }
    if sets.windows(2).any(|two| two[0].share != two[1].share) {
        return bad("a claim has the same share under every version");
    }
    let mut seen = BTreeSet::new();
    for set in sets {
        if set.parts.len() > MAX_PARTS {
            return bad("a set has at most 64 fingerprints");
        }
        if set.share == 0 || set.parts.iter().any(|part| part.share > WHOLE) {
            return bad("a share is 1 to 10^9 for the document, 0 to 10^9 for a part");
        }
        if !set.parts.iter().all(|part| seen.insert(&part.fingerprint)) {
            return bad("each fingerprint stands once");
        }
        let document = set.parts.iter().find(|p| p.fingerprint == set.document);
        if document.is_none_or(|part| part.share != set.share) {
            return bad("the document's fingerprint is one of the parts, with the claim's share");
        }
    }
    Ok(())
}

/// Refuses unless there is a set for each version of `required`, and none under a version that is not
/// in force.
pub(crate) fn check_versions(
    storage: &dyn Storage,
    sets: &[DocumentSet],
    required: &BTreeSet<u32>,
) -> Result<(), RegistryError> {
    let newest = keys::newest(storage)?;
    if newest == 0 {
        return Err(RegistryError::NoKeys);
    }
    let given: BTreeSet<u32> = sets.iter().map(|set| set.version).collect();
    if !given.is_superset(required) || given.iter().any(|version| !(1..=newest).contains(version)) {
        let versions: Vec<String> = required.iter().map(ToString::to_string).collect();
        return Err(RegistryError::OtherVersions {
            required: versions.join(", "),
        });
    }
    Ok(())
}

/// One capped fingerprint that has no room for what is asked.
struct Full {
    share: u64,
    held: Held,
}

impl Full {
    fn fits(&self) -> bool {
        self.held.taken() + self.share <= u64::from(WHOLE) && self.held.shares.len() < MAX_CLAIMS
    }

    fn leave(&mut self, claim: u64) {
        self.held.shares.retain(|held| held.claim != claim);
    }
}

/// What a reservation finds on its capped fingerprints.
#[derive(Default)]
pub(crate) struct Room {
    /// The claims that it displaces.
    pub(crate) displaced: Vec<u64>,
    /// Claims that were displaced before and whose entries are in the way.
    stale: Vec<u64>,
}

/// The rows without room. A row that seems full is looked through for claims that have ended.
fn full(storage: &dyn Storage, sets: &[DocumentSet], stale: &mut Vec<u64>) -> StdResult<Vec<Full>> {
    let mut found = Vec::new();
    let parts = sets.iter().flat_map(|set| &set.parts);
    for part in parts.filter(|part| part.share > 0) {
        let held = HELD.may_load(storage, &part.fingerprint)?;
        let held = held.unwrap_or_default();
        let share = u64::from(part.share);
        let mut asked = Full { share, held };
        if asked.fits() {
            continue;
        }
        let mut ended = Vec::new();
        for held in &asked.held.shares {
            if CLAIMS.load(storage, held.claim)?.end.is_some() {
                ended.push(held.claim);
            }
        }
        ended.iter().for_each(|claim| asked.leave(*claim));
        stale.append(&mut ended);
        if !asked.fits() {
            found.push(asked);
        }
    }
    Ok(found)
}

/// One claim of a bank at a time may be waiting to become firm on a fingerprint: so nobody can put more
/// in a rival's way than the rival can afford to displace.
pub(crate) fn check_waiting(
    storage: &dyn Storage,
    height: u64,
    bank: &str,
    sets: &[DocumentSet],
) -> Result<(), RegistryError> {
    let parts = sets.iter().flat_map(|set| &set.parts);
    for part in parts.filter(|part| part.share > 0) {
        let held = HELD.may_load(storage, &part.fingerprint)?;
        let held = held.unwrap_or_default();
        for waiting in held.shares.iter().filter(|held| height <= held.firm_at) {
            let claim = CLAIMS.load(storage, waiting.claim)?;
            if claim.end.is_none() && claim.bank == bank {
                return Err(RegistryError::NotFirm {
                    firm_at: claim.firm_at,
                });
            }
        }
    }
    Ok(())
}

/// The claims that must go so that the sets fit: none where they fit already, else open ones that are
/// not firm and were committed to in a later block than `committed_at`, the last committed first, and
/// only such as make room where room is wanting.
pub(crate) fn room(
    storage: &dyn Storage,
    height: u64,
    committed_at: u64,
    sets: &[DocumentSet],
) -> Result<Room, RegistryError> {
    let mut room = Room::default();
    let mut full = full(storage, sets, &mut room.stale)?;
    let mut later = BTreeSet::new();
    let held = full.iter().flat_map(|full| &full.held.shares);
    for held in held.filter(|held| height <= held.firm_at) {
        let claim = CLAIMS.load(storage, held.claim)?;
        if claim.financed_at.is_none() && claim.committed_at > committed_at {
            later.insert(Reverse((claim.committed_at, held.claim)));
        }
    }
    for Reverse((_, number)) in later {
        full.retain(|full| !full.fits());
        let holds = |full: &Full| full.held.shares.iter().any(|held| held.claim == number);
        if full.iter().any(holds) {
            full.iter_mut().for_each(|full| full.leave(number));
            room.displaced.push(number);
        }
    }
    match full.iter().find(|full| !full.fits()) {
        None => Ok(room),
        Some(full) => Err(refusal(storage, full)?),
    }
}

/// What keeps a fingerprint from being claimed, and no word on whose claims it is.
fn refusal(storage: &dyn Storage, full: &Full) -> StdResult<RegistryError> {
    let (mut financed, mut height, mut until_ms) = (0, 0, 0);
    for held in &full.held.shares {
        let claim = CLAIMS.load(storage, held.claim)?;
        match claim.financed_at {
            Some(at) => {
                financed += u64::from(held.share);
                height = height.max(at);
            }
            None => until_ms = until_ms.max(claim.reserved_until_ms),
        }
    }
    let (taken, whole) = (full.held.taken(), u64::from(WHOLE));
    Ok(if taken + full.share <= whole {
        RegistryError::TooManyClaims
    } else if financed + full.share > whole {
        RegistryError::AlreadyFinanced { taken, height }
    } else {
        RegistryError::AlreadyReserved { taken, until_ms }
    })
}

/// The claim holds its sets from now on, and those that made room no longer do.
pub(crate) fn enter(
    storage: &mut dyn Storage,
    number: u64,
    firm_at: u64,
    sets: &[DocumentSet],
    room: &Room,
) -> StdResult<()> {
    let gone: BTreeSet<u64> = room.displaced.iter().chain(&room.stale).copied().collect();
    for part in sets.iter().flat_map(|set| &set.parts) {
        let fingerprint = part.fingerprint.as_str();
        let mut held = HELD.may_load(storage, fingerprint)?.unwrap_or_default();
        if part.share > 0 {
            let share = part.share;
            held.shares.retain(|held| !gone.contains(&held.claim));
            held.shares.push(Share {
                claim: number,
                share,
                firm_at,
            });
            EVER.save(storage, (fingerprint, number), &share)?;
        } else {
            held.marks += 1;
        }
        HELD.save(storage, fingerprint, &held)?;
    }
    Ok(())
}

/// Writes a claim's end down.
pub(crate) fn end(
    storage: &mut dyn Storage,
    height: u64,
    number: u64,
    claim: &mut Claim,
    end: End,
) -> StdResult<()> {
    if let Some(known) = claim.documents.last() {
        keys::leaves(storage, known.version)?;
    }
    claim.ended_at = Some(height);
    claim.end = Some(end);
    CLAIMS.save(storage, number, claim)
}

/// Frees what a claim held that has ended. Whoever displaces it pays for its row alone.
pub(crate) fn free(storage: &mut dyn Storage, number: u64) -> StdResult<()> {
    for part in SETS
        .load(storage, number)?
        .iter()
        .flat_map(|set| &set.parts)
    {
        let fingerprint = part.fingerprint.as_str();
        let mut held = HELD.load(storage, fingerprint)?;
        if part.share > 0 {
            held.shares.retain(|held| held.claim != number);
        } else {
            held.marks = held.marks.saturating_sub(1);
        }
        HELD.save(storage, fingerprint, &held)?;
    }
    Ok(())
}
