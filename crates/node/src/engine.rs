//! Wires one ledger together: stores, pipeline, mempool, marshal and an engine for each epoch.

use crate::{
    access::{Access, Gate, Sleeper},
    ballots::Ballots,
    clock::{now_ms, real_ms},
    config::Cosigner,
    consensus::{
        application::Application,
        block::{SealedBlock, engine_digest},
        keys,
        succession::Succession,
    },
    cosigning::{Cosigning, Standing},
    gossip::{self, Outbox},
    handle::LedgerHandle,
    ledger::Ledger,
    mempool::{Admission, Admitting, Limits, Now},
    network::{Hints, Lanes, subchannel},
    open::{OpenError, open},
    orchestrator::{Furthest, Orchestrator},
    peers::{PeerReceiver, PeerSender},
    pipeline::{
        committer::{Boundary, Committer},
        executor::{AHEAD, Executed, Runner},
        reporter::{Blocks, Votes},
    },
    storage,
};
use blockworm_execution::{Builtins, Reader};
use blockworm_ledger::{Block, Genesis, OrganisationId, Transactions};
use blockworm_state::{State, Store};
use commonware_broadcast::buffered;
use commonware_consensus::{
    marshal::{
        self, Identifier, Start,
        core::{Actor, Mailbox},
        resolver::p2p as fetching,
        standard::{Inline, Standard},
    },
    simplex::scheme::ed25519::Scheme,
    types::{FixedEpocher, Height, ViewDelta},
};
use commonware_cryptography::{
    Digested, Signer as _,
    certificate::Verifier as _,
    ed25519::{PrivateKey, PublicKey},
    sha256::Digest as EngineDigest,
};
use commonware_p2p::{Blocker, Sender, utils::mux};
use commonware_parallel::Strategy;
use commonware_runtime::{Clock, Metrics, Spawner, Storage, buffer::paged::CacheRef};
use commonware_storage::archive::immutable::Archive;
use commonware_utils::{NZDuration, NZU64, NZUsize};
use rand_core::CryptoRng;
use std::{sync::Arc, time::Duration};
use tokio::sync::mpsc;

/// Everything that the engine needs of a runtime; the real one and the simulated one both have it.
pub trait Runtime: Clock + CryptoRng + Spawner + Storage + Metrics {}
impl<E: Clock + CryptoRng + Spawner + Storage + Metrics> Runtime for E {}

/// The marshal's mailbox for this ledger's blocks.
pub type Marshal = Mailbox<Scheme, Standard<SealedBlock>>;

/// Final blocks that the engine delivers ahead of their acknowledgement.
const PENDING_ACKS: usize = 16;
/// Blocks kept of each peer until they are final.
const BLOCKS_OF_A_PEER: usize = 8;
/// Views for which the engine keeps a second, temporary copy of its blocks.
pub const TEMPORARY_VIEWS: u64 = 10;
const MAILBOX: usize = 1_024;

/// What a ledger is started from.
pub struct Setup<St> {
    /// What it began with.
    pub genesis: Genesis,
    /// Where its state is.
    pub store: St,
    /// The contracts linked into this program.
    pub builtins: Arc<Builtins>,
    /// Bounds of the mempool.
    pub limits: Limits,
    /// Whose node this is.
    pub organisation: OrganisationId,
    /// This node's voting key.
    pub signer: PrivateKey,
    /// Whether this key has surely voted on nothing yet: a first start, not a restored node.
    pub never_voted: bool,
    /// What this node cosigns checkpoints with, if it does.
    pub cosigner: Option<Cosigner>,
    /// What the engine's partitions begin with: empty, except where nodes share one storage.
    pub partition_prefix: String,
}

