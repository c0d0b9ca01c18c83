//! Whether a change of nodes or validators may be, what it makes of what is there, and the change itself.

use super::MembershipAction;
use crate::{
    error::ExecutionError,
    pricing::{Price, price},
    records::{
        self, LEDGER, NODES_PREFIX, NodeRecord, ORGANISATIONS, OrganisationRecord,
        VALIDATORS_PREFIX, node_key, validators_key,
    },
    session::{Failure, Session, Stop, state_key},
    system::{page, past_prefix, proposals::Difference},
};
use blockworm_crypto::{PublicKey, identity::verify_node_chain};
use blockworm_ledger::{OrganisationId, anchor, finality::MAX_VALIDATORS, genesis::Validator};
use blockworm_state::Order;
use std::{collections::BTreeMap, net::SocketAddr};

/// Most nodes that votes may have admitted or dismissed.
const MAX_NODES: u32 = 100;

/// An organisation that the same decision takes in, with its root certificate.
type Newcomer<'a> = Option<(&'a OrganisationId, &'a [u8])>;

/// Whether the change makes sense, and what it makes of what is there.
pub(in crate::system) fn check(
    session: &Session<'_>,
    action: &MembershipAction,
    newcomer: Newcomer<'_>,
) -> Result<Vec<Difference>, Failure> {
    let set = newest(session)?;
    match action {
        MembershipAction::AdmitNode {
            organisation,
            certificate,
            address,
        } => {
            let key = certified(session, organisation, certificate, newcomer)?;
            check_admission(session, organisation, &key, address)
        }
        MembershipAction::DismissNode { key } => {
            let owner = keeper(session, key)?;
            if has(&set, key) {
                return Err(Failure::refused(
                    "proposal.still_votes",
                    format!("{key} is a validator; remove it from the validators first"),
                ));
            }
            Ok(one(key, &owner, "keeps the ledger", "is sent nothing"))
        }
        MembershipAction::AddValidator { key } => {
            let owner = keeper(session, key)?;
            if has(&set, key) {
                return Err(no_change(format!("{key} is a validator already")));
            }
            if set.len() >= MAX_VALIDATORS {
                return Err(Failure::refused(
                    "proposal.too_many_validators",
                    format!("a ledger has at most {MAX_VALIDATORS} validators"),
                ));
            }
            Ok(one(key, &owner, "keeps the ledger", "votes"))
        }
        MembershipAction::RemoveValidator { key } => {
            let Some(validator) = set.iter().find(|validator| validator.key == *key) else {
                return Err(no_change(format!("{key} is not a validator")));
            };
            if set.len() == 1 {
                return Err(last_validator());
            }
            Ok(one(
                key,
                &validator.organisation,
                "votes",
                "keeps the ledger",
            ))
        }
        MembershipAction::ReplaceNode { key, by, address } => {
            check_replacement(session, &set, key, (by, address))
        }
    }
}

fn one(key: &PublicKey, owner: &OrganisationId, before: &str, after: &str) -> Vec<Difference> {
    vec![Difference::new(named(key, owner), before, after)]
}

fn named(key: &PublicKey, owner: &OrganisationId) -> String {
    format!("node {key} of {owner}")
}

fn has(set: &[Validator], key: &PublicKey) -> bool {
    set.iter().any(|validator| validator.key == *key)
}

fn last_validator() -> Failure {
    Failure::refused(
        "proposal.last_validator",
        "a ledger without validators would stand still for ever",
    )
}

fn no_change(sentence: String) -> Failure {
    Failure::refused("proposal.no_change", sentence)
}

/// The key that a node's chain certifies for an active organisation of the ledger.
fn certified(
    session: &Session<'_>,
    organisation: &OrganisationId,
    chain: &[u8],
    newcomer: Newcomer<'_>,
) -> Result<PublicKey, Failure> {
    let root = match newcomer.filter(|(id, _)| *id == organisation) {
        Some((_, root)) => root.to_vec(),
        None => root_of(session, organisation)?,
    };
    session.charge(Price::CERTIFICATE)?;
    let certificate = verify_node_chain(chain, &root, session.block.time_ms)
        .map_err(|error| Failure::refused(error.code(), error.to_string()))?;
    let key = certificate.public_key;
    if !matches!(key, PublicKey::Ed25519(_)) || key.check_registrable().is_err() {
        return Err(Failure::refused(
            "proposal.bad_key",
            "a node's key is a canonical Ed25519 key of full order",
        ));
    }
    Ok(key)
}

fn root_of(session: &Session<'_>, organisation: &OrganisationId) -> Result<Vec<u8>, Failure> {
    let known = session.get(ORGANISATIONS, organisation.as_str().as_bytes())?;
    let known: Option<OrganisationRecord> = known
        .map(|bytes| records::read(&bytes, "an organisation").map_err(Stop::from))
        .transpose()?;
    let active = known.filter(OrganisationRecord::is_active);
    active.map(|record| record.ca_certificate).ok_or_else(|| {
        Failure::refused(
            "proposal.unknown_organisation",
            format!("there is no active organisation {organisation}"),
        )
    })
}

