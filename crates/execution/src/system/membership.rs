//! Which nodes keep the ledger and which of them vote: changed by proposals, effective at an epoch's boundary.

use super::{page, past_prefix};
use crate::{
    base::Base,
    error::ExecutionError,
    pricing::{Price, price},
    records::{
        self, LEDGER, NodeRecord, ORGANISATIONS, OrganisationRecord, VALIDATORS_PREFIX, node_key,
        validators_key,
    },
    session::{Failure, Session, Stop, state_key},
};
use blockworm_crypto::PublicKey;
use blockworm_ledger::{OrganisationId, anchor, finality::MAX_VALIDATORS, genesis::Validator};
use blockworm_state::{Order, Writes};
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, net::SocketAddr};

/// Most nodes that votes may have admitted at a time.
const MAX_NODES: u32 = 100;

/// A change of the nodes or the validators.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum MembershipAction {
    /// Lets a node keep the ledger: it is sent every block and votes on none.
    AdmitNode {
        /// Whose it is.
        organisation: OrganisationId,
        /// Its consensus key; Ed25519.
        key: PublicKey,
        /// Where the others reach it, `address:port`.
        address: String,
    },
    /// Sends a node nothing any more; it must not be a validator.
    DismissNode {
        /// Its consensus key.
        key: PublicKey,
    },
    /// Gives a node that keeps the ledger a vote.
    AddValidator {
        /// Its consensus key.
        key: PublicKey,
    },
    /// Takes a node's vote; it goes on keeping the ledger.
    RemoveValidator {
        /// Its consensus key.
        key: PublicKey,
    },
}

/// A node that keeps the ledger by vote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdmittedNode {
    /// Its consensus key.
    pub key: PublicKey,
    /// Whose it is.
    pub organisation: OrganisationId,
    /// Where the others reach it.
    pub address: SocketAddr,
}

/// The nodes of a ledger as its state has them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Membership {
    /// The validators as decided after each block that changed them, ordered by key; height 0 holds
    /// those of the genesis. When they begin to vote follows from the epochs.
    pub validators: BTreeMap<u64, Vec<Validator>>,
    /// Nodes admitted by vote.
    pub admitted: Vec<AdmittedNode>,
    /// Keys of nodes that keep the ledger no more.
    pub dismissed: Vec<PublicKey>,
}

impl Membership {
    /// Whether a block's writes touched what this is read from.
    pub(crate) fn is_touched(writes: &Writes) -> bool {
        [VALIDATORS_PREFIX, records::NODES_PREFIX]
            .into_iter()
            .any(|prefix| {
                let first = state_key(LEDGER, prefix);
                let end = past_prefix(&first);
                writes.range(first..end).next().is_some()
            })
    }

    /// Reads it all; as many rows as there were changes.
    pub(crate) fn read(base: &dyn Base) -> Result<Self, ExecutionError> {
        let rows = |prefix: &[u8]| {
            let first = state_key(LEDGER, prefix);
            base.scan(&first, &past_prefix(&first), Order::Ascending, usize::MAX)
                .map(|rows| (first.len(), rows))
        };
        let name = |key: &[u8], from: usize| String::from_utf8_lossy(&key[from..]).into_owned();
        let damaged = |_| ExecutionError::DamagedRecord { what: "a node" };
        let mut membership = Self::default();
        let (from, sets) = rows(VALIDATORS_PREFIX)?;
        for (key, value) in sets {
            let height = name(&key, from).parse::<u64>();
            let set = records::read(&value, "the validators")?;
            membership.validators.insert(
                height.map_err(|_| ExecutionError::DamagedRecord {
                    what: "the validators",
                })?,
                set,
            );
        }
        let (from, nodes) = rows(records::NODES_PREFIX)?;
        for (key, value) in nodes {
            let key: PublicKey = name(&key, from).parse().map_err(damaged)?;
            let record: NodeRecord = records::read(&value, "a node")?;
            if record.dismissed_at.is_some() {
                membership.dismissed.push(key);
                continue;
            }
            membership.admitted.push(AdmittedNode {
                key,
                organisation: record.organisation,
                address: record
                    .address
                    .parse()
                    .map_err(|_| ExecutionError::DamagedRecord { what: "a node" })?,
            });
        }
        Ok(membership)
    }
}

