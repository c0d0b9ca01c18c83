//! The life of a claim: free → reserved → financed → released.

use crate::{
    error::RegistryError,
    msg::{Claim, End, ExecuteMsg, InstantiateMsg, MAX_RESERVATION_MS, Standing},
    state::{CLAIMS, COUNTS, newest},
};
use blockworm_kit::{Caller, KitQuery, is_digest, time_ms};
use cosmwasm_std::{DepsMut, Env, Event, MessageInfo, Response, Storage};

/// Begins with no claims.
pub fn instantiate(
    _deps: DepsMut<'_, KitQuery>,
    _env: Env,
    _info: MessageInfo,
    _msg: InstantiateMsg,
) -> Result<Response, RegistryError> {
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
    let (kind, fingerprint) = match msg {
        ExecuteMsg::Reserve {
            fingerprint,
            for_ms,
        } => {
            check_fingerprint(&fingerprint)?;
            reserve(deps.storage, &env, bank, &fingerprint, for_ms)?;
            ("reserved", fingerprint)
        }
        ExecuteMsg::Confirm { fingerprint } => {
            check_fingerprint(&fingerprint)?;
            confirm(deps.storage, &env, &bank, &fingerprint)?;
            ("financed", fingerprint)
        }
        ExecuteMsg::Release { fingerprint } => {
            check_fingerprint(&fingerprint)?;
            release(deps.storage, &env, &bank, &fingerprint)?;
            ("released", fingerprint)
        }
    };
    Ok(Response::new().add_event(Event::new(kind).add_attribute("subject", fingerprint)))
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
    for_ms: u64,
) -> Result<(), RegistryError> {
    if for_ms == 0 || for_ms > MAX_RESERVATION_MS {
        return Err(RegistryError::BadDuration {
            asked: for_ms,
            most: MAX_RESERVATION_MS,
        });
    }
    let now_ms = time_ms(env);
    let number = match newest(storage, fingerprint)? {
        None => 0,
        Some((number, mut before)) => {
            match before.standing(now_ms) {
                Standing::Free => {}
                Standing::Reserved => {
                    return Err(RegistryError::AlreadyReserved {
                        until_ms: before.reserved_until_ms,
                    });
                }
                Standing::Financed => return Err(financed(&before)),
            }
            if before.end.is_none() {
                close(&mut before, env, End::Expired);
                CLAIMS.save(storage, (fingerprint, number), &before)?;
            }
            number + 1
        }
    };
    let claim = Claim {
        bank,
        reserved_at: env.block.height,
        reserved_until_ms: now_ms + for_ms,
        financed_at: None,
        ended_at: None,
        end: None,
    };
    CLAIMS.save(storage, (fingerprint, number), &claim)?;
    COUNTS.save(storage, fingerprint, &(number + 1))?;
    Ok(())
}

fn confirm(
    storage: &mut dyn Storage,
    env: &Env,
    bank: &str,
    fingerprint: &str,
) -> Result<(), RegistryError> {
    let (number, mut claim) = ours(storage, bank, fingerprint, "reservation")?;
    match claim.standing(time_ms(env)) {
        Standing::Reserved => {}
        Standing::Financed => return Err(financed(&claim)),
        Standing::Free => {
            return Err(RegistryError::ReservationExpired {
                until_ms: claim.reserved_until_ms,
            });
        }
    }
    claim.financed_at = Some(env.block.height);
    CLAIMS.save(storage, (fingerprint, number), &claim)?;
    Ok(())
}

fn release(
    storage: &mut dyn Storage,
    env: &Env,
    bank: &str,
    fingerprint: &str,
) -> Result<(), RegistryError> {
    let (number, mut claim) = ours(storage, bank, fingerprint, "claim")?;
    let end = match claim.standing(time_ms(env)) {
        Standing::Reserved | Standing::Financed => End::Released,
        Standing::Free => End::Expired,
    };
    close(&mut claim, env, end);
    CLAIMS.save(storage, (fingerprint, number), &claim)?;
    Ok(())
}

/// The open claim of this bank on the document.
fn ours(
    storage: &dyn Storage,
    bank: &str,
    fingerprint: &str,
    what: &'static str,
) -> Result<(u32, Claim), RegistryError> {
    newest(storage, fingerprint)?
        .filter(|(_, claim)| claim.bank == bank && claim.end.is_none())
        .ok_or(RegistryError::NoClaim { what })
}

fn close(claim: &mut Claim, env: &Env, end: End) {
    claim.ended_at = Some(env.block.height);
    claim.end = Some(end);
}

fn financed(claim: &Claim) -> RegistryError {
    RegistryError::AlreadyFinanced {
        height: claim.financed_at.unwrap_or(claim.reserved_at),
    }
}
