//! Starts and stops a node on the real machine.

use crate::{
    config::{NodeConfig, Profile},
    consensus::keys,
    engine::{self, Setup},
    following::{Followed, Own, follow_nodes},
    handle::{LedgerHandle, NodeHandle},
    mempool,
    network::{self, CHANNELS, Hints, Lanes},
    open::{OpenError, PROTOCOL_VERSION},
};
use blockworm_execution::{Builtins, ExecutionError};
use blockworm_ledger::{BlockLimits, Genesis, LedgerId, OrganisationId, finality::MAX_VALIDATORS};
use blockworm_state::FjallStore;
use commonware_cryptography::{
    ChaCha20Poly1305, Signer as _,
    ed25519::{PrivateKey, PublicKey},
};
use commonware_p2p::{Address, authenticated::lookup};
use commonware_runtime::{
    Quota, Runner as _, Spawner as _, Strategizer as _, Supervisor as _, tokio as tokio_runtime,
};
use commonware_stream::{
    cups::{self, Cups},
    sake::{self, Sake},
};
use commonware_utils::{NZU32, NZUsize};
use futures::future::{Either, select, select_all};
use std::{
    collections::BTreeMap,
    net::{SocketAddr, TcpListener},
    num::{NonZeroU32, NonZeroUsize},
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    sync::Arc,
    thread::JoinHandle,
    time::Duration,
};
use tokio::sync::{oneshot, watch};

/// Where the engine keeps its partitions, `<ledger id>-blocks-…` and `<ledger id>-votes-…`: it
/// takes one flat folder for all ledgers.
const ENGINE_DIRECTORY: &str = "ledgers/engine";

/// A connection on which nothing came for so long is given up and made anew. A cable that was out
/// leaves connections that wait for their next try half as long again as it was out, and then crawl.
const SILENCE: Duration = Duration::from_secs(10);
/// How often something is sent on a connection in any case, so that it is not taken for dead.
const PING: Duration = Duration::from_secs(3);
/// How long connecting may take before it is tried again.
const CONNECT: Duration = Duration::from_secs(3);

/// Why a node does not start or stopped by itself.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// Somebody else listens there.
    #[error(
        "cannot listen on {address}: {source}; stop the other process or choose another address"
    )]
    Listen {
        /// The configured address.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// A local consortium stays on this machine.
    #[error("profile local refuses the address {address}: it is not a loopback address")]
    NotLoopback {
        /// The refused address.
        address: SocketAddr,
    },
    /// The genesis breaks its own rules.
    #[error("genesis of ledger {name:?}: {reason}")]
    Genesis {
        /// Its name.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// The directory holds the ledger of another genesis.
    #[error(
        "{directory} holds a ledger of another genesis than {wanted}; use another directory, or restore the genesis file"
    )]
    OtherGenesis {
        /// Where.
        directory: PathBuf,
        /// The ledger of the configured genesis.
        wanted: LedgerId,
    },
    /// This program lacks the ledger's execution rules.
    #[error(
        "ledger {ledger} needs protocol version {needed}; this program knows up to {known}. Install a newer one"
    )]
    ProtocolVersion {
        /// Which ledger.
        ledger: LedgerId,
        /// What the ledger runs.
        needed: u32,
        /// What this program runs.
        known: u32,
    },
    /// The key is of the wrong kind.
    #[error("the consensus key must be Ed25519")]
    ConsensusKey,
    /// The key is another organisation's: somebody else's folder, or a wrong `organisation`.
    #[error(
        "the consensus key is the node of {owner} on ledger {ledger}, and the configuration says that this is the node of {configured}"
    )]
    OtherOrganisation {
        /// Which ledger says so.
        ledger: LedgerId,
        /// Whose node the ledger knows it as.
        owner: OrganisationId,
        /// Whose the configuration says it is.
        configured: OrganisationId,
    },
    /// The disk failed or holds something unexpected.
    #[error("{path}: {reason}")]
    Store {
        /// Where.
        path: PathBuf,
        /// What is wrong and what to do.
        reason: String,
    },
    /// A thread of the node ended with an error.
    #[error("the node stopped: {0}")]
    Stopped(String),
}

