//! Passes admitted transactions on to the other validators, in bounded batches.
//!
//! A message is a sequence of `u32 length (big-endian) ‖ transaction`. What reached nobody, because no
//! peer was connected or a message was lost, is sent again while it waits; whatever is lost all the
//! same is only slower: the node that admitted a transaction proposes it when its turn comes.

use crate::{
    ledger::Ledger,
    mempool::{Admitting, Origin},
    metrics::add,
};
use blockworm_ledger::{BlockLimits, TransactionId};
use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use commonware_p2p::{CheckedSender as _, LimitedSender, Receiver, Recipients};
use commonware_parallel::Strategy;
use commonware_runtime::Clock;
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::Notify;

/// Most bytes of one message.
pub const MESSAGE_BYTES: usize = 64 << 10;
/// Most bytes waiting to be sent; beyond it transactions stay here and are proposed by this node.
const OUTBOX_BYTES: usize = 8 << 20;
/// Transactions gather this long before they are sent together.
const GATHER: Duration = Duration::from_millis(10);
/// A transaction that still waits is sent again this often.
const REPEAT: Duration = Duration::from_secs(1);
/// Most transactions remembered for sending again; the oldest are forgotten first.
const REMEMBERED: usize = 4_096;

/// Transactions on their way out.
#[derive(Default)]
pub struct Outbox {
    queue: Mutex<(VecDeque<Bytes>, usize)>,
    filled: Notify,
    sent: Mutex<VecDeque<Sent>>,
}

/// A transaction that may have reached nobody.
struct Sent {
    id: TransactionId,
    bytes: Bytes,
    /// True once it has waited for a whole `REPEAT`.
    waited: bool,
}

impl Outbox {
    /// Queues transactions and remembers the newest of them; returns how many did not fit.
    pub fn push(&self, transactions: Vec<(TransactionId, Bytes)>) -> u64 {
        {
            let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
            sent.extend(transactions.iter().map(|(id, bytes)| Sent {
                id: *id,
                bytes: bytes.clone(),
                waited: false,
            }));
            let surplus = sent.len().saturating_sub(REMEMBERED);
            sent.drain(..surplus);
        }
        self.queue(transactions.into_iter().map(|(_, bytes)| bytes))
    }

    /// Queues again what was remembered longer than one round and `waits` still.
    fn repeat(&self, waits: impl Fn(&TransactionId) -> bool) -> u64 {
        let again: Vec<Bytes> = {
            let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
            sent.retain(|one| waits(&one.id));
            let again = sent
                .iter()
                .filter(|one| one.waited)
                .map(|one| one.bytes.clone())
                .collect();
            sent.iter_mut().for_each(|one| one.waited = true);
            again
        };
        if again.is_empty() {
            0
        } else {
            self.queue(again)
        }
    }

    fn queue(&self, transactions: impl IntoIterator<Item = Bytes>) -> u64 {
        let mut dropped = 0;
        {
            let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
            for transaction in transactions {
                if queue.1 + transaction.len() > OUTBOX_BYTES {
                    dropped += 1;
                    continue;
                }
                queue.1 += transaction.len();
                queue.0.push_back(transaction);
            }
        }
        self.filled.notify_one();
        dropped
    }

    /// The next message; `None` when nothing waits.
    fn pack(&self) -> Option<Bytes> {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let mut message = BytesMut::new();
        while let Some(next) = queue.0.front() {
            if !message.is_empty() && message.len() + 4 + next.len() > MESSAGE_BYTES {
                break;
            }
            message.put_u32(u32::try_from(next.len()).unwrap_or(u32::MAX));
            message.put_slice(next);
            queue.1 -= next.len();
            queue.0.pop_front();
        }
        (!message.is_empty()).then(|| message.freeze())
    }
}

/// The transactions of a message, copied out of it so that none keeps the whole message alive.
/// `None` for a message that is not one.
#[must_use]
pub fn unpack(mut message: Bytes, limits: &BlockLimits) -> Option<Vec<Bytes>> {
    let mut transactions = Vec::new();
    while message.has_remaining() {
        let length = message.try_get_u32().ok()? as usize;
        if length > limits.transaction_bytes as usize || length > message.remaining() {
            return None;
        }
        transactions.push(Bytes::copy_from_slice(&message.split_to(length)));
    }
    Some(transactions)
}

/// The longest message for transactions of this ledger.
#[must_use]
pub fn max_message_bytes(limits: &BlockLimits) -> usize {
    MESSAGE_BYTES.max(4 + limits.transaction_bytes as usize)
}

