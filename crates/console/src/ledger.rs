//! What several pages read from a ledger: its organisations, members, contracts and recent blocks.

use crate::{
    fault::Fault,
    format::{Hex, UtcTime, count},
};
use blockworm_execution::{MembersQuery, OrganisationsQuery};
use blockworm_ledger::{ContractName, Header, MemberId};
use blockworm_node::LedgerHandle;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// Most organisations read for a page, as many as the contract gives at once.
pub(crate) const ORGANISATIONS: u32 = 100;

/// An organisation, as its contract tells it.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Organisation {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) roles: Vec<String>,
    pub(crate) suspended_at: Option<u64>,
}

/// A member, as its contract tells it.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Member {
    pub(crate) functions: Vec<String>,
    pub(crate) revoked_at: Option<u64>,
}

/// A block in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BlockRow {
    pub(crate) height: u64,
    pub(crate) time: UtcTime,
    pub(crate) transactions: usize,
    pub(crate) digest: Hex,
}

impl BlockRow {
    /// The row of a block with so many transactions.
    pub(crate) fn new(header: &Header, transactions: usize) -> Self {
        Self {
            height: header.height,
            time: UtcTime(header.time_ms),
            transactions,
            digest: Hex::of(header.digest()),
        }
    }

    /// The height with its thousands marked.
    pub(crate) fn label(&self) -> String {
        count(self.height)
    }
}

/// A constant name.
pub(crate) fn name(text: &str) -> ContractName {
    text.parse()
        .expect("invariant: a constant name is well formed")
}

/// Asks a contract.
pub(crate) async fn ask<T: DeserializeOwned>(
    ledger: &LedgerHandle,
    contract: &ContractName,
    question: &impl Serialize,
) -> Result<T, Fault> {
    let internal = |error: serde_json::Error| Fault::Internal(error.to_string());
    let message = serde_json::to_vec(question).map_err(internal)?;
    let answer = ledger.query(contract, &message).await?;
    serde_json::from_slice(&answer).map_err(internal)
}

/// The first hundred organisations in order of id.
pub(crate) async fn organisations(ledger: &LedgerHandle) -> Result<Vec<Organisation>, Fault> {
    let question = OrganisationsQuery::List {
        start_after: None,
        limit: Some(ORGANISATIONS),
    };
    ask(ledger, &name("organisations"), &question).await
}

/// One organisation.
pub(crate) async fn organisation(
    ledger: &LedgerHandle,
    id: &str,
) -> Result<Option<Organisation>, Fault> {
    let question = OrganisationsQuery::Organisation { id: id.into() };
    ask(ledger, &name("organisations"), &question).await
}

/// One member.
pub(crate) async fn member(ledger: &LedgerHandle, id: &MemberId) -> Result<Option<Member>, Fault> {
    let question = MembersQuery::Member { id: id.to_string() };
    ask(ledger, &name("members"), &question).await
}

/// The code that a contract runs, without its version; the system's own contracts run under their names.
pub(crate) fn program<'a>(ledger: &'a LedgerHandle, contract: &'a ContractName) -> &'a str {
    let contracts = &ledger.genesis().contracts;
    let found = contracts.iter().find(|known| known.name == *contract);
    found.map_or(contract.as_str(), |known| {
        known.code.split('@').next().unwrap_or_default()
    })
}

/// The first contract of the ledger that runs this code.
pub(crate) fn contract_running(ledger: &LedgerHandle, program: &str) -> Option<ContractName> {
    let contracts = &ledger.genesis().contracts;
    let found = contracts
        .iter()
        .find(|known| known.code.split('@').next() == Some(program));
    found.map(|known| known.name.clone())
}

/// The `limit` blocks below `before`, newest first. Each is read from the node's store.
pub(crate) fn blocks_below(
    ledger: &LedgerHandle,
    before: u64,
    limit: u64,
) -> Result<Vec<BlockRow>, Fault> {
    let newest = ledger.status().height.saturating_add(1);
    let before = before.min(newest);
    let mut rows = Vec::new();
    for height in (before.saturating_sub(limit).max(1)..before).rev() {
        if let Some((header, transactions)) = ledger.summary(height)? {
            rows.push(BlockRow::new(&header, transactions));
        }
    }
    Ok(rows)
}
