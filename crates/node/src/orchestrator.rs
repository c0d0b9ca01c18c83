//! Runs one engine for each epoch, and enters the next when the last block of one is durable.

use crate::{
    ballots::{Ballots, witnesses},
    consensus::{
        application::Application,
        block::{SealedBlock, engine_digest},
        succession::Committee,
        turns::Turns,
    },
    early::Early,
    engine::{Marshal, Runtime},
    ledger::Ledger,
    network::{Hints, Lanes, subchannel},
    peers::{Attendance, PeerReceiver, PeerSender},
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
        scheme::ed25519::Scheme,
    },
    types::{Epoch, Epocher as _, FixedEpocher, Height, ViewDelta},
};
use commonware_cryptography::{ed25519::PublicKey, sha256::Digest as EngineDigest};
use commonware_p2p::{
    Blocker, Sender,
    utils::mux::{SubReceiver, SubSender},
};
use commonware_parallel::{Sequential, Strategy};
use commonware_runtime::{Clock, Handle, buffer::paged::CacheRef};
use commonware_storage::metadata;
use commonware_utils::{
    Acknowledgement as _, Faults as _, N3f1, NZDuration, NZUsize, vec::NonEmptyVec,
};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::mpsc;

/// Views below the last final one whose votes are kept.
const VOTES_KEPT: u64 = 64;
/// How long a node that starts waits for a quorum of connections before it votes or proposes: the
/// engine sends a vote once, also when nobody is connected yet.
const GATHERING: Duration = Duration::from_secs(2);
const GATHERING_STEP: Duration = Duration::from_millis(50);

/// The application as the engine sees it.
pub type Wrapped<E, T> = Inline<E, Scheme, Application<T>, SealedBlock, FixedEpocher>;

/// The furthest epoch that a peer was heard in, and the peer.
pub type Furthest = Arc<Mutex<Option<(Epoch, PublicKey)>>>;

type Wire<S> = (
    PeerSender<SubSender<S>>,
    Early<PeerReceiver<SubReceiver<PublicKey>>>,
);

/// An epoch's channels of votes and certificates, open from the beginning of the epoch before.
struct Wires<S: Sender<PublicKey = PublicKey>> {
    vote: Wire<S>,
    certificate: Wire<S>,
    /// Who was heard voting.
    attendance: Attendance,
}

impl<S: Sender<PublicKey = PublicKey>> Wires<S> {
    /// Keeps what comes in before the epoch, and says of whom.
    async fn keep(&mut self) -> PublicKey {
        let (votes, certificates) = (&mut self.vote.1, &mut self.certificate.1);
        tokio::select! {
            biased;
            peer = votes.keep() => peer,
            peer = certificates.keep() => peer,
        }
    }
}

/// Notes who is ahead of this node, and fetches the end of our epoch from them.
#[derive(Clone)]
struct Lag {
    ledger: Arc<Ledger>,
    epocher: FixedEpocher,
    marshal: Marshal,
    furthest: Furthest,
}

