//! Proposes blocks and judges those of others.

use super::{
    block::{SealedBlock, ledger_digest},
    chain::Link,
    roots::Roots,
    transactions,
};
use crate::{
    clock::{now_ms, real_stretch_ms},
    ledger::Ledger,
    metrics::add,
};
use blockworm_crypto::{Digest, merkle};
use blockworm_ledger::{Header, Transactions, block::HEADER_VERSION};
use commonware_consensus::{
    Application as EngineApplication,
    marshal::ancestry::Ancestry,
    simplex::{scheme::ed25519::Scheme, types::Context},
};
use commonware_cryptography::{
    Digested, Digestible as _, ed25519::PublicKey, sha256::Digest as EngineDigest,
};
use commonware_macros::select;
use commonware_parallel::Strategy;
use commonware_runtime::{Clock, Metrics, Spawner};
use futures::StreamExt as _;
use std::{future::pending, sync::Arc, time::Duration};

/// A block this far ahead of our clock waits, milliseconds.
pub const PATIENT_MS: u64 = 500;
/// A block this far ahead of our clock is refused, milliseconds.
pub const REFUSED_MS: u64 = 5_000;
/// Blocks follow each other no faster unless a quarter of a block waits, milliseconds.
const PACE_MS: u64 = 10;

/// What a header says that follows from blocks executed before it.
#[derive(Clone, Copy)]
struct Carried {
    roots: Roots,
    /// Digest of the set that votes on the next block.
    next_validators: Digest,
}

/// One ledger's rules for blocks, generic over the runtime and over where signatures are checked.
#[derive(Clone)]
pub struct Application<T: Strategy> {
    ledger: Arc<Ledger>,
    strategy: T,
}

impl<T: Strategy> Application<T> {
    /// The application of a ledger.
    pub fn new(ledger: Arc<Ledger>, strategy: T) -> Self {
        Self { ledger, strategy }
    }

    /// The link of `block`, whose ancestors follow in `ancestry`. Blocks met on the way are noted,
    /// so that their transactions are not taken again. `None` when the ancestry ends too early.
    async fn link(
        &self,
        block: Digested<SealedBlock>,
        ancestry: &mut impl Ancestry<SealedBlock>,
    ) -> Option<Link> {
        let mut unknown = Vec::new();
        let mut block = block;
        let mut link = loop {
            if let Some(link) = self.ledger.chain.get(&ledger_digest(&block.digest())) {
                break link;
            }
            unknown.push(block);
            block = ancestry.next().await?;
        };
        while let Some(block) = unknown.pop() {
            let sealed = block.inner();
            link = link.child(sealed.header(), !sealed.ids().is_empty())?;
            self.note(sealed, link.clone());
        }
        Some(link)
    }

    fn note(&self, block: &SealedBlock, link: Link) {
        if block.header().height > self.ledger.head().height && !block.ids().is_empty() {
            let mut mempool = self.ledger.mempool();
            mempool.depart(block.header().height, block.header_digest(), block.ids());
        }
        self.ledger.chain.insert(link);
    }

    /// Waits until there is a reason for a block on `parent`: transactions, roots that must stand
    /// in a header, validators who wait for the end of the epoch, or the heartbeat.
    async fn wait_for_reason(&self, clock: &impl Clock, parent: &Link) {
        let parameters = &self.ledger.rules.genesis.parameters;
        let plenty = parameters.block_bytes as usize / 4;
        let owes_roots = parent.owes_roots(self.ledger.rules.root_lag());
        loop {
            let arrival = self.ledger.arrivals.notified();
            if self.ledger.succession.is_pending(parent.height + 1) {
                // Others wait to vote: fill the epoch.
                return;
            }
            let (ready, ready_bytes) = self.ledger.mempool().ready();
            let age_ms = now_ms(clock).saturating_sub(parent.time_ms);
            let age_ms = real_stretch_ms(clock, age_ms);
            let rest_ms = if ready_bytes >= plenty {
                0
            } else if ready > 0 || owes_roots {
                PACE_MS.saturating_sub(age_ms)
            } else if parameters.heartbeat_ms > 0 {
                parameters.heartbeat_ms.saturating_sub(age_ms)
            } else {
                arrival.await;
                continue;
            };
            if rest_ms == 0 {
                return;
            }
            select! {
                _ = arrival => {},
                _ = clock.sleep(Duration::from_millis(rest_ms)) => {},
            }
        }
    }

    /// Takes transactions and builds the block; runs to its end once begun, so nothing taken is
    /// lost when the engine stops asking.
    fn build(ledger: &Ledger, parent: &Link, carried: Carried, time_ms: u64) -> SealedBlock {
        let limits = &ledger.rules.block;
        let height = parent.height + 1;
        let mut mempool = ledger.mempool();
        let taken = mempool.take(
            limits.transactions as usize,
            limits.bytes as usize,
            &transactions::expiries(&ledger.rules, time_ms),
        );
        let ids: Arc<[_]> = taken.iter().map(|pending| pending.id).collect();
        let transactions = Transactions::from_encoded(taken.iter().map(|pending| &pending.bytes))
            .expect("invariant: a block's bytes are bounded by a u32");
        let header = Header {
            version: HEADER_VERSION,
            protocol_version: ledger.rules.genesis.protocol_version,
            ledger: ledger.rules.id,
            height,
            time_ms,
            parent: parent.digest,
            history_root: parent.history.root(),
            transactions_root: merkle::root(taken.iter().map(|pending| pending.leaf)),
            receipts_root: carried.roots.receipts,
            state_root: carried.roots.state,
            next_validators: carried.next_validators,
        };
        let block = SealedBlock::built(header, transactions, ids);
        mempool.depart(height, block.header_digest(), block.ids());
        drop(mempool);
        if let Some(link) = parent.child(block.header(), !block.ids().is_empty()) {
            ledger.chain.insert(link);
        }
        add(&ledger.counters.proposed, 1);
        block
    }