/// A node on its own threads. Dropping it stops the node without waiting.
pub struct RunningNode {
    handle: NodeHandle,
    stop: Option<oneshot::Sender<()>>,
    failed: watch::Receiver<Option<String>>,
    thread: Option<JoinHandle<()>>,
}

impl RunningNode {
    /// The handle that the rest of the house uses.
    #[must_use]
    pub fn handle(&self) -> NodeHandle {
        self.handle.clone()
    }

    /// Stops the node and waits until its threads ended. Whatever was acknowledged is on disk
    /// already. The stores close with the last handle.
    pub fn stop(mut self) -> Result<(), NodeError> {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        match self.failed.borrow().clone() {
            Some(reason) => Err(NodeError::Stopped(reason)),
            None => Ok(()),
        }
    }

    /// Holds the reason once the node has ended by itself, which is always an error.
    #[must_use]
    pub fn failed(&self) -> watch::Receiver<Option<String>> {
        self.failed.clone()
    }
}

/// Starts a node on its own threads and returns once it listens and its stores are open.
pub fn start(config: NodeConfig, builtins: Arc<Builtins>) -> Result<RunningNode, NodeError> {
    check(&config)?;
    let signer = keys::signer(&config.consensus_key).map_err(|_| NodeError::ConsensusKey)?;
    // Bound and released at once: the engine binds again and would only panic.
    drop(
        TcpListener::bind(config.listen).map_err(|source| NodeError::Listen {
            address: config.listen,
            source,
        })?,
    );
    let stores = config
        .ledgers
        .iter()
        .map(|genesis| open_store(&config, genesis))
        .collect::<Result<Vec<_>, _>>()?;
    let organisation = config.organisation.clone();
    let directory = config.directory.clone();
    let (ready, started) = std::sync::mpsc::channel();
    let (stop, stopped) = oneshot::channel();
    let (failing, failed) = watch::channel(None);
    let run = move || {
        let runtime = tokio_runtime::Config::new()
            .with_tcp_nodelay(Some(true))
            .with_connect_timeout(CONNECT)
            .with_read_write_timeout(SILENCE)
            .with_worker_threads(config.limits.worker_threads.max(1))
            .with_storage_directory(config.directory.join(ENGINE_DIRECTORY));
        let root = |context| run(context, config, builtins, signer, stores, ready, stopped);
        let ended = catch_unwind(AssertUnwindSafe(|| {
            tokio_runtime::Runner::new(runtime).start(root)
        }));
        let reason = ended.unwrap_or_else(|panic| Some(panic_text(panic.as_ref())));
        failing.send_replace(reason);
    };
    let thread = std::thread::Builder::new()
        .name("node".into())
        .spawn(run)
        .map_err(|error| NodeError::Stopped(format!("no thread: {error}")))?;
    match started.recv() {
        Ok(Ok(ledgers)) => Ok(RunningNode {
            handle: NodeHandle::new(organisation, &directory, ledgers),
            stop: Some(stop),
            failed,
            thread: Some(thread),
        }),
        Ok(Err(error)) => {
            let _ = thread.join();
            Err(error)
        }
        Err(_) => {
            let _ = thread.join();
            let reason = failed.borrow().clone();
            Err(NodeError::Stopped(
                reason.unwrap_or_else(|| "it ended while starting".into()),
            ))
        }
    }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("an internal error").to_owned()
}

