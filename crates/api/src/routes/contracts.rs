//! Contracts: queries, single values of the state, and the consortium's own directories.

use crate::{
    app::{App, Params, Place},
    body::{self, JSON, Media},
    model::{StateEvidence, StateView},
    problem::{Failure, Problem},
};
use axum::{
    Json,
    body::Body,
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use blockworm_ledger::ContractName;
use serde::Deserialize;
use utoipa::IntoParams;

/// Asks a contract. Answers from the last durable block; nothing is written.
#[utoipa::path(
    post, path = "/v1/ledgers/{ledger}/contracts/{contract}/query", tag = "contracts",
    params(
        ("ledger" = String, Path, description = "The ledger's id or name"),
        ("contract" = String, Path, description = "The contract's name")
    ),
    request_body(description = "The contract's query message", content((Object = "application/json"))),
    responses(
        (status = 200, description = "The contract's answer", body = Object),
        (status = 400, description = "`api.malformed_body`", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "`contract.unknown`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The contract's refusal, with its code", body = Problem, content_type = "application/problem+json")
    )
)]
pub(crate) async fn query_contract(
    State(app): State<App>,
    place: Place,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    let contract: ContractName = place.parse("contract")?;
    body::media(&headers, &[Media::Json])?;
    let message = body::read(&headers, body, app.limits.query_bytes, app.limits.body).await?;
    serde_json::from_slice::<serde::de::IgnoredAny>(&message).map_err(Failure::malformed_body)?;
    ask(&place, &contract, &message).await
}

async fn ask(place: &Place, contract: &ContractName, message: &[u8]) -> Result<Response, Failure> {
    let answer = place.ledger.query(contract, message).await?;
    Ok(([(header::CONTENT_TYPE, JSON)], answer).into_response())
}

/// How to read a value.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct StateQuery {
    /// Whether to add what convinces a stranger.
    #[serde(default)]
    proof: bool,
}

/// A contract's value under its own key; `proof=true` adds what convinces a stranger, of presence
/// and absence alike.
#[utoipa::path(
    get, path = "/v1/ledgers/{ledger}/contracts/{contract}/state/{key}", tag = "contracts",
    params(
        ("ledger" = String, Path, description = "The ledger's id or name"),
        ("contract" = String, Path, description = "The contract's name"),
        ("key" = String, Path, description = "The contract's own key, hex"),
        StateQuery
    ),
    responses(
        (status = 200, description = "The value, null when absent", body = StateView),
        (status = 404, description = "`proof.not_found`: no such contract", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`proof.not_yet_provable`", body = Problem, content_type = "application/problem+json")
    )
)]
pub(crate) async fn get_state(
    place: Place,
    Params(query): Params<StateQuery>,
) -> Result<Json<StateView>, Failure> {
    let contract: ContractName = place.parse("contract")?;
    let key =
        hex::decode(place.text("key")).map_err(|error| Failure::bad_parameter("key", error))?;
    let (value, height, evidence) = if query.proof {
        let answer = place.ledger.state_with_proof(&contract, &key).await?;
        let evidence = StateEvidence {
            proof: serde_json::to_value(&answer.proof).map_err(Failure::internal)?,
            headers: answer
                .headers
                .iter()
                .map(|header| hex::encode(header.encode()))
                .collect(),
            finality: serde_json::to_value(&answer.finality).map_err(Failure::internal)?,
        };
        (answer.value, answer.height, Some(evidence))
    } else {
        let answer = place.ledger.state(&contract, &key).await?;
        (answer.value, answer.height, None)
    };
    Ok(Json(StateView {
        contract: contract.to_string(),
        key: hex::encode(key),
        value: value.map(hex::encode),
        height,
        evidence,
    }))
}
