//! The system's own contracts: `organisations`, `members`, `contracts`, `ledger` and `proposals`.

mod anchors;
mod contracts;
mod ledger;
mod members;
mod membership;
mod organisations;
mod proposals;

pub use anchors::LedgerMsg;
pub(crate) use anchors::followed;
pub use contracts::ContractsQuery;
pub use ledger::LedgerQuery;
pub(crate) use members::record as member_record;
pub use members::{MembersMsg, MembersQuery, NewMember};
pub use membership::{AdmittedNode, DismissedNode, Membership, MembershipAction};
pub use organisations::OrganisationsQuery;
pub use proposals::{Act, Action, ActionKind, Difference, ProposalsMsg, ProposalsQuery};
pub(crate) use proposals::{calendar, policy};

use crate::{
    error::Refusal,
    merge::after,
    pricing::{Price, price},
    records,
    session::{Failure, Session, Stop, state_key},
};
use blockworm_ledger::ContractName;
use blockworm_state::Order;
use cosmwasm_std::Response;
use serde::{Serialize, de::DeserializeOwned};

/// Most entries of a listing.
const MAX_PAGE: u32 = 100;
/// Entries of a listing unless the query says otherwise.
const USUAL_PAGE: u32 = 30;

/// A contract of the system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum System {
    Organisations,
    Members,
    Contracts,
    Ledger,
    Proposals,
}

impl System {
    pub(crate) const ALL: [Self; 5] = [
        Self::Organisations,
        Self::Members,
        Self::Contracts,
        Self::Ledger,
        Self::Proposals,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Organisations => "organisations",
            Self::Members => "members",
            Self::Contracts => "contracts",
            Self::Ledger => "ledger",
            Self::Proposals => "proposals",
        }
    }

    /// Its name as a contract's.
    pub(crate) fn contract_name(self) -> ContractName {
        let name = self.name().parse();
        name.expect("invariant: the system's names are well formed")
    }

    pub(crate) const fn id(self) -> u32 {
        match self {
            Self::Organisations => records::ORGANISATIONS,
            Self::Members => records::MEMBERS,
            Self::Contracts => records::CONTRACTS,
            Self::Ledger => records::LEDGER,
            Self::Proposals => records::PROPOSALS,
        }
    }
}

/// Runs a message to a contract of the system.
pub(crate) fn execute(
    system: System,
    session: &Session<'_>,
    sender: &str,
    message: &[u8],
) -> Result<Response, Failure> {
    match system {
        System::Members => members::execute(session, sender, parse(message)?),
        System::Proposals => proposals::execute(session, sender, parse(message)?),
        System::Ledger => anchors::execute(session, parse(message)?),
        // Roles change by vote alone; contracts cannot change yet.
        System::Organisations | System::Contracts => {
            Err(bad_message("this contract takes no messages".to_owned()))
        }
    }
}

/// Answers a question to a contract of the system with JSON.
pub(crate) fn query(
    system: System,
    session: &Session<'_>,
    message: &[u8],
) -> Result<Vec<u8>, Failure> {
    match system {
        System::Organisations => organisations::query(session, parse(message)?),
        System::Members => members::query(session, parse(message)?),
        System::Contracts => contracts::query(session, parse(message)?),
        System::Ledger => ledger::query(session, parse(message)?),
        System::Proposals => proposals::query(session, parse(message)?),
    }
}

fn parse<T: DeserializeOwned>(message: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(message).map_err(|error| bad_message(error.to_string()))
}

fn bad_message(note: String) -> Failure {
    Failure::Refused(
        Refusal::new(
            "contract.bad_message",
            "the contract does not know this message",
        ),
        Some(note),
    )
}

fn json<T: Serialize>(answer: &T) -> Vec<u8> {
    serde_json::to_vec(answer).expect("invariant: answers are plain text, numbers and lists")
}

/// One page of a contract's rows whose keys start with `prefix`, after the key `prefix ‖ start_after`.
fn page(
    session: &Session<'_>,
    contract: u32,
    prefix: &[u8],
    start_after: Option<&str>,
    limit: Option<u32>,
) -> Result<Vec<(String, Vec<u8>)>, Failure> {
    let limit = limit.unwrap_or(USUAL_PAGE).min(MAX_PAGE) as usize;
    session.charge(Price::SCAN)?;
    let first = state_key(contract, prefix);
    let start = start_after.map_or_else(
        || first.clone(),
        |name| after(&[first.as_slice(), name.as_bytes()].concat()),
    );
    let end = past_prefix(&first);
    let rows = session
        .scan(&start, &end, Order::Ascending, limit)
        .map_err(Stop::from)?;
    let mut page = Vec::with_capacity(rows.len());
    for (key, value) in rows {
        session.charge(price(
            Price::SCAN_ROW,
            Price::READ_BYTE,
            key.len() + value.len(),
        ))?;
        let name = String::from_utf8_lossy(&key[first.len()..]).into_owned();
        page.push((name, value));
    }
    Ok(page)
}

/// The smallest key above every key that starts with `prefix`, which does not end in 0xff.
fn past_prefix(prefix: &[u8]) -> Vec<u8> {
    let mut end = prefix.to_vec();
    if let Some(last) = end.last_mut() {
        *last = last.saturating_add(1);
    }
    end
}
