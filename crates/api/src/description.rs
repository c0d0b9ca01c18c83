//! What the document says of every route alike: how to be let in, and which problems may come.

use crate::problem::{PROBLEM_JSON, Problem};
use utoipa::{
    PartialSchema as _,
    openapi::{
        Components, ContentBuilder, OpenApi, PathItem, Ref, RefOr, ResponseBuilder,
        path::Operation,
        security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme},
    },
};

/// Adds to the document what holds for all routes.
pub(crate) fn complete(document: &mut OpenApi) {
    let components = document.components.get_or_insert_with(Components::new);
    components
        .schemas
        .entry("Problem".to_owned())
        .or_insert_with(Problem::schema);
    let mut bearer = Http::new(HttpAuthScheme::Bearer);
    bearer.description =
        Some("An API key, `bwk_` and 64 hex digits (blockworm api-key create)".into());
    components.add_security_scheme("api_key", SecurityScheme::Http(bearer));
    let certificate = "A certificate of a member that is registered on the ledger";
    components.add_security_scheme(
        "certificate",
        SecurityScheme::MutualTls {
            description: Some(certificate.into()),
            deprecated: None,
            extensions: None,
        },
    );
    for (path, item) in &mut document.paths.paths {
        for operation in operations(item) {
            complete_operation(path, operation);
        }
    }
}

fn complete_operation(path: &str, operation: &mut Operation) {
    // The first asks nobody, the others by what stands in the body.
    let open = matches!(
        path,
        "/health/live"
            | "/v1/evaluations"
            | "/v1/timestamps"
            | "/v1/identity/enrolments"
            | "/v1/identity/renewals"
            | "/v1/identity/possessions"
    );
    // Loopback asks nobody; elsewhere one of the two is needed.
    let ways = [
        SecurityRequirement::default(),
        SecurityRequirement::new("api_key", [""; 0]),
        SecurityRequirement::new("certificate", [""; 0]),
    ];
    let count = if open { 1 } else { ways.len() };
    operation.security = Some(ways.into_iter().take(count).collect());
    let mut problem = |status: &str, text: &str| {
        let response = ResponseBuilder::new()
            .description(text)
            .content(
                PROBLEM_JSON,
                ContentBuilder::new()
                    .schema(Some(Ref::from_schema_name("Problem")))
                    .build(),
            )
            .build();
        let responses = &mut operation.responses.responses;
        let entry = responses.entry(status.to_owned());
        entry.or_insert(RefOr::T(response));
    };
    problem("400", "`api.bad_parameter`, `api.malformed_request`");
    problem(
        "403",
        "`api.host_refused`, `api.origin_refused`, `api.scope_missing`, `api.certificate_required`, `api.member_refused`",
    );
    if !open {
        problem(
            "401",
            "`api.unauthenticated`, `api.key_unknown`, `api.key_revoked`, `api.key_expired`",
        );
    }
    if path.contains("{ledger}") {
        problem("404", "`ledger.not_found`");
    }
    problem("default", "Any other problem; decide by its `code`");
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.post].into_iter().flatten()
}
