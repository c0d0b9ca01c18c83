//! Cosigned checkpoints of the history tree, and any header's place in it.

use super::blocks::height;
use crate::{
    app::{Params, Place},
    model::{CheckpointView, HistoryView},
    problem::{Failure, Problem},
};
use axum::Json;
use serde::Deserialize;
use utoipa::IntoParams;

/// Which checkpoint.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct CheckpointQuery {
    /// A height that it should cover; the newest unless given.
    #[param(maximum = 9_223_372_036_854_775_807_u64)]
    covering: Option<u64>,
}

/// A cosigned checkpoint: the earliest one kept whose size is above the height and that a quorum
/// (2f+1) cosigned; where there is none, that with the most cosigners; where none covers the height
/// yet, the newest: compare `size`.
#[utoipa::path(
    get, path = "/v1/ledgers/{ledger}/checkpoint", tag = "blocks",
    params(("ledger" = String, Path, description = "The ledger's id or name"), CheckpointQuery),
    responses(
        (status = 200, description = "The note and who cosigned it", body = CheckpointView),
        (status = 404, description = "`checkpoint.not_found`: nobody has cosigned one, as far as this node knows", body = Problem, content_type = "application/problem+json")
    )
)]
pub(crate) async fn get_checkpoint(
    place: Place,
    Params(query): Params<CheckpointQuery>,
) -> Result<Json<CheckpointView>, Failure> {
    // The schema's int64 is what programs of other languages hold.
    if query
        .covering
        .is_some_and(|height| i64::try_from(height).is_err())
    {
        return Err(Failure::bad_parameter("covering", "no ledger is as high"));
    }
    let kept = place.ledger.signed_checkpoint(query.covering)?;
    let kept = kept
        .ok_or_else(|| Failure::not_found("checkpoint", format_args!("a cosigned checkpoint")))?;
    Ok(Json(CheckpointView::from(&kept)))
}

/// In which tree.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct HistoryQuery {
    /// The size of the tree: how many headers, from 1; all that the node has unless given.
    #[param(minimum = 1)]
    size: Option<u64>,
}

/// A header and the proof that it stands in the history tree of a size, as RFC 9162 has it.
#[utoipa::path(
    get, path = "/v1/ledgers/{ledger}/history/{height}", tag = "blocks",
    params(
        ("ledger" = String, Path, description = "The ledger's id or name"),
        ("height" = String, Path, description = "A height from 0 (the genesis header), or `latest`"),
        HistoryQuery
    ),
    responses(
        (status = 200, description = "The header and its place", body = HistoryView),
        (status = 404, description = "`history.not_found`: there is no such tree here yet, or the header is not in it", body = Problem, content_type = "application/problem+json")
    )
)]
pub(crate) async fn get_history(
    place: Place,
    Params(query): Params<HistoryQuery>,
) -> Result<Json<HistoryView>, Failure> {
    let height = height(&place)?;
    let all = || place.ledger.status().height.saturating_add(1);
    let size = query.size.unwrap_or_else(all);
    let proved = place.ledger.history_proof(height, size)?;
    let (header, proof) = proved.ok_or_else(|| {
        Failure::not_found(
            "history",
            format_args!("header {height} in a tree of {size}"),
        )
    })?;
    Ok(Json(HistoryView::new(&header, &proof)))
}
