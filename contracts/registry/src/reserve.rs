//! Opening what was committed to: a reservation, which the earliest commitment gets, and sets of newer keys for an open claim.

use crate::{
    commitment,
    error::RegistryError,
    keys,
    msg::{DocumentSet, MAX_RESERVATION_MS, MIN_RESERVATION_MS, REREGISTER_BLOCKS},
    sets,
    state::{COMMITMENTS, CONFIG, COUNT, SETS},
};
use blockworm_kit::{
    claims::{CLAIMS, Claim, End, KnownAs},
    time_ms,
};
use cosmwasm_std::{Env, Event, Storage};
use std::collections::BTreeSet;

/// What a bank opens.
pub(crate) struct Reveal {
    pub(crate) nonce: String,
    pub(crate) ledger: String,
    pub(crate) for_ms: u64,
    pub(crate) sets: Vec<DocumentSet>,
}

/// Whoever committed in an earlier block has it, whichever reservation stands first in a block or
/// comes first at all, as long as the other is not firm. Of two commitments in one block, whichever is
/// opened first.
pub(crate) fn reserve(
    storage: &mut dyn Storage,
    env: &Env,
    bank: String,
    reveal: Reveal,
) -> Result<Vec<Event>, RegistryError> {
    let height = env.block.height;
    let config = CONFIG.load(storage)?;
    if !(MIN_RESERVATION_MS..=MAX_RESERVATION_MS).contains(&reveal.for_ms) {
        return Err(RegistryError::BadDuration {
            asked: reveal.for_ms,
            least: MIN_RESERVATION_MS,
            most: MAX_RESERVATION_MS,
        });
    }
    if !config.ledgers.iter().any(|one| one.name == reveal.ledger) {
        return Err(RegistryError::UnknownLedger {
            ledger: reveal.ledger,
        });
    }
    sets::check(&reveal.sets)?;
    let found = commitment::find(storage, env, &bank, &reveal.nonce, &reveal.sets, 1);
    let (commitment, committed_at) = found?;
    sets::check_versions(storage, &reveal.sets, &keys::required(storage)?)?;
    let room = sets::room(storage, height, committed_at, &reveal.sets)?;
    sets::check_waiting(storage, height, &bank, &reveal.sets)?;
    COMMITMENTS.remove(storage, (&bank, &commitment));
    let mut events = Vec::new();
    for &number in &room.displaced {
        let mut claim = CLAIMS.load(storage, number)?;
        sets::end(storage, height, number, &mut claim, End::Displaced)?;
        events.push(event("displaced", number, &claim));
    }
    let number = COUNT.may_load(storage)?.unwrap_or(0);
    COUNT.save(storage, &(number + 1))?;
    let claim = Claim {
        bank,
        ledger: reveal.ledger,
        documents: known(&reveal.sets),
        committed_at,
        reserved_at: height,
        firm_at: height + config.settle_blocks,
        reserved_until_ms: time_ms(env) + reveal.for_ms,
        financed_at: None,
        ended_at: None,
        end: None,
    };
    CLAIMS.save(storage, number, &claim)?;
    sets::enter(storage, number, claim.firm_at, &reveal.sets, &room)?;
    if let Some(set) = reveal.sets.last() {
        keys::stands_under(storage, set.version)?;
    }
    SETS.save(storage, number, &reveal.sets)?;
    let firm_at = claim.firm_at.to_string();
    events.push(event("reserved", number, &claim).add_attribute("firm_at", firm_at));
    Ok(events)
}

/// The claim is known under every required version from now on. Nobody is displaced by it and it is
/// displaced by nobody; so its commitment must be older than any that a rival can have made on seeing
/// somebody else's reservation on its way.
pub(crate) fn reregister(
    storage: &mut dyn Storage,
    env: &Env,
    bank: &str,
    number: u64,
    nonce: &str,
    added: &[DocumentSet],
) -> Result<Vec<Event>, RegistryError> {
    sets::check(added)?;
    let open = CLAIMS.may_load(storage, number)?;
    let open = open.filter(|claim| claim.end.is_none() && claim.bank == bank);
    let mut claim = open.ok_or(RegistryError::NoClaim {
        claim: number,
        whose: "of your bank's",
    })?;
    let blocks = CONFIG.load(storage)?.settle_blocks + REREGISTER_BLOCKS;
    let (commitment, _) = commitment::find(storage, env, bank, nonce, added, blocks)?;
    let mut held = SETS.load(storage, number)?;
    let has: BTreeSet<u32> = held.iter().map(|set| set.version).collect();
    if added.iter().any(|set| has.contains(&set.version)) {
        return Err(RegistryError::HasVersion { claim: number });
    }
    let lacks = &keys::required(storage)? - &has;
    sets::check_versions(storage, added, &lacks)?;
    if held.iter().any(|set| set.share != added[0].share) {
        return Err(RegistryError::OtherShare { claim: number });
    }
    // No commitment is later than that, so that nobody makes room.
    let room = sets::room(storage, env.block.height, u64::MAX, added)?;
    COMMITMENTS.remove(storage, (bank, &commitment));
    sets::enter(storage, number, claim.firm_at, added, &room)?;
    let newest = |sets: &[DocumentSet]| sets.last().map_or(0, |set| set.version);
    keys::leaves(storage, newest(&held))?;
    held.extend_from_slice(added);
    held.sort_by_key(|set| set.version);
    keys::stands_under(storage, newest(&held))?;
    SETS.save(storage, number, &held)?;
    claim.documents = known(&held);
    CLAIMS.save(storage, number, &claim)?;
    Ok(vec![event("reregistered", number, &claim)])
}

fn known(sets: &[DocumentSet]) -> Vec<KnownAs> {
    sets.iter()
        .map(|set| KnownAs {
            version: set.version,
            fingerprint: set.document.clone(),
            share: set.share,
        })
        .collect()
}

/// Its subject is the document under the newest keys that the claim has a set of.
pub(crate) fn event(kind: &str, number: u64, claim: &Claim) -> Event {
    let newest = claim.documents.last();
    let subject = newest.map_or("", |known| known.fingerprint.as_str());
    Event::new(kind)
        .add_attribute("subject", subject)
        .add_attribute("claim", number.to_string())
}
