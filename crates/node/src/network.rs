//! The channels between nodes: one network for all ledgers, divided by ledger and epoch.

use crate::{cosigning, gossip};
use blockworm_ledger::{Block, BlockLimits, LedgerId};
use commonware_consensus::{
    marshal::{self, standard::Standard},
    simplex::scheme::ed25519::Scheme,
    types::Epoch,
};
use commonware_cryptography::ed25519::PublicKey;
use commonware_p2p::{
    Channel, Receiver, Sender, max_message_size,
    utils::mux::{self, Builder as _, MuxHandle},
};
use commonware_runtime::Spawner;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use crate::consensus::block::SealedBlock;

/// Every channel's name and its share of the configured message rate, in quarters. They are
/// registered before the network starts; ledgers and epochs divide them later.
pub const CHANNELS: [(&str, u32); 7] = [
    ("vote", 8),
    ("certificate", 8),
    ("certificate_fetch", 2),
    ("block", 2),
    ("block_fetch", 2),
    ("gossip", 2),
    ("cosign", 1),
];
const EPOCH_BITS: u32 = 40;

/// The subchannel of a ledger's epoch: 24 bits of the ledger's id, then the epoch.
#[must_use]
pub fn subchannel(ledger: &LedgerId, epoch: Epoch) -> Channel {
    let [a, b, c, ..] = ledger.0;
    let ledger = u64::from(u32::from_be_bytes([0, a, b, c]));
    ledger << EPOCH_BITS | (epoch.get() & ((1 << EPOCH_BITS) - 1))
}

/// The largest message that any of these ledgers sends.
#[must_use]
pub fn largest_message(ledgers: &[(BlockLimits, u32)]) -> u32 {
    let sizes: Vec<usize> = ledgers
        .iter()
        .flat_map(|(limits, validators)| {
            let blocks =
                marshal::max_payload_size::<Standard<SealedBlock>, Scheme>(*validators, limits);
            debug_assert!(blocks >= Block::max_encoded_len(limits));
            [
                mux::prefixed(blocks),
                mux::prefixed(gossip::max_message_bytes(limits)),
                mux::prefixed(cosigning::MESSAGE_BYTES),
            ]
        })
        .collect();
    max_message_size(&sizes)
}

type Behind = Box<dyn Fn(Epoch, PublicKey) + Send>;

/// Tells a ledger that a peer votes in an epoch that this node has not entered.
#[derive(Clone, Default)]
pub struct Hints {
    ledgers: Arc<Mutex<HashMap<u64, Behind>>>,
}

impl Hints {
    /// Calls `behind` with the epoch and the peer.
    pub fn register(&self, ledger: &LedgerId, behind: Behind) {
        let key = subchannel(ledger, Epoch::zero());
        self.ledgers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(key, behind);
    }

    fn hear(&self, channel: Channel, peer: PublicKey) {
        let (ledger, epoch) = (
            channel >> EPOCH_BITS << EPOCH_BITS,
            channel & ((1 << EPOCH_BITS) - 1),
        );
        let ledgers = self.ledgers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(behind) = ledgers.get(&ledger) {
            behind(Epoch::new(epoch), peer);
        }
    }
}

/// The channels of a node, each divided into subchannels.
#[derive(Clone)]
pub struct Lanes<S: Sender> {
    /// Votes, by ledger and epoch.
    pub vote: MuxHandle<S>,
    /// Certificates, by ledger and epoch.
    pub certificate: MuxHandle<S>,
    /// Missing certificates, by ledger and epoch.
    pub certificate_fetch: MuxHandle<S>,
    /// New blocks, by ledger.
    pub block: MuxHandle<S>,
    /// Missing blocks, by ledger.
    pub block_fetch: MuxHandle<S>,
    /// Transactions, by ledger.
    pub gossip: MuxHandle<S>,
    /// Cosignatures of checkpoints, by ledger.
    pub cosign: MuxHandle<S>,
}

/// Divides the channels, given in the order of `CHANNELS`.
pub fn divide<E, S, R>(context: &E, channels: [(S, R); CHANNELS.len()], hints: &Hints) -> Lanes<S>
where
    E: Spawner,
    S: Sender<PublicKey = PublicKey>,
    R: Receiver<PublicKey = PublicKey>,
{
    let mut names = CHANNELS.iter();
    let [
        vote,
        certificate,
        certificate_fetch,
        block,
        block_fetch,
        gossip,
        cosign,
    ] = channels.map(|(sender, receiver)| {
        let name = names.next().map_or("", |(name, _)| name);
        let context = context.child("mux").with_attribute("channel", name);
        if !matches!(name, "vote" | "certificate") {
            let (muxer, handle) = mux::Muxer::new(context, sender, receiver);
            muxer.start();
            return handle;
        }
        let listener = context.child("hints");
        let (muxer, handle, mut unknown) = mux::Muxer::builder(context, sender, receiver)
            .with_backup()
            .build();
        muxer.start();
        let hints = hints.clone();
        listener.spawn(move |_| async move {
            while let Some((channel, (peer, _))) = unknown.recv().await {
                hints.hear(channel, peer);
            }
        });
        handle
    });
    Lanes {
        vote,
        certificate,
        certificate_fetch,
        block,
        block_fetch,
        gossip,
        cosign,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ledgers_and_epochs_have_their_own_subchannels() {
        let (one, two) = (LedgerId([1; 16]), LedgerId([2; 16]));
        let mut seen = vec![
            subchannel(&one, Epoch::zero()),
            subchannel(&one, Epoch::new(1)),
            subchannel(&two, Epoch::zero()),
            subchannel(&two, Epoch::new(1)),
        ];
        seen.dedup();
        assert_eq!(seen.len(), 4);
    }
}
