//! The life of a claim: free → reserved → financed → released, where every step after the first follows from a proof of the trade's ledger.

use crate::{
    commitment,
    error::RegistryError,
    keys,
    msg::{ExecuteMsg, InstantiateMsg, MAX_SETTLE_BLOCKS},
    reserve::{self, Reveal, event},
    sets,
    state::{CLEARED, CONFIG},
};
use blockworm_kit::{
    Caller, ForeignValue, KitQuery,
    claims::{CLAIMS, Claim, End, Pledge, PledgeState, pledge_key},
    foreign_value,
};
use cosmwasm_std::{Binary, Deps, DepsMut, Env, Event, MessageInfo, Response, Storage, from_json};

/// Begins with no claims and no keys.
pub fn instantiate(
    deps: DepsMut<'_, KitQuery>,
    _env: Env,
    _info: MessageInfo,
    msg: InstantiateMsg,
) -> Result<Response, RegistryError> {
    if msg.holders.0 == msg.holders.1 {
        return Err(RegistryError::BadHolders);
    }
    if msg.settle_blocks > MAX_SETTLE_BLOCKS {
        return Err(RegistryError::BadSettleBlocks);
    }
    CONFIG.save(deps.storage, &msg)?;
    Ok(Response::new())
}

/// Runs one message of a bank's maker or of a key holder's admin.
pub fn execute(
    deps: DepsMut<'_, KitQuery>,
    env: Env,
    info: MessageInfo,
    msg: ExecuteMsg,
) -> Result<Response, RegistryError> {
    let caller = Caller::of(&deps.querier, &info.sender)?;
    if let ExecuteMsg::PublishKey {
        version,
        public_key,
    } = msg
    {
        let events = keys::publish(deps.storage, &caller, version, public_key)?;
        return Ok(Response::new().add_events(events));
    }
    caller.require_role(&["bank"])?;
    caller.require_function("maker")?;
    let bank = caller.member.organisation;
    let events = match msg {
        ExecuteMsg::PublishKey { .. } => Vec::new(),
        ExecuteMsg::Commit { commitment } => {
            commitment::commit(deps.storage, &env, &bank, &commitment)?;
            let event = Event::new("committed").add_attribute("bank", bank);
            vec![event.add_attribute("commitment", commitment)]
        }
        ExecuteMsg::Reserve {
            nonce,
            ledger,
            for_ms,
            sets,
        } => {
            let reveal = Reveal {
                nonce,
                ledger,
                for_ms,
                sets,
            };
            reserve::reserve(deps.storage, &env, bank, reveal)?
        }
        ExecuteMsg::Reregister { claim, nonce, sets } => {
            reserve::reregister(deps.storage, &env, &bank, claim, &nonce, &sets)?
        }
        ExecuteMsg::Confirm { claim, proof } => confirm(deps, &env, &bank, claim, proof)?,
        ExecuteMsg::Release { claim, proof } => release(deps, &env, claim, proof)?,
        ExecuteMsg::Clear { claim } => clear(deps.storage, claim)?,
    };
    Ok(Response::new().add_events(events))
}

fn confirm(
    deps: DepsMut<'_, KitQuery>,
    env: &Env,
    bank: &str,
    number: u64,
    proof: Binary,
) -> Result<Vec<Event>, RegistryError> {
    let open = open_claim(deps.storage, number)?.filter(|claim| claim.bank == bank);
    let mut claim = open.ok_or(RegistryError::NoClaim {
        claim: number,
        whose: "of your bank's",
    })?;
    if let Some(height) = claim.financed_at {
        return Err(RegistryError::AlreadyConfirmed { height });
    }
    let (shown, pledge) = pledge(deps.as_ref(), number, &claim, proof)?;
    match pledge.map(|pledge| pledge.state) {
        Some(PledgeState::Pledged) => {}
        Some(PledgeState::Ended | PledgeState::Forgone) => return Err(RegistryError::PledgeEnded),
        None => {
            return Err(RegistryError::NotPledged {
                height: shown.height,
            });
        }
    }
    claim.financed_at = Some(env.block.height);
    CLAIMS.save(deps.storage, number, &claim)?;
    Ok(vec![event("financed", number, &claim)])
}

/// Any bank may ask for it, because the proof alone decides. An absence at or after the
/// reservation's end is final: the trade's blocks only grow later, and none of them pledges under
/// the claim any more.
fn release(
    deps: DepsMut<'_, KitQuery>,
    env: &Env,
    number: u64,
    proof: Binary,
) -> Result<Vec<Event>, RegistryError> {
    let open = open_claim(deps.storage, number)?;
    let mut claim = open.ok_or(RegistryError::NoClaim {
        claim: number,
        whose: "of anybody's",
    })?;
    let (shown, pledge) = pledge(deps.as_ref(), number, &claim, proof)?;
    let end = match (pledge.map(|pledge| pledge.state), claim.financed_at) {
        (Some(PledgeState::Ended | PledgeState::Forgone), _) => End::Released,
        (Some(PledgeState::Pledged), _) => {
            return Err(RegistryError::StillPledged {
                height: shown.height,
            });
        }
        (None, _) if shown.time_ms < claim.reserved_until_ms => {
            return Err(RegistryError::TooEarly {
                proved_ms: shown.time_ms,
                until_ms: claim.reserved_until_ms,
            });
        }
        // A pledge was proved before, so that this absence cannot be true of the same ledger.
        (None, Some(height)) => return Err(RegistryError::AlreadyConfirmed { height }),
        (None, None) => End::Expired,
    };
    sets::end(deps.storage, env.block.height, number, &mut claim, end)?;
    sets::free(deps.storage, number)?;
    Ok(vec![event("released", number, &claim)])
}

/// What a displaced claim still marks or seems to hold is freed.
fn clear(storage: &mut dyn Storage, number: u64) -> Result<Vec<Event>, RegistryError> {
    let claim = CLAIMS.may_load(storage, number)?;
    let claim = claim.filter(|claim| claim.end == Some(End::Displaced));
    match claim {
        Some(claim) if !CLEARED.has(storage, number) => {
            CLEARED.save(storage, number, &true)?;
            sets::free(storage, number)?;
            Ok(vec![event("cleared", number, &claim)])
        }
        _ => Err(RegistryError::NothingToClear { claim: number }),
    }
}

/// What the trade's ledger holds under the claim, by proof.
fn pledge(
    deps: Deps<'_, KitQuery>,
    number: u64,
    claim: &Claim,
    proof: Binary,
) -> Result<(ForeignValue, Option<Pledge>), RegistryError> {
    let ledgers = CONFIG.load(deps.storage)?.ledgers;
    let mut known = ledgers.iter().filter(|known| known.name == claim.ledger);
    let trade = known.next().ok_or_else(|| RegistryError::UnknownLedger {
        ledger: claim.ledger.clone(),
    })?;
    let key = pledge_key(number, &claim.bank);
    let shown = foreign_value(&deps.querier, &trade.name, &trade.contract, &key, proof)?;
    let pledge: Option<Pledge> = match &shown.value {
        None => None,
        Some(bytes) => {
            let pledge: Pledge = from_json(bytes).map_err(|_| RegistryError::UnreadablePledge)?;
            if pledge.bank != claim.bank {
                return Err(RegistryError::UnreadablePledge);
            }
            Some(pledge)
        }
    };
    Ok((shown, pledge))
}

fn open_claim(storage: &dyn Storage, number: u64) -> Result<Option<Claim>, RegistryError> {
    let claim = CLAIMS.may_load(storage, number)?;
    Ok(claim.filter(|claim| claim.end.is_none()))
}