impl Lag {
    /// A peer votes in this epoch.
    fn hear(&self, epoch: Epoch, peer: PublicKey) {
        let next = Height::new(self.ledger.head().height + 1);
        let Some(ours) = self.epocher.containing(next) else {
            return;
        };
        if epoch > ours.epoch() && self.ledger.peers.contains(&peer) {
            let mut known = self.furthest.lock().unwrap_or_else(PoisonError::into_inner);
            if known.as_ref().is_none_or(|(known, _)| epoch > *known) {
                *known = Some((epoch, peer.clone()));
            }
            self.marshal
                .hint_finalized(ours.last(), NonEmptyVec::new(peer));
        }
    }
}

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
        let lag = self.lag();
        let behind = move |epoch, peer| lag.hear(epoch, peer);
        hints.register(&self.ledger.rules.id, Box::new(behind));
    }

    fn lag(&self) -> Lag {
        Lag {
            ledger: self.ledger.clone(),
            epocher: self.epocher.clone(),
            marshal: self.marshal.clone(),
            furthest: self.furthest.clone(),
        }
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
        let lag = self.lag();
        let mut gathered = false;
        let mut opened = self.open(epoch).await;
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
            let (wires, next) = (opened.take(), self.open(epoch.next()).await);
            let (Some(mut wires), Some(mut next)) = (wires, next) else {
                return self.ledger.fail(format!("epoch {epoch} has no channel"));
            };
            if !gathered {
                gathered = true;
                gather(&context, &mut wires.vote.0, &committee).await;
            }
            let attendance = wires.attendance.clone();
            let started = self.start(&context, epoch, floor, &committee, wires);
            let Some(engine) = started.await else {
                return self.ledger.fail(format!("epoch {epoch} has no channel"));
            };
            self.hurry(epoch);
            let votes = self.ledger.succession.votes_in(epoch);
            tracing::info!(ledger = %self.ledger.rules.id, %epoch, votes, "epoch entered");
            let ended = loop {
                tokio::select! {
                    biased;
                    ended = self.ended.recv() => break ended,
                    peer = next.keep() => lag.hear(epoch.next(), peer),
                }
            };
            let Some(Boundary {
                height,
                digest,
                ack,
            }) = ended
            else {
                return;
            };
            let Some(following) = self.epocher.containing(Height::new(height + 1)) else {
                return;
            };
            if attendance.among(&committee.keys) >= witnesses(committee.keys.len()) {
                self.ballots.witness(epoch);
            }
            (epoch, floor) = (following.epoch(), engine_digest(&digest));
            opened = Some(next);
            engine.abort();
            ack.acknowledge();
            self.forget_votes(&context, epoch).await;
        }
    }

    /// Opens the channels of an epoch.
    async fn open(&mut self, epoch: Epoch) -> Option<Wires<S>> {
        let channel = subchannel(&self.ledger.rules.id, epoch);
        let peers = &self.ledger.peers;
        let vote = self.lanes.vote.register(channel).await.ok()?;
        let certificate = self.lanes.certificate.register(channel).await.ok()?;
        let attendance = Attendance::default();
        let (sender, receiver) = peers.noting(vote, attendance.clone());
        let vote = (sender, Early::new(receiver));
        let (sender, receiver) = peers.on(certificate);
        Some(Wires {
            vote,
            certificate: (sender, Early::new(receiver)),
            attendance,
        })
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
        wires: Wires<S>,
    ) -> Option<Handle<()>> {
        let rules = &self.ledger.rules;
        let channel = subchannel(&rules.id, epoch);
        let fetch = self.lanes.certificate_fetch.register(channel).await.ok()?;
        let before = epoch.previous().map_or_else(
            || Some(committee.keys.clone()),
            |before| Some(self.ledger.succession.of(before)?.keys.clone()),
        )?;
        let timing = Timing::new(committee.keys.len(), rules.genesis.parameters.heartbeat_ms);
        let engine = simplex::Engine::new(
            context.child("engine").with_attribute("epoch", epoch),
            simplex::Config {
                scheme: Scheme::clone(&*self.ledger.succession.scheme(epoch)?),
                elector: Turns { epoch, before },
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
        Some(engine.start(wires.vote, wires.certificate, fetch))
    }
}

/// Waits until a quorum of the validators is connected, for a while.
async fn gather<E: Clock, S: Sender<PublicKey = PublicKey>>(
    clock: &E,
    sender: &mut PeerSender<SubSender<S>>,
    committee: &Committee,
) {
    let quorum = usize::try_from(N3f1::quorum(committee.keys.len())).unwrap_or(usize::MAX);
    let others = quorum.saturating_sub(usize::from(committee.has_us));
    let until = clock.current() + GATHERING;
    while committee.has_us && clock.current() < until {
        let connected = sender.connected();
        let votes = |peer: &&PublicKey| committee.keys.position(*peer).is_some();
        if connected.iter().filter(votes).count() >= others {
            return;
        }
        clock.sleep(GATHERING_STEP).await;
    }
}
