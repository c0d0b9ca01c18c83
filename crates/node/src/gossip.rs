//! Passes admitted transactions on to the other validators, in bounded batches.
//!
//! A message is a sequence of `u32 length (big-endian) ‖ transaction`. Whatever is lost here is only
//! slower: the node that admitted a transaction proposes it itself when its turn comes.

use crate::{
    ledger::Ledger,
    mempool::{Admitting, Origin},
    metrics::add,
};
use blockworm_ledger::BlockLimits;
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

/// Transactions on their way out.
#[derive(Default)]
pub struct Outbox {
    queue: Mutex<(VecDeque<Bytes>, usize)>,
    filled: Notify,
}

impl Outbox {
    /// Queues transactions; returns how many did not fit.
    pub fn push(&self, transactions: impl IntoIterator<Item = Bytes>) -> u64 {
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
        assert_eq!(outbox.push(sent.clone()), 0);
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
        assert_eq!(outbox.push([big.clone(), big.clone(), big]), 1);
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

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..2_000)) {
            let _ = unpack(Bytes::from(bytes), &LIMITS);
        }
    }
}
