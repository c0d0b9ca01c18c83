//! Messages to `ledger`: following other ledgers, from the genesis that was pinned by vote through every change of their validators.
//!
//! Whoever sends them decides nothing: what is written follows from the pin and from signatures.

use super::{MAX_PAGE, json, page};
use crate::{
    contracts::numbered,
    pricing::{Price, price},
    records::{self, AnchorRecord, LEDGER, anchor_key, pin_key},
    session::{Failure, Session, Stop},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use blockworm_crypto::Digest;
use blockworm_ledger::{Anchor, Genesis, Handover, OrganisationId};
use cosmwasm_std::{Event, Response};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Most handovers of one message.
const MAX_HANDOVERS: usize = 16;

/// Messages to `ledger`, by any active member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum LedgerMsg {
    /// Begins to follow a pinned ledger: from here on contracts can be shown its proofs.
    Follow {
        /// The pin's name.
        name: OrganisationId,
        /// Its genesis, borsh, Base64; the digest must be the pinned one.
        genesis: String,
    },
    /// Moves on to the validators that those known so far handed the ledger over to.
    Advance {
        /// The pin's name.
        name: OrganisationId,
        /// 1 to 16, oldest first, each borsh, Base64.
        handovers: Vec<String>,
    },
}

pub(super) fn execute(session: &Session<'_>, message: LedgerMsg) -> Result<Response, Failure> {
    match message {
        LedgerMsg::Follow { name, genesis } => follow(session, name.as_str(), &genesis),
        LedgerMsg::Advance { name, handovers } => advance(session, name.as_str(), &handovers),
    }
}

fn follow(session: &Session<'_>, name: &str, genesis: &str) -> Result<Response, Failure> {
    let pinned = pin(session, name)?.ok_or_else(|| not_pinned(name))?;
    if record(session, name)?.is_some_and(|known| known.genesis == pinned) {
        let what = format!("{name} is followed already; its validators are changed by `advance`");
        return Err(Failure::refused("foreign.already_followed", what));
    }
    // Decoding, hashing and checking the rules are each linear in the bytes.
    session.charge(price(0, Price::PROOF_BYTE, genesis.len()))?;
    let genesis = decode(genesis)
        .and_then(|bytes| Genesis::decode(&bytes).ok())
        .filter(|genesis| genesis.check().is_ok())
        .ok_or_else(|| malformed("the genesis is not one in borsh and Base64"))?;
    let digest = genesis.digest();
    if digest != pinned {
        let what = format!("{name} is pinned to the genesis {pinned}, not to {digest}");
        return Err(Failure::refused("foreign.other_genesis", what));
    }
    let record = AnchorRecord {
        genesis: pinned,
        anchor: Anchor::of(&genesis),
        contracts: numbered(&genesis),
    };
    let event = Event::new("followed")
        .add_attribute("subject", name)
        .add_attribute("ledger", record.anchor.ledger.to_string())
        .add_attribute("genesis", pinned.to_string());
    store(session, name, &record)?;
    Ok(Response::new().add_event(event))
}

fn advance(session: &Session<'_>, name: &str, handovers: &[String]) -> Result<Response, Failure> {
    let mut known = followed(session, name)?;
    if handovers.is_empty() || handovers.len() > MAX_HANDOVERS {
        let what = format!("one message has 1 to {MAX_HANDOVERS} handovers");
        return Err(Failure::refused("foreign.too_large", what));
    }
    for (index, handover) in handovers.iter().enumerate() {
        session.charge(price(Price::HEADER, Price::PROOF_BYTE, handover.len()))?;
        let handover: Handover = decode(handover)
            .and_then(|bytes| borsh::from_slice(&bytes).ok())
            .ok_or_else(|| malformed("a handover is not one in borsh and Base64"))?;
        let signatures = handover.finality.signatures.len();
        if signatures > known.anchor.validators.len() {
            let what = format!("handover {index} lists more signatures than there are validators");
            return Err(Failure::refused("foreign.too_large", what));
        }
        session.charge(price(0, Price::SIGNATURE, signatures))?;
        if handover.header.height < known.anchor.since {
            let what = format!(
                "handover {index} is of height {}; {name} is followed from {} on already",
                handover.header.height, known.anchor.since
            );
            return Err(Failure::refused("foreign.stale", what));
        }
        known.anchor.hand_over(&handover).map_err(|reason| {
            let what = format!("handover {index}: {reason}");
            Failure::refused("foreign.broken_proof", what)
        })?;
    }
    store(session, name, &known)?;
    let event = Event::new("advanced")
        .add_attribute("subject", name)
        .add_attribute("since", known.anchor.since.to_string())
        .add_attribute("validators", known.anchor.validators.len().to_string());
    Ok(Response::new().add_event(event))
}