fn check_admission(
    session: &Session<'_>,
    organisation: &OrganisationId,
    key: &PublicKey,
    address: &str,
) -> Result<Vec<Difference>, Failure> {
    check_address(address)?;
    let before = match node(session, key)? {
        Some(record) if record.dismissed_at.is_none() => {
            if record.organisation == *organisation && record.address == address {
                return Err(no_change(format!("{key} keeps the ledger already")));
            }
            format!("keeps the ledger at {}", record.address)
        }
        _ => {
            check_room(session)?;
            "is sent nothing".to_owned()
        }
    };
    let after = format!("keeps the ledger at {address}");
    Ok(one(key, organisation, &before, &after))
}

fn check_address(address: &str) -> Result<(), Failure> {
    let reachable = address
        .parse::<SocketAddr>()
        .is_ok_and(|parsed| parsed.port() != 0 && !parsed.ip().is_unspecified());
    if !reachable {
        return Err(Failure::refused(
            "proposal.bad_address",
            "a node's address is an IP address and a port, such as 192.0.2.7:9000",
        ));
    }
    Ok(())
}

fn check_room(session: &Session<'_>) -> Result<(), Failure> {
    let rows = page(session, LEDGER, NODES_PREFIX, None, Some(MAX_NODES))?;
    if rows.len() >= MAX_NODES as usize {
        return Err(Failure::refused(
            "proposal.too_many_nodes",
            format!("votes admit at most {MAX_NODES} nodes"),
        ));
    }
    Ok(())
}

fn check_replacement(
    session: &Session<'_>,
    set: &[Validator],
    old: &PublicKey,
    (chain, address): (&[u8], &str),
) -> Result<Vec<Difference>, Failure> {
    let owner = keeper(session, old)?;
    let new = certified(session, &owner, chain, None)?;
    if new == *old || has(set, &new) {
        return Err(no_change(format!("{new} votes already or is the old one")));
    }
    check_address(address)?;
    let known = node(session, &new)?.filter(|record| record.dismissed_at.is_none());
    let before = match known {
        Some(record) => format!("keeps the ledger at {}", record.address),
        None => {
            check_room(session)?;
            "is sent nothing".to_owned()
        }
    };
    let votes = has(set, old);
    let (was, becomes) = match votes {
        true => ("votes", format!("votes, at {address}")),
        false => ("keeps the ledger", format!("keeps the ledger at {address}")),
    };
    let after = match votes {
        true => "is sent nothing once it votes no more",
        false => "is sent nothing",
    };
    Ok(vec![
        Difference::new(named(&new, &owner), before, becomes),
        Difference::new(named(old, &owner), was, after),
    ])
}

/// Makes a change that was checked.
pub(in crate::system) fn apply(
    session: &Session<'_>,
    action: &MembershipAction,
) -> Result<(), Failure> {
    let mut set = newest(session)?;
    match action {
        MembershipAction::AdmitNode {
            organisation,
            certificate,
            address,
        } => {
            // It was verified when the change was checked, in this very transaction.
            let key = leaf_key(certificate)?;
            return admit(session, &key, organisation, address);
        }
        MembershipAction::DismissNode { key } => return dismiss(session, key),
        MembershipAction::AddValidator { key } => {
            let organisation = keeper(session, key)?;
            set.push(Validator {
                organisation,
                key: *key,
            });
        }
        MembershipAction::RemoveValidator { key } => {
            set.retain(|validator| validator.key != *key);
        }
        MembershipAction::ReplaceNode { key, by, address } => {
            let new = leaf_key(by)?;
            let organisation = keeper(session, key)?;
            admit(session, &new, &organisation, address)?;
            dismiss(session, key)?;
            let mut voting = set.iter_mut();
            match voting.find(|validator| validator.key == *key) {
                Some(validator) => validator.key = new,
                None => return Ok(()),
            }
        }
    }
    put_set(session, set)
}

fn leaf_key(chain: &[u8]) -> Result<PublicKey, Failure> {
    blockworm_crypto::identity::parse_node(chain)
        .map(|node| node.public_key)
        .map_err(|error| Failure::refused(error.code(), error.to_string()))
}

fn admit(
    session: &Session<'_>,
    key: &PublicKey,
    organisation: &OrganisationId,
    address: &str,
) -> Result<(), Failure> {
    let record = NodeRecord {
        organisation: organisation.clone(),
        address: address.to_owned(),
        admitted_at: session.block.height,
        dismissed_at: None,
    };
    put_node(session, key, &record)
}

/// A dismissed node that still votes is sent everything until its vote has ended: the nodes see to it.
fn dismiss(session: &Session<'_>, key: &PublicKey) -> Result<(), Failure> {
    let record = match node(session, key)? {
        Some(record) => record,
        None => NodeRecord {
            organisation: keeper(session, key)?,
            address: String::new(),
            admitted_at: 0,
            dismissed_at: None,
        },
    };
    let dismissed = NodeRecord {
        dismissed_at: Some(session.block.height),
        ..record
    };
    put_node(session, key, &dismissed)
}

