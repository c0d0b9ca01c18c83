//! Stamps the newest checkpoint of one ledger when there is something new below it, with whichever authority answers first in the order of the settings.

use super::{
    Failing, HashAges, Source, Stamp, StampStore, Stamped, Standing, TimeClient, TimeError,
    drift_ms,
};
use crate::network::clock;
use blockworm_crypto::timestamp::Imprint;
use blockworm_ledger::LedgerId;
use std::{
    future::Future,
    sync::Arc,
    time::{Duration, Instant},
};

/// How soon a round that failed is tried again, at first; then twice as long each time.
const FIRST_RETRY: Duration = Duration::from_secs(1);
/// How rarely a renewal that fails is tried again: there are weeks for it.
const SLOWEST_RENEWAL: Duration = Duration::from_secs(300);
/// How often a ledger that rests is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// A checkpoint that may be stamped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stampable {
    /// How many headers it is over.
    pub size: u64,
    /// The note with the cosignatures that are there now.
    pub note: String,
    /// The note's body: what is stamped.
    pub body: String,
    /// The time of the last block below it, milliseconds since 1970 UTC.
    pub block_ms: u64,
}

/// Where the checkpoints of one ledger come from.
pub trait Checkpoints: Send + Sync + 'static {
    /// Which ledger.
    fn ledger(&self) -> LedgerId;

    /// The newest one.
    fn newest(&self) -> impl Future<Output = Option<Stampable>> + Send;

    /// The note of this size with all cosignatures that are there now, if it is kept still.
    fn note(&self, size: u64) -> Option<String>;

    /// Whether a block of this height or above has transactions.
    fn busy_since(&self, height: u64) -> bool;
}

/// How a node stamps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StampPlan {
    /// The authorities, the first one first.
    pub sources: Vec<Source>,
    /// At most one stamp in so long.
    pub interval: Duration,
    /// More drift than this is warned of.
    pub drift_limit_ms: u64,
    /// How long before its end a stamp is renewed.
    pub renew_before_ms: u64,
    /// Until when hash functions are believed.
    pub hashes: HashAges,
}

/// The stamper of one ledger.
pub struct Stamper<C> {
    pub(super) plan: StampPlan,
    pub(super) client: TimeClient,
    pub(super) store: Arc<StampStore>,
    pub(super) standing: Arc<Standing>,
    pub(super) checkpoints: C,
}

impl<C: Checkpoints> Stamper<C> {
    /// A stamper, and the standing that it keeps.
    pub fn new(
        plan: StampPlan,
        client: TimeClient,
        store: Arc<StampStore>,
        standing: Arc<Standing>,
        checkpoints: C,
    ) -> Self {
        let ledger = checkpoints.ledger();
        let newest = store.newest(&ledger);
        standing.change(ledger, |time| {
            time.stamping = true;
            time.newest_size = newest.as_ref().map(|about| about.size);
            time.newest_ms = newest.as_ref().map(|about| about.token_ms);
        });
        Self {
            plan,
            client,
            store,
            standing,
            checkpoints,
        }
    }

    /// Stamps and renews until the task is ended. Nothing that fails here ends anything else.
    pub async fn run(self) {
        let mut retry = FIRST_RETRY;
        let (mut renewal, mut renewal_retry) = (Instant::now(), FIRST_RETRY);
        loop {
            let pause = match self.stamp_newest().await {
                Ok(Some(_)) => {
                    retry = FIRST_RETRY;
                    self.plan.interval
                }
                Ok(None) => LOOK.min(self.plan.interval),
                Err(_) => {
                    let pause = retry;
                    retry = (retry * 2).min(self.plan.interval.max(Duration::from_secs(60)));
                    pause
                }
            };
            self.refresh_note().await;
            if Instant::now() >= renewal {
                renewal_retry = match self.renew_due().await {
                    Ok(_) => FIRST_RETRY,
                    Err(_) => (renewal_retry * 2).min(SLOWEST_RENEWAL),
                };
                renewal = Instant::now() + renewal_retry;
            }
            tokio::time::sleep(pause).await;
        }
    }

