//! The life of a claim: free → reserved → financed → released, where every step after the first follows from a proof of the trade's ledger.

use crate::{
    error::RegistryError,
    msg::{ExecuteMsg, InstantiateMsg, MAX_RESERVATION_MS, MIN_RESERVATION_MS, Standing},
    state::{COUNTS, LEDGERS, newest, standing},
};
use blockworm_kit::{
    Caller, ForeignValue, KitQuery,
    claims::{CLAIMS, Claim, End, Pledge, PledgeState, pledge_key},
    foreign_value, is_digest, time_ms,
};
use cosmwasm_std::{Binary, Deps, DepsMut, Env, Event, MessageInfo, Response, Storage, from_json};

/// Begins with no claims.
pub fn instantiate(
    deps: DepsMut<'_, KitQuery>,
    _env: Env,
    _info: MessageInfo,
    msg: InstantiateMsg,
) -> Result<Response, RegistryError> {
    LEDGERS.save(deps.storage, &msg.ledgers)?;
    Ok(Response::new())
}

/// Runs one message of a bank's maker.
pub fn execute(
    deps: DepsMut<'_, KitQuery>,
    env: Env,
    info: MessageInfo,
    msg: ExecuteMsg,
) -> Result<Response, RegistryError> {
    let caller = Caller::of(&deps.querier, &info.sender)?;
    caller.require_role(&["bank"])?;
    caller.require_function("maker")?;
    let bank = caller.member.organisation;
    let (kind, fingerprint, number) = match msg {
        ExecuteMsg::Reserve {
            fingerprint,
            ledger,
            for_ms,
        } => {
            check_fingerprint(&fingerprint)?;
            let number = reserve(deps.storage, &env, bank, &fingerprint, ledger, for_ms)?;
            ("reserved", fingerprint, number)
        }
        ExecuteMsg::Confirm { fingerprint, proof } => {
            check_fingerprint(&fingerprint)?;
            let number = confirm(deps, &env, &bank, &fingerprint, proof)?;
            ("financed", fingerprint, number)
        }
        ExecuteMsg::Release { fingerprint, proof } => {
            check_fingerprint(&fingerprint)?;
            let number = release(deps, &env, &fingerprint, proof)?;
            ("released", fingerprint, number)
        }
    };
    let event = Event::new(kind)
        .add_attribute("subject", fingerprint)
        .add_attribute("claim", number.to_string());
    Ok(Response::new().add_event(event))
}

fn check_fingerprint(text: &str) -> Result<(), RegistryError> {
    if is_digest(text) {
        Ok(())
    } else {
        Err(RegistryError::BadFingerprint)
    }
}

/// First come, first served: whoever's reservation stands in an earlier place holds the document.
fn reserve(
    storage: &mut dyn Storage,
    env: &Env,
    bank: String,
    fingerprint: &str,
    ledger: String,
    for_ms: u64,
) -> Result<u32, RegistryError> {
    if !(MIN_RESERVATION_MS..=MAX_RESERVATION_MS).contains(&for_ms) {
        return Err(RegistryError::BadDuration {
            asked: for_ms,
            least: MIN_RESERVATION_MS,
            most: MAX_RESERVATION_MS,
        });
    }
    let ledgers = LEDGERS.load(storage)?;
    if !ledgers.iter().any(|known| known.name == ledger) {
        return Err(RegistryError::UnknownLedger { ledger });
    }
    let number = match newest(storage, fingerprint)? {
        None => 0,
        Some((number, before)) => match standing(&before) {
            Standing::Free => number + 1,
            Standing::Reserved => {
                return Err(RegistryError::AlreadyReserved {
                    until_ms: before.reserved_until_ms,
                });
            }
            Standing::Financed => return Err(financed(&before)),
        },
    };
    let claim = Claim {
        bank,
        ledger,
        reserved_at: env.block.height,
        reserved_until_ms: time_ms(env) + for_ms,
        financed_at: None,
        ended_at: None,
        end: None,
    };
    CLAIMS.save(storage, (fingerprint, number), &claim)?;
    COUNTS.save(storage, fingerprint, &(number + 1))?;
    Ok(number)
}

fn confirm(
    deps: DepsMut<'_, KitQuery>,
    env: &Env,
    bank: &str,
    fingerprint: &str,
    proof: Binary,
) -> Result<u32, RegistryError> {
    let open = open_claim(deps.storage, fingerprint)?.filter(|(_, claim)| claim.bank == bank);
    let (number, mut claim) = open.ok_or(RegistryError::NoClaim {
        whose: "your bank holds no reservation",
    })?;
    if claim.financed_at.is_some() {
        return Err(financed(&claim));
    }
    let (shown, pledge) = pledge(deps.as_ref(), fingerprint, number, &claim, proof)?;
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
    CLAIMS.save(deps.storage, (fingerprint, number), &claim)?;
    Ok(number)
}

/// Any bank may ask for it, because the proof alone decides. An absence at or after the
/// reservation's end is final: the trade's blocks only grow later, and none of them pledges under
/// the claim any more.
fn release(
    deps: DepsMut<'_, KitQuery>,
    env: &Env,
    fingerprint: &str,
    proof: Binary,
) -> Result<u32, RegistryError> {
    let open = open_claim(deps.storage, fingerprint)?;
    let (number, mut claim) = open.ok_or(RegistryError::NoClaim {
        whose: "nobody holds a claim",
    })?;
    let (shown, pledge) = pledge(deps.as_ref(), fingerprint, number, &claim, proof)?;
    let end = match pledge.map(|pledge| pledge.state) {
        Some(PledgeState::Ended | PledgeState::Forgone) => End::Released,
        Some(PledgeState::Pledged) => {
            return Err(RegistryError::StillPledged {
                height: shown.height,
            });
        }
        None if shown.time_ms < claim.reserved_until_ms => {
            return Err(RegistryError::TooEarly {
                proved_ms: shown.time_ms,
                until_ms: claim.reserved_until_ms,
            });
        }
        // A pledge was proved before, so that this absence cannot be true of the same ledger.
        None if claim.financed_at.is_some() => return Err(financed(&claim)),
        None => End::Expired,
    };
    claim.ended_at = Some(env.block.height);
    claim.end = Some(end);
    CLAIMS.save(deps.storage, (fingerprint, number), &claim)?;
    Ok(number)
}

/// What the trade's ledger holds under the claim, by proof.
fn pledge(
    deps: Deps<'_, KitQuery>,
    fingerprint: &str,
    number: u32,
    claim: &Claim,
    proof: Binary,
) -> Result<(ForeignValue, Option<Pledge>), RegistryError> {
    let ledgers = LEDGERS.load(deps.storage)?;
    let mut known = ledgers.iter().filter(|known| known.name == claim.ledger);
    let trade = known.next().ok_or_else(|| RegistryError::UnknownLedger {
        ledger: claim.ledger.clone(),
    })?;
    let key = pledge_key(fingerprint, number, &claim.bank);
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

/// The claim on the document that has not ended.
fn open_claim(
    storage: &dyn Storage,
    fingerprint: &str,
) -> Result<Option<(u32, Claim)>, RegistryError> {
    Ok(newest(storage, fingerprint)?.filter(|(_, claim)| claim.end.is_none()))
}

fn financed(claim: &Claim) -> RegistryError {
    RegistryError::AlreadyFinanced {
        height: claim.financed_at.unwrap_or(claim.reserved_at),
    }
}
