//! `proposals`: what the consortium changes by vote, each organisation one vote, by its admins.
//!
//! More than two thirds of the active organisations must approve, as many as finality needs of
//! validators, unless a vote set another threshold for the kind of change. A proposal that is
//! accepted takes effect in the same transaction, so for others at the next block; one that can no
//! longer be accepted is rejected, and one whose time has passed counts as expired when it is looked
//! at. Who votes names the digest of the change, and a change whose beginning has become another one
//! since it was proposed is not made.

mod action;
mod calendars;
mod change;
mod difference;
mod organisations;
mod query;
mod rules;

pub use action::{Act, Action, ActionKind};
pub(crate) use calendars::calendar;
pub use difference::Difference;
pub use query::ProposalsQuery;
pub(super) use query::{policies, query};
pub(crate) use rules::policy;

use super::members::admin;
use crate::{
    directory::Known,
    error::ExecutionError,
    records::{self, NEXT_PROPOSAL_KEY, PROPOSALS, proposal_key},
    session::{Failure, Session, Stop},
};
use blockworm_crypto::Digest;
use borsh::{BorshDeserialize, BorshSerialize};
use change::{Case, active_organisations, apply, check};
use cosmwasm_std::{Event, Response};
use serde::{Deserialize, Serialize};

/// The shortest and the longest time for which a proposal may be voted on, milliseconds of block time.
const DURATION_MS: std::ops::RangeInclusive<u64> = 60_000..=30 * 24 * 3_600_000;

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
        /// The digest of the change that the caller has read ([`Action::digest`]).
        action: Digest,
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
    /// What the change would make of what was there when it was proposed.
    differences: Vec<Difference>,
    proposed_at: u64,
    expires_at_ms: u64,
    /// The first is the proposer's.
    votes: Vec<Vote>,
    outcome: Outcome,
    decided_at: Option<u64>,
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
        ProposalsMsg::Vote {
            proposal,
            approve,
            action,
        } => vote(session, &admin, sender, proposal, (approve, action)),
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
    let number = take_number(session)?;
    let case = Case {
        session,
        number,
        proposer: &admin.organisation_id,
    };
    let differences = check(&case, &action)?;
    if let Action::AdmitOrganisation { invitation, .. } = &action {
        organisations::hold(&case, &invitation.invitation)?;
    }
    let mut proposal = Proposal {
        action,
        differences,
        proposed_at: session.block.height,
        expires_at_ms: session.block.time_ms.saturating_add(for_ms),
        votes: Vec::new(),
        outcome: Outcome::Open,
        decided_at: None,
    };
    let event = told("proposed", number, &proposal)
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
    (approve, action): (bool, Digest),
) -> Result<Response, Failure> {
    let mut proposal = load(session, number)?.ok_or_else(|| {
        Failure::refused(
            "proposal.not_found",
            format!("there is no proposal {number}"),
        )
    })?;
    let digest = proposal.action.digest();
    if digest != action {
        return Err(Failure::refused(
            "proposal.other_action",
            format!(
                "the vote is about a change of SHA-256 {action}, and proposal {number} is {digest}"
            ),
        ));
    }
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
    let needed = rules::needed(session, &proposal.action, active.len())?;
    let outcome = if count(true) >= needed {
        let proposer = proposal.votes.first().map(|vote| vote.organisation.clone());
        let case = Case {
            session,
            number,
            proposer: proposer.as_deref().unwrap_or_default(),
        };
        // What was right when it was proposed may have changed since.
        let now = check(&case, &proposal.action)?;
        difference::check_unchanged(number, &proposal.differences, &now)?;
        apply(&case, &proposal.action)?;
        Outcome::Accepted
    } else if active.len().saturating_sub(count(false)) < needed {
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
        response = response.add_event(told(kind, number, &proposal));
    }
    let bytes = records::write(&proposal);
    session.put(PROPOSALS, &proposal_key(number), Some(bytes))?;
    Ok(response)
}

/// What happened to a proposal, with the change and what it makes of what was there.
fn told(kind: &str, number: u64, proposal: &Proposal) -> Event {
    let differences =
        serde_json::to_string(&proposal.differences).expect("invariant: differences are texts");
    Event::new(kind)
        .add_attribute("subject", number.to_string())
        .add_attribute("action", proposal.action.text())
        .add_attribute("digest", proposal.action.digest().to_string())
        .add_attribute("differences", differences)
}

/// The number that the next proposal will have.
fn next_number(session: &Session<'_>) -> Result<u64, Failure> {
    let damaged = || Stop::Failed(ExecutionError::DamagedRecord { what: "a number" });
    Ok(match session.get(PROPOSALS, NEXT_PROPOSAL_KEY)? {
        None => 1,
        Some(bytes) => u64::from_be_bytes(bytes.try_into().map_err(|_| damaged())?),
    })
}

fn take_number(session: &Session<'_>) -> Result<u64, Failure> {
    let number = next_number(session)?;
    let next = (number + 1).to_be_bytes().to_vec();
    session.put(PROPOSALS, NEXT_PROPOSAL_KEY, Some(next))?;
    Ok(number)
}

fn load(session: &Session<'_>, number: u64) -> Result<Option<Proposal>, Failure> {
    let bytes = session.get(PROPOSALS, &proposal_key(number))?;
    let read = |bytes: Vec<u8>| records::read(&bytes, "a proposal").map_err(Stop::from);
    Ok(bytes.map(read).transpose()?)
}

/// Whether a proposal was accepted or may still be.
fn holds(session: &Session<'_>, number: u64) -> Result<bool, Failure> {
    let proposal = load(session, number)?;
    Ok(proposal.is_some_and(|proposal| {
        matches!(
            proposal.outcome_at(session.block.time_ms),
            Outcome::Open | Outcome::Accepted
        )
    }))
}

impl Proposal {
    fn outcome_at(&self, time_ms: u64) -> Outcome {
        match self.outcome {
            Outcome::Open if time_ms >= self.expires_at_ms => Outcome::Expired,
            outcome => outcome,
        }
    }
}
