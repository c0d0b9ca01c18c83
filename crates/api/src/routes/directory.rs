//! Who and what is on a ledger: organisations, members and contracts, as its own contracts tell.

use crate::{
    app::{Params, Place},
    model::{ContractView, MemberView, OrganisationView, Page},
    paging::{Asked, PageQuery},
    problem::{Failure, Problem},
};
use axum::Json;
use blockworm_crypto::PublicKey;
use blockworm_execution::{ContractsQuery, MembersQuery, OrganisationsQuery};
use blockworm_ledger::{ContractName, OrganisationId};
use blockworm_node::LedgerHandle;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use utoipa::IntoParams;

/// Whose members, and which page.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct MemberQuery {
    /// Only members of this organisation.
    #[param(pattern = "^[a-z][a-z0-9-]{0,31}$")]
    organisation: Option<String>,
    /// How many items, 1 to 100; 30 unless given.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
    /// The `next` of the page before; the first page unless given.
    #[param(max_length = 512, pattern = "^([0-9a-f]{2})+$")]
    cursor: Option<String>,
}

/// The organisations of the consortium and the roles granted to them, ordered by id.
#[utoipa::path(
    get, path = "/v1/ledgers/{ledger}/organisations", tag = "contracts",
    params(("ledger" = String, Path, description = "The ledger's id or name"), PageQuery),
    responses(
        (status = 200, description = "A page of organisations", body = Page<OrganisationView>),
        (status = 400, description = "`api.bad_parameter`, `api.bad_cursor`", body = Problem, content_type = "application/problem+json")
    )
)]
pub(crate) async fn list_organisations(
    place: Place,
    Params(query): Params<PageQuery>,
) -> Result<Json<Page<OrganisationView>>, Failure> {
    let asked = query.of("organisations")?;
    let message = |start_after, limit| OrganisationsQuery::List { start_after, limit };
    page(
        &place,
        "organisations",
        &asked,
        message,
        |organisation: &OrganisationView| &organisation.id,
    )
    .await
}

/// The registered members, ordered by id.
#[utoipa::path(
    get, path = "/v1/ledgers/{ledger}/members", tag = "contracts",
    params(("ledger" = String, Path, description = "The ledger's id or name"), MemberQuery),
    responses(
        (status = 200, description = "A page of members", body = Page<MemberView>),
        (status = 400, description = "`api.bad_parameter`, `api.bad_cursor`", body = Problem, content_type = "application/problem+json")
    )
)]
pub(crate) async fn list_members(
    place: Place,
    Params(query): Params<MemberQuery>,
) -> Result<Json<Page<MemberView>>, Failure> {
    let MemberQuery {
        organisation,
        limit,
        cursor,
    } = query;
    let parsed = organisation.map(|text| text.parse::<OrganisationId>());
    let organisation = parsed
        .transpose()
        .map_err(|error| Failure::bad_parameter("organisation", error))?
        .map(|organisation| organisation.to_string());
    let list = format!("members:{}", organisation.as_deref().unwrap_or_default());
    let asked = PageQuery { limit, cursor }.of(&list)?;
    let message = |start_after, limit| MembersQuery::List {
        organisation: organisation.clone(),
        start_after,
        limit,
    };
    page(&place, "members", &asked, message, |member: &MemberView| {
        &member.id
    })
    .await
}

/// The contracts of the ledger, ordered by name.
#[utoipa::path(
    get, path = "/v1/ledgers/{ledger}/contracts", tag = "contracts",
    params(("ledger" = String, Path, description = "The ledger's id or name"), PageQuery),
    responses(
        (status = 200, description = "A page of contracts, the system's included", body = Page<ContractView>),
        (status = 400, description = "`api.bad_parameter`, `api.bad_cursor`", body = Problem, content_type = "application/problem+json")
    )
)]
pub(crate) async fn list_contracts(
    place: Place,
    Params(query): Params<PageQuery>,
) -> Result<Json<Page<ContractView>>, Failure> {
    let asked = query.of("contracts")?;
    let all = contracts(&place).await?;
    let (items, next) = asked.cut(all, |contract| contract.name.clone());
    Ok(Json(Page { items, next }))
}

/// A page of a list that a contract keeps ordered by `key`.
async fn page<T: DeserializeOwned, M: Serialize>(
    place: &Place,
    contract: &str,
    asked: &Asked,
    message: impl Fn(Option<String>, Option<u32>) -> M,
    key: impl Fn(&T) -> &str,
) -> Result<Json<Page<T>>, Failure> {
    let limit = Some(asked.limit as u32);
    let first = message(asked.after.clone(), limit);
    let items: Vec<T> = ask(&place.ledger, contract, &first).await?;
    let last = items
        .last()
        .filter(|_| items.len() == asked.limit)
        .map(&key);
    let mut next = None;
    if let Some(last) = last {
        // A full page is the last one when nothing comes after it.
        let one = message(Some(last.to_owned()), Some(1));
        let beyond: Vec<T> = ask(&place.ledger, contract, &one).await?;
        next = (!beyond.is_empty()).then(|| asked.next(last));
    }
    Ok(Json(Page { items, next }))
}

/// The contracts of the ledger, with their numbers.
pub(crate) async fn contracts(place: &Place) -> Result<Vec<ContractView>, Failure> {
    ask(&place.ledger, "contracts", &ContractsQuery::List {}).await
}

/// Asks one of the ledger's own contracts.
pub(crate) async fn ask<A: DeserializeOwned>(
    ledger: &LedgerHandle,
    contract: &str,
    message: &impl Serialize,
) -> Result<A, Failure> {
    let contract: ContractName = contract.parse().map_err(Failure::internal)?;
    let message = serde_json::to_vec(message).map_err(Failure::internal)?;
    let answer = ledger.query(&contract, &message).await?;
    serde_json::from_slice(&answer).map_err(Failure::internal)
}

/// What the ledger says of a member at its last durable block.
pub(crate) struct MemberStanding {
    /// Its registered key.
    pub(crate) key: PublicKey,
    /// Neither revoked nor past its certificate's end, its organisation neither suspended nor removed.
    pub(crate) active: bool,
    /// Roles that votes gave its organisation.
    pub(crate) roles: Vec<String>,
}

/// Where a member stands; none where the ledger knows no such member.
pub(crate) async fn standing(
    ledger: &LedgerHandle,
    member: &str,
    organisation: &str,
) -> Result<Option<MemberStanding>, Failure> {
    let id = member.to_owned();
    let member: Option<MemberView> = ask(ledger, "members", &MembersQuery::Member { id }).await?;
    // Asked also for nobody, so that who tries names learns little from the time that it takes.
    let id = organisation.to_owned();
    let question = OrganisationsQuery::Organisation { id };
    let organisation: Option<OrganisationView> = ask(ledger, "organisations", &question).await?;
    let Some(member) = member else {
        return Ok(None);
    };
    let good = member.revoked_at.is_none() && ledger.status().time_ms <= member.not_after_ms;
    let suspended = organisation
        .as_ref()
        .is_none_or(|one| one.suspended_at.is_some() || one.removed_at.is_some());
    Ok(Some(MemberStanding {
        key: member.key.parse().map_err(Failure::internal)?,
        active: good && !suspended,
        roles: organisation.map_or_else(Vec::new, |organisation| organisation.roles),
    }))
}
