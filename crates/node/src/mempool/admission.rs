//! The way into the mempool: form, rules, share and signature, cheapest first, signatures in batches.

use super::state::{Pending, Refused};
use crate::{
    consensus::transactions::{Signed, failing},
    gossip::Outbox,
    handle::{Admitted, Refusal},
    ledger::Ledger,
    metrics::add,
};
use blockworm_ledger::{TransactionId, TransactionView, codes};
use bytes::Bytes;
use commonware_parallel::Strategy;
use std::sync::Arc;

/// Reads the runtime's clock, milliseconds since 1970.
pub type Now = Arc<dyn Fn() -> u64 + Send + Sync>;

/// Who brought a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A client of this node: it is answered, and what is taken is passed on.
    Client,
    /// Another validator.
    Peer,
}

/// The rules of the state that a transaction must meet before its signature is looked at, and
/// whether a transaction is committed already.
pub trait Admission: Send + Sync + 'static {
    /// The first rule that the transaction breaks at block time `time_ms`.
    fn check(&self, view: &TransactionView<'_>, time_ms: u64) -> Result<(), Refusal>;

    /// Whether a durable block holds the transaction.
    fn is_committed(&self, view: &TransactionView<'_>) -> bool;
}

/// Admits transactions to one ledger.
pub struct Admitting<T: Strategy> {
    ledger: Arc<Ledger>,
    rules: Arc<dyn Admission>,
    outbox: Arc<Outbox>,
    strategy: T,
    now: Now,
}

type Answer = Result<Admitted, Refusal>;

impl<T: Strategy> Admitting<T> {
    /// The way into `ledger`.
    pub fn new(
        ledger: Arc<Ledger>,
        rules: Arc<dyn Admission>,
        outbox: Arc<Outbox>,
        strategy: T,
        now: Now,
    ) -> Self {
        Self {
            ledger,
            rules,
            outbox,
            strategy,
            now,
        }
    }

    /// Checks and queues transactions on the strategy's threads; one answer each, in order.
    pub async fn admit(self: &Arc<Self>, transactions: Vec<Bytes>, origin: Origin) -> Vec<Answer> {
        let this = self.clone();
        let size = transactions.len();
        let job = move |strategy: T| this.admit_now(&strategy, transactions, origin);
        self.strategy.spawn(size, job).await
    }

    fn admit_now(&self, strategy: &T, transactions: Vec<Bytes>, origin: Origin) -> Vec<Answer> {
        let mut answers: Vec<Option<Answer>> = vec![None; transactions.len()];
        let mut candidates = Vec::new();
        let mut signed = Vec::new();
        for (position, bytes) in transactions.into_iter().enumerate() {
            match self.examine(bytes) {
                Ok((pending, signature)) => {
                    candidates.push((position, pending));
                    signed.push(signature);
                }
                Err(answer) => answers[position] = Some(answer),
            }
        }
        let bad = failing(&self.ledger, strategy, &signed);
        let mut bad = bad.into_iter().peekable();
        let mut passed_on = Vec::new();
        {
            let mut mempool = self.ledger.mempool();
            for (number, (position, pending)) in candidates.into_iter().enumerate() {
                let id = pending.id;
                let answer = if bad.next_if_eq(&number).is_some() {
                    Err(bad_signature())
                } else {
                    let bytes = pending.bytes.clone();
                    let organisation = pending.organisation.clone();
                    match mempool.insert(pending) {
                        Ok(()) => {
                            passed_on.push((id, bytes));
                            Ok(Admitted { id, known: false })
                        }
                        Err(Refused::Known) => Ok(Admitted { id, known: true }),
                        Err(Refused::Full) => Err(full(organisation.as_str())),
                    }
                };
                answers[position] = Some(answer);
            }
        }
        self.announce(passed_on, origin);
        let answers: Vec<Answer> = answers
            .into_iter()
            .map(|answer| answer.expect("invariant: every position was answered"))
            .collect();
        if origin == Origin::Client {
            for refusal in answers.iter().filter_map(|answer| answer.as_ref().err()) {
                self.ledger.counters.refuse(&refusal.code);
            }
        }
        answers
    }

    fn announce(&self, fresh: Vec<(TransactionId, Bytes)>, origin: Origin) {
        if fresh.is_empty() {
            return;
        }
        add(&self.ledger.counters.admitted, fresh.len() as u64);
        if origin == Origin::Client && !self.ledger.peers.is_alone() {
            let dropped = self.outbox.push(fresh);
            add(&self.ledger.counters.gossip_dropped, dropped);
        }
        self.ledger.arrivals.notify_waiters();
    }

    /// Everything but the signature. `Err` carries the final answer.
    fn examine(&self, bytes: Bytes) -> Result<(Pending, Signed), Answer> {
        let limit = self.ledger.rules.block.transaction_bytes as usize;
        if bytes.len() > limit {
            return Err(Err(Refusal {
                code: codes::TRANSACTION_OVERSIZED.into(),
                message: format!(
                    "the transaction has {} bytes; this ledger takes {limit}",
                    bytes.len()
                ),
            }));
        }
        let view = TransactionView::parse(&bytes).map_err(|error| {
            Err(Refusal {
                code: error.code().into(),
                message: error.to_string(),
            })
        })?;
        let id = view.id();
        let sender = view.sender_id();
        let organisation = sender.organisation();
        {
            let mempool = self.ledger.mempool();
            if mempool.contains(&id) {
                return Err(Ok(Admitted { id, known: true }));
            }
            if !mempool.has_room(&organisation, bytes.len()) {
                return Err(Err(full(organisation.as_str())));
            }
        }
        // An idle ledger's last block may be old; the next one will have about this time.
        let time_ms = self.ledger.head().time_ms.max((self.now)());
        if let Err(refusal) = self.rules.check(&view, time_ms) {
            let known =
                refusal.code == codes::TRANSACTION_REPLAYED || self.rules.is_committed(&view);
            return Err(if known {
                Ok(Admitted { id, known })
            } else {
                Err(refusal)
            });
        }
        let pending = Pending {
            id,
            leaf: view.leaf(),
            organisation,
            expires_at_ms: view.expires_at_ms(),
            bytes: bytes.clone(),
        };
        Ok((pending, Signed::of(&view)))
    }
}

fn bad_signature() -> Refusal {
    Refusal {
        code: codes::TRANSACTION_BAD_SIGNATURE.into(),
        message: "the signature does not belong to this transaction and key".into(),
    }
}

fn full(organisation: &str) -> Refusal {
    Refusal {
        code: "mempool.full".into(),
        message: format!(
            "{organisation} has too many transactions waiting on this node; submit again later"
        ),
    }
}