    /// Stamps the newest checkpoint where blocks with transactions came since the last stamp; its
    /// size.
    ///
    /// # Errors
    /// What the last authority said, where none gave a token.
    pub async fn stamp_newest(&self) -> Result<Option<u64>, TimeError> {
        let ledger = self.checkpoints.ledger();
        let stamped = self.store.newest(&ledger).map_or(0, |about| about.size);
        if !self.checkpoints.busy_since(stamped) {
            return Ok(None);
        }
        let Some(next) = self.checkpoints.newest().await else {
            return Ok(None);
        };
        if next.size <= stamped {
            return Ok(None);
        }
        let now_ms = clock::current_ms();
        let lasting = now_ms.saturating_add(self.plan.renew_before_ms);
        let algorithm = self.plan.hashes.strong_until(lasting);
        let imprint = Imprint {
            algorithm,
            digest: algorithm.digest(next.body.as_bytes()),
        };
        let (url, by) = self.ask(&imprint).await?;
        let stamp = Stamp::new(next.note, next.body, next.size, next.block_ms, &url, &by);
        self.keep(stamp.clone(), StampStore::put).await?;
        let drift = drift_ms(
            next.block_ms,
            by.asked_ms,
            by.answered_ms,
            by.verified.time_ms,
        );
        self.note_stamp(&stamp, &url, drift);
        Ok(Some(next.size))
    }

    /// Takes up cosignatures that came after the newest stamp: it is stamped within a second, and
    /// slow cosigners need longer.
    async fn refresh_note(&self) {
        let ledger = self.checkpoints.ledger();
        let Some(size) = self.store.newest(&ledger).map(|about| about.size) else {
            return;
        };
        let (store, note) = (self.store.clone(), self.checkpoints.note(size));
        let Some(note) = note else { return };
        let write = move || match store.get(ledger, size)? {
            Some(stamp) if note.len() > stamp.note.len() => store.put_note(ledger, size, &note),
            _ => Ok(()),
        };
        if let Ok(Err(error)) = tokio::task::spawn_blocking(write).await {
            tracing::warn!(%ledger, code = error.code(), "{error}");
        }
    }

    /// The first token that an authority gives, in the order of the settings.
    pub(super) async fn ask(&self, imprint: &Imprint) -> Result<(String, Stamped), TimeError> {
        let ledger = self.checkpoints.ledger();
        let mut last = TimeError::Setting("no authority is named".to_owned());
        for source in &self.plan.sources {
            match self.client.stamp(source, imprint).await {
                Ok(stamped) => return Ok((source.url.clone(), stamped)),
                Err(error) => {
                    tracing::warn!(%ledger, code = error.code(), "no timestamp: {error}");
                    last = error;
                }
            }
        }
        let now_ms = clock::current_ms();
        self.standing.change(ledger, |time| {
            time.failures += 1;
            let since_ms = time
                .failing
                .as_ref()
                .map_or(now_ms, |failing| failing.since_ms);
            time.failing = Some(Failing {
                since_ms,
                code: last.code().to_owned(),
                detail: last.to_string(),
            });
        });
        Err(last)
    }

    /// Writes a stamp on a thread that may wait for the disk.
    pub(super) async fn keep(
        &self,
        stamp: Stamp,
        write: fn(&StampStore, LedgerId, &Stamp) -> Result<(), TimeError>,
    ) -> Result<(), TimeError> {
        let (store, ledger) = (self.store.clone(), self.checkpoints.ledger());
        let kept = tokio::task::spawn_blocking(move || write(&store, ledger, &stamp)).await;
        let kept = kept.map_err(|error| TimeError::Setting(error.to_string()));
        kept.and_then(|kept| kept)
            .inspect_err(|error| tracing::error!(%ledger, code = error.code(), "{error}"))
    }

    fn note_stamp(&self, stamp: &Stamp, url: &str, drift: i64) {
        let ledger = self.checkpoints.ledger();
        let drifting = drift.unsigned_abs() > self.plan.drift_limit_ms;
        if drifting {
            tracing::warn!(
                %ledger, url, drift_ms = drift, limit_ms = self.plan.drift_limit_ms,
                "the timestamp authority's time and the ledger's have drifted apart; look at the clocks of this machine and of the validators"
            );
        }
        tracing::info!(%ledger, url, size = stamp.about.size, token_ms = stamp.about.token_ms, "stamped a checkpoint");
        self.standing.change(ledger, |time| {
            time.stamps += 1;
            time.newest_size = Some(stamp.about.size);
            time.newest_ms = Some(stamp.about.token_ms);
            time.drift_ms = drift;
            time.drifting = drifting;
            time.failing = None;
        });
    }
}
