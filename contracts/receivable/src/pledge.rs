//! Pledges: what this ledger says of a bank's claim on the registry, once and for good.
//!
//! The registry frees a claim only by a proof of what stands here, and nothing here is ever taken
//! back: docs/contracts/registry.md tells why the two together never let two banks finance.

use crate::{
    error::ReceivableError,
    msg::{Financing, Reservation},
    state::{CONFIG, Receivable},
};
use blockworm_kit::{
    Caller, KitQuery,
    claims::{Claim, PLEDGES, Pledge, PledgeState, claim_key, fingerprint_text},
    foreign_value, is_digest, time_ms,
};
use cosmwasm_std::{Addr, DepsMut, Env, Event, Response, Storage, Uint128, from_json};

/// Writes the pledge under the bank's reservation, which must be proved; the claim's number. Where
/// there is no registry nothing is asked and nothing written.
pub(crate) fn pledge(
    deps: &mut DepsMut<'_, KitQuery>,
    env: &Env,
    bank: &str,
    receivable: &mut Receivable,
    (_amount, _whole): (Uint128, Uint128),
    reservation: Option<Reservation>,
) -> Result<Option<u32>, ReceivableError> {
    let Some(registry) = CONFIG.load(deps.storage)?.registry else {
        return Ok(None);
    };
    let Some(Reservation { claim, proof }) = reservation else {
        return Err(ReceivableError::ReservationMissing {
            registry: registry.ledger,
        });
    };
    let fingerprint = fingerprint_of(receivable)?;
    unused(deps.storage, &fingerprint, claim, bank)?;
    let key = claim_key(&fingerprint, claim);
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
    // From this time on the registry takes the absence of a pledge for final.
    let until_ms = reserved.reserved_until_ms;
    if time_ms(env) >= until_ms {
        return Err(ReceivableError::ReservationExpired { claim, until_ms });
    }
    let pledge = written(env, bank, PledgeState::Pledged);
    PLEDGES.save(deps.storage, (&fingerprint, claim, bank), &pledge)?;
    Ok(Some(claim))
}

/// The debt is paid: the pledge ends and the registry may let go.
pub(crate) fn end(
    storage: &mut dyn Storage,
    env: &Env,
    receivable: &Receivable,
    financing: &Financing,
) -> Result<(), ReceivableError> {
    let Some(claim) = financing.claim else {
        return Ok(());
    };
    let fingerprint = fingerprint_of(receivable)?;
    let bank = organisation(&financing.bank);
    let mut pledge = PLEDGES.load(storage, (&fingerprint, claim, bank))?;
    pledge.state = PledgeState::Ended;
    pledge.ended_at = Some(env.block.height);
    PLEDGES.save(storage, (&fingerprint, claim, bank), &pledge)?;
    Ok(())
}

/// The bank gives its claim up before its time.
pub(crate) fn forgo(
    deps: DepsMut<'_, KitQuery>,
    env: &Env,
    sender: &Addr,
    fingerprint: String,
    claim: u32,
) -> Result<Response, ReceivableError> {
    let caller = Caller::of(&deps.querier, sender)?;
    caller.require_role(&["bank"])?;
    caller.require_function("maker")?;
    let bank = caller.member.organisation;
    if !is_digest(&fingerprint) {
        return Err(ReceivableError::BadDigest);
    }
    if CONFIG.load(deps.storage)?.registry.is_none() {
        return Err(ReceivableError::NoRegistry);
    }
    unused(deps.storage, &fingerprint, claim, &bank)?;
    let tombstone = written(env, &bank, PledgeState::Forgone);
    PLEDGES.save(deps.storage, (&fingerprint, claim, &bank), &tombstone)?;
    let event = Event::new("forgone")
        .add_attribute("subject", fingerprint)
        .add_attribute("claim", claim.to_string())
        .add_attribute("bank", bank);
    Ok(Response::new().add_event(event))
}

fn unused(
    storage: &dyn Storage,
    fingerprint: &str,
    claim: u32,
    bank: &str,
) -> Result<(), ReceivableError> {
    match PLEDGES.may_load(storage, (fingerprint, claim, bank))? {
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

fn fingerprint_of(receivable: &Receivable) -> Result<String, ReceivableError> {
    fingerprint_text(&receivable.invoice_digest).ok_or(ReceivableError::BadDigest)
}

/// Of a member's id.
fn organisation(member: &str) -> &str {
    member.split('/').next().unwrap_or(member)
}
