//! Who waits for which receipt.

use blockworm_ledger::{Receipt, TransactionId};
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};
use tokio::sync::oneshot;

type Waiting = HashMap<TransactionId, Vec<oneshot::Sender<Receipt>>>;

/// Receipts asked for before their block is durable. Requests end by themselves: whoever stops
/// waiting drops its receiver, and the entry goes when the block comes or at the next sweep.
#[derive(Default)]
pub struct Waiters {
    waiting: Mutex<Waiting>,
}

impl Waiters {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Registers a request; the receiver resolves once the block is durable.
    pub fn register(
        &self,
        ids: impl IntoIterator<Item = TransactionId>,
    ) -> Vec<oneshot::Receiver<Receipt>> {
        let mut waiting = self.lock();
        ids.into_iter()
            .map(|id| {
                let (sender, receiver) = oneshot::channel();
                waiting.entry(id).or_default().push(sender);
                receiver
            })
            .collect()
    }

    /// Answers everybody who waits for one of these receipts.
    pub fn resolve(&self, receipts: &[Receipt]) {
        let mut waiting = self.lock();
        if waiting.is_empty() {
            return;
        }
        let answers: Vec<_> = receipts
            .iter()
            .filter_map(|receipt| Some((receipt, waiting.remove(&receipt.transaction)?)))
            .collect();
        drop(waiting);
        for (receipt, senders) in answers {
            for sender in senders {
                let _ = sender.send(receipt.clone());
            }
        }
    }

    /// Drops the requests that nobody waits for any more.
    pub fn sweep(&self) {
        self.lock().retain(|_, senders| {
            senders.retain(|sender| !sender.is_closed());
            !senders.is_empty()
        });
    }
}
