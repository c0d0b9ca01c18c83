//! Contracts: queries and single values of the state, with their proofs.

use crate::{
    app::{App, Place},
    body::{self, JSON, Media},
    model::{StateQuestion, StateView},
    problem::{Failure, Problem},
    routes::directory,
};
use axum::{
    Json,
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use blockworm_ledger::{
    ContractName,
    chain::CertifiedHeaders,
    state_claim::{MAX_STATE_CLAIMS, StateAnswerProof, StateClaim},
};

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
    let answer = place.ledger.query(&contract, &message).await?;
    Ok(([(header::CONTENT_TYPE, JSON)], answer).into_response())
}

/// A contract's value under its own key.
#[utoipa::path(
    get, path = "/v1/ledgers/{ledger}/contracts/{contract}/state/{key}", tag = "contracts",
    params(
        ("ledger" = String, Path, description = "The ledger's id or name"),
        ("contract" = String, Path, description = "The contract's name"),
        ("key" = String, Path, description = "The contract's own key, hex")
    ),
    responses(
        (status = 200, description = "The value, null when absent", body = StateView),
        (status = 400, description = "`api.bad_parameter`", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "`contract.unknown`", body = Problem, content_type = "application/problem+json")
    )
)]
pub(crate) async fn get_state(place: Place) -> Result<Json<StateView>, Failure> {
    let (contract, key) = (known_contract(&place).await?, key(&place)?);
    let answer = place.ledger.state(&contract.0, &key).await?;
    Ok(Json(StateView {
        contract: contract.0.to_string(),
        key: hex::encode(key),
        value: answer.value.map(hex::encode),
        height: answer.height,
    }))
}

/// A proof of a contract's value, or of its absence, that a stranger checks offline.
#[utoipa::path(
    get, path = "/v1/ledgers/{ledger}/contracts/{contract}/state/{key}/proof", tag = "contracts",
    params(
        ("ledger" = String, Path, description = "The ledger's id or name"),
        ("contract" = String, Path, description = "The contract's name"),
        ("key" = String, Path, description = "The contract's own key, hex")
    ),
    responses(
        (status = 200, description = "A `blockworm-state/1` file (docs/formats/proof.md)", body = Object),
        (status = 404, description = "`contract.unknown`", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`proof.not_yet_provable`", body = Problem, content_type = "application/problem+json")
    )
)]
pub(crate) async fn get_state_proof(place: Place) -> Result<Response, Failure> {
    let (contract, key) = (known_contract(&place).await?, key(&place)?);
    let answer = place.ledger.state_with_proof(&contract.0, &key).await?;
    let claim = StateClaim::new(answer.height, contract.1, key, answer.value, answer.proof);
    state_file(&place, vec![claim], answer.chain)
}

/// The largest question for proofs: the most keys, each with the longest names and keys that there are.
const KEYS_MAX_BYTES: usize = 512 << 10;

/// Proofs of many values, or of their absence, all after the same block, in one file that a stranger checks offline.
#[utoipa::path(
    post, path = "/v1/ledgers/{ledger}/state-proofs", tag = "contracts",
    params(("ledger" = String, Path, description = "The ledger's id or name")),
    request_body(content = StateQuestion, description = "1 to 512 keys"),
    responses(
        (status = 200, description = "A `blockworm-state` file (docs/formats/proof.md), its claims in the order of the keys", body = Object),
        (status = 400, description = "`api.malformed_body`, `api.bad_parameter`", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "`contract.unknown`", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`proof.not_yet_provable`", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "`api.body_too_large`", body = Problem, content_type = "application/problem+json")
    )
)]
pub(crate) async fn prove_states(
    State(app): State<App>,
    place: Place,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    body::media(&headers, &[Media::Json])?;
    let body = body::read(&headers, body, KEYS_MAX_BYTES, app.limits.body).await?;
    let question: StateQuestion = serde_json::from_slice(&body).map_err(Failure::malformed_body)?;
    if !(1..=MAX_STATE_CLAIMS).contains(&question.keys.len()) {
        let what = format!(
            "{} keys; 1 to {MAX_STATE_CLAIMS} are proved at once",
            question.keys.len()
        );
        return Err(Failure::bad_parameter("keys", what));
    }
    let contracts = directory::contracts(&place).await?;
    let (mut keys, mut numbers) = (Vec::new(), Vec::new());
    for asked in &question.keys {
        let name: ContractName = asked
            .contract
            .parse()
            .map_err(|error| Failure::bad_parameter("contract", error))?;
        let known = contracts.iter().find(|one| one.name == name.as_str());
        numbers.push(known.ok_or_else(|| unknown_contract(&name))?.id);
        let key = hex::decode(&asked.key).map_err(|error| Failure::bad_parameter("key", error))?;
        keys.push((name, key));
    }
    let answer = place.ledger.states_with_proof(&keys).await?;
    let claims = keys.into_iter().zip(numbers).zip(answer.states);
    let states = claims.map(|(((_, key), number), (value, proof))| {
        StateClaim::new(answer.height, number, key, value, proof)
    });
    state_file(&place, states.collect(), answer.chain)
}

fn state_file(
    place: &Place,
    states: Vec<StateClaim>,
    chain: CertifiedHeaders,
) -> Result<Response, Failure> {
    let genesis = place.ledger.genesis();
    let file = StateAnswerProof {
        ledger: place.ledger.id(),
        genesis_digest: genesis.digest(),
        states,
        chain,
        genesis: genesis.as_ref().clone(),
    };
    let text = file.to_json().map_err(Failure::internal)?;
    Ok(body::attachment("state.proof.json", text))
}

fn unknown_contract(name: &ContractName) -> Failure {
    let detail = format!("no contract {name} on this ledger");
    Failure::new(StatusCode::NOT_FOUND, "contract.unknown", detail)
}

/// The contract in the path and its number on this ledger.
async fn known_contract(place: &Place) -> Result<(ContractName, u32), Failure> {
    let name: ContractName = place.parse("contract")?;
    let contracts = directory::contracts(place).await?;
    let known = contracts
        .iter()
        .find(|contract| contract.name == name.as_str());
    match known {
        Some(contract) => Ok((name, contract.id)),
        None => Err(unknown_contract(&name)),
    }
}

/// The contract's own key in the path.
fn key(place: &Place) -> Result<Vec<u8>, Failure> {
    hex::decode(place.text("key")).map_err(|error| Failure::bad_parameter("key", error))
}
