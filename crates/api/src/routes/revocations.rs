//! Lists of revoked certificates, for outsiders; the ledger itself asks none.

use crate::{
    app::{App, Place},
    problem::{Failure, Problem},
};
use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use blockworm_ledger::OrganisationId;
use blockworm_service::identity::revocations::RevocationError;

/// RFC 2585, section 4.2.
const MEDIA: &str = "application/pkix-crl";

/// The list of certificates that an organisation revoked, as far as this node has it: its own organisation's, made anew when it changed; another's, where that organisation handed it in.
#[utoipa::path(
    get, path = "/v1/ledgers/{ledger}/revocations/{organisation}", tag = "identity",
    params(
        ("ledger" = String, Path, description = "The ledger's id or name"),
        ("organisation" = String, Path, description = "The organisation's slug", pattern = "^[a-z][a-z0-9-]{0,31}$")
    ),
    responses(
        (status = 200, description = "A list of RFC 5280, DER", body = Vec<u8>, content_type = "application/pkix-crl"),
        (status = 400, description = "`api.bad_parameter`", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "`revocations.not_found`", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "`revocations.unusable`", body = Problem, content_type = "application/problem+json")
    )
)]
pub(crate) async fn get_revocations(
    State(app): State<App>,
    place: Place,
) -> Result<Response, Failure> {
    let organisation: OrganisationId = place.parse("organisation")?;
    let missing = || {
        let detail = format!("this node has no list of {organisation}'s revoked certificates");
        Failure::new(StatusCode::NOT_FOUND, "revocations.not_found", detail)
    };
    let desk = app.identity.clone().ok_or_else(missing)?;
    let asked = organisation.clone();
    // The authority's key is opened, and files are read: on a thread that may wait.
    let list = tokio::task::spawn_blocking(move || desk.revocations(&asked));
    match list.await.map_err(Failure::internal)? {
        Ok(Some(list)) => Ok(([(header::CONTENT_TYPE, MEDIA)], list).into_response()),
        Ok(None) => Err(missing()),
        Err(error) => Err(unusable(&organisation, &error)),
    }
}

/// What is wrong with the node's own files is no caller's business.
fn unusable(organisation: &OrganisationId, error: &RevocationError) -> Failure {
    tracing::error!(%error, %organisation, "the list of revoked certificates cannot be made");
    let detail = format!("the list of {organisation} cannot be made; its node's log says why");
    let status = StatusCode::SERVICE_UNAVAILABLE;
    Failure::new(status, "revocations.unusable", detail)
}
