//! Wires one ledger together: stores, pipeline, mempool, marshal and an engine for each epoch.

use crate::{
    access::{Access, Sleeper},
    clock::now_ms,
    consensus::{
        application::Application,
        block::{SealedBlock, engine_digest},
        keys::Schemes,
    },
    gossip::{self, Outbox},
    handle::LedgerHandle,
    ledger::Ledger,
    mempool::{Admitting, Limits, Now},
    network::{Hints, Lanes, subchannel},
    open::{OpenError, Opened, open},
    orchestrator::Orchestrator,
    pipeline::{
        committer::Committer,
        executor::{AHEAD, Executed, Runner},
        reporter::{Blocks, Votes},
    },
    storage,
};
use blockworm_execution::Builtins;
use blockworm_ledger::{Block, Genesis, Transactions};
use blockworm_state::Store;
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
};
use commonware_p2p::{Blocker, Provider, Sender};
use commonware_parallel::Strategy;
use commonware_runtime::{Clock, Metrics, Spawner, Storage, buffer::paged::CacheRef};
use commonware_storage::archive::immutable::Archive;
use commonware_utils::{NZDuration, NZU64, NZUsize};
use rand_core::CryptoRng;
use std::{num::NonZeroU64, sync::Arc, time::Duration};
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
pub const TEMPORARY_VIEWS: u64 = 32;
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
    /// This node's voting key.
    pub signer: PrivateKey,
    /// What the engine's partitions begin with: empty, except where nodes share one storage.
    pub partition_prefix: String,
}

/// Whom a node may talk to and how it shuts somebody out.
#[derive(Clone)]
pub struct Peers<P, B> {
    /// The peers.
    pub provider: P,
    /// Disconnects a peer that cheats.
    pub blocker: B,
}

