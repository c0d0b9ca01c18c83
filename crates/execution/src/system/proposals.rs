//! `proposals`: what the consortium changes by vote, each organisation one vote, by its admins.
//!
//! More than two thirds of the organisations that are not suspended must approve, as many as
//! finality needs of validators. A proposal that is accepted takes effect in the same transaction,
//! so for others at the next block; one that can no longer be accepted is rejected, and one whose
//! time has passed counts as expired when it is looked at.

use super::{
    json,
    members::admin,
    membership::{self, MembershipAction},
    page,
};
use crate::{
    directory::Known,
    error::ExecutionError,
    records::{
        self, LEDGER, NEXT_PROPOSAL_KEY, ORGANISATIONS, OrganisationRecord, PROPOSALS, pin_key,
        proposal_key,
    },
    session::{Failure, Session, Stop},
};
use blockworm_crypto::Digest;
use blockworm_ledger::OrganisationId;
use borsh::{BorshDeserialize, BorshSerialize};
use cosmwasm_std::{Event, Response};
use serde::{Deserialize, Serialize};

/// The shortest and the longest time for which a proposal may be voted on, milliseconds of block time.
const DURATION_MS: std::ops::RangeInclusive<u64> = 60_000..=30 * 24 * 3_600_000;
/// Most organisations that are counted; a genesis allows no more.
const MAX_ORGANISATIONS: u32 = 100;
/// Most roles of an organisation.
const MAX_ROLES: usize = 16;

/// Messages to `proposals`, by admins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ProposalsMsg {
    /// Asks the consortium for a change; the caller's organisation approves by asking.
    Propose {
        /// The change.
        action: Action,
        /// How long it may be voted on, milliseconds of block time: a minute to 30 days.
        for_ms: u64,
    },
    /// Votes for the caller's organisation, once.
    Vote {
        /// The proposal's number.
        proposal: u64,
        /// Yes or no.
        approve: bool,
    },
}

/// A change that only the consortium can make.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Action {
    /// Gives an organisation exactly these roles.
    SetRoles {
        /// Whose.
        organisation: OrganisationId,
        /// Slugs, ascending, each once; at most 16.
        roles: Vec<String>,
    },
    /// Refuses transactions of all its members.
    Suspend {
        /// Whose.
        organisation: OrganisationId,
    },
    /// Takes transactions of its members again.
    Reinstate {
        /// Whose.
        organisation: OrganisationId,
    },
    /// Trusts the finality proofs of another ledger that began with this genesis.
    PinLedger {
        /// What contracts call it here; a slug.
        name: OrganisationId,
        /// Digest of its genesis.
        genesis: Digest,
    },
    /// Changes the nodes that keep the ledger, or those that vote.
    Membership(MembershipAction),
}

/// Questions to `proposals`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ProposalsQuery {
    /// One proposal, or `null`.
    Proposal {
        /// Its number.
        number: u64,
    },
    /// A page of proposals in order of number.
    List {
        /// The last number of the page before.
        start_after: Option<u64>,
        /// At most 100; 30 when left out.
        limit: Option<u32>,
    },
}

/// Where a proposal stands.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, BorshSerialize, BorshDeserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It can be voted on.
    Open,
    /// It took effect.
    Accepted,
    /// Too many voted no.
    Rejected,
    /// Its time passed; never stored.
    Expired,
}

/// An organisation's vote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, BorshSerialize, BorshDeserialize)]
pub(crate) struct Vote {
    organisation: String,
    member: String,
    approve: bool,
    height: u64,
}

/// A proposal as stored, under `p/` and its number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, BorshSerialize, BorshDeserialize)]
pub(crate) struct Proposal {
    action: Action,
    /// What the change replaces, as it was when proposed; for people.
    before: String,
    proposed_at: u64,
    expires_at_ms: u64,
    votes: Vec<Vote>,
    outcome: Outcome,
    decided_at: Option<u64>,
}

#[derive(Serialize)]
struct Answer {
    number: u64,
    #[serde(flatten)]
    proposal: Proposal,
    approvals: usize,
    /// Approvals with which it is accepted, by the organisations of now.
    needed: usize,
}

pub(super) fn execute(
    session: &Session<'_>,
    sender: &str,
    message: ProposalsMsg,
) -> Result<Response, Failure> {
    let admin = admin(session, sender)?;
    match message {
        ProposalsMsg::Propose { action, for_ms } => {
            propose(session, &admin, sender, action, for_ms)
        }
        ProposalsMsg::Vote { proposal, approve } => {
            vote(session, &admin, sender, proposal, approve)
        }
    }
}

