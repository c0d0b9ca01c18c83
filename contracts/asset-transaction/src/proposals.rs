//! Changes of hands that several organisations approve before they happen.

use crate::{
    error::AssetError,
    execute::{Call, check_time, moved},
    msg::Part,
    parts::Book,
    state::{PROPOSAL_COUNT, PROPOSALS, Proposal, ProposalEnd, StepKind},
};
use blockworm_kit::{
    Caller,
    assets::{Approval, AssetId, is_complete, is_wanted},
    time_ms,
};
use cosmwasm_std::{Addr, Event, Response};

pub(crate) fn propose(
    call: Call<'_>,
    asset: AssetId,
    part: Part,
    to: String,
    for_ms: u64,
) -> Result<Response, AssetError> {
    let until_ms = check_time(call.env, for_ms)?;
    call.check_member(&to)?;
    let (by, env) = (call.by, call.env);
    let Call {
        storage, querier, ..
    } = call;
    let book = Book::open(&mut *storage, env, by, &asset)?.moving()?;
    if book.asset.approvals.is_empty() {
        return Err(AssetError::NoApprovalNeeded);
    }
    let book = book.admitting(&querier, &to)?;
    let amount = book.check(part, by)?;
    let number = PROPOSAL_COUNT.may_load(storage)?.unwrap_or(0);
    let next = number.checked_add(1).ok_or(AssetError::Overflow)?;
    PROPOSAL_COUNT.save(storage, &next)?;
    let event = told("proposed", &asset, number)
        .add_attribute("by", by)
        .add_attribute("to", &to)
        .add_attribute("amount", amount.to_string());
    let by = by.to_owned();
    let approvals = Vec::new();
    let proposal = Proposal {
        by,
        asset,
        part,
        to,
        until_ms,
        approvals,
        end: None,
    };
    PROPOSALS.save(storage, number, &proposal)?;
    Ok(Response::new()
        .add_event(event)
        .set_data(number.to_string().as_bytes()))
}

fn told(kind: &str, asset: &AssetId, proposal: u64) -> Event {
    Event::new(kind)
        .add_attribute("subject", asset.as_str())
        .add_attribute("proposal", proposal.to_string())
}

/// A proposal that was neither carried out nor taken back.
fn standing(call: &Call<'_>, number: u64) -> Result<Proposal, AssetError> {
    let proposal = PROPOSALS.may_load(call.storage, number)?;
    let proposal = proposal.ok_or(AssetError::UnknownProposal { proposal: number })?;
    if proposal.end.is_some() {
        Err(AssetError::Ended)
    } else {
        Ok(proposal)
    }
}

/// The last approval moves the part, if it still moves then.
pub(crate) fn approve(call: Call<'_>, number: u64, role: String) -> Result<Response, AssetError> {
    let caller = Caller::of(&call.querier, &Addr::unchecked(call.by))?;
    caller.require_role(&[&role])?;
    caller.require_function("checker")?;
    let mut proposal = standing(&call, number)?;
    let (by, env) = (call.by, call.env);
    if time_ms(env) >= proposal.until_ms {
        return Err(AssetError::Expired {
            until_ms: proposal.until_ms,
        });
    }
    let organisation = caller.member.organisation;
    let proposer = proposal.by.split('/').next() == Some(&organisation);
    let given = &mut proposal.approvals;
    if proposer
        || given
            .iter()
            .any(|approval| approval.organisation == organisation)
    {
        return Err(AssetError::SameOrganisation { organisation });
    }
    call.check_member(&proposal.to)?;
    let Call {
        storage, querier, ..
    } = call;
    let mut book = Book::open(&mut *storage, env, by, &proposal.asset)?
        .moving()?
        .admitting(&querier, &proposal.to)?;
    if !is_wanted(&book.asset.approvals, given, &role) {
        return Err(AssetError::NotNeeded { role });
    }
    let member = by.to_owned();
    given.push(Approval {
        member,
        organisation,
        role,
    });
    let event = told("approved", &proposal.asset, number).add_attribute("by", by);
    let mut response = Response::new().add_event(event);
    if is_complete(&book.asset.approvals, &proposal.approvals) {
        let hands = (proposal.by.as_str(), proposal.to.as_str());
        let amount = book.give(proposal.part, hands, StepKind::Transferred)?;
        response = response.add_event(moved(&proposal.asset, proposal.part, hands, amount));
        proposal.end = Some(ProposalEnd::Done);
    }
    PROPOSALS.save(storage, number, &proposal)?;
    Ok(response)
}

pub(crate) fn retract(call: Call<'_>, number: u64) -> Result<Response, AssetError> {
    let mut proposal = standing(&call, number)?;
    if proposal.by != call.by {
        return Err(AssetError::NotYours { by: proposal.by });
    }
    proposal.end = Some(ProposalEnd::Withdrawn);
    PROPOSALS.save(call.storage, number, &proposal)?;
    Ok(Response::new().add_event(told("retracted", &proposal.asset, number)))
}
