//! Blocks and headers.

use crate::{
    app::{Params, Place},
    body::{OCTETS, wants_octets},
    model::{BlockLine, BlockSummary, BlockView, HeaderView, Page},
    paging::PageQuery,
    problem::{Failure, Problem},
};
use axum::{
    Json,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use blockworm_ledger::{Block, Receipt};
use blockworm_node::LedgerHandle;

/// Blocks, newest first. New blocks do not move the pages after the first.
#[utoipa::path(
    get, path = "/v1/ledgers/{ledger}/blocks", tag = "blocks",
    params(("ledger" = String, Path, description = "The ledger's id or name"), PageQuery),
    responses(
        (status = 200, description = "A page of blocks", body = Page<BlockSummary>),
        (status = 400, description = "`api.bad_parameter`, `api.bad_cursor`", body = Problem, content_type = "application/problem+json")
    )
)]
pub(crate) async fn list_blocks(
    place: Place,
    Params(query): Params<PageQuery>,
) -> Result<Json<Page<BlockSummary>>, Failure> {
    let asked = query.of("blocks")?;
    let newest = place.ledger.status().height.saturating_add(1);
    let before = asked
        .after_number()?
        .map_or(newest, |before: u64| before.min(newest));
    let run = page(&place.ledger, before, asked.limit as u64)?;
    Ok(Json(Page {
        items: run.blocks,
        next: run
            .next_before
            .map(|before| asked.next(&before.to_string())),
    }))
}

/// Blocks in a row, newest first.
pub(crate) struct BlockRun {
    pub(crate) blocks: Vec<BlockSummary>,
    /// The lowest height of the run, if there are lower blocks.
    pub(crate) next_before: Option<u64>,
}

/// The `limit` blocks below `before`, newest first.
pub(crate) fn page(ledger: &LedgerHandle, before: u64, limit: u64) -> Result<BlockRun, Failure> {
    let last = before.saturating_sub(limit).max(1);
    let mut blocks = Vec::new();
    for height in (last..before).rev() {
        if let Some((header, transactions)) = ledger.summary(height)? {
            blocks.push(BlockSummary {
                height,
                time_ms: header.time_ms,
                digest: header.digest().to_string(),
                transactions,
            });
        }
    }
    Ok(BlockRun {
        blocks,
        next_before: Some(last).filter(|last| *last > 1),
    })
}

/// The transactions of a block, in block order.
#[utoipa::path(
    get, path = "/v1/ledgers/{ledger}/blocks/{height}/transactions", tag = "blocks",
    params(
        ("ledger" = String, Path, description = "The ledger's id or name"),
        ("height" = String, Path, description = "A height from 1, or `latest`"),
        PageQuery
    ),
    responses(
        (status = 200, description = "A page of transactions", body = Page<BlockLine>),
        (status = 400, description = "`api.bad_parameter`, `api.bad_cursor`", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "`ledger.not_found`, `block.not_found`", body = Problem, content_type = "application/problem+json")
    )
)]
pub(crate) async fn list_block_transactions(
    place: Place,
    Params(query): Params<PageQuery>,
) -> Result<Json<Page<BlockLine>>, Failure> {
    let text = place.text("height");
    let latest = place.ledger.status().height;
    // A cursor names its block, so that the pages of `latest` stay those of one block.
    let cursor = query.cursor.clone();
    let asked = query.of(&format!("block-transactions:{text}"))?;
    let (height, from) = match (
        &cursor,
        asked.after.as_deref().map(|after| after.split_once('/')),
    ) {
        (Some(_), Some(Some((height, index)))) => {
            let parse = |text: &str| {
                text.parse::<u64>()
                    .map_err(|error| Failure::bad_parameter("cursor", error))
            };
            (parse(height)?, parse(index)? as usize)
        }
        (Some(_), _) => return Err(Failure::bad_parameter("cursor", "it is of another list")),
        (None, _) if text == "latest" => (latest, 0),
        (None, _) => (place.parse("height")?, 0),
    };
    let block = place.ledger.block(height).await?;
    let block = block.ok_or_else(|| Failure::not_found("block", format_args!("block {height}")))?;
    let receipts = place.ledger.receipts_of(height).await?.unwrap_or_default();
    let end = from.saturating_add(asked.limit);
    let more = block.transactions.len() > end;
    Ok(Json(Page {
        items: lines(&block, &receipts, from, asked.limit),
        next: more.then(|| asked.next(&format!("{height}/{end}"))),
    }))
}

/// A block.
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
    let view = BlockView {
        header: HeaderView::from(&block.header),
        transaction_bytes: block.transactions.byte_len() as u64,
        transaction_count: block.transactions.len(),
    };
    Ok(Json(view).into_response())
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
pub(super) fn height(place: &Place) -> Result<u64, Failure> {
    if place.text("height") == "latest" {
        return Ok(place.ledger.status().height);
    }
    place.parse("height")
}

fn lines(block: &Block, receipts: &[Receipt], from: usize, limit: usize) -> Vec<BlockLine> {
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
    let slices = block.transactions.slices().enumerate();
    // A committed block holds only transactions that parse: its verification refused others.
    slices.skip(from).take(limit).filter_map(line).collect()
}