/// Starts a ledger; all its tasks are children of `context`.
pub async fn start<E, S, B, St, T>(
    context: E,
    setup: Setup<St>,
    lanes: &mut Lanes<S>,
    hints: &Hints,
    blocker: B,
    strategy: T,
) -> Result<LedgerHandle, OpenError>
where
    E: Runtime,
    S: Sender<PublicKey = PublicKey>,
    B: Blocker<PublicKey = PublicKey> + Sync,
    St: Store,
    T: Strategy,
{
    let prefix = setup.partition_prefix.clone();
    let never_voted = setup.never_voted;
    let own = (setup.organisation.clone(), setup.cosigner.clone());
    let pipeline = start_pipeline(&context, setup, lanes, &blocker, &strategy).await?;
    let (ledger, marshal) = (pipeline.ledger, pipeline.marshal);
    let id = ledger.rules.id;
    let ballots = Ballots::open(context.child("ballots"), &prefix, &id, never_voted)
        .await
        .map_err(|error| OpenError::Archive(id, error.to_string()))?;
    let clock = context.child("clock");
    let now: Now = Arc::new(move || now_ms(&clock));
    let clock = context.child("watch");
    let heard: Now = Arc::new(move || real_ms(&clock));
    let gate = Arc::new(pipeline.gate);
    start_cosigning(&context, &ledger, lanes, own, &pipeline.reader, now.clone()).await?;
    let mempool = start_mempool(&context, &ledger, lanes, gate, &strategy, now.clone());
    let admitting = mempool.await?;
    let application = Application::new(ledger.clone(), strategy.clone());
    let (inlined, epocher) = (context.child("inline"), pipeline.epocher.clone());
    let inline = Inline::new(inlined, application, marshal.clone(), epocher);
    let orchestrator = Orchestrator {
        ledger: ledger.clone(),
        ballots,
        furthest: Furthest::default(),
        epocher: pipeline.epocher,
        marshal: marshal.clone(),
        inline,
        votes: Votes::new(ledger.clone(), heard.clone()),
        blocker,
        page_cache: pipeline.page_cache,
        lanes: lanes.clone(),
        ended: pipeline.ended,
        partition_prefix: prefix,
    };
    orchestrator.listen_for_hints(hints);
    let task = context.child("orchestrator");
    task.spawn(move |context| orchestrator.run(context));
    let sleeping = context.child("sleep");
    let sleeper: Sleeper = Arc::new(move |duration| Box::pin(sleeping.sleep(duration)));
    let access = Access {
        ledger,
        state: pipeline.state,
        reader: pipeline.reader,
        admitting,
        marshal,
        sleeper,
        now: heard,
    };
    Ok(LedgerHandle::new(Arc::new(access)))
}

/// What runs beneath the mempool and the engine.
struct Pipeline<St: Store> {
    ledger: Arc<Ledger>,
    state: State<St>,
    reader: Reader<St>,
    gate: Gate<St>,
    epocher: FixedEpocher,
    page_cache: CacheRef,
    marshal: Marshal,
    ended: mpsc::UnboundedReceiver<Boundary>,
}

/// Opens the stores, brings the state up to the blocks and executes what becomes final.
async fn start_pipeline<E, S, B, St, T>(
    context: &E,
    setup: Setup<St>,
    lanes: &mut Lanes<S>,
    blocker: &B,
    strategy: &T,
) -> Result<Pipeline<St>, OpenError>
where
    E: Runtime,
    S: Sender<PublicKey = PublicKey>,
    B: Blocker<PublicKey = PublicKey>,
    St: Store,
    T: Strategy,
{
    let me = setup.signer.public_key();
    let succession = Succession::new(&setup.genesis, setup.signer.clone())?;
    let Setup {
        genesis,
        store,
        builtins,
        limits,
        organisation,
        partition_prefix,
        ..
    } = setup;
    let opened = open(genesis, store, builtins, limits, succession.clone())?;
    check_owner(&opened.ledger, &organisation)?;
    opened.ledger.checkpoints.restore(&opened.state)?;
    let (ledger, state) = (opened.ledger, opened.state);
    let (admission, reader) = (opened.executor.admission(), opened.executor.reader());
    let mut runner = Runner::new(ledger.clone(), opened.executor, opened.last);
    let page_cache = storage::page_cache();
    let epocher = succession.epocher();

    let archive = (succession, epocher.clone(), page_cache.clone());
    let (actor, marshal) = init_marshal(context, &ledger, archive, &partition_prefix).await?;
    let (boundaries, ended) = mpsc::unbounded_channel();
    let committer = Committer::new(ledger.clone(), state.clone(), boundaries);
    let (jobs, queue) = mpsc::unbounded_channel();
    let fetching = fetch_blocks(context, &ledger, lanes, blocker, me.clone()).await?;
    let buffer = broadcast_blocks(context, &ledger, lanes, me, strategy).await?;
    actor.start(Blocks::new(ledger.clone(), jobs), buffer, fetching);
    replay(&marshal, &mut runner, &committer).await?;
    let (executed, steps) = mpsc::channel(AHEAD);
    let thread = context.child("executor").dedicated();
    thread.spawn(move |context| runner.run(context, queue, executed));
    let thread = context.child("committer").dedicated();
    thread.spawn(move |context| committer.run(context, steps));
    Ok(Pipeline {
        gate: Gate::new(admission, state.clone()),
        ledger,
        state,
        reader,
        epocher,
        page_cache,
        marshal,
        ended,
    })
}