/// Sends what the outbox holds, for ever.
pub async fn send<E: Clock, S: LimitedSender>(context: E, outbox: Arc<Outbox>, mut sender: S) {
    loop {
        outbox.filled.notified().await;
        context.sleep(GATHER).await;
        while let Some(message) = outbox.pack() {
            loop {
                match sender.check(Recipients::All) {
                    Ok(checked) => {
                        let _ = checked.send(message, false);
                        break;
                    }
                    Err(free_again) => context.sleep_until(free_again).await,
                }
            }
        }
    }
}

/// Sends again what still waits, for ever: peers connect late, and messages get lost.
pub async fn repeat<E: Clock>(context: E, ledger: Arc<Ledger>, outbox: Arc<Outbox>) {
    loop {
        context.sleep(REPEAT).await;
        let dropped = {
            let mempool = ledger.mempool();
            outbox.repeat(|id| mempool.contains(id))
        };
        add(&ledger.counters.gossip_dropped, dropped);
    }
}

/// Admits what others send, one message at a time, for ever.
pub async fn receive<R: Receiver, T: Strategy>(
    ledger: Arc<Ledger>,
    admitting: Arc<Admitting<T>>,
    mut receiver: R,
) {
    while let Ok((peer, message)) = receiver.recv().await {
        let Some(transactions) = unpack(Bytes::from(message), &ledger.rules.block) else {
            tracing::debug!(?peer, "dropped a malformed gossip message");
            add(&ledger.counters.gossip_dropped, 1);
            continue;
        };
        admitting.admit(transactions, Origin::Peer).await;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const LIMITS: BlockLimits = BlockLimits {
        transactions: 100,
        bytes: 1 << 20,
        transaction_bytes: 1_000,
    };

    #[test]
    fn what_is_packed_comes_out_in_order() {
        let outbox = Outbox::default();
        let sent: Vec<Bytes> = (1..200u8)
            .map(|n| Bytes::from(vec![n; usize::from(n)]))
            .collect();
        assert_eq!(outbox.push(sent.iter().map(named).collect()), 0);
        let mut received = vec![];
        while let Some(message) = outbox.pack() {
            assert!(message.len() <= MESSAGE_BYTES);
            received.extend(unpack(message, &LIMITS).unwrap());
        }
        assert_eq!(received, sent);
    }

    #[test]
    fn a_full_outbox_keeps_what_it_has() {
        let outbox = Outbox::default();
        let big = Bytes::from(vec![0; OUTBOX_BYTES / 2]);
        assert_eq!(outbox.push([&big, &big, &big].map(named).into()), 1);
    }

    #[test]
    fn what_still_waits_after_a_round_is_sent_again_and_only_that() {
        let outbox = Outbox::default();
        let (lost, done) = (Bytes::from_static(b"lost"), Bytes::from_static(b"done"));
        let waits = |id: &TransactionId| *id == named(&lost).0;
        outbox.push(vec![named(&lost), named(&done)]);
        let first = outbox.pack().unwrap();
        assert_eq!(unpack(first, &LIMITS).unwrap().len(), 2);
        outbox.repeat(waits);
        assert_eq!(outbox.pack(), None, "a round has not passed yet");
        outbox.repeat(waits);
        assert_eq!(
            unpack(outbox.pack().unwrap(), &LIMITS).unwrap(),
            std::slice::from_ref(&lost)
        );
        outbox.repeat(|_| false);
        outbox.repeat(waits);
        assert_eq!(outbox.pack(), None, "what was committed is forgotten");
    }

    #[test]
    fn only_so_many_are_remembered() {
        let outbox = Outbox::default();
        let one = Bytes::from_static(b"one");
        outbox.push(vec![named(&one); REMEMBERED + 10]);
        assert_eq!(outbox.sent.lock().unwrap().len(), REMEMBERED);
    }

    #[test]
    fn oversized_and_cut_messages_are_refused() {
        let mut long = BytesMut::new();
        long.put_u32(1_001);
        long.put_slice(&[0; 1_001]);
        assert_eq!(unpack(long.freeze(), &LIMITS), None);
        assert_eq!(unpack(Bytes::from_static(&[0, 0, 0, 9, 1]), &LIMITS), None);
        assert_eq!(unpack(Bytes::from_static(&[0, 0]), &LIMITS), None);
    }

    fn named(bytes: &Bytes) -> (TransactionId, Bytes) {
        (blockworm_crypto::sha256(&[bytes]), bytes.clone())
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..2_000)) {
            let _ = unpack(Bytes::from(bytes), &LIMITS);
        }
    }
}