/// What can be said before anything is opened.
fn check(config: &NodeConfig) -> Result<(), NodeError> {
    if config.profile == Profile::Local {
        let addresses = config
            .peers
            .iter()
            .map(|peer| peer.address)
            .chain([config.listen]);
        if let Some(address) = addresses
            .into_iter()
            .find(|address| !address.ip().is_loopback())
        {
            return Err(NodeError::NotLoopback { address });
        }
    }
    for genesis in &config.ledgers {
        let refuse = |reason: String| NodeError::Genesis {
            name: genesis.name.clone(),
            reason,
        };
        genesis.check().map_err(|error| refuse(error.to_string()))?;
        if genesis.protocol_version > PROTOCOL_VERSION {
            return Err(NodeError::ProtocolVersion {
                ledger: genesis.ledger_id(),
                needed: genesis.protocol_version,
                known: PROTOCOL_VERSION,
            });
        }
    }
    Ok(())
}

fn open_store(config: &NodeConfig, genesis: &Genesis) -> Result<FjallStore, NodeError> {
    let path = config
        .directory
        .join("ledgers")
        .join(genesis.ledger_id().to_string())
        .join("state");
    let store = std::fs::create_dir_all(&path)
        .map_err(|error| error.to_string())
        .and_then(|()| FjallStore::open(&path).map_err(|error| error.to_string()));
    store.map_err(|reason| NodeError::Store { path, reason })
}

type Started = std::sync::mpsc::Sender<Result<Vec<LedgerHandle>, NodeError>>;

/// The node's root task; returns the reason when it ends by itself.
async fn run(
    context: tokio_runtime::Context,
    config: NodeConfig,
    builtins: Arc<Builtins>,
    signer: PrivateKey,
    stores: Vec<FjallStore>,
    ready: Started,
    stopped: oneshot::Receiver<()>,
) -> Option<String> {
    let ledgers = match launch(&context, config, builtins, signer, stores).await {
        Ok(ledgers) => ledgers,
        Err(error) => {
            let _ = ready.send(Err(error));
            return None;
        }
    };
    let failures: Vec<_> = ledgers
        .iter()
        .map(|ledger| {
            let mut failure = ledger.ledger().failure.subscribe();
            Box::pin(async move {
                let failed = failure.wait_for(Option::is_some).await;
                failed.ok().and_then(|reason| reason.clone())
            })
        })
        .collect();
    let _ = ready.send(Ok(ledgers));
    let failure = async {
        if failures.is_empty() {
            std::future::pending().await
        } else {
            select_all(failures).await.0
        }
    };
    match select(stopped, std::pin::pin!(failure)).await {
        Either::Left(_) => None,
        Either::Right((reason, _)) => Some(reason.unwrap_or_else(|| "a ledger ended".into())),
    }
}

async fn launch(
    context: &tokio_runtime::Context,
    config: NodeConfig,
    builtins: Arc<Builtins>,
    signer: PrivateKey,
    stores: Vec<FjallStore>,
) -> Result<Vec<LedgerHandle>, NodeError> {
    let hints = Hints::default();
    let (mut lanes, oracle, known) = connect(context, &config, &signer, &hints)?;
    let (most, profile) = (config.limits.nodes, config.profile);
    let strategy = context
        .strategy(NonZeroUsize::new(config.limits.signature_threads).unwrap_or(NonZeroUsize::MIN));
    let mut ledgers = Vec::new();
    for (genesis, store) in config.ledgers.into_iter().zip(stores) {
        let id = genesis.ledger_id();
        let setup = Setup {
            genesis,
            store,
            builtins: builtins.clone(),
            limits: mempool::Limits {
                transactions: config.limits.mempool_transactions_per_organisation,
                bytes: config.limits.mempool_bytes_per_organisation,
            },
            organisation: config.organisation.clone(),
            signer: signer.clone(),
            never_voted: config.never_voted || config.never_voted_on.contains(&id),
            cosigner: config.cosigner.clone(),
            partition_prefix: String::new(),
        };
        let context = context.child("ledger").with_attribute("id", id);
        let started = engine::start(
            context,
            setup,
            &mut lanes,
            &hints,
            oracle.clone(),
            strategy.clone(),
        )
        .await;
        let path = config.directory.join("ledgers").join(id.to_string());
        ledgers.push(started.map_err(|error| translate(error, path, id))?);
    }
    let followed = ledgers
        .iter()
        .map(|ledger: &LedgerHandle| Followed::of(ledger.ledger()))
        .collect();
    let own = Own {
        key: signer.public_key(),
        known,
        most,
        profile,
    };
    let following = context.child("nodes");
    following.spawn(move |_| follow_nodes(oracle, own, followed));
    Ok(ledgers)
}