/// Whether the change makes sense, and what it replaces.
pub(super) fn check(session: &Session<'_>, action: &MembershipAction) -> Result<String, Failure> {
    let set = newest(session)?;
    let votes = |key: &PublicKey| set.iter().any(|validator| validator.key == *key);
    match action {
        MembershipAction::AdmitNode {
            organisation,
            key,
            address,
        } => check_admission(session, organisation, key, address),
        MembershipAction::DismissNode { key } => {
            let owner = keeper(session, key)?;
            if votes(key) {
                return Err(Failure::refused(
                    "proposal.still_votes",
                    format!("{key} is a validator; remove it from the validators first"),
                ));
            }
            Ok(format!("a node of {owner}"))
        }
        MembershipAction::AddValidator { key } => {
            let owner = keeper(session, key)?;
            if votes(key) {
                return Err(no_change(format!("{key} is a validator already")));
            }
            if set.len() >= MAX_VALIDATORS {
                return Err(Failure::refused(
                    "proposal.too_many_validators",
                    format!("a ledger has at most {MAX_VALIDATORS} validators"),
                ));
            }
            Ok(format!(
                "a node of {owner} that does not vote; {} validators",
                set.len()
            ))
        }
        MembershipAction::RemoveValidator { key } => {
            if !votes(key) {
                return Err(no_change(format!("{key} is not a validator")));
            }
            if set.len() == 1 {
                return Err(Failure::refused(
                    "proposal.last_validator",
                    "a ledger without validators would stand still for ever",
                ));
            }
            Ok(format!("{} validators", set.len()))
        }
    }
}

fn check_admission(
    session: &Session<'_>,
    organisation: &OrganisationId,
    key: &PublicKey,
    address: &str,
) -> Result<String, Failure> {
    let known = session.get(ORGANISATIONS, organisation.as_str().as_bytes())?;
    let known: Option<OrganisationRecord> = known
        .map(|bytes| records::read(&bytes, "an organisation").map_err(Stop::from))
        .transpose()?;
    if known.is_none_or(|record| record.suspended_at.is_some()) {
        return Err(Failure::refused(
            "proposal.unknown_organisation",
            format!("there is no active organisation {organisation}"),
        ));
    }
    if !matches!(key, PublicKey::Ed25519(_)) || key.check_registrable().is_err() {
        return Err(Failure::refused(
            "proposal.bad_key",
            "a node's key is a canonical Ed25519 key of full order",
        ));
    }
    let reachable = address
        .parse::<SocketAddr>()
        .is_ok_and(|parsed| parsed.port() != 0 && !parsed.ip().is_unspecified());
    if !reachable {
        return Err(Failure::refused(
            "proposal.bad_address",
            "a node's address is an IP address and a port, such as 192.0.2.7:9000",
        ));
    }
    match node(session, key)? {
        Some(record) if record.dismissed_at.is_none() => {
            if record.organisation == *organisation && record.address == address {
                return Err(no_change(format!("{key} keeps the ledger already")));
            }
            Ok(format!(
                "a node of {} at {}",
                record.organisation, record.address
            ))
        }
        _ => {
            let rows = page(
                session,
                LEDGER,
                records::NODES_PREFIX,
                None,
                Some(MAX_NODES),
            )?;
            if rows.len() >= MAX_NODES as usize {
                return Err(Failure::refused(
                    "proposal.too_many_nodes",
                    format!("votes admit at most {MAX_NODES} nodes"),
                ));
            }
            Ok("not a node of this ledger".to_owned())
        }
    }
}

