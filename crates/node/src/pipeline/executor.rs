//! Executes final blocks in order, on its own thread where the runtime has threads.

use super::{reporter::Job, rows};
use crate::{
    clock::elapsed_us,
    consensus::{block::SealedBlock, chain::Link, keys::KeyError},
    ledger::Ledger,
    metrics::add,
};
use blockworm_crypto::Digest;
use blockworm_execution::{ExecutionError, Executor};
use blockworm_ledger::Receipt;
use blockworm_state::{SideRow, Store};
use commonware_runtime::Clock;
use commonware_utils::acknowledgement::Exact;
use std::sync::Arc;
use tokio::sync::mpsc;

/// Executed blocks that may wait for the committer.
pub const AHEAD: usize = 16;

/// An executed block on its way to disk.
pub struct Executed {
    /// The block.
    pub block: Arc<SealedBlock>,
    /// Its place in the chain.
    pub link: Link,
    /// Its receipts.
    pub receipts: Vec<Receipt>,
    /// Root over them.
    pub receipts_root: Digest,
    /// What is committed beside the state.
    pub rows: Vec<SideRow>,
    /// Given back once durable; none when the block is replayed from the archive.
    pub ack: Option<Exact>,
}

/// Why a block cannot be executed.
#[derive(Debug, thiserror::Error)]
pub enum Halt {
    /// The state or a contract's host failed.
    #[error("block {0} cannot be executed: {1}")]
    Execution(u64, #[source] ExecutionError),
    /// The block gives a vote to a key that cannot have one.
    #[error("block {0} changes the validators: {1}")]
    Key(u64, #[source] KeyError),
    /// The block does not follow the last one.
    #[error("block {0} does not follow the last executed block")]
    Gap(u64),
    /// The block asks for rules that this program does not have.
    #[error("block {0} needs protocol version {1}; install a newer program")]
    Protocol(u64, u32),
}

/// Runs blocks against the state.
pub struct Runner<S: Store> {
    ledger: Arc<Ledger>,
    executor: Executor<S>,
    last: Link,
}

impl<S: Store> Runner<S> {
    /// A runner that goes on after `last`.
    pub fn new(ledger: Arc<Ledger>, executor: Executor<S>, last: Link) -> Self {
        Self {
            ledger,
            executor,
            last,
        }
    }

    /// The height executed last.
    #[must_use]
    pub fn height(&self) -> u64 {
        self.last.height
    }

    /// Executes the next block and shows its writes to readers.
    pub fn execute(
        &mut self,
        block: Arc<SealedBlock>,
        ack: Option<Exact>,
    ) -> Result<Executed, Halt> {
        let header = block.header();
        let height = header.height;
        if header.protocol_version != self.ledger.rules.genesis.protocol_version {
            return Err(Halt::Protocol(height, header.protocol_version));
        }
        let filled = !block.ids().is_empty();
        let link = self.last.child(header, filled).ok_or(Halt::Gap(height))?;
        let outcome = self
            .executor
            .execute_block(block.block())
            .map_err(|error| Halt::Execution(height, error))?
            .ok_or(Halt::Gap(height))?;
        if outcome.membership_changed {
            let membership = self.executor.reader().membership();
            let membership = membership.map_err(|error| Halt::Execution(height, error))?;
            self.ledger
                .learn(&membership)
                .map_err(|error| Halt::Key(height, error))?;
        }
        self.ledger.succession.executed(height);
        for note in &outcome.notes {
            tracing::warn!(ledger = %self.ledger.rules.id, height, note, "a contract failed");
        }
        let mut rows = rows::of_block(
            &block,
            (&self.last, &link),
            &outcome.receipts,
            outcome.receipts_root,
        );
        self.last = link.clone();
        self.ledger.chain.insert(link.clone());
        self.ledger.chain.prune(height);
        self.ledger.note_final(height, link.digest);
        rows.extend(outcome.rows);
        Ok(Executed {
            link,
            receipts: outcome.receipts,
            receipts_root: outcome.receipts_root,
            rows,
            ack,
            block,
        })
    }

    /// Executes what the engine delivers until it stops. A block delivered again is acknowledged
    /// once the committer has caught up with it.
    pub async fn run<E: Clock>(
        mut self,
        context: E,
        mut jobs: mpsc::UnboundedReceiver<Job>,
        executed: mpsc::Sender<Step>,
    ) {
        while let Some(Job { block, ack }) = jobs.recv().await {
            let block = block.inner_shared();
            let height = block.header().height;
            let step = if height <= self.last.height {
                Step::Again(ack)
            } else {
                let since = context.current();
                let result = self.execute(block.clone(), Some(ack));
                add(
                    &self.ledger.counters.execute_us,
                    elapsed_us(&context, since),
                );
                match result {
                    Ok(executed) => Step::Commit(Box::new(executed)),
                    Err(halt) => return self.ledger.fail(halt.to_string()),
                }
            };
            let time_ms = block.header().time_ms;
            self.ledger
                .mempool()
                .finalized(height, time_ms, block.ids());
            if executed.send(step).await.is_err() {
                return;
            }
        }
    }
}

/// What the committer does next.
pub enum Step {
    /// Make a block durable.
    Commit(Box<Executed>),
    /// Acknowledge a block that was delivered before.
    Again(Exact),
}
