//! Makes executed blocks durable, several in one batch when they queue, then tells everybody.

use super::executor::{AHEAD, Executed, Step};
use crate::{
    clock::elapsed_us,
    consensus::roots::Roots,
    handle::CommittedBlock,
    ledger::{Head, Ledger},
    metrics::add,
};
use blockworm_crypto::Digest;
use blockworm_state::{State, StateError, Store};
use commonware_runtime::Clock;
use commonware_utils::{Acknowledgement as _, acknowledgement::Exact};
use std::sync::Arc;
use tokio::sync::mpsc;

/// Heights between two sweeps of abandoned receipt requests.
const SWEEP_BLOCKS: u64 = 512;

/// The last block of an epoch, durable; the engine goes on once the next epoch runs.
pub struct Boundary {
    /// The block's height.
    pub height: u64,
    /// Its digest.
    pub digest: Digest,
    /// The engine's acknowledgement.
    pub ack: Exact,
}

/// Commits blocks and announces them.
pub struct Committer<S: Store> {
    ledger: Arc<Ledger>,
    state: State<S>,
    boundaries: mpsc::UnboundedSender<Boundary>,
}

impl<S: Store> Committer<S> {
    /// A committer that reports ends of epochs to `boundaries`.
    pub fn new(
        ledger: Arc<Ledger>,
        state: State<S>,
        boundaries: mpsc::UnboundedSender<Boundary>,
    ) -> Self {
        Self {
            ledger,
            state,
            boundaries,
        }
    }

    /// Makes blocks durable in one atomic batch and announces each. The acknowledgements come back
    /// to the caller.
    pub fn commit(&self, mut blocks: Vec<Executed>) -> Result<Vec<(Head, Exact)>, StateError> {
        // Cosignatures that came in since the last batch ride along.
        if let Some(last) = blocks.last_mut() {
            last.rows.extend(self.ledger.checkpoints.take_rows());
        }
        let rows = blocks
            .iter_mut()
            .map(|block| (block.link.height, std::mem::take(&mut block.rows)))
            .collect();
        let roots = if blocks.is_empty() {
            Vec::new()
        } else {
            self.state.commit_many(rows)?
        };
        let mut acks = Vec::with_capacity(blocks.len());
        for (block, (_, state_root)) in blocks.into_iter().zip(roots) {
            let (head, ack) = self.announce(block, state_root);
            acks.extend(ack.map(|ack| (head, ack)));
        }
        Ok(acks)
    }

    fn announce(&self, block: Executed, state_root: Digest) -> (Head, Option<Exact>) {
        let ledger = &self.ledger;
        let Executed {
            block,
            link,
            receipts,
            receipts_root,
            ack,
            ..
        } = block;
        let head = Head {
            height: link.height,
            time_ms: link.time_ms,
            state_root,
        };
        ledger.roots.publish(
            head.height,
            Roots {
                receipts: receipts_root,
                state: state_root,
            },
        );
        let counters = &ledger.counters;
        let succeeded = receipts.iter().filter(|receipt| receipt.is_ok()).count() as u64;
        add(&counters.succeeded, succeeded);
        add(
            &counters.refused_in_blocks,
            receipts.len() as u64 - succeeded,
        );
        add(&counters.blocks, 1);
        add(&counters.empty_blocks, u64::from(receipts.is_empty()));
        let before = ledger.head.send_replace(head);
        let interval_ms = head.time_ms.saturating_sub(before.time_ms);
        counters
            .block_interval_ms
            .store(interval_ms, std::sync::atomic::Ordering::Relaxed);
        ledger.waiters.resolve(&receipts);
        if head.height.is_multiple_of(SWEEP_BLOCKS) {
            ledger.waiters.sweep();
        }
        if ledger.commits.receiver_count() > 0 {
            let header = block.header().clone();
            let _ = ledger
                .commits
                .send(Arc::new(CommittedBlock { header, receipts }));
        }
        (head, ack)
    }

    /// Commits what the executor sends until it stops.
    pub async fn run<E: Clock>(self, context: E, mut steps: mpsc::Receiver<Step>) {
        while let Some(first) = steps.recv().await {
            let mut blocks = Vec::new();
            let mut again = Vec::new();
            let mut next = Some(first);
            while let Some(step) = next {
                match step {
                    Step::Commit(block) => blocks.push(*block),
                    Step::Again(ack) => again.push(ack),
                }
                next = if blocks.len() < AHEAD {
                    steps.try_recv().ok()
                } else {
                    None
                };
            }
            let since = context.current();
            let acks = match self.commit(blocks) {
                Ok(acks) => acks,
                Err(error) => {
                    return self
                        .ledger
                        .fail(format!("blocks cannot be made durable: {error}"));
                }
            };
            add(&self.ledger.counters.commits, 1);
            add(&self.ledger.counters.commit_us, elapsed_us(&context, since));
            again.into_iter().for_each(Exact::acknowledge);
            for (head, ack) in acks {
                self.acknowledge(head, ack);
            }
        }
    }

    fn acknowledge(&self, head: Head, ack: Exact) {
        let length = self.ledger.rules.genesis.parameters.epoch_length;
        let last_of_epoch = (head.height + 1).is_multiple_of(length);
        let digest = last_of_epoch
            .then(|| self.ledger.final_at(head.height))
            .flatten();
        match digest {
            Some(digest) => {
                let _ = self.boundaries.send(Boundary {
                    height: head.height,
                    digest,
                    ack,
                });
            }
            None => ack.acknowledge(),
        }
    }
}