    /// What the header at `height` carries; waits for execution, `None` when it will not come.
    async fn carried(&self, height: u64) -> Option<Carried> {
        let lag = self.ledger.rules.root_lag();
        let roots = self.ledger.roots.for_header(height, lag).await?;
        let next_validators = self.ledger.succession.next_validators(height)?;
        Some(Carried {
            roots,
            next_validators,
        })
    }

    /// Everything about a header that follows from its parent alone.
    fn follows(&self, header: &Header, parent: &Link) -> Result<(), &'static str> {
        let rules = &self.ledger.rules;
        let checks = [
            (header.version == HEADER_VERSION, "header version"),
            (
                header.protocol_version == rules.genesis.protocol_version,
                "protocol version",
            ),
            (header.ledger == rules.id, "ledger"),
            (header.height == parent.height + 1, "height"),
            (header.parent == parent.digest, "parent"),
            (
                header.time_ms > parent.time_ms,
                "time not after its parent's",
            ),
            (header.history_root == parent.history.root(), "history root"),
        ];
        match checks.iter().find(|(holds, _)| !holds) {
            Some((_, what)) => Err(what),
            None => Ok(()),
        }
    }

    /// Judges a block; waits while the verdict can still change.
    async fn judge(
        &self,
        clock: &impl Clock,
        block: &Digested<SealedBlock>,
        ancestry: &mut impl Ancestry<SealedBlock>,
    ) -> Result<(), &'static str> {
        let sealed = block.inner();
        let header = sealed.header();
        if header.height <= self.ledger.head().height {
            // Decided already; an engine that replays its journal may still ask.
            return match self.ledger.final_at(header.height) {
                Some(digest) if digest == sealed.header_digest() => Ok(()),
                Some(_) => Err("another block is final at this height"),
                None => pending().await,
            };
        }
        let Some(parent) = ancestry.next().await else {
            return pending().await;
        };
        let Some(parent) = self.link(parent, ancestry).await else {
            return pending().await;
        };
        self.follows(header, &parent)?;
        let now = now_ms(clock);
        if header.time_ms > now + REFUSED_MS {
            return Err("time too far ahead");
        }
        if header.time_ms > now + PATIENT_MS {
            let wait_ms = real_stretch_ms(clock, header.time_ms - now - PATIENT_MS);
            clock.sleep(Duration::from_millis(wait_ms)).await;
        }
        transactions::check(&self.ledger, &self.strategy, &block.inner_shared()).await?;
        let Some(carried) = self.carried(header.height).await else {
            return pending().await;
        };
        let roots = Roots {
            receipts: header.receipts_root,
            state: header.state_root,
        };
        if carried.roots != roots {
            return Err("roots of an executed block");
        }
        if carried.next_validators != header.next_validators {
            return Err("next validators");
        }
        if let Some(link) = parent.child(header, !sealed.ids().is_empty()) {
            self.note(sealed, link);
        }
        Ok(())
    }
}

impl<E, T> EngineApplication<E> for Application<T>
where
    E: Clock + Spawner + Metrics,
    T: Strategy,
{
    type SigningScheme = Scheme;
    type Context = Context<EngineDigest, PublicKey>;
    type Block = SealedBlock;
    type Input = ();

    async fn propose(
        &mut self,
        (runtime, _): (E, Self::Context),
        mut ancestry: impl Ancestry<SealedBlock>,
        (): (),
    ) -> Option<Digested<SealedBlock>> {
        let parent = ancestry.next().await?;
        let parent = self.link(parent, &mut ancestry).await?;
        let height = parent.height + 1;
        self.ledger.mempool().land_back(height);
        let carried = self.carried(height).await?;
        self.wait_for_reason(&runtime, &parent).await;
        let time_ms = now_ms(&runtime).max(parent.time_ms + 1);
        let ledger = self.ledger.clone();
        let size = ledger.mempool().ready().0;
        let block = self
            .strategy
            .spawn(size, move |_| {
                Self::build(&ledger, &parent, carried, time_ms)
            })
            .await;
        let digest = block.digest();
        Some(Digested::precomputed(block, digest))
    }

    async fn verify(
        &mut self,
        (runtime, _): (E, Self::Context),
        mut ancestry: impl Ancestry<SealedBlock>,
    ) -> bool {
        let Some(block) = ancestry.next().await else {
            return pending().await;
        };
        let verdict = self.judge(&runtime, &block, &mut ancestry).await;
        if let Err(reason) = verdict {
            let digest: Digest = block.inner().header_digest();
            let height = block.inner().header().height;
            tracing::warn!(ledger = %self.ledger.rules.id, height, %digest, reason, "refused a proposal");
            add(&self.ledger.counters.refused_proposals, 1);
        }
        verdict.is_ok()
    }
}
