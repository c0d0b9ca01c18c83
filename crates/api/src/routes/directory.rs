//! Who and what is on a ledger: organisations, members and contracts, as its own contracts tell.

use crate::{
    app::{Params, Place},
    model::{ContractView, MemberPage, MemberView, OrganisationPage, OrganisationView},
    problem::{Failure, Problem},
};
use axum::Json;
use blockworm_execution::{ContractsQuery, MembersQuery, OrganisationsQuery};
use blockworm_ledger::{ContractName, OrganisationId};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use utoipa::IntoParams;

/// Most entries on a page, as the contracts have it.
const PAGE: u32 = 100;

/// Which page.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// The `next` of the page before.
    start_after: Option<String>,
    /// How many, 1 to 100; 30 unless given.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
}

/// Whose members, and which page.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct MemberQuery {
    /// Only members of this organisation.
    organisation: Option<String>,
    /// The `next` of the page before.
    start_after: Option<String>,
    /// How many, 1 to 100; 30 unless given.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
}

/// The organisations of the consortium and the roles granted to them.
#[utoipa::path(
    get, path = "/v1/ledgers/{ledger}/organisations", tag = "contracts",
    params(("ledger" = String, Path, description = "The ledger's id or name"), PageQuery),
    responses(
        (status = 200, description = "A page of organisations", body = OrganisationPage),
        (status = 400, description = "`api.bad_parameter`", body = Problem, content_type = "application/problem+json")
    )
)]
pub(crate) async fn list_organisations(
    place: Place,
    Params(query): Params<PageQuery>,
) -> Result<Json<OrganisationPage>, Failure> {
    let limit = limit(query.limit)?;
    let message = OrganisationsQuery::List {
        start_after: query.start_after,
        limit: Some(limit),
    };
    let organisations: Vec<OrganisationView> = ask(&place, "organisations", &message).await?;
    let last = organisations
        .last()
        .map(|organisation| organisation.id.clone());
    let next = last.filter(|_| organisations.len() == limit as usize);
    Ok(Json(OrganisationPage {
        organisations,
        next,
    }))
}

/// The registered members.
#[utoipa::path(
    get, path = "/v1/ledgers/{ledger}/members", tag = "contracts",
    params(("ledger" = String, Path, description = "The ledger's id or name"), MemberQuery),
    responses(
        (status = 200, description = "A page of members", body = MemberPage),
        (status = 400, description = "`api.bad_parameter`", body = Problem, content_type = "application/problem+json")
    )
)]
pub(crate) async fn list_members(
    place: Place,
    Params(query): Params<MemberQuery>,
) -> Result<Json<MemberPage>, Failure> {
    let limit = limit(query.limit)?;
    let organisation = query
        .organisation
        .map(|text| text.parse::<OrganisationId>())
        .transpose();
    let organisation =
        organisation.map_err(|error| Failure::bad_parameter("organisation", error))?;
    let message = MembersQuery::List {
        organisation: organisation.map(|organisation| organisation.to_string()),
        start_after: query.start_after,
        limit: Some(limit),
    };
    let members: Vec<MemberView> = ask(&place, "members", &message).await?;
    let last = members.last().map(|member| member.id.clone());
    let next = last.filter(|_| members.len() == limit as usize);
    Ok(Json(MemberPage { members, next }))
}

/// The contracts of the ledger.
#[utoipa::path(
    get, path = "/v1/ledgers/{ledger}/contracts", tag = "contracts",
    params(("ledger" = String, Path, description = "The ledger's id or name")),
    responses((status = 200, description = "All contracts, the system's included", body = Vec<ContractView>))
)]
pub(crate) async fn list_contracts(place: Place) -> Result<Json<Vec<ContractView>>, Failure> {
    contracts(&place).await.map(Json)
}

/// The contracts of the ledger, with their numbers.
pub(crate) async fn contracts(place: &Place) -> Result<Vec<ContractView>, Failure> {
    ask(place, "contracts", &ContractsQuery::List {}).await
}

fn limit(asked: Option<u32>) -> Result<u32, Failure> {
    let limit = asked.unwrap_or(30);
    if (1..=PAGE).contains(&limit) {
        return Ok(limit);
    }
    Err(Failure::bad_parameter("limit", format_args!("1 to {PAGE}")))
}

async fn ask<A: DeserializeOwned>(
    place: &Place,
    contract: &str,
    message: &impl Serialize,
) -> Result<A, Failure> {
    let contract: ContractName = contract.parse().map_err(Failure::internal)?;
    let message = serde_json::to_vec(message).map_err(Failure::internal)?;
    let answer = place.ledger.query(&contract, &message).await?;
    serde_json::from_slice(&answer).map_err(Failure::internal)
}
