//! What the consortium was asked for and what it decided; changes go by transactions to `proposals`.

use super::directory::ask;
use crate::{
    app::{Params, Place},
    model::{CalendarView, Page, PoliciesView, ProposalView},
    paging::PageQuery,
    problem::{Failure, Problem},
};
use axum::Json;
use blockworm_execution::{LedgerQuery, ProposalsQuery};
use serde::Deserialize;

/// The proposals of a ledger, ordered by number.
#[utoipa::path(
    get, path = "/v1/ledgers/{ledger}/proposals", tag = "consortium",
    params(("ledger" = String, Path, description = "The ledger's id or name"), PageQuery),
    responses(
        (status = 200, description = "A page of proposals, with what each changes", body = Page<ProposalView>),
        (status = 400, description = "`api.bad_parameter`, `api.bad_cursor`", body = Problem, content_type = "application/problem+json")
    )
)]
pub(crate) async fn list_proposals(
    place: Place,
    Params(query): Params<PageQuery>,
) -> Result<Json<Page<ProposalView>>, Failure> {
    let asked = query.of("proposals")?;
    let start_after = asked.after_number::<u64>()?;
    // One more than asked for says whether the page is the last.
    let most = asked.limit as u32;
    let question = |start_after, limit| ProposalsQuery::List { start_after, limit };
    let first = question(start_after, Some(most));
    let items: Vec<ProposalView> = ask(&place.ledger, "proposals", &first).await?;
    let last = items.last().filter(|_| items.len() == asked.limit);
    let mut next = None;
    if let Some(last) = last {
        let one = question(Some(last.number), Some(1));
        let beyond: Vec<ProposalView> = ask(&place.ledger, "proposals", &one).await?;
        next = (!beyond.is_empty()).then(|| asked.next(&last.number.to_string()));
    }
    Ok(Json(Page { items, next }))
}

/// One proposal.
#[utoipa::path(
    get, path = "/v1/ledgers/{ledger}/proposals/{number}", tag = "consortium",
    params(
        ("ledger" = String, Path, description = "The ledger's id or name"),
        ("number" = u64, Path, description = "The proposal's number")
    ),
    responses(
        (status = 200, description = "What it changes, and who voted how", body = ProposalView),
        (status = 400, description = "`api.bad_parameter`", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "`proposal.not_found`", body = Problem, content_type = "application/problem+json")
    )
)]
pub(crate) async fn get_proposal(place: Place) -> Result<Json<ProposalView>, Failure> {
    let number: u64 = place.parse("number")?;
    let question = ProposalsQuery::Proposal { number };
    let found: Option<ProposalView> = ask(&place.ledger, "proposals", &question).await?;
    let missing = || Failure::not_found("proposal", format_args!("proposal {number}"));
    found.map(Json).ok_or_else(missing)
}

/// Which roles may do what, how many approvals changes need, and whether the ledger is archived.
#[utoipa::path(
    get, path = "/v1/ledgers/{ledger}/policies", tag = "consortium",
    params(("ledger" = String, Path, description = "The ledger's id or name")),
    responses(
        (status = 200, description = "What votes set", body = PoliciesView),
        (status = 404, description = "`ledger.not_found`", body = Problem, content_type = "application/problem+json")
    )
)]
pub(crate) async fn get_policies(place: Place) -> Result<Json<PoliciesView>, Failure> {
    let ledger = &place.ledger;
    Ok(Json(PoliciesView {
        policies: ask(ledger, "ledger", &LedgerQuery::Policies {}).await?,
        thresholds: ask(ledger, "proposals", &ProposalsQuery::Thresholds {}).await?,
        archived_at: ask(ledger, "ledger", &LedgerQuery::Archived {}).await?,
    }))
}

/// The days of a year as the ledger answers them.
#[derive(Deserialize)]
struct Days {
    holidays: Vec<String>,
    workdays: Vec<String>,
}

/// The calendars that votes set, year by year.
#[utoipa::path(
    get, path = "/v1/ledgers/{ledger}/calendars", tag = "consortium",
    params(("ledger" = String, Path, description = "The ledger's id or name"), PageQuery),
    responses(
        (status = 200, description = "A page of years, ordered by calendar and year", body = Page<CalendarView>),
        (status = 400, description = "`api.bad_parameter`, `api.bad_cursor`", body = Problem, content_type = "application/problem+json")
    )
)]
pub(crate) async fn list_calendars(
    place: Place,
    Params(query): Params<PageQuery>,
) -> Result<Json<Page<CalendarView>>, Failure> {
    let asked = query.of("calendars")?;
    let names: Vec<String> = ask(&place.ledger, "ledger", &LedgerQuery::Calendars {}).await?;
    let (names, next) = asked.cut(names, Clone::clone);
    let mut items = Vec::with_capacity(names.len());
    for name in names {
        let Some((calendar, year)) = name.rsplit_once('/') else {
            continue;
        };
        let year: u16 = year.parse().map_err(Failure::internal)?;
        let calendar = calendar.to_owned();
        let question = LedgerQuery::Calendar {
            calendar: calendar.clone(),
            year,
        };
        let days: Option<Days> = ask(&place.ledger, "ledger", &question).await?;
        if let Some(Days { holidays, workdays }) = days {
            items.push(CalendarView {
                calendar,
                year,
                holidays,
                workdays,
            });
        }
    }
    Ok(Json(Page { items, next }))
}