/// Starts a ledger; all its tasks are children of `context`.
pub async fn start<E, S, P, B, St, T>(
    context: E,
    setup: Setup<St>,
    lanes: &mut Lanes<S>,
    hints: &Hints,
    peers: Peers<P, B>,
    strategy: T,
) -> Result<LedgerHandle, OpenError>
where
    E: Runtime,
    S: Sender<PublicKey = PublicKey>,
    P: Provider<PublicKey = PublicKey>,
    B: Blocker<PublicKey = PublicKey> + Sync,
    St: Store,
    T: Strategy,
{
    let me = setup.signer.public_key();
    let schemes = Schemes::new(&setup.genesis, &setup.signer)?;
    let place = schemes.place();
    let opened = open(
        setup.genesis,
        setup.store,
        setup.builtins,
        setup.limits,
        place,
    )?;
    let Opened {
        ledger,
        state,
        executor,
        last,
    } = opened;
    let admission = executor.admission();
    let reader = executor.reader();
    let mut runner = Runner::new(ledger.clone(), executor, last);
    let page_cache = storage::page_cache();
    let epocher = FixedEpocher::new(
        NonZeroU64::new(ledger.rules.genesis.parameters.epoch_length).unwrap_or(NonZeroU64::MAX),
    );

    let (actor, marshal) = init_marshal(
        &context,
        &ledger,
        schemes.clone(),
        epocher.clone(),
        page_cache.clone(),
        &setup.partition_prefix,
    )
    .await?;
    let (boundaries, ended) = mpsc::unbounded_channel();
    let committer = Committer::new(ledger.clone(), state.clone(), boundaries);
    let fetching = fetching::init(
        context.child("block_fetch"),
        fetching::Config {
            public_key: me.clone(),
            peer_provider: peers.provider.clone(),
            blocker: peers.blocker.clone(),
            mailbox_size: NZUsize!(MAILBOX),
            fetch_timeout: NZDuration!(Duration::from_secs(2)),
            fetch_retry_delay: Duration::from_millis(100),
            priority_requests: false,
            priority_responses: false,
        },
        register(&mut lanes.block_fetch, &ledger).await?,
    );
    let (broadcast, buffer) = buffered::Engine::new(
        context.child("broadcast"),
        buffered::Config {
            public_key: me,
            mailbox_size: NZUsize!(MAILBOX),
            deque_size: BLOCKS_OF_A_PEER,
            priority: false,
            codec_config: ledger.rules.block,
            peer_provider: peers.provider.clone(),
            strategy: strategy.clone(),
        },
    );
    broadcast.start(register(&mut lanes.block, &ledger).await?);
    let (jobs, queue) = mpsc::unbounded_channel();
    actor.start(Blocks::new(ledger.clone(), jobs), buffer, fetching);

    replay(&marshal, &mut runner, &committer).await?;
    let (executed, steps) = mpsc::channel(AHEAD);
    context
        .child("executor")
        .dedicated()
        .spawn(move |context| runner.run(context, queue, executed));
    context
        .child("committer")
        .dedicated()
        .spawn(move |context| committer.run(context, steps));

    let clock = context.child("clock");
    let now: Now = Arc::new(move || now_ms(&clock));
    let outbox = Arc::new(Outbox::default());
    let admitting = Arc::new(Admitting::new(
        ledger.clone(),
        Arc::new(crate::access::Gate::new(admission, state.clone())),
        outbox.clone(),
        strategy.clone(),
        now.clone(),
    ));
    let (sender, receiver) = register(&mut lanes.gossip, &ledger).await?;
    context
        .child("gossip_out")
        .spawn(move |context| gossip::send(context, outbox, sender));
    let incoming = (ledger.clone(), admitting.clone());
    context
        .child("gossip_in")
        .spawn(move |_| gossip::receive(incoming.0, incoming.1, receiver));

    let application = Application::new(ledger.clone(), strategy.clone());
    let inline = Inline::new(
        context.child("inline"),
        application,
        marshal.clone(),
        epocher.clone(),
    );
    let orchestrator = Orchestrator {
        ledger: ledger.clone(),
        schemes,
        epocher,
        marshal: marshal.clone(),
        inline,
        votes: Votes::new(ledger.clone(), now.clone()),
        blocker: peers.blocker,
        page_cache,
        lanes: lanes.clone(),
        ended,
        partition_prefix: setup.partition_prefix,
    };
    orchestrator.listen_for_hints(hints);
    context
        .child("orchestrator")
        .spawn(move |context| orchestrator.run(context));

    let sleeping = context.child("sleep");
    let sleeper: Sleeper = Arc::new(move |duration| Box::pin(sleeping.sleep(duration)));
    Ok(LedgerHandle::new(Arc::new(Access {
        ledger,
        state,
        reader,
        admitting,
        marshal,
        sleeper,
        now,
    })))
}

/// The subchannel of a ledger on a channel that epochs share.
async fn register<S: Sender>(
    lane: &mut commonware_p2p::utils::mux::MuxHandle<S>,
    ledger: &Ledger,
) -> Result<
    (
        commonware_p2p::utils::mux::SubSender<S>,
        commonware_p2p::utils::mux::SubReceiver<S::PublicKey>,
    ),
    OpenError,
> {
    let channel = subchannel(&ledger.rules.id, commonware_consensus::types::Epoch::zero());
    lane.register(channel)
        .await
        .map_err(|_| OpenError::Channel(ledger.rules.id))
}

type Certificates<E> = Archive<
    E,
    commonware_cryptography::sha256::Digest,
    commonware_consensus::simplex::types::Finalization<
        Scheme,
        commonware_cryptography::sha256::Digest,
    >,
>;
type FinalBlocks<E> = Archive<E, commonware_cryptography::sha256::Digest, Arc<SealedBlock>>;
type MarshalActor<E, T> =
    Actor<E, Standard<SealedBlock>, Schemes, Certificates<E>, FinalBlocks<E>, FixedEpocher, T>;

/// Opens the archives and the marshal over them.
async fn init_marshal<E: Runtime>(
    context: &E,
    ledger: &Ledger,
    schemes: Schemes,
    epocher: FixedEpocher,
    page_cache: CacheRef,
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
            provider: schemes,
            epocher,
            start: Start::Genesis(Digested::precomputed(genesis, digest)),
            partition_prefix: prefix,
            mailbox_size: NZUsize!(MAILBOX),
            view_retention: ViewDelta::new(TEMPORARY_VIEWS),
            prunable_items_per_section: NZU64!(16),
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