/// Cosigns checkpoints and takes in what others cosign; nothing waits for it.
async fn start_cosigning<E: Runtime, S: Sender<PublicKey = PublicKey>, St: Store>(
    context: &E,
    ledger: &Arc<Ledger>,
    lanes: &mut Lanes<S>,
    (organisation, cosigner): (OrganisationId, Option<Cosigner>),
    reader: &Reader<St>,
    now: Now,
) -> Result<(), OpenError> {
    let reader = reader.clone();
    let standing: Standing = Arc::new(move |organisation| {
        let record = reader.organisation(organisation.as_str());
        record.ok().flatten()
    });
    let cosigning = Cosigning::new(ledger.clone(), organisation, cosigner, standing, now);
    let (sender, receiver) = register(&mut lanes.cosign, ledger).await?;
    let task = context.child("cosigning");
    task.spawn(move |context| cosigning.run(context, sender, receiver));
    Ok(())
}

/// A key that the ledger knows as another organisation's must neither vote nor speak as ours.
fn check_owner(ledger: &Ledger, organisation: &OrganisationId) -> Result<(), OpenError> {
    let nodes = ledger.nodes.borrow();
    let me = ledger.succession.me();
    let mine = nodes
        .iter()
        .find(|node| keys::public(&node.key).is_ok_and(|key| key == me));
    match mine {
        Some(node) if node.organisation != *organisation => Err(OpenError::OtherOrganisation {
            ledger: ledger.rules.id,
            owner: node.organisation.clone(),
            configured: organisation.clone(),
        }),
        _ => Ok(()),
    }
}

type Fetching = (
    commonware_consensus::marshal::resolver::handler::Receiver<EngineDigest>,
    fetching::Mailbox<EngineDigest, PublicKey>,
);

/// Fetches blocks that this node missed.
async fn fetch_blocks<E, S, B>(
    context: &E,
    ledger: &Ledger,
    lanes: &mut Lanes<S>,
    blocker: &B,
    me: PublicKey,
) -> Result<Fetching, OpenError>
where
    E: Runtime,
    S: Sender<PublicKey = PublicKey>,
    B: Blocker<PublicKey = PublicKey>,
{
    let wires = register(&mut lanes.block_fetch, ledger).await?;
    let config = fetching::Config {
        public_key: me,
        peer_provider: ledger.peers.clone(),
        blocker: blocker.clone(),
        mailbox_size: NZUsize!(MAILBOX),
        fetch_timeout: NZDuration!(Duration::from_secs(2)),
        fetch_retry_delay: Duration::from_millis(100),
        priority_requests: false,
        priority_responses: false,
    };
    Ok(fetching::init(context.child("block_fetch"), config, wires))
}

/// Sends new blocks to everybody and keeps those of others until they are final.
async fn broadcast_blocks<E, S, T>(
    context: &E,
    ledger: &Ledger,
    lanes: &mut Lanes<S>,
    me: PublicKey,
    strategy: &T,
) -> Result<buffered::Mailbox<PublicKey, SealedBlock>, OpenError>
where
    E: Runtime,
    S: Sender<PublicKey = PublicKey>,
    T: Strategy,
{
    let wires = register(&mut lanes.block, ledger).await?;
    let config = buffered::Config {
        public_key: me,
        mailbox_size: NZUsize!(MAILBOX),
        deque_size: BLOCKS_OF_A_PEER,
        priority: false,
        codec_config: ledger.rules.block,
        peer_provider: ledger.peers.clone(),
        strategy: strategy.clone(),
    };
    let (engine, buffer) = buffered::Engine::new(context.child("broadcast"), config);
    engine.start(wires);
    Ok(buffer)
}

/// Opens the way into the mempool, for clients of this node and for gossip.
async fn start_mempool<E: Runtime, S: Sender<PublicKey = PublicKey>, T: Strategy>(
    context: &E,
    ledger: &Arc<Ledger>,
    lanes: &mut Lanes<S>,
    rules: Arc<dyn Admission>,
    strategy: &T,
    now: Now,
) -> Result<Arc<Admitting<T>>, OpenError> {
    let (sender, receiver) = register(&mut lanes.gossip, ledger).await?;
    let outbox = Arc::new(Outbox::default());
    let ours = (ledger.clone(), strategy.clone());
    let admitting = Arc::new(Admitting::new(ours.0, rules, outbox.clone(), ours.1, now));
    let again = (ledger.clone(), outbox.clone());
    let repeating = context.child("gossip_again");
    repeating.spawn(move |context| gossip::repeat(context, again.0, again.1));
    let outgoing = context.child("gossip_out");
    outgoing.spawn(move |context| gossip::send(context, outbox, sender));
    let (ledger, others) = (ledger.clone(), admitting.clone());
    let incoming = context.child("gossip_in");
    incoming.spawn(move |_| gossip::receive(ledger, others, receiver));
    Ok(admitting)
}