fn propose(
    session: &Session<'_>,
    admin: &Known,
    sender: &str,
    action: Action,
    for_ms: u64,
) -> Result<Response, Failure> {
    if !DURATION_MS.contains(&for_ms) {
        return Err(Failure::refused(
            "proposal.bad_duration",
            "a proposal is open for 60,000 to 2,592,000,000 ms",
        ));
    }
    let before = check(session, &action)?;
    let number = next_number(session)?;
    let mut proposal = Proposal {
        action,
        before,
        proposed_at: session.block.height,
        expires_at_ms: session.block.time_ms.saturating_add(for_ms),
        votes: Vec::new(),
        outcome: Outcome::Open,
        decided_at: None,
    };
    let event = Event::new("proposed")
        .add_attribute("subject", number.to_string())
        .add_attribute("action", text(&proposal.action))
        .add_attribute("before", proposal.before.clone())
        .add_attribute("expires_at_ms", proposal.expires_at_ms.to_string());
    let response = Response::new().add_event(event);
    cast(session, &mut proposal, admin, sender, true);
    decide(session, number, proposal, response)
}

fn vote(
    session: &Session<'_>,
    admin: &Known,
    sender: &str,
    number: u64,
    approve: bool,
) -> Result<Response, Failure> {
    let mut proposal = load(session, number)?.ok_or_else(|| {
        Failure::refused(
            "proposal.not_found",
            format!("there is no proposal {number}"),
        )
    })?;
    let over = |code, what: &str| Err(Failure::refused(code, format!("proposal {number} {what}")));
    match proposal.outcome_at(session.block.time_ms) {
        Outcome::Open => {}
        Outcome::Accepted => return over("proposal.decided", "was accepted before"),
        Outcome::Rejected => return over("proposal.decided", "was rejected before"),
        Outcome::Expired => return over("proposal.expired", "can no longer be voted on"),
    }
    let voted = |vote: &&Vote| vote.organisation == admin.organisation_id;
    if let Some(vote) = proposal.votes.iter().find(voted) {
        return Err(Failure::refused(
            "proposal.already_voted",
            format!("{} has voted, by {}", admin.organisation_id, vote.member),
        ));
    }
    cast(session, &mut proposal, admin, sender, approve);
    let event = Event::new("voted")
        .add_attribute("subject", number.to_string())
        .add_attribute("organisation", admin.organisation_id.clone())
        .add_attribute("approve", approve.to_string());
    decide(session, number, proposal, Response::new().add_event(event))
}

fn cast(
    session: &Session<'_>,
    proposal: &mut Proposal,
    admin: &Known,
    sender: &str,
    approve: bool,
) {
    proposal.votes.push(Vote {
        organisation: admin.organisation_id.clone(),
        member: sender.to_owned(),
        approve,
        height: session.block.height,
    });
}

/// Counts, applies what is accepted and stores the proposal.
fn decide(
    session: &Session<'_>,
    number: u64,
    mut proposal: Proposal,
    response: Response,
) -> Result<Response, Failure> {
    let active = active_organisations(session)?;
    let count = |approve: bool| {
        let counts = |vote: &&Vote| vote.approve == approve && active.contains(&vote.organisation);
        proposal.votes.iter().filter(counts).count()
    };
    let needed = needed(active.len());
    let outcome = if count(true) >= needed {
        // What was right when it was proposed may have changed since.
        check(session, &proposal.action)?;
        apply(session, &proposal.action)?;
        Outcome::Accepted
    } else if active.len() - count(false) < needed {
        Outcome::Rejected
    } else {
        Outcome::Open
    };
    let mut response = response;
    if outcome != Outcome::Open {
        proposal.outcome = outcome;
        proposal.decided_at = Some(session.block.height);
        let kind = match outcome {
            Outcome::Accepted => "accepted",
            _ => "rejected",
        };
        let event = Event::new(kind)
            .add_attribute("subject", number.to_string())
            .add_attribute("action", text(&proposal.action))
            .add_attribute("before", proposal.before.clone());
        response = response.add_event(event);
    }
    let bytes = records::write(&proposal);
    session.put(PROPOSALS, &proposal_key(number), Some(bytes))?;
    Ok(response)
}

/// More than two thirds.
const fn needed(organisations: usize) -> usize {
    organisations * 2 / 3 + 1
}

/// Whether the change makes sense, and what it replaces.
fn check(session: &Session<'_>, action: &Action) -> Result<String, Failure> {
    match action {
        Action::SetRoles {
            organisation,
            roles,
        } => {
            let slug = |role: &String| OrganisationId::try_from(role.as_str()).is_ok();
            let ascending = roles.windows(2).all(|pair| pair[0] < pair[1]);
            if roles.len() > MAX_ROLES || !ascending || !roles.iter().all(slug) {
                return Err(Failure::refused(
                    "proposal.bad_roles",
                    "roles are at most 16 slugs in ascending order, each once",
                ));
            }
            Ok(organisation_record(session, organisation)?.roles.join(" "))
        }
        Action::Suspend { organisation } => {
            match organisation_record(session, organisation)?.suspended_at {
                None => Ok("active".to_owned()),
                Some(height) => Err(Failure::refused(
                    "proposal.no_change",
                    format!("{organisation} was suspended in block {height}"),
                )),
            }
        }
        Action::Reinstate { organisation } => {
            match organisation_record(session, organisation)?.suspended_at {
                Some(height) => Ok(format!("suspended in block {height}")),
                None => Err(Failure::refused(
                    "proposal.no_change",
                    format!("{organisation} is not suspended"),
                )),
            }
        }
        Action::PinLedger { name, .. } => {
            let pinned = session.get(LEDGER, &pin_key(name.as_str()))?;
            Ok(pinned.map_or_else(|| "not pinned".to_owned(), hex::encode))
        }
        Action::Membership(change) => membership::check(session, change),
    }
}

