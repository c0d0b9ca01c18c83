//! Versions of the key holders' keys: how one comes in force, and which a claim must be made under.
//!
//! Fingerprints of two versions have nothing in common. Of any two open claims the later made or later
//! added to has a set of the other's newest version; so all open claims meet under the oldest of these
//! versions, where their shares are added up (docs/contracts/registry.md).

use crate::{
    error::RegistryError,
    msg::MAX_SETS,
    state::{CONFIG, KEYS, NEWEST, PENDING, UNDER},
};
use blockworm_kit::{Caller, is_digest};
use cosmwasm_std::{Event, Order, StdResult, Storage};
use std::collections::BTreeSet;

/// Keeps a holder's next public key; with the second holder's the version is in force.
pub(crate) fn publish(
    storage: &mut dyn Storage,
    caller: &Caller,
    version: u32,
    public_key: String,
) -> Result<Vec<Event>, RegistryError> {
    let (first, second) = CONFIG.load(storage)?.holders;
    let organisation = caller.member.organisation.as_str();
    let holders = [first, second];
    let place = holders.iter().position(|holder| holder == organisation);
    let place = place.ok_or(RegistryError::NotAHolder)?;
    caller.require_function("admin")?;
    let next = newest(storage)? + 1;
    if version != next {
        return Err(RegistryError::BadVersion { next });
    }
    let mut pending = PENDING.may_load(storage)?.unwrap_or_default();
    let before = KEYS.may_load(storage, newest(storage)?)?;
    let before = before.is_some_and(|keys| keys.0 == public_key || keys.1 == public_key);
    let other = pending[1 - place].as_ref() == Some(&public_key);
    if !is_digest(&public_key) || before || other {
        return Err(RegistryError::BadKey);
    }
    let published = Event::new("key_published")
        .add_attribute("holder", organisation)
        .add_attribute("version", version.to_string());
    pending[place] = Some(public_key);
    let [Some(first), Some(second)] = &pending else {
        PENDING.save(storage, &pending)?;
        return Ok(vec![published]);
    };
    // A claim needs a set for each of these and for the new one.
    if under(storage)?.len() >= MAX_SETS {
        return Err(RegistryError::TooManyVersions);
    }
    KEYS.save(storage, version, &(first.clone(), second.clone()))?;
    NEWEST.save(storage, &version)?;
    PENDING.remove(storage);
    let in_force = Event::new("keys_in_force").add_attribute("version", version.to_string());
    Ok(vec![published, in_force])
}

/// The newest version in force, 0 before the first.
pub(crate) fn newest(storage: &dyn Storage) -> StdResult<u32> {
    Ok(NEWEST.may_load(storage)?.unwrap_or(0))
}

/// The versions under which a document must be known to be claimed: the newest, and each that is the
/// newest of some open claim.
pub(crate) fn required(storage: &dyn Storage) -> StdResult<BTreeSet<u32>> {
    let mut required = under(storage)?;
    let newest = newest(storage)?;
    if newest > 0 {
        required.insert(newest);
    }
    Ok(required)
}

fn under(storage: &dyn Storage) -> StdResult<BTreeSet<u32>> {
    let versions = UNDER.keys(storage, None, None, Order::Ascending);
    versions.collect()
}

/// An open claim has its newest set under this version from now on.
pub(crate) fn stands_under(storage: &mut dyn Storage, version: u32) -> StdResult<()> {
    let count = UNDER.may_load(storage, version)?.unwrap_or(0);
    UNDER.save(storage, version, &(count + 1))
}

/// An open claim no longer has.
pub(crate) fn leaves(storage: &mut dyn Storage, version: u32) -> StdResult<()> {
    match UNDER.may_load(storage, version)?.unwrap_or(0) {
        0 | 1 => UNDER.remove(storage, version),
        count => UNDER.save(storage, version, &(count - 1))?,
    }
    Ok(())
}