pub(super) fn apply(session: &Session<'_>, action: &MembershipAction) -> Result<(), Failure> {
    let mut set = newest(session)?;
    match action {
        MembershipAction::AdmitNode {
            organisation,
            key,
            address,
        } => {
            let record = NodeRecord {
                organisation: organisation.clone(),
                address: address.clone(),
                admitted_at: session.block.height,
                dismissed_at: None,
            };
            return put_node(session, key, &record);
        }
        MembershipAction::DismissNode { key } => {
            let record = node(session, key)?.map_or_else(
                || -> Result<_, Failure> {
                    Ok(NodeRecord {
                        organisation: keeper(session, key)?,
                        address: String::new(),
                        admitted_at: 0,
                        dismissed_at: None,
                    })
                },
                Ok,
            )?;
            let dismissed = NodeRecord {
                dismissed_at: Some(session.block.height),
                ..record
            };
            return put_node(session, key, &dismissed);
        }
        MembershipAction::AddValidator { key } => {
            let organisation = keeper(session, key)?;
            set.push(Validator {
                organisation,
                key: *key,
            });
            set.sort_by_key(|validator| validator.key);
        }
        MembershipAction::RemoveValidator { key } => {
            set.retain(|validator| validator.key != *key);
        }
    }
    anchor::check_set(&set)
        .map_err(|reason| Failure::refused("proposal.bad_validators", reason))?;
    let key = validators_key(session.block.height);
    Ok(session.put(LEDGER, &key, Some(records::write(&set)))?)
}

fn no_change(sentence: String) -> Failure {
    Failure::refused("proposal.no_change", sentence)
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
    let founding = session.get(LEDGER, &validators_key(0))?.unwrap_or_default();
    let founding: Vec<Validator> =
        records::read(&founding, "the validators").map_err(Stop::from)?;
    let mut founding = founding.into_iter();
    founding
        .find(|validator| validator.key == *key)
        .map(|validator| validator.organisation)
        .ok_or_else(unknown)
}

/// One row of `ledger {validators}`.
#[derive(Serialize)]
pub(super) struct Decided {
    /// The block that decided it; 0 for the genesis.
    decided_at: u64,
    /// The set, ordered by key.
    validators: Vec<Validator>,
}

/// One row of `ledger {nodes}`.
#[derive(Serialize)]
pub(super) struct NodeAnswer {
    key: String,
    #[serde(flatten)]
    record: NodeRecord,
}

/// The newest 100 decisions, oldest first.
pub(super) fn decided(session: &Session<'_>) -> Result<Vec<Decided>, Failure> {
    let first = state_key(LEDGER, VALIDATORS_PREFIX);
    let rows = session
        .scan(&first, &past_prefix(&first), Order::Descending, 100)
        .map_err(Stop::from)?;
    let mut decided = Vec::with_capacity(rows.len());
    for (key, bytes) in rows.into_iter().rev() {
        session.charge(price(Price::SCAN_ROW, Price::READ_BYTE, bytes.len()))?;
        let height = String::from_utf8_lossy(&key[first.len()..]).into_owned();
        decided.push(Decided {
            decided_at: height.parse().unwrap_or(0),
            validators: records::read(&bytes, "the validators").map_err(Stop::from)?,
        });
    }
    Ok(decided)
}

/// The nodes that votes admitted or dismissed, in order of key.
pub(super) fn nodes(
    session: &Session<'_>,
    start_after: Option<&str>,
    limit: Option<u32>,
) -> Result<Vec<NodeAnswer>, Failure> {
    let rows = page(session, LEDGER, records::NODES_PREFIX, start_after, limit)?;
    let answer = |(key, bytes): (String, Vec<u8>)| {
        let record = records::read(&bytes, "a node").map_err(Stop::from)?;
        Ok(NodeAnswer { key, record })
    };
    rows.into_iter().map(answer).collect()
}
