//! Runs one engine for each epoch, and enters the next when the last block of one is durable.

use crate::{
    ballots::{Ballots, witnesses},
    consensus::{
        application::Application,
        block::{SealedBlock, engine_digest},
        succession::Committee,
    },
    engine::{Marshal, Runtime},
    ledger::Ledger,
    network::{Hints, Lanes, subchannel},
    peers::Attendance,
    pipeline::{committer::Boundary, reporter::Votes},
    storage,
    timing::Timing,
};
use commonware_consensus::{
    Reporters,
    marshal::{Identifier, standard::Inline},
    simplex::{
        self,
        config::{Floor, ForwardPolicy, SkipBudget, SkipPolicy},
        elector::RoundRobin,
        scheme::ed25519::Scheme,
    },
    types::{Epoch, Epocher as _, FixedEpocher, Height, ViewDelta},
};
use commonware_cryptography::{
    ed25519::PublicKey,
    sha256::{Digest as EngineDigest, Sha256},
};
use commonware_p2p::{Blocker, Sender};
use commonware_parallel::{Sequential, Strategy};
use commonware_runtime::{Handle, buffer::paged::CacheRef};
use commonware_storage::metadata;
use commonware_utils::{Acknowledgement as _, NZDuration, NZUsize, vec::NonEmptyVec};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::mpsc;

/// Views below the last final one whose votes are kept.
const VOTES_KEPT: u64 = 64;

/// The application as the engine sees it.
pub type Wrapped<E, T> = Inline<E, Scheme, Application<T>, SealedBlock, FixedEpocher>;

/// The furthest epoch that a peer was heard in, and the peer.
pub type Furthest = Arc<Mutex<Option<(Epoch, PublicKey)>>>;

/// See the module.
pub struct Orchestrator<E: Runtime, S: Sender, B, T: Strategy> {
    /// The ledger.
    pub ledger: Arc<Ledger>,
    /// In which epochs this node may vote.
    pub ballots: Ballots<E>,
    /// The furthest epoch that a peer was heard in.
    pub furthest: Furthest,
    /// Which heights are in which epoch.
    pub epocher: FixedEpocher,
    /// The blocks.
    pub marshal: Marshal,
    /// Proposes and judges.
    pub inline: Wrapped<E, T>,
    /// Counts votes.
    pub votes: Votes,
    /// Shuts cheats out.
    pub blocker: B,
    /// Pages of the vote journal.
    pub page_cache: CacheRef,
    /// The channels.
    pub lanes: Lanes<S>,
    /// Ends of epochs, durable.
    pub ended: mpsc::UnboundedReceiver<Boundary>,
    /// What the partitions begin with.
    pub partition_prefix: String,
}