/// What is known of a pinned ledger under the pin that stands now.
pub(crate) fn followed(session: &Session<'_>, name: &str) -> Result<AnchorRecord, Stop> {
    let unknown = |what: String| Stop::refused("foreign.unknown_ledger", what);
    // A name that is no slug is nobody's, and no part of a key.
    let slug = OrganisationId::try_from(name).ok();
    let slug = slug.ok_or_else(|| unknown("a ledger's name here is a slug".to_owned()))?;
    let name = slug.as_str();
    let pinned = pin(session, name)?;
    let pinned = pinned.ok_or_else(|| unknown(format!("no ledger is pinned as {name}")))?;
    record(session, name)?
        .filter(|known| known.genesis == pinned)
        .ok_or_else(|| {
            unknown(format!(
                "{name} is pinned and not followed yet; send its genesis to `ledger` by `follow`"
            ))
        })
}

fn pin(session: &Session<'_>, name: &str) -> Result<Option<Digest>, Stop> {
    let bytes = session.get(LEDGER, &pin_key(name))?;
    let read = |bytes: Vec<u8>| records::read(&bytes, "a pinned ledger").map_err(Stop::from);
    bytes.map(read).transpose()
}

fn record(session: &Session<'_>, name: &str) -> Result<Option<AnchorRecord>, Stop> {
    let bytes = session.get(LEDGER, &anchor_key(name))?;
    let read = |bytes: Vec<u8>| records::read(&bytes, "a followed ledger").map_err(Stop::from);
    bytes.map(read).transpose()
}

fn store(session: &Session<'_>, name: &str, record: &AnchorRecord) -> Result<(), Stop> {
    session.put(LEDGER, &anchor_key(name), Some(records::write(record)))
}

fn decode(base64: &str) -> Option<Vec<u8>> {
    BASE64_STANDARD.decode(base64).ok()
}

fn not_pinned(name: &str) -> Failure {
    let what = format!("no ledger is pinned as {name}; the consortium pins by vote");
    Failure::refused("foreign.unknown_ledger", what)
}

fn malformed(what: &str) -> Failure {
    Failure::refused("foreign.malformed", what)
}

/// A followed ledger as queries show it.
#[derive(Serialize)]
struct Shown {
    ledger: String,
    genesis: Digest,
    since: u64,
    validators: Vec<blockworm_ledger::genesis::Validator>,
}

/// Every ledger that is followed under the pin that stands now.
pub(super) fn list(session: &Session<'_>) -> Result<Vec<u8>, Failure> {
    let mut shown = BTreeMap::new();
    let rows = page(session, LEDGER, &anchor_key(""), None, Some(MAX_PAGE))?;
    for (name, bytes) in rows {
        let known: AnchorRecord = records::read(&bytes, "a followed ledger").map_err(Stop::from)?;
        if pin(session, &name)? != Some(known.genesis) {
            continue;
        }
        let row = Shown {
            ledger: known.anchor.ledger.to_string(),
            genesis: known.genesis,
            since: known.anchor.since,
            validators: known.anchor.validators,
        };
        shown.insert(name, row);
    }
    Ok(json(&shown))
}
