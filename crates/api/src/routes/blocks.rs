//! Blocks and headers.

use crate::{
    app::{Params, Place},
    body::{OCTETS, wants_octets},
    model::{BlockLine, BlockPage, BlockSummary, BlockView, HeaderView},
    problem::{Failure, Problem},
};
use axum::{
    Json,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use blockworm_ledger::{Block, Receipt};
use blockworm_node::LedgerHandle;
use serde::Deserialize;
use utoipa::IntoParams;

/// Most blocks on a page: each is read from disk.
const PAGE: u64 = 50;

/// Which blocks to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct BlockQuery {
    /// Only blocks below this height: the `next_before` of the page before.
    before: Option<u64>,
    /// How many blocks, 1 to 50; 20 unless given.
    #[param(minimum = 1, maximum = 50)]
    limit: Option<u64>,
}

/// Blocks, newest first.
#[utoipa::path(
    get, path = "/v1/ledgers/{ledger}/blocks", tag = "blocks",
    params(("ledger" = String, Path, description = "The ledger's id or name"), BlockQuery),
    responses(
        (status = 200, description = "A page of blocks", body = BlockPage),
        (status = 400, description = "`api.bad_parameter`", body = Problem, content_type = "application/problem+json")
    )
)]
pub(crate) async fn list_blocks(
    place: Place,
    Params(query): Params<BlockQuery>,
) -> Result<Json<BlockPage>, Failure> {
    let limit = query.limit.unwrap_or(20);
    if !(1..=PAGE).contains(&limit) {
        return Err(Failure::bad_parameter("limit", format_args!("1 to {PAGE}")));
    }
    let newest = place.ledger.status().height.saturating_add(1);
    let before = query.before.map_or(newest, |before| before.min(newest));
    Ok(Json(page(&place.ledger, before, limit).await?))
}

/// The `limit` blocks below `before`, newest first.
pub(crate) async fn page(
    ledger: &LedgerHandle,
    before: u64,
    limit: u64,
) -> Result<BlockPage, Failure> {
    let last = before.saturating_sub(limit).max(1);
    let mut blocks = Vec::new();
    for height in (last..before).rev() {
        if let Some(block) = ledger.block(height).await? {
            blocks.push(BlockSummary {
                height,
                time_ms: block.header.time_ms,
                digest: block.header.digest().to_string(),
                transactions: block.transactions.len(),
            });
        }
    }
    Ok(BlockPage {
        blocks,
        next_before: Some(last).filter(|last| *last > 1),
    })
}

/// A block with its transactions in order.
#[utoipa::path(
    get, path = "/v1/ledgers/{ledger}/blocks/{height}", tag = "blocks",
    params(
        ("ledger" = String, Path, description = "The ledger's id or name"),
        ("height" = String, Path, description = "A height from 1, or `latest`")
    ),
    responses(
        (status = 200, description = "The block; its canonical encoding when asked for", content((BlockView = "application/json"), (String = "application/octet-stream"))),
        (status = 404, description = "`block.not_found`", body = Problem, content_type = "application/problem+json")
    )
)]
pub(crate) async fn get_block(place: Place, headers: HeaderMap) -> Result<Response, Failure> {
    let height = height(&place)?;
    let block = place.ledger.block(height).await?;
    let block = block.ok_or_else(|| Failure::not_found("block", format_args!("block {height}")))?;
    if wants_octets(&headers) {
        return Ok(([(header::CONTENT_TYPE, OCTETS)], block.encode()).into_response());
    }
    let receipts = place.ledger.receipts_of(height).await?;
    Ok(Json(block_view(&block, &receipts.unwrap_or_default())).into_response())
}

/// A block's header.
#[utoipa::path(
    get, path = "/v1/ledgers/{ledger}/headers/{height}", tag = "blocks",
    params(
        ("ledger" = String, Path, description = "The ledger's id or name"),
        ("height" = String, Path, description = "A height from 0 (the genesis header), or `latest`")
    ),
    responses(
        (status = 200, description = "The header; its canonical encoding when asked for", content((HeaderView = "application/json"), (String = "application/octet-stream"))),
        (status = 404, description = "`block.not_found`", body = Problem, content_type = "application/problem+json")
    )
)]
pub(crate) async fn get_header(place: Place, headers: HeaderMap) -> Result<Response, Failure> {
    let height = height(&place)?;
    let header = place.ledger.header(height).await?;
    let header =
        header.ok_or_else(|| Failure::not_found("block", format_args!("block {height}")))?;
    if wants_octets(&headers) {
        return Ok(([(header::CONTENT_TYPE, OCTETS)], header.encode()).into_response());
    }
    Ok(Json(HeaderView::from(&header)).into_response())
}

/// The height in the path; `latest` is the last durable one.
fn height(place: &Place) -> Result<u64, Failure> {
    if place.text("height") == "latest" {
        return Ok(place.ledger.status().height);
    }
    place.parse("height")
}

fn block_view(block: &Block, receipts: &[Receipt]) -> BlockView {
    let line = |(index, bytes): (usize, &[u8])| {
        let view = blockworm_ledger::transaction::TransactionView::parse(bytes).ok()?;
        Some(BlockLine {
            id: view.id().to_string(),
            sender: view.sender().into(),
            contract: view.contract().into(),
            code: receipts
                .get(index)
                .map(|receipt| receipt.code.clone())
                .unwrap_or_default(),
        })
    };
    BlockView {
        header: HeaderView::from(&block.header),
        transaction_bytes: block.transactions.byte_len() as u64,
        // A committed block holds only transactions that parse: its verification refused others.
        transactions: block
            .transactions
            .slices()
            .enumerate()
            .filter_map(line)
            .collect(),
    }
}
