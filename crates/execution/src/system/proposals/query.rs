//! What can be asked about proposals, thresholds and policies.

use super::{
    Proposal,
    action::{Act, ActionKind},
    change::active_organisations,
    load, next_number, rules,
};
use crate::{
    records::{self, PROPOSALS},
    session::{Failure, Session, Stop},
    system::{json, page},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

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
    /// How many there are: the newest has this number.
    Count {},
    /// How many approvals each kind of change needs: kind → `[n, d]`, more than n/d.
    Thresholds {},
}

#[derive(Serialize)]
struct Answer {
    number: u64,
    #[serde(flatten)]
    proposal: Proposal,
    /// SHA-256 of the action, which a vote names.
    digest: String,
    approvals: usize,
    rejections: usize,
    /// Approvals with which it is accepted, by the organisations and thresholds of now.
    needed: usize,
}

pub(in crate::system) fn query(
    session: &Session<'_>,
    question: ProposalsQuery,
) -> Result<Vec<u8>, Failure> {
    match question {
        ProposalsQuery::Proposal { number } => {
            let active = active_organisations(session)?;
            let found = load(session, number)?;
            let answer = found.map(|proposal| answer(session, &active, number, proposal));
            Ok(json(&answer.transpose()?))
        }
        ProposalsQuery::List { start_after, limit } => {
            let active = active_organisations(session)?;
            let start_after = start_after.map(records::ordered_name);
            let rows = page(session, PROPOSALS, b"p/", start_after.as_deref(), limit)?;
            let mut answers = Vec::with_capacity(rows.len());
            for (name, bytes) in rows {
                let proposal = records::read(&bytes, "a proposal").map_err(Stop::from)?;
                let number = name.parse().unwrap_or(0);
                answers.push(answer(session, &active, number, proposal)?);
            }
            Ok(json(&answers))
        }
        ProposalsQuery::Count {} => Ok(json(&(next_number(session)? - 1))),
        ProposalsQuery::Thresholds {} => Ok(json(&thresholds(session)?)),
    }
}

fn answer(
    session: &Session<'_>,
    active: &[String],
    number: u64,
    mut proposal: Proposal,
) -> Result<Answer, Failure> {
    proposal.outcome = proposal.outcome_at(session.block.time_ms);
    let count = |approve: bool| {
        let votes = proposal.votes.iter();
        votes
            .filter(|vote| vote.approve == approve && active.contains(&vote.organisation))
            .count()
    };
    Ok(Answer {
        number,
        digest: proposal.action.digest().to_string(),
        approvals: count(true),
        rejections: count(false),
        needed: rules::needed(session, &proposal.action, active.len())?,
        proposal,
    })
}

/// Of each kind of change.
fn thresholds(session: &Session<'_>) -> Result<BTreeMap<&'static str, [u16; 2]>, Failure> {
    let kinds = ActionKind::ALL.into_iter();
    kinds
        .map(|kind| Ok((kind.name(), rules::threshold(session, kind)?)))
        .collect()
}

/// The voted roles of each act; `null` where nothing was voted.
pub(in crate::system) fn policies(
    session: &Session<'_>,
) -> Result<BTreeMap<&'static str, Option<Vec<String>>>, Failure> {
    let acts = Act::ALL.into_iter();
    acts.map(|act| Ok((act.name(), rules::policy(session, act)?)))
        .collect()
}