impl<E, S, B, T> Orchestrator<E, S, B, T>
where
    E: Runtime,
    S: Sender<PublicKey = PublicKey>,
    B: Blocker<PublicKey = PublicKey> + Sync,
    T: Strategy,
{
    /// Fetches the end of our epoch from a peer that votes in a later one.
    pub fn listen_for_hints(&self, hints: &Hints) {
        let (ledger, epocher) = (self.ledger.clone(), self.epocher.clone());
        let (marshal, furthest) = (self.marshal.clone(), self.furthest.clone());
        let behind = move |epoch: Epoch, peer: PublicKey| {
            let next = Height::new(ledger.head().height + 1);
            let Some(ours) = epocher.containing(next) else {
                return;
            };
            if epoch > ours.epoch() && ledger.peers.contains(&peer) {
                let mut known = furthest.lock().unwrap_or_else(PoisonError::into_inner);
                if known.as_ref().is_none_or(|(known, _)| epoch > *known) {
                    *known = Some((epoch, peer.clone()));
                }
                marshal.hint_finalized(ours.last(), NonEmptyVec::new(peer));
            }
        };
        hints.register(&self.ledger.rules.id, Box::new(behind));
    }

    /// Fetches the end of an epoch that is known to be over, without waiting for the next hint.
    fn hurry(&self, epoch: Epoch) {
        let known = self.furthest.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((furthest, peer)) = known.clone()
            && furthest > epoch
            && let Some(last) = self.epocher.last(epoch)
        {
            self.marshal.hint_finalized(last, NonEmptyVec::new(peer));
        }
    }

    /// Runs engines until the ledger stops.
    pub async fn run(mut self, context: E) {
        let Some((mut epoch, mut floor)) = self.first_epoch().await else {
            return self
                .ledger
                .fail("the last block of the previous epoch is missing".into());
        };
        loop {
            let Some(committee) = self.ledger.succession.of(epoch) else {
                return self
                    .ledger
                    .fail(format!("the validators of epoch {epoch} are unknown"));
            };
            self = match self.enter(epoch, &committee).await {
                Ok(entered) => entered,
                Err((ledger, error)) => {
                    return ledger.fail(format!("the record of votes cannot be kept: {error}"));
                }
            };
            if let Err(error) = self.ledger.enter(&committee) {
                return self.ledger.fail(format!("a node's key: {error}"));
            }
            let attendance = Attendance::default();
            let started = self.start(&context, epoch, floor, &committee, &attendance);
            let Some(engine) = started.await else {
                return self.ledger.fail(format!("epoch {epoch} has no channel"));
            };
            self.hurry(epoch);
            let votes = self.ledger.succession.votes_in(epoch);
            tracing::info!(ledger = %self.ledger.rules.id, %epoch, votes, "epoch entered");
            let Some(Boundary {
                height,
                digest,
                ack,
            }) = self.ended.recv().await
            else {
                return;
            };
            let Some(next) = self.epocher.containing(Height::new(height + 1)) else {
                return;
            };
            if attendance.among(&committee.keys) >= witnesses(committee.keys.len()) {
                self.ballots.witness(epoch);
            }
            (epoch, floor) = (next.epoch(), engine_digest(&digest));
            engine.abort();
            ack.acknowledge();
            self.forget_votes(&context, epoch).await;
        }
    }

    /// Notes that the epoch is entered and decides whether this node votes in it.
    async fn enter(
        mut self,
        epoch: Epoch,
        committee: &Committee,
    ) -> Result<Self, (Arc<Ledger>, metadata::Error)> {
        let ledger = self.ledger.clone();
        let entered = self.ballots.enter(epoch).await;
        let (ballots, may_vote) = entered.map_err(|error| (ledger.clone(), error))?;
        self.ballots = ballots;
        if committee.has_us && !may_vote {
            ledger.succession.mute(epoch);
            tracing::warn!(
                ledger = %ledger.rules.id,
                %epoch,
                "this node may have forgotten votes, so it casts none in this epoch"
            );
        }
        Ok(self)
    }

    /// Removes the journal of the epoch before the last.
    async fn forget_votes(&self, context: &E, entering: Epoch) {
        let Some(old) = entering.get().checked_sub(2) else {
            return;
        };
        for ours in [true, false] {
            let partition = self.votes_partition(Epoch::new(old), ours);
            match context.remove(&partition, None).await {
                Ok(()) | Err(commonware_runtime::Error::PartitionMissing(_)) => {}
                Err(error) => tracing::warn!(partition, %error, "old votes were not removed"),
            }
        }
    }

    /// Where the epoch's votes are journaled. A key that does not vote in it never replays the votes
    /// that a key before it cast from this folder.
    fn votes_partition(&self, epoch: Epoch, ours: bool) -> String {
        let (ledger, epoch) = (&self.ledger.rules.id, epoch.get());
        let votes = if ours {
            storage::votes_partition(ledger, epoch)
        } else {
            storage::watched_partition(ledger, epoch)
        };
        format!("{}{votes}", self.partition_prefix)
    }

    async fn first_epoch(&self) -> Option<(Epoch, EngineDigest)> {
        let processed = self
            .marshal
            .get_processed()
            .await
            .map_or(0, |processed| processed.height().get());
        let epoch = self.epocher.containing(Height::new(processed + 1))?.epoch();
        if epoch.is_zero() {
            return Some((
                epoch,
                engine_digest(&self.ledger.rules.genesis_header.digest()),
            ));
        }
        let height = Height::new(self.epocher.first(epoch)?.get() - 1);
        let block = self.marshal.get_block(Identifier::Height(height)).await?;
        Some((epoch, commonware_cryptography::Digestible::digest(&block)))
    }

    async fn start(
        &mut self,
        context: &E,
        epoch: Epoch,
        floor: EngineDigest,
        committee: &Committee,
        attendance: &Attendance,
    ) -> Option<Handle<()>> {
        let rules = &self.ledger.rules;
        let (channel, peers) = (subchannel(&rules.id, epoch), &self.ledger.peers);
        let vote = self.lanes.vote.register(channel).await.ok()?;
        let vote = peers.noting(vote, attendance.clone());
        let certificate = peers.on(self.lanes.certificate.register(channel).await.ok()?);
        let fetch = self.lanes.certificate_fetch.register(channel).await.ok()?;
        let timing = Timing::new(committee.keys.len(), rules.genesis.parameters.heartbeat_ms);
        let engine = simplex::Engine::new(
            context.child("engine").with_attribute("epoch", epoch),
            simplex::Config {
                scheme: Scheme::clone(&*self.ledger.succession.scheme(epoch)?),
                elector: RoundRobin::<Sha256>::default(),
                blocker: self.blocker.clone(),
                automaton: self.inline.clone(),
                relay: self.inline.clone(),
                reporter: Reporters::from((self.inline.clone(), self.votes.clone())),
                strategy: Sequential,
                partition: self.votes_partition(epoch, committee.has_us),
                mailbox_size: NZUsize!(1_024),
                epoch,
                floor: Floor::Genesis(floor),
                replay_buffer: storage::REPLAY_BUFFER,
                write_buffer: storage::KEY_BUFFER,
                page_cache: self.page_cache.clone(),
                leader_timeout: timing.leader,
                certification_timeout: timing.certification,
                timeout_retry: timing.retry,
                view_retention: ViewDelta::new(VOTES_KEPT),
                skip: SkipPolicy::Enabled {
                    timeout: timing.skip,
                    budget: SkipBudget::Participants,
                },
                fetch_timeout: NZDuration!(Duration::from_secs(2)),
                fetch_retry_delay: Duration::from_millis(500),
                forward: ForwardPolicy::Disabled,
                track_historical_votes: false,
            },
        );
        Some(engine.start(vote, certificate, fetch))
    }
}
