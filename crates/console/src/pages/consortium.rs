//! What the consortium was asked for and decided: proposals with their differences and votes, and the rules.

use crate::{
    explain_consortium::change,
    fault::Fault,
    format::{Hex, UtcTime},
    frame::Frame,
    ledger,
    visitor::Visitor,
    words::Words,
};
use askama::Template;
use axum::response::Response;
use blockworm_execution::{LedgerQuery, ProposalsQuery};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// Proposals on a page.
const PAGE: u64 = 20;

/// A proposal, as its contract tells it.
#[derive(Debug, Deserialize)]
struct Proposal {
    number: u64,
    action: Value,
    digest: String,
    differences: Vec<Difference>,
    expires_at_ms: u64,
    votes: Vec<Vote>,
    outcome: String,
    decided_at: Option<u64>,
    approvals: usize,
    needed: usize,
}

/// One thing that a proposal changes.
#[derive(Debug, Deserialize)]
struct Difference {
    what: String,
    before: String,
    after: String,
}

/// An organisation's vote.
#[derive(Debug, Deserialize)]
struct Vote {
    organisation: String,
    member: String,
    approve: bool,
}

/// A proposal on the page.
struct ProposalView {
    number: u64,
    title: String,
    digest: Hex,
    differences: Vec<Difference>,
    expires: UtcTime,
    votes: Vec<Vote>,
    outcome: &'static str,
    badge: &'static str,
    decided_at: Option<u64>,
    approvals: usize,
    needed: usize,
}

/// An act and who may do it, or a kind of change and the share that must approve.
struct Rule {
    what: String,
    rule: String,
}

#[derive(Template)]
#[template(path = "consortium.html")]
struct Consortium {
    f: Frame,
    w: &'static Words,
    ledger_id: String,
    archived: bool,
    proposals: Vec<ProposalView>,
    /// Proposals up to this number are on the next page.
    older: Option<u64>,
    acts: Vec<Rule>,
    shares: Vec<Rule>,
}

/// The newest proposals first, page by page, and the rules.
pub(crate) async fn show(visitor: Visitor) -> Response {
    let page = page(&visitor).await;
    visitor.reply(page)
}

async fn page(visitor: &Visitor) -> Result<Consortium, Fault> {
    let ledger = visitor.ledger()?;
    let (w, language) = (visitor.language.words(), visitor.language);
    let contract = ledger::name("proposals");
    let count: u64 = ledger::ask(&ledger, &contract, &ProposalsQuery::Count {}).await?;
    let newest = visitor
        .number("upto")?
        .map_or(count, |upto| upto.min(count));
    let before = newest.saturating_sub(PAGE);
    let question = ProposalsQuery::List {
        start_after: Some(before),
        limit: Some((newest - before) as u32),
    };
    let mut found: Vec<Proposal> = ledger::ask(&ledger, &contract, &question).await?;
    found.reverse();
    let shares: BTreeMap<String, [u16; 2]> =
        ledger::ask(&ledger, &contract, &ProposalsQuery::Thresholds {}).await?;
    let system = ledger::name("ledger");
    let acts: BTreeMap<String, Option<Vec<String>>> =
        ledger::ask(&ledger, &system, &LedgerQuery::Policies {}).await?;
    let archived: Option<u64> = ledger::ask(&ledger, &system, &LedgerQuery::Archived {}).await?;
    let act = |(act, roles): (String, Option<Vec<String>>)| Rule {
        what: change(&act, language),
        rule: roles.map_or_else(
            || w.by_contract.to_owned(),
            |roles| crate::explain::names(&roles, language),
        ),
    };
    let share = |(kind, [n, d]): (String, [u16; 2])| Rule {
        what: change(&kind, language),
        rule: format!("{n}/{d}"),
    };
    Ok(Consortium {
        f: visitor.frame(Some(&ledger), w.consortium),
        w,
        ledger_id: ledger.id().to_string(),
        archived: archived.is_some(),
        proposals: found.into_iter().map(|one| view(one, visitor)).collect(),
        older: Some(before).filter(|before| *before > 0),
        acts: acts.into_iter().map(act).collect(),
        shares: shares.into_iter().map(share).collect(),
    })
}

fn view(proposal: Proposal, visitor: &Visitor) -> ProposalView {
    let w = visitor.language.words();
    let (outcome, badge) = match proposal.outcome.as_str() {
        "accepted" => (w.proposal_accepted, "good"),
        "rejected" => (w.proposal_rejected, "bad"),
        "expired" => (w.proposal_expired, "warn"),
        _ => (w.proposal_open, "here"),
    };
    // An action is an object with the kind as its only key, or the kind alone.
    let kind = proposal
        .action
        .as_object()
        .and_then(|action| action.keys().next());
    let kind = kind.map_or("", String::as_str);
    ProposalView {
        number: proposal.number,
        title: change(kind, visitor.language),
        digest: Hex(proposal.digest),
        differences: proposal.differences,
        expires: UtcTime(proposal.expires_at_ms),
        votes: proposal.votes,
        outcome,
        badge,
        decided_at: proposal.decided_at,
        approvals: proposal.approvals,
        needed: proposal.needed,
    }
}
