//! What another ledger proves to hold: its headers, signatures and state proof checked against the anchor kept here.

use crate::{
    pricing::{Price, price},
    records::AnchorRecord,
    session::{Session, Stop},
    system,
};
use blockworm_kit::ForeignValue;
use blockworm_ledger::{ForeignState, Header};
use cosmwasm_std::Binary;

/// Most headers of a proof: a proof begins at the claim's own block, so a few more than the root lag
/// are enough.
const MAX_HEADERS: usize = 64;
/// Most bytes of a proof; a transaction has no more.
const MAX_PROOF_BYTES: usize = 64 << 10;

/// Answers in JSON what `key` of `contract` on the pinned ledger `name` held. Every part of the
/// work is charged before it is done, so a refusal costs as much as it took to find.
pub(super) fn answer(
    session: &Session<'_>,
    name: &str,
    contract: &str,
    key: &[u8],
    proof: &[u8],
) -> Result<Vec<u8>, Stop> {
    let known = system::followed(session, name)?;
    let number = number_of(&known, name, contract)?;
    let shown = read(session, &known, proof)?;
    if shown.claim.contract != number || shown.claim.key != key {
        let what = format!("the proof is not about the key asked for of {contract} on {name}");
        return Err(Stop::refused("foreign.other_key", what));
    }
    let header = check(&known, &shown)?;
    let value = ForeignValue {
        height: header.height,
        time_ms: header.time_ms,
        value: shown.claim.value.clone().map(Binary::new),
    };
    Ok(serde_json::to_vec(&value).expect("invariant: numbers and Base64 are JSON"))
}

fn number_of(known: &AnchorRecord, name: &str, contract: &str) -> Result<u32, Stop> {
    let mut contracts = known.contracts.iter();
    let found = contracts.find(|(held, _)| held.as_str() == contract);
    found.map(|(_, number)| *number).ok_or_else(|| {
        let what = format!("the ledger {name} began with no contract of the name asked for");
        Stop::refused("foreign.unknown_contract", what)
    })
}

/// Decodes a proof of bounded size and charges what checking it will take.
fn read(session: &Session<'_>, known: &AnchorRecord, proof: &[u8]) -> Result<ForeignState, Stop> {
    if proof.len() > MAX_PROOF_BYTES {
        let what = format!("a proof has at most {MAX_PROOF_BYTES} bytes");
        return Err(Stop::refused("foreign.too_large", what));
    }
    session.charge(price(0, Price::PROOF_BYTE, proof.len()))?;
    let shown = ForeignState::decode(proof).map_err(|_| {
        Stop::refused(
            "foreign.malformed",
            "the proof is not in the form of docs/formats/foreign-state.md",
        )
    })?;
    if !shown.chain.handovers.is_empty() {
        return Err(Stop::refused(
            "foreign.malformed",
            "a proof carries no handovers; send them to the contract `ledger` first, by `advance`",
        ));
    }
    let (headers, signatures) = (
        shown.chain.headers.len(),
        shown.chain.finality.signatures.len(),
    );
    let validators = known.anchor.validators.len();
    if headers > MAX_HEADERS || signatures > validators {
        let what = format!(
            "a proof has at most {MAX_HEADERS} headers and, of this ledger, {validators} signatures"
        );
        return Err(Stop::refused("foreign.too_large", what));
    }
    session.charge(price(0, Price::HEADER, headers))?;
    session.charge(price(0, Price::SIGNATURE, signatures))?;
    let path = shown.claim.proof.pairs.len() * 64 + shown.claim.proof.siblings.len() * 32;
    session.charge(price(0, Price::PROOF_BYTE, path))?;
    Ok(shown)
}

/// That the ledger's known validators vouch for the claim; the header of its block.
fn check<'a>(known: &AnchorRecord, shown: &'a ForeignState) -> Result<&'a Header, Stop> {
    let certified = shown.chain.certified().map_or(0, |header| header.height);
    if certified < known.anchor.since {
        let what = format!(
            "the proof ends at height {certified}, before {}, from which the known validators vote; fetch a newer one",
            known.anchor.since
        );
        return Err(Stop::refused("foreign.stale", what));
    }
    let broken = |check: &str, reason: &str| {
        Stop::refused("foreign.broken_proof", format!("{check}: {reason}"))
    };
    known
        .anchor
        .certify(&shown.chain)
        .map_err(|error| broken(error.check, &error.reason))?;
    shown
        .claim
        .check(&shown.chain, &known.anchor)
        .map_err(|reason| broken("state", &reason))?;
    shown
        .header()
        .ok_or_else(|| broken("state", "the header of the claim's own height is missing"))
}
