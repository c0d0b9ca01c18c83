//! Deposits: entries that are added to matters, all of one message or none.

use crate::{
    chain,
    error::EvidenceError,
    execute::{Stamp, allowed, check_digest, check_matter, check_word, opened},
    lifecycle::Action,
    msg::{CAPTURE_TOLERANCE_MS, Deposit, MAX_DEPOSITS, MAX_ENTRIES},
    state::{COMMITTED, ENTRIES, Entry, MATTERS, Matter},
};
use blockworm_kit::{Caller, KitQuery, time_ms};
use cosmwasm_std::{Addr, DepsMut, Env, Event, HexBinary, Response, Storage};
use std::collections::{BTreeMap, btree_map};

pub(crate) fn deposit(
    deps: DepsMut<'_, KitQuery>,
    env: &Env,
    sender: &Addr,
    deposits: Vec<Deposit>,
) -> Result<Response, EvidenceError> {
    let caller = Caller::of(&deps.querier, sender)?;
    let (most, count) = (MAX_DEPOSITS, deposits.len());
    if !(1..=most).contains(&count) {
        return Err(EvidenceError::BadCount { most, count });
    }
    for deposit in &deposits {
        check(env, deposit)?;
    }
    let stamp = Stamp::of(&caller, env)?;
    // Each matter is read and written once, however many of the deposits are its.
    let mut matters: BTreeMap<String, Matter> = BTreeMap::new();
    let mut response = Response::new();
    for deposit in deposits {
        let matter = match matters.entry(deposit.matter.clone()) {
            btree_map::Entry::Occupied(known) => known.into_mut(),
            btree_map::Entry::Vacant(place) => {
                let id = place.key().clone();
                let matter = match MATTERS.may_load(deps.storage, &id)? {
                    Some(matter) => matter,
                    None => {
                        let matter = stamp.matter(id, vec![stamp.organisation.clone()]);
                        response = response.add_event(opened(&matter));
                        matter
                    }
                };
                place.insert(matter)
            }
        };
        let entry = add(deps.storage, &stamp, matter, deposit)?;
        response = response.add_event(told(&matter.id, &entry));
    }
    for (id, matter) in &matters {
        MATTERS.save(deps.storage, id, matter)?;
    }
    Ok(response)
}

/// What a deposit says of itself.
fn check(env: &Env, deposit: &Deposit) -> Result<(), EvidenceError> {
    check_matter(&deposit.matter)?;
    check_word("the phase", &deposit.phase)?;
    check_word("the kind", &deposit.kind)?;
    check_word("the method", &deposit.method)?;
    check_digest("the commitment", &deposit.commitment)?;
    check_digest("the capture record's commitment", &deposit.capture)?;
    if deposit.size.is_zero() {
        return Err(EvidenceError::Empty);
    }
    let (captured_ms, now_ms) = (deposit.captured_ms.u64(), time_ms(env));
    if captured_ms == 0 || captured_ms > now_ms.saturating_add(CAPTURE_TOLERANCE_MS) {
        return Err(EvidenceError::BadTime {
            captured_ms,
            now_ms,
        });
    }
    Ok(())
}

fn add(
    storage: &mut dyn Storage,
    stamp: &Stamp,
    matter: &mut Matter,
    deposit: Deposit,
) -> Result<Entry, EvidenceError> {
    allowed(stamp, matter, Action::Deposit)?;
    let commitment = found_by(&deposit.commitment)?;
    let place = (matter.id.as_str(), commitment.as_slice());
    if let Some(entry) = COMMITTED.may_load(storage, place)? {
        let matter = matter.id.clone();
        return Err(EvidenceError::AlreadyDeposited { matter, entry });
    }
    if matter.entries >= MAX_ENTRIES {
        return Err(EvidenceError::Full {
            matter: matter.id.clone(),
            what: "entries",
            most: MAX_ENTRIES,
        });
    }
    let number = matter.entries + 1;
    let mut entry = Entry {
        number,
        phase: deposit.phase,
        kind: deposit.kind,
        commitment: deposit.commitment,
        size: deposit.size,
        capture: deposit.capture,
        method: deposit.method,
        captured_ms: deposit.captured_ms,
        by: stamp.by.clone(),
        organisation: stamp.organisation.clone(),
        height: stamp.height,
        time_ms: stamp.time_ms,
        transaction: stamp.transaction.clone(),
        link: String::new(),
        erased: None,
    };
    entry.link = chain::link(&matter.head, &matter.id, &entry);
    COMMITTED.save(storage, place, &number)?;
    ENTRIES.save(storage, (&matter.id, number), &entry)?;
    matter.entries = number;
    matter.head.clone_from(&entry.link);
    Ok(entry)
}

/// A commitment as a part of a key.
pub(crate) fn found_by(commitment: &str) -> Result<Vec<u8>, EvidenceError> {
    check_digest("the commitment", commitment)?;
    Ok(HexBinary::from_hex(commitment)?.into())
}

fn told(matter: &str, entry: &Entry) -> Event {
    Event::new("deposited")
        .add_attribute("subject", matter)
        .add_attribute("entry", entry.number.to_string())
        .add_attribute("phase", &entry.phase)
        .add_attribute("kind", &entry.kind)
        .add_attribute("commitment", &entry.commitment)
        .add_attribute("by", &entry.by)
}
