//! Pledges: what this ledger says of a bank's claim on the registry, once and for good.
//!
//! The registry frees a claim only by a proof of what stands here, and nothing here is ever taken
//! back: docs/contracts/registry.md tells why the two together never let two banks finance.

use crate::{error::ReceivableError, msg::Reservation, state::CONFIG};
use blockworm_kit::{
    Caller, KitQuery,
    claims::{Claim, PLEDGES, Pledge, PledgeState, claim_key, share},
    foreign_value, time_ms,
};
use cosmwasm_std::{Addr, DepsMut, Env, Event, Response, Storage, Uint128, from_json};
use std::collections::BTreeMap;

/// Writes the pledge under the bank's reservation, which must be proved, for the part `amount` of a
/// debt of `whole`; the claim's number. Where there is no registry nothing is asked and nothing
/// written.
///
/// `known` is what the same debt's earlier financings were made under, by key version. The contract
/// cannot compute a keyed fingerprint, so it holds all banks to the first one's; whoever on this ledger
/// holds the document can check that.
pub(crate) fn pledge(
    deps: &mut DepsMut<'_, KitQuery>,
    env: &Env,
    bank: &str,
    known: &mut BTreeMap<u32, String>,
    (amount, whole): (Uint128, Uint128),
    reservation: Option<Reservation>,
) -> Result<Option<u64>, ReceivableError> {
    let Some(registry) = CONFIG.load(deps.storage)?.registry else {
        return Ok(None);
    };
    let Some(Reservation { claim, proof }) = reservation else {
        return Err(ReceivableError::ReservationMissing {
            registry: registry.ledger,
        });
    };
    unused(deps.storage, claim, bank)?;
    let key = claim_key(claim);
    let (ledger, contract) = (&registry.ledger, &registry.contract);
    let shown = foreign_value(&deps.querier, ledger, contract, &key, proof)?;
    let height = shown.height;
    let bytes = shown
        .value
        .ok_or(ReceivableError::NotReserved { claim, height })?;
    let reserved: Claim = from_json(bytes).map_err(|_| ReceivableError::UnreadableClaim)?;
    if reserved.bank != bank {
        let bank = bank.to_owned();
        return Err(ReceivableError::OtherBank { claim, bank });
    }
    if reserved.ledger != registry.known_as {
        return Err(ReceivableError::OtherLedger {
            claim,
            ledger: reserved.ledger,
            here: registry.known_as,
        });
    }
    if reserved.end.is_some() {
        return Err(ReceivableError::ReservationEnded { claim });
    }
    // Until then an earlier commitment may take the claim's place.
    let firm_at = reserved.firm_at;
    if height < firm_at {
        return Err(ReceivableError::ReservationNotFirm { claim, firm_at });
    }
    // From this time on the registry takes the absence of a pledge for final.
    let until_ms = reserved.reserved_until_ms;
    if time_ms(env) >= until_ms {
        return Err(ReceivableError::ReservationExpired { claim, until_ms });
    }
    check_documents(claim, &reserved, known, (amount, whole))?;
    let pledge = written(env, bank, PledgeState::Pledged);
    PLEDGES.save(deps.storage, (claim, bank), &pledge)?;
    Ok(Some(claim))
}

/// The claim covers the amount, on the document of the earlier financings, which is remembered.
fn check_documents(
    claim: u64,
    reserved: &Claim,
    known: &mut BTreeMap<u32, String>,
    (amount, whole): (Uint128, Uint128),
) -> Result<(), ReceivableError> {
    let least = share(amount, whole).unwrap_or(u32::MAX);
    let shares = reserved.documents.iter().map(|document| document.share);
    let reserved_share = shares.min().unwrap_or(0);
    if reserved_share < least {
        return Err(ReceivableError::ShareTooSmall {
            claim,
            share: reserved_share,
            least,
        });
    }
    for document in &reserved.documents {
        let version = document.version;
        let before = known.entry(version);
        if *before.or_insert_with(|| document.fingerprint.clone()) != document.fingerprint {
            return Err(ReceivableError::OtherDocument { claim, version });
        }
    }
    Ok(())
}

/// The debt is paid: the pledge ends and the registry may let go.
pub(crate) fn end(
    storage: &mut dyn Storage,
    env: &Env,
    claim: u64,
    bank: &str,
) -> Result<(), ReceivableError> {
    let mut pledge = PLEDGES.load(storage, (claim, bank))?;
    pledge.state = PledgeState::Ended;
    pledge.ended_at = Some(env.block.height);
    PLEDGES.save(storage, (claim, bank), &pledge)?;
    Ok(())
}

/// The bank gives its claim up before its time.
pub(crate) fn forgo(
    deps: DepsMut<'_, KitQuery>,
    env: &Env,
    sender: &Addr,
    claim: u64,
) -> Result<Response, ReceivableError> {
    let caller = Caller::of(&deps.querier, sender)?;
    caller.require_role(&["bank"])?;
    caller.require_function("maker")?;
    let bank = caller.member.organisation;
    if CONFIG.load(deps.storage)?.registry.is_none() {
        return Err(ReceivableError::NoRegistry);
    }
    unused(deps.storage, claim, &bank)?;
    let tombstone = written(env, &bank, PledgeState::Forgone);
    PLEDGES.save(deps.storage, (claim, &bank), &tombstone)?;
    let event = Event::new("forgone")
        .add_attribute("claim", claim.to_string())
        .add_attribute("bank", bank);
    Ok(Response::new().add_event(event))
}

fn unused(storage: &dyn Storage, claim: u64, bank: &str) -> Result<(), ReceivableError> {
    match PLEDGES.may_load(storage, (claim, bank))? {
        None => Ok(()),
        Some(used) => Err(ReceivableError::ClaimUsed {
            claim,
            height: used.height,
        }),
    }
}

fn written(env: &Env, bank: &str, state: PledgeState) -> Pledge {
    Pledge {
        bank: bank.to_owned(),
        state,
        height: env.block.height,
        ended_at: None,
    }
}

/// Of a member's id.
pub(crate) fn organisation(member: &str) -> &str {
    member.split('/').next().unwrap_or(member)
}
