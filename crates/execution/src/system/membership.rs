//! Which nodes keep the ledger and which of them vote: changed by proposals, effective at an epoch's boundary.

mod change;

pub(super) use change::{apply, check, check_expulsion, expel};

use super::{page, past_prefix};
use crate::{
    base::Base,
    error::ExecutionError,
    pricing::{Price, price},
    records::{self, LEDGER, NodeRecord, VALIDATORS_PREFIX},
    session::{Failure, Session, Stop, state_key},
};
use blockworm_crypto::PublicKey;
use blockworm_ledger::{OrganisationId, genesis::Validator, json_bytes};
use blockworm_state::{Order, Writes};
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, net::SocketAddr};

/// A change of the nodes or the validators.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum MembershipAction {
    /// Lets a node keep the ledger: it is sent every block and votes on none.
    AdmitNode {
        /// Whose it is.
        organisation: OrganisationId,
        /// Its certificate's chain, DER: the certificate, then the issuing authority's. The key in
        /// it is the node's consensus key; Ed25519.
        #[serde(with = "json_bytes::base64_text")]
        certificate: Vec<u8>,
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
    /// Puts another node of the same organisation in a node's place: it keeps the ledger, and votes
    /// if the old one did, from the epoch on in which the old one votes no more. There are never
    /// fewer votes in between.
    ReplaceNode {
        /// The consensus key of the old one.
        key: PublicKey,
        /// The chain of the new one's certificate.
        #[serde(with = "json_bytes::base64_text")]
        by: Vec<u8>,
        /// Where the others reach the new one.
        address: String,
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

/// A node that a vote dismissed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DismissedNode {
    /// Its consensus key.
    pub key: PublicKey,
    /// Whose it is.
    pub organisation: OrganisationId,
    /// Where the others reach it; none for a founder's, known from outside.
    pub address: Option<SocketAddr>,
}

/// The nodes of a ledger as its state has them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Membership {
    /// The validators as decided after each block that changed them, ordered by key; height 0 holds
    /// those of the genesis. When they begin to vote follows from the epochs.
    pub validators: BTreeMap<u64, Vec<Validator>>,
    /// Nodes admitted by vote.
    pub admitted: Vec<AdmittedNode>,
    /// Nodes that keep the ledger no more, once they have no vote in effect.
    pub dismissed: Vec<DismissedNode>,
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
                membership.dismissed.push(DismissedNode {
                    key,
                    organisation: record.organisation,
                    address: record.address.parse().ok(),
                });
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
