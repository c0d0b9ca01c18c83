//! Live events as server-sent events, resumable from any height.

use crate::{
    app::{App, Inner, Params, Place},
    model::{StreamBlock, StreamEvent},
    problem::{Failure, Problem},
};
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use blockworm_ledger::Receipt;
use blockworm_node::{CommittedBlock, LedgerHandle};
use serde::{Deserialize, Serialize};
use std::{collections::VecDeque, convert::Infallible, sync::Arc};
use tokio::sync::{
    OwnedSemaphorePermit,
    broadcast::{
        Receiver,
        error::{RecvError, TryRecvError},
    },
    watch,
};
use utoipa::IntoParams;

/// Which events to stream.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct EventQuery {
    /// The first height to send; the next block unless given. A `last-event-id` header counts more.
    from: Option<u64>,
    /// Only events of this contract.
    contract: Option<String>,
    /// Only events of this type.
    #[serde(rename = "type")]
    kind: Option<String>,
}

/// Events as they become final. `event: event` carries a StreamEvent; `event: block` follows the
/// events of each block, carries a StreamBlock and, as its id, the height: a client that comes
/// back with `last-event-id` misses nothing and gets a block that was cut off again as a whole.
#[utoipa::path(
    get, path = "/v1/ledgers/{ledger}/events", tag = "events",
    params(
        ("ledger" = String, Path, description = "The ledger's id or name"),
        EventQuery,
        ("last-event-id" = Option<u64>, Header, description = "The last height that was received whole")
    ),
    responses(
        (status = 200, description = "A stream that ends when the node stops, or within seconds of the caller's rights", content_type = "text/event-stream", body = StreamEvent),
        (status = 400, description = "`api.bad_parameter`", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "`events.too_many`", body = Problem, content_type = "application/problem+json")
    )
)]
pub(crate) async fn stream_events(
    State(app): State<App>,
    place: Place,
    Params(query): Params<EventQuery>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let inner: &Inner = &app;
    let permit = inner.streams.clone().try_acquire_owned().map_err(|_| {
        let detail = format!(
            "{} event streams are open already",
            inner.limits.event_streams
        );
        Failure::new(StatusCode::SERVICE_UNAVAILABLE, "events.too_many", detail)
    })?;
    let resumed = headers.get("last-event-id").map(|value| {
        let height = value
            .to_str()
            .ok()
            .and_then(|text| text.parse::<u64>().ok());
        height.ok_or_else(|| Failure::bad_parameter("last-event-id", "a height"))
    });
    // Subscribing comes before reading the height, so that no block falls between the two.
    let blocks = place.ledger.subscribe();
    let next = match resumed.transpose()? {
        Some(height) => height.saturating_add(1),
        None => query
            .from
            .unwrap_or_else(|| place.ledger.status().height.saturating_add(1)),
    };
    let feed = Feed {
        ledger: place.ledger,
        blocks,
        stopping: inner.stopping.clone(),
        next: next.max(1),
        contract: query.contract,
        kind: query.kind,
        waiting: VecDeque::new(),
        _permit: permit,
    };
    let stream = futures::stream::unfold(feed, |mut feed| async move {
        let event = feed.next().await?;
        Some((Ok::<_, Infallible>(event), feed))
    });
    let keep_alive = KeepAlive::new().interval(inner.limits.keep_alive);
    Ok(Sse::new(stream).keep_alive(keep_alive).into_response())
}

/// One reader's place. It moves only as fast as the reader takes events: at most one block's
/// events wait here, and older blocks are read back from disk.
struct Feed {
    ledger: LedgerHandle,
    blocks: Receiver<Arc<CommittedBlock>>,
    stopping: watch::Receiver<bool>,
    /// The next height to send.
    next: u64,
    contract: Option<String>,
    kind: Option<String>,
    waiting: VecDeque<Event>,
    _permit: OwnedSemaphorePermit,
}

impl Feed {
    /// The next event, or none when the node stops or cannot read its store.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return Some(event);
            }
            let block = self.block().await?;
            self.take(&block);
            self.next += 1;
        }
    }

    /// The block at `self.next`, once it is durable: live when it has just come, else from disk.
    async fn block(&mut self) -> Option<Arc<CommittedBlock>> {
        loop {
            let received = match self.blocks.try_recv() {
                Err(TryRecvError::Empty) if self.ledger.status().height < self.next => {
                    tokio::select! {
                        _ = self.stopping.wait_for(|stopping| *stopping) => return None,
                        received = self.blocks.recv() => received,
                    }
                }
                Err(TryRecvError::Closed) => return None,
                // Nothing newer waits, or some was missed: what is due is on disk.
                Err(TryRecvError::Empty | TryRecvError::Lagged(_)) => return self.stored().await,
                Ok(block) => Ok(block),
            };
            match received {
                Ok(block) if block.header.height == self.next => return Some(block),
                Ok(block) if block.header.height > self.next => return self.stored().await,
                // Sent before, from disk.
                Ok(_) => {}
                Err(RecvError::Lagged(_)) => return self.stored().await,
                Err(RecvError::Closed) => return None,
            }
        }
    }

    /// The block at `self.next` from disk; none ends the stream.
    async fn stored(&self) -> Option<Arc<CommittedBlock>> {
        let header = self.ledger.header(self.next).await;
        let receipts = self.ledger.receipts_of(self.next).await;
        match (header, receipts) {
            (Ok(Some(header)), Ok(Some(receipts))) => {
                Some(Arc::new(CommittedBlock { header, receipts }))
            }
            (Ok(_), Ok(_)) => {
                tracing::warn!(
                    height = self.next,
                    "event stream ended: the block is not on this disk"
                );
                None
            }
            (Err(error), _) | (_, Err(error)) => {
                tracing::warn!(%error, height = self.next, "event stream ended");
                None
            }
        }
    }

    /// Queues the block's events that the reader wants, and the mark that ends it.
    fn take(&mut self, block: &CommittedBlock) {
        let height = block.header.height;
        for receipt in &block.receipts {
            self.take_receipt(height, receipt);
        }
        let end = StreamBlock {
            height,
            time_ms: block.header.time_ms,
            transactions: block.receipts.len(),
        };
        self.waiting
            .push_back(event("block", &end).id(height.to_string()));
    }

    fn take_receipt(&mut self, height: u64, receipt: &Receipt) {
        for (position, spoken) in receipt.events.iter().enumerate() {
            let wanted = self
                .contract
                .as_deref()
                .is_none_or(|name| name == spoken.contract.as_str())
                && self.kind.as_deref().is_none_or(|kind| kind == spoken.kind);
            if wanted {
                self.waiting.push_back(event(
                    "event",
                    &StreamEvent {
                        height,
                        index: receipt.index,
                        position: position as u32,
                        transaction: receipt.transaction.to_string(),
                        event: spoken.clone().into(),
                    },
                ));
            }
        }
    }
}

fn event<T: Serialize>(name: &str, data: &T) -> Event {
    let json = serde_json::to_string(data).unwrap_or_default();
    Event::default().event(name).data(json)
}