fn put_set(session: &Session<'_>, mut set: Vec<Validator>) -> Result<(), Failure> {
    set.sort_by_key(|validator| validator.key);
    anchor::check_set(&set)
        .map_err(|reason| Failure::refused("proposal.bad_validators", reason))?;
    let key = validators_key(session.block.height);
    Ok(session.put(LEDGER, &key, Some(records::write(&set)))?)
}

/// What becomes of an organisation's nodes when it is removed.
pub(in crate::system) fn check_expulsion(
    session: &Session<'_>,
    organisation: &OrganisationId,
) -> Result<Vec<Difference>, Failure> {
    let set = newest(session)?;
    if set
        .iter()
        .all(|validator| validator.organisation == *organisation)
    {
        return Err(last_validator());
    }
    let keys = nodes_of(session, organisation)?;
    let difference = |key: &PublicKey| match has(&set, key) {
        true => Difference::new(
            named(key, organisation),
            "votes",
            "is sent nothing once it votes no more",
        ),
        false => Difference::new(
            named(key, organisation),
            "keeps the ledger",
            "is sent nothing",
        ),
    };
    Ok(keys.iter().map(difference).collect())
}

/// Takes an organisation's votes and dismisses its nodes.
pub(in crate::system) fn expel(
    session: &Session<'_>,
    organisation: &OrganisationId,
) -> Result<(), Failure> {
    let mut set = newest(session)?;
    let before = set.len();
    for key in nodes_of(session, organisation)? {
        dismiss(session, &key)?;
    }
    set.retain(|validator| validator.organisation != *organisation);
    if set.len() == before {
        return Ok(());
    }
    put_set(session, set)
}

/// The nodes of an organisation that keep the ledger, by key.
fn nodes_of(
    session: &Session<'_>,
    organisation: &OrganisationId,
) -> Result<Vec<PublicKey>, Failure> {
    let damaged = |_| Stop::Failed(ExecutionError::DamagedRecord { what: "a node" });
    let mut keeps = BTreeMap::new();
    for validator in founding(session)? {
        if validator.organisation == *organisation {
            keeps.insert(validator.key, true);
        }
    }
    for (key, bytes) in page(session, LEDGER, NODES_PREFIX, None, Some(MAX_NODES))? {
        let record: NodeRecord = records::read(&bytes, "a node").map_err(Stop::from)?;
        if record.organisation == *organisation {
            let key: PublicKey = key.parse().map_err(damaged)?;
            keeps.insert(key, record.dismissed_at.is_none());
        }
    }
    let kept = keeps.into_iter().filter(|(_, kept)| *kept);
    Ok(kept.map(|(key, _)| key).collect())
}

/// The validators as decided last, whether they vote already or not.
fn newest(session: &Session<'_>) -> Result<Vec<Validator>, Failure> {
    let first = state_key(LEDGER, VALIDATORS_PREFIX);
    let rows = session
        .scan(&first, &past_prefix(&first), Order::Descending, 1)
        .map_err(Stop::from)?;
    let damaged = ExecutionError::DamagedRecord {
        what: "the validators",
    };
    let (_, bytes) = rows.into_iter().next().ok_or(Stop::Failed(damaged))?;
    session.charge(price(Price::SCAN, Price::READ_BYTE, bytes.len()))?;
    Ok(records::read(&bytes, "the validators").map_err(Stop::from)?)
}

fn node(session: &Session<'_>, key: &PublicKey) -> Result<Option<NodeRecord>, Failure> {
    let bytes = session.get(LEDGER, &node_key(key))?;
    let read = |bytes: Vec<u8>| records::read(&bytes, "a node").map_err(Stop::from);
    Ok(bytes.map(read).transpose()?)
}

fn put_node(session: &Session<'_>, key: &PublicKey, record: &NodeRecord) -> Result<(), Failure> {
    Ok(session.put(LEDGER, &node_key(key), Some(records::write(record)))?)
}

fn founding(session: &Session<'_>) -> Result<Vec<Validator>, Failure> {
    let founding = session.get(LEDGER, &validators_key(0))?.unwrap_or_default();
    Ok(records::read(&founding, "the validators").map_err(Stop::from)?)
}

/// Whose a node is that keeps the ledger: one admitted by vote, or one that votes or voted since
/// the genesis.
fn keeper(session: &Session<'_>, key: &PublicKey) -> Result<OrganisationId, Failure> {
    let unknown = || {
        Failure::refused(
            "proposal.unknown_node",
            format!("{key} is no node of this ledger; admit it first"),
        )
    };
    if let Some(record) = node(session, key)? {
        return match record.dismissed_at {
            None => Ok(record.organisation),
            Some(_) => Err(unknown()),
        };
    }
    let mut founding = founding(session)?.into_iter();
    founding
        .find(|validator| validator.key == *key)
        .map(|validator| validator.organisation)
        .ok_or_else(unknown)
}
