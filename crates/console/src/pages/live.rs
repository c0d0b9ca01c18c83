//! The live part of the overview: the ledger's figures and its newest blocks, as server-sent events.

use crate::{
    fault::Fault,
    format::{UtcTime, count},
    language::Language,
    ledger::{self, BlockRow, Organisation},
    pages::nodes::{self, NodeRow, Seen},
    visitor::{Visitor, render},
    words::Words,
};
use askama::Template;
use axum::response::{
    IntoResponse, Response,
    sse::{Event, KeepAlive, Sse},
};
use blockworm_node::{CommittedBlock, LedgerHandle};
use std::{collections::VecDeque, convert::Infallible, sync::Arc, time::Duration};
use tokio::{
    sync::{
        OwnedSemaphorePermit,
        broadcast::{
            Receiver,
            error::{RecvError, TryRecvError},
        },
        watch,
    },
    time::{Instant, sleep_until},
};

/// How many blocks the list holds.
pub(crate) const ROWS: u64 = 12;
/// Updates come at most this often, however fast blocks do.
const PACE: Duration = Duration::from_millis(400);
/// Figures are sent anew after this long without a block: peers come and go.
const STILL: Duration = Duration::from_secs(5);

/// A ledger's figures.
pub(crate) struct StatusView {
    pub(crate) height: String,
    pub(crate) tip: String,
    pub(crate) behind: bool,
    pub(crate) time: UtcTime,
    pub(crate) peers: usize,
    pub(crate) others: usize,
    pub(crate) waiting: String,
    /// How many cosigned the newest checkpoint but one, and how many nodes keep the ledger.
    pub(crate) cosigners: usize,
    pub(crate) nodes: usize,
}

/// The figures of this moment.
pub(crate) fn status_view(ledger: &LedgerHandle) -> StatusView {
    let status = ledger.status();
    let own = ledger.validators().iter().any(|seen| seen.this_node);
    StatusView {
        height: count(status.height),
        tip: count(status.tip),
        behind: status.catching_up,
        time: UtcTime(status.time_ms),
        peers: status.connected_peers,
        others: status.validators.saturating_sub(usize::from(own)),
        waiting: count(status.mempool_transactions),
        cosigners: ledger.cosigners_lately(),
        nodes: status.validators + ledger.watchers().len(),
    }
}

#[derive(Template)]
#[template(path = "part_status.html")]
struct StatusPart {
    w: &'static Words,
    s: StatusView,
}

#[derive(Template)]
#[template(path = "part_blocks.html")]
struct BlocksPart<'a> {
    w: &'static Words,
    ledger_id: &'a str,
    blocks: &'a VecDeque<BlockRow>,
}

#[derive(Template)]
#[template(path = "part_nodes.html")]
struct NodesPart {
    w: &'static Words,
    nodes: Vec<NodeRow>,
}

/// `event: status`, `blocks` and `nodes` carry HTML for the overview's live parts.
pub(crate) async fn stream(visitor: Visitor) -> Response {
    match open(&visitor).await {
        Ok(feed) => {
            let stream = futures::stream::unfold(feed, |mut feed| async move {
                let event = feed.next().await?;
                Some((Ok::<_, Infallible>(event), feed))
            });
            let keep_alive = KeepAlive::new().interval(Duration::from_secs(15));
            Sse::new(stream).keep_alive(keep_alive).into_response()
        }
        Err(fault) => visitor.reply(Err::<super::Never, _>(fault)),
    }
}

async fn open(visitor: &Visitor) -> Result<Feed, Fault> {
    let ledger = visitor.ledger()?;
    let places = visitor.console.streams.clone();
    let permit = places.try_acquire_owned();
    let permit = permit.map_err(|_| Fault::TooManyStreams(crate::LIVE_STREAMS))?;
    // Subscribing comes before reading, so that no block falls between the two.
    let blocks = ledger.subscribe();
    let mut feed = Feed {
        id: ledger.id().to_string(),
        ledger,
        language: visitor.language,
        organisations: Vec::new(),
        blocks,
        stopping: visitor.console.stopping.clone(),
        recent: VecDeque::new(),
        ready: VecDeque::new(),
        due: Instant::now(),
        _permit: permit,
    };
    feed.reload().await?;
    feed.tell();
    Ok(feed)
}

/// One reader's place: the newest blocks, and at most three events that wait to be taken.
struct Feed {
    ledger: LedgerHandle,
    id: String,
    language: Language,
    organisations: Vec<Organisation>,
    blocks: Receiver<Arc<CommittedBlock>>,
    stopping: watch::Receiver<bool>,
    /// Newest first, at most `ROWS`.
    recent: VecDeque<BlockRow>,
    ready: VecDeque<Event>,
    /// The earliest moment of the next update.
    due: Instant,
    _permit: OwnedSemaphorePermit,
}

impl Feed {
    /// The next event, or none when the server stops or the store fails.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            self.wait().await?;
            self.tell();
        }
    }

    /// Waits for news, gathers what comes until the next update is due.
    async fn wait(&mut self) -> Option<()> {
        let received = tokio::select! {
            _ = self.stopping.wait_for(|stopping| *stopping) => return None,
            received = self.blocks.recv() => Some(received),
            () = tokio::time::sleep(STILL) => None,
        };
        let mut missed = false;
        match received {
            Some(Ok(block)) => self.take(&block),
            Some(Err(RecvError::Lagged(_))) => missed = true,
            Some(Err(RecvError::Closed)) => return None,
            None => self.organisations = ledger::organisations(&self.ledger).await.ok()?,
        }
        tokio::select! {
            _ = self.stopping.wait_for(|stopping| *stopping) => return None,
            () = sleep_until(self.due) => {}
        }
        loop {
            match self.blocks.try_recv() {
                Ok(block) => self.take(&block),
                Err(TryRecvError::Lagged(_)) => missed = true,
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Closed) => return None,
            }
        }
        if missed {
            self.reload().await.ok()?;
        }
        Some(())
    }

    /// Puts a block in front, unless it is there.
    fn take(&mut self, block: &CommittedBlock) {
        let height = block.header.height;
        if self.recent.front().is_some_and(|row| row.height >= height) {
            return;
        }
        let row = BlockRow::new(&block.header, block.receipts.len());
        self.recent.push_front(row);
        self.recent.truncate(ROWS as usize);
    }

    /// Reads the newest blocks and the organisations from the store.
    async fn reload(&mut self) -> Result<(), Fault> {
        self.organisations = ledger::organisations(&self.ledger).await?;
        let before = self.ledger.status().height.saturating_add(1);
        self.recent = ledger::blocks_below(&self.ledger, before, ROWS)?.into();
        Ok(())
    }

    /// Queues all parts as they stand now.
    fn tell(&mut self) {
        self.due = Instant::now() + PACE;
        let w = self.language.words();
        let status = StatusPart {
            w,
            s: status_view(&self.ledger),
        };
        let blocks = BlocksPart {
            w,
            ledger_id: &self.id,
            blocks: &self.recent,
        };
        let nodes = NodesPart {
            w,
            nodes: nodes::rows(&self.organisations, &self.ledger, self.language),
        };
        let parts = [
            ("status", render(&status)),
            ("blocks", render(&blocks)),
            ("nodes", render(&nodes)),
        ];
        for (name, text) in parts {
            // Lines end with \n alone in a stream.
            let text = text.unwrap_or_default().replace('\r', "");
            self.ready
                .push_back(Event::default().event(name).data(text));
        }
    }
}