fn apply(session: &Session<'_>, action: &Action) -> Result<(), Failure> {
    let change = |organisation: &OrganisationId, edit: &dyn Fn(&mut OrganisationRecord)| {
        let mut record = organisation_record(session, organisation)?;
        edit(&mut record);
        let bytes = records::write(&record);
        Ok(session.put(ORGANISATIONS, organisation.as_str().as_bytes(), Some(bytes))?)
    };
    match action {
        Action::SetRoles {
            organisation,
            roles,
        } => change(organisation, &|record| record.roles.clone_from(roles)),
        Action::Suspend { organisation } => change(organisation, &|record| {
            record.suspended_at = Some(session.block.height);
        }),
        Action::Reinstate { organisation } => {
            change(organisation, &|record| record.suspended_at = None)
        }
        Action::PinLedger { name, genesis } => {
            let pinned = Some(genesis.as_bytes().to_vec());
            Ok(session.put(LEDGER, &pin_key(name.as_str()), pinned)?)
        }
        Action::Membership(change) => membership::apply(session, change),
    }
}

fn organisation_record(
    session: &Session<'_>,
    organisation: &OrganisationId,
) -> Result<OrganisationRecord, Failure> {
    let bytes = session
        .get(ORGANISATIONS, organisation.as_str().as_bytes())?
        .ok_or_else(|| {
            Failure::refused(
                "proposal.unknown_organisation",
                format!("there is no organisation {organisation}"),
            )
        })?;
    Ok(records::read(&bytes, "an organisation").map_err(Stop::from)?)
}

/// Those whose votes count: the organisations that are not suspended.
fn active_organisations(session: &Session<'_>) -> Result<Vec<String>, Failure> {
    let rows = page(session, ORGANISATIONS, b"", None, Some(MAX_ORGANISATIONS))?;
    let mut active = Vec::with_capacity(rows.len());
    for (slug, bytes) in rows {
        let record: OrganisationRecord =
            records::read(&bytes, "an organisation").map_err(Stop::from)?;
        if record.suspended_at.is_none() {
            active.push(slug);
        }
    }
    Ok(active)
}

fn next_number(session: &Session<'_>) -> Result<u64, Failure> {
    let damaged = || Stop::Failed(ExecutionError::DamagedRecord { what: "a number" });
    let number = match session.get(PROPOSALS, NEXT_PROPOSAL_KEY)? {
        None => 1,
        Some(bytes) => u64::from_be_bytes(bytes.try_into().map_err(|_| damaged())?),
    };
    let next = (number + 1).to_be_bytes().to_vec();
    session.put(PROPOSALS, NEXT_PROPOSAL_KEY, Some(next))?;
    Ok(number)
}

fn load(session: &Session<'_>, number: u64) -> Result<Option<Proposal>, Failure> {
    let bytes = session.get(PROPOSALS, &proposal_key(number))?;
    let read = |bytes: Vec<u8>| records::read(&bytes, "a proposal").map_err(Stop::from);
    Ok(bytes.map(read).transpose()?)
}

fn text(action: &Action) -> String {
    serde_json::to_string(action).expect("invariant: an action is text and lists")
}

impl Proposal {
    fn outcome_at(&self, time_ms: u64) -> Outcome {
        match self.outcome {
            Outcome::Open if time_ms >= self.expires_at_ms => Outcome::Expired,
            outcome => outcome,
        }
    }
}

pub(super) fn query(session: &Session<'_>, question: ProposalsQuery) -> Result<Vec<u8>, Failure> {
    let active = active_organisations(session)?;
    let answer = |number: u64, mut proposal: Proposal| {
        proposal.outcome = proposal.outcome_at(session.block.time_ms);
        let counts = |vote: &&Vote| vote.approve && active.contains(&vote.organisation);
        Answer {
            number,
            approvals: proposal.votes.iter().filter(counts).count(),
            needed: needed(active.len()),
            proposal,
        }
    };
    match question {
        ProposalsQuery::Proposal { number } => {
            let found = load(session, number)?;
            Ok(json(&found.map(|proposal| answer(number, proposal))))
        }
        ProposalsQuery::List { start_after, limit } => {
            let start_after = start_after.map(records::ordered_name);
            let rows = page(session, PROPOSALS, b"p/", start_after.as_deref(), limit)?;
            let mut answers = Vec::with_capacity(rows.len());
            for (name, bytes) in rows {
                let proposal = records::read(&bytes, "a proposal").map_err(Stop::from)?;
                answers.push(answer(name.parse().unwrap_or(0), proposal));
            }
            Ok(json(&answers))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_two_thirds_are_needed() {
        let expected = [
            (1, 1),
            (2, 2),
            (3, 3),
            (4, 3),
            (5, 4),
            (6, 5),
            (7, 5),
            (10, 7),
        ];
        for (organisations, approvals) in expected {
            assert_eq!(needed(organisations), approvals, "of {organisations}");
        }
    }
}
