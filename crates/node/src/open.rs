//! Opens a ledger's state: new from genesis, or where it stopped.

use crate::{
    consensus::{
        chain::{ChainBook, KEPT, Link},
        keys::KeyError,
        roots::Roots,
        succession::Succession,
    },
    ledger::{Head, Ledger, Rules},
    mempool::Limits,
    pipeline::{
        executor::Halt,
        rows::{self, RowError},
    },
};
use blockworm_execution::{Builtins, ExecutionError, Executor};
use blockworm_ledger::{Genesis, LedgerId, OrganisationId};
use blockworm_state::{State, StateError, Store};
use std::sync::Arc;

/// The execution rules that this program has.
pub const PROTOCOL_VERSION: u32 = 1;
/// Heights whose roots are read back at start; `root_lag` is at most 64.
const ROOTS_READ: u64 = 72;

/// Why a ledger cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The program is too old for this ledger.
    #[error("ledger {0} needs protocol version {1}")]
    Protocol(LedgerId, u32),
    /// A validator's key cannot vote.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The state store failed or is damaged.
    #[error(transparent)]
    State(#[from] StateError),
    /// A row beside the state is damaged.
    #[error(transparent)]
    Row(#[from] RowError),
    /// The committed link of the last block is missing.
    #[error("the link of the last block, {0}, is missing")]
    LinkMissing(u64),
    /// Genesis cannot be executed.
    #[error("genesis cannot be executed: {0}")]
    Execution(#[from] ExecutionError),
    /// A stored block cannot be executed again.
    #[error(transparent)]
    Halt(#[from] Halt),
    /// The archive of blocks is damaged.
    #[error("the archive of ledger {0} cannot be opened: {1}")]
    Archive(LedgerId, String),
    /// A block that was acknowledged is not in the archive.
    #[error(
        "block {0} is missing in the archive; remove this ledger's folders and let the node fetch everything again"
    )]
    BlockMissing(u64),
    /// The node's key belongs to somebody else.
    #[error("the consensus key is the node of {owner} on ledger {ledger}, not of {configured}")]
    OtherOrganisation {
        /// Which ledger says so.
        ledger: LedgerId,
        /// Whose node the ledger knows it as.
        owner: OrganisationId,
        /// Whose the configuration says it is.
        configured: OrganisationId,
    },
    /// Two ledgers of a node share the first 24 bits of their ids.
    #[error("ledger {0} has no channel of its own on this node")]
    Channel(LedgerId),
}

/// An opened ledger, not running yet.
pub struct Opened<S: Store> {
    /// What its parts share.
    pub ledger: Arc<Ledger>,
    /// Its state.
    pub state: State<S>,
    /// Executes its blocks.
    pub executor: Executor<S>,
    /// The last committed block.
    pub last: Link,
}

/// Opens the state of a ledger and reads what the next headers need.
pub fn open<S: Store>(
    genesis: Genesis,
    store: S,
    builtins: Arc<Builtins>,
    limits: Limits,
    succession: Succession,
) -> Result<Opened<S>, OpenError> {
    let rules = Rules::new(genesis);
    let genesis = rules.genesis.clone();
    if genesis.protocol_version > PROTOCOL_VERSION {
        return Err(OpenError::Protocol(rules.id, genesis.protocol_version));
    }
    let state = State::open(store, genesis.parameters.bucket_bits)?;
    let mut executor = Executor::new(state.clone(), genesis.clone(), builtins)?;
    executor.apply_genesis()?;
    let height = state.height().unwrap_or(0);
    let mut links = rows::links(&state)?;
    if height < KEPT {
        links.push(Link::genesis(&rules.genesis_header));
    }
    let last = links
        .iter()
        .find(|link| link.height == height)
        .cloned()
        .ok_or(OpenError::LinkMissing(height))?;
    let head = Head {
        height,
        time_ms: last.time_ms,
        state_root: state.root(),
    };
    let finals: Vec<_> = links
        .iter()
        .map(|link| (link.height, link.digest))
        .collect();
    let ledger = Ledger::new(rules, ChainBook::new(links), head, limits, succession);
    ledger.learn(&executor.reader().membership()?)?;
    ledger.succession.executed(height);
    for (height, digest) in finals {
        ledger.note_final(height, digest);
    }
    for height in height.saturating_sub(ROOTS_READ).max(1)..=height {
        let (Some(row), Some(root)) = (rows::header(&state, height)?, state.root_at(height)) else {
            continue;
        };
        let roots = Roots {
            receipts: row.receipts_root,
            state: root,
        };
        ledger.roots.publish(height, roots);
    }
    Ok(Opened {
        ledger: Arc::new(ledger),
        state,
        executor,
        last,
    })
}