fn translate(error: OpenError, path: PathBuf, ledger: LedgerId) -> NodeError {
    match error {
        OpenError::Protocol(ledger, needed) => NodeError::ProtocolVersion {
            ledger,
            needed,
            known: PROTOCOL_VERSION,
        },
        OpenError::OtherOrganisation {
            ledger,
            owner,
            configured,
        } => NodeError::OtherOrganisation {
            ledger,
            owner,
            configured,
        },
        OpenError::Execution(ExecutionError::OtherGenesis) => NodeError::OtherGenesis {
            directory: path,
            wanted: ledger,
        },
        other => NodeError::Store {
            path,
            reason: other.to_string(),
        },
    }
}

type Oracle = lookup::Oracle<PublicKey>;
type Connected = (Lanes<NetworkSender>, Oracle, BTreeMap<PublicKey, Address>);
type NetworkSender =
    commonware_p2p::authenticated::lookup::Sender<PublicKey, tokio_runtime::Context>;

/// Joins the network of nodes: its channels are registered before it starts.
fn connect(
    context: &tokio_runtime::Context,
    config: &NodeConfig,
    signer: &PrivateKey,
    hints: &Hints,
) -> Result<Connected, NodeError> {
    let me = signer.public_key();
    let mut addresses: BTreeMap<PublicKey, Address> = BTreeMap::new();
    for peer in &config.peers {
        let key = keys::public(&peer.key).map_err(|_| NodeError::ConsensusKey)?;
        addresses.insert(key, peer.address.into());
    }
    addresses.insert(me, config.listen.into());
    let sizes: Vec<_> = config
        .ledgers
        .iter()
        .map(|genesis| {
            // The set may grow to this; a signature takes less than 70 bytes.
            let validators = MAX_VALIDATORS as u32;
            (BlockLimits::from(&genesis.parameters), validators)
        })
        .collect();
    let mut network = lookup::Config::recommended(
        Cups::<_, ChaCha20Poly1305>::new(
            Sake {
                signer: signer.clone(),
                synchrony_bound: Duration::from_secs(5),
                max_handshake_age: Duration::from_secs(10),
                version: sake::Version::V1,
            },
            cups::Version::V1,
        ),
        b"blockworm/network",
        config.listen,
        NonZeroUsize::new(addresses.len().max(config.limits.nodes)).unwrap_or(NonZeroUsize::MIN),
        network::largest_message(&sizes),
        NZUsize!(256),
    );
    network.allow_dns = false;
    // Members run in private networks too; who may connect is decided by key.
    network.allow_private_ips = true;
    // A restarted node must come back at once, and a local consortium shares one address.
    network.peer_connection_cooldown = Duration::from_millis(200);
    network.allowed_handshake_rate_per_ip = Quota::per_second(NZU32!(32));
    network.dial_frequency = Duration::from_millis(100);
    network.ping_frequency = PING;
    network.tracked_peer_sets = NZUsize!(1);
    network.block_duration = Duration::from_secs(3_600);
    let (mut network, oracle) = lookup::Network::new(context.child("network"), network);
    let quarter = config.limits.peer_messages_per_s / 4;
    let channels = std::array::from_fn(|channel| {
        let rate = quarter.saturating_mul(CHANNELS[channel].1).max(1);
        let quota = Quota::per_second(NonZeroU32::new(rate).unwrap_or(NonZeroU32::MIN));
        network.register(channel as u64, quota)
    });
    let lanes = network::divide(context, channels, hints);
    network.start();
    Ok((lanes, oracle, addresses))
}