/// The subchannel of a ledger on a channel that epochs share.
async fn register<S: Sender<PublicKey = PublicKey>>(
    lane: &mut mux::MuxHandle<S>,
    ledger: &Ledger,
) -> Result<
    (
        PeerSender<mux::SubSender<S>>,
        PeerReceiver<mux::SubReceiver<S::PublicKey>>,
    ),
    OpenError,
> {
    let channel = subchannel(&ledger.rules.id, commonware_consensus::types::Epoch::zero());
    let wires = lane
        .register(channel)
        .await
        .map_err(|_| OpenError::Channel(ledger.rules.id))?;
    Ok(ledger.peers.on(wires))
}

type Certificates<E> = Archive<
    E,
    EngineDigest,
    commonware_consensus::simplex::types::Finalization<Scheme, EngineDigest>,
>;
type FinalBlocks<E> = Archive<E, EngineDigest, Arc<SealedBlock>>;
type MarshalActor<E, T> =
    Actor<E, Standard<SealedBlock>, Succession, Certificates<E>, FinalBlocks<E>, FixedEpocher, T>;

/// Opens the archives and the marshal over them.
async fn init_marshal<E: Runtime>(
    context: &E,
    ledger: &Ledger,
    (succession, epocher, page_cache): (Succession, FixedEpocher, CacheRef),
    partition_prefix: &str,
) -> Result<(MarshalActor<E, commonware_parallel::Sequential>, Marshal), OpenError> {
    let prefix = format!(
        "{partition_prefix}{}",
        storage::blocks_prefix(&ledger.rules.id)
    );
    let damaged = |error| OpenError::Archive(ledger.rules.id, format!("{error}"));
    let certificates = Archive::init(
        context.child("certificates"),
        storage::archive(
            &prefix,
            "certificates",
            None,
            page_cache.clone(),
            Scheme::certificate_codec_config_unbounded(),
        ),
    )
    .await
    .map_err(damaged)?;
    let blocks = Archive::init(
        context.child("blocks"),
        storage::archive(
            &prefix,
            "final",
            None,
            page_cache.clone(),
            ledger.rules.block,
        ),
    )
    .await
    .map_err(damaged)?;
    let genesis = Block {
        header: ledger.rules.genesis_header.clone(),
        transactions: Transactions::default(),
    };
    let genesis = SealedBlock::check(genesis)
        .map_err(|error| OpenError::Archive(ledger.rules.id, error.to_string()))?;
    let digest = engine_digest(&genesis.header_digest());
    let (actor, mailbox, _) = Actor::init(
        context.child("marshal"),
        certificates,
        blocks,
        marshal::Config {
            provider: succession,
            epocher,
            start: Start::Genesis(Digested::precomputed(genesis, digest)),
            partition_prefix: prefix,
            mailbox_size: NZUsize!(MAILBOX),
            view_retention: ViewDelta::new(TEMPORARY_VIEWS),
            prunable_items_per_section: NZU64!(8),
            page_cache,
            replay_buffer: storage::REPLAY_BUFFER,
            key_write_buffer: storage::KEY_BUFFER,
            value_write_buffer: storage::VALUE_BUFFER,
            block_codec_config: ledger.rules.block,
            max_repair: NZUsize!(16),
            max_pending_acks: NZUsize!(PENDING_ACKS),
            strategy: commonware_parallel::Sequential,
        },
    )
    .await;
    Ok((actor, mailbox))
}

/// Rebuilds state that is behind the blocks acknowledged to the engine, as after a lost or reset
/// state store: those blocks are not delivered again.
async fn replay<S: Store>(
    marshal: &Marshal,
    runner: &mut Runner<S>,
    committer: &Committer<S>,
) -> Result<(), OpenError> {
    let processed = marshal
        .get_processed()
        .await
        .map_or(0, |processed| processed.height().get());
    let mut batch: Vec<Executed> = Vec::new();
    while runner.height() < processed {
        let height = runner.height() + 1;
        let block = marshal
            .get_block(Identifier::Height(Height::new(height)))
            .await
            .ok_or(OpenError::BlockMissing(height))?;
        batch.push(runner.execute(block.inner_shared(), None)?);
        if batch.len() >= AHEAD || height == processed {
            committer.commit(std::mem::take(&mut batch))?;
            tracing::info!(height, processed, "rebuilding state from blocks");
        }
    }
    Ok(())
}
