//! The nodes that keep a ledger: nobody else is sent anything of it, asked for it or heard about it.
//!
//! All ledgers of a node share one network, and its peers keep other ledgers than ours. The engine
//! addresses "everybody"; here that becomes everybody of the ledger.

use commonware_cryptography::ed25519::PublicKey;
use commonware_p2p::{
    CheckedSender as _, LimitedSender, Message, PeerSetSubscription, PeerSetUpdate, Provider,
    Receiver, Recipients, TrackedPeers,
};
use commonware_utils::{channel::mpsc, ordered::Set};
use std::{
    collections::BTreeSet,
    net::SocketAddr,
    num::NonZeroUsize,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};
use tokio::sync::watch;

/// Who keeps a ledger. Clones share it.
#[derive(Clone, Debug)]
pub struct LedgerPeers(Arc<Mutex<Shared>>);

#[derive(Debug)]
struct Shared {
    me: PublicKey,
    keys: Set<PublicKey>,
    version: u64,
    /// Where nodes are that votes admitted.
    addresses: watch::Sender<Vec<(PublicKey, SocketAddr)>>,
    /// Parts of the engine that want to hear of changes; as many as parts, so few.
    listeners: Vec<mpsc::UnboundedSender<PeerSetUpdate<PublicKey>>>,
}

impl Shared {
    fn update(&self) -> PeerSetUpdate<PublicKey> {
        let peers = TrackedPeers::primary(self.keys.clone());
        PeerSetUpdate {
            index: self.version,
            latest: peers.clone(),
            all: peers,
        }
    }
}

impl LedgerPeers {
    /// The ledger's nodes, of which `me` is ours.
    #[must_use]
    pub fn new(me: PublicKey, keys: Set<PublicKey>) -> Self {
        Self(Arc::new(Mutex::new(Shared {
            me,
            keys,
            version: 0,
            addresses: watch::Sender::default(),
            listeners: Vec::new(),
        })))
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this node keeps the ledger.
    #[must_use]
    pub fn contains(&self, peer: &PublicKey) -> bool {
        self.lock().keys.position(peer).is_some()
    }

    /// These nodes keep the ledger from now on, and votes admitted some at these addresses; the
    /// engine is told.
    pub fn change(&self, keys: Set<PublicKey>, admitted: Vec<(PublicKey, SocketAddr)>) {
        let mut shared = self.lock();
        if keys != shared.keys {
            shared.keys = keys;
            shared.version += 1;
            let update = shared.update();
            shared
                .listeners
                .retain(|listener| listener.send(update.clone()).is_ok());
        }
        shared.addresses.send_if_modified(|known| {
            let changed = *known != admitted;
            *known = admitted;
            changed
        });
    }

    /// Where the nodes are that votes admitted, as it changes.
    #[must_use]
    pub fn addresses(&self) -> watch::Receiver<Vec<(PublicKey, SocketAddr)>> {
        self.lock().addresses.subscribe()
    }

    /// Whether nobody else keeps the ledger.
    #[must_use]
    pub fn is_alone(&self) -> bool {
        let shared = self.lock();
        shared.keys.iter().all(|key| *key == shared.me)
    }

    /// The recipients that keep the ledger.
    fn among(&self, recipients: Recipients<PublicKey>) -> Recipients<PublicKey> {
        let shared = self.lock();
        let keeps = |peer: &PublicKey| shared.keys.position(peer).is_some();
        Recipients::Some(match recipients {
            Recipients::All => {
                let others = shared.keys.iter().filter(|peer| **peer != shared.me);
                others.cloned().collect()
            }
            Recipients::Some(peers) => peers.into_iter().filter(keeps).collect(),
            Recipients::One(peer) => Some(peer).filter(keeps).into_iter().collect(),
        })
    }

    /// A channel of the network on which only the ledger's nodes are spoken to and listened to.
    #[must_use]
    pub fn on<S, R>(&self, wires: (S, R)) -> (PeerSender<S>, PeerReceiver<R>) {
        self.noting(wires, Attendance::default())
    }

    /// Likewise, noting who is heard on it.
    #[must_use]
    pub fn noting<S, R>(
        &self,
        (sender, receiver): (S, R),
        attendance: Attendance,
    ) -> (PeerSender<S>, PeerReceiver<R>) {
        (
            PeerSender {
                inner: sender,
                peers: self.clone(),
            },
            PeerReceiver {
                inner: receiver,
                peers: self.clone(),
                attendance,
            },
        )
    }
}

impl Provider for LedgerPeers {
    type PublicKey = PublicKey;

    async fn peer_set(&mut self, id: u64) -> Option<TrackedPeers<PublicKey>> {
        let shared = self.lock();
        (shared.version == id).then(|| TrackedPeers::primary(shared.keys.clone()))
    }

    async fn subscribe(&mut self) -> PeerSetSubscription<PublicKey> {
        let (sender, receiver) = mpsc::unbounded_channel();
        let mut shared = self.lock();
        if sender.send(shared.update()).is_ok() {
            shared.listeners.push(sender);
        }
        receiver
    }
}

/// Which of the ledger's nodes were heard on a channel. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Attendance(Arc<Mutex<BTreeSet<PublicKey>>>);

impl Attendance {
    /// How many of these were heard.
    #[must_use]
    pub fn among(&self, keys: &Set<PublicKey>) -> usize {
        let heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        keys.iter().filter(|key| heard.contains(*key)).count()
    }

    fn note(&self, key: &PublicKey) {
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !heard.contains(key) {
            heard.insert(key.clone());
        }
    }
}

/// Sends to the ledger's nodes alone.
#[derive(Clone, Debug)]
pub struct PeerSender<S> {
    inner: S,
    peers: LedgerPeers,
}

impl<S: LimitedSender<PublicKey = PublicKey>> PeerSender<S> {
    /// Who could be sent something now, of this ledger's nodes and others'; nothing is sent. Counts
    /// towards the channel's rate like a message to each of them.
    pub fn connected(&mut self) -> Vec<PublicKey> {
        let connected = self.inner.check(Recipients::All);
        connected.map_or_else(|_| Vec::new(), |peers| peers.recipients())
    }
}

impl<S: LimitedSender<PublicKey = PublicKey>> LimitedSender for PeerSender<S> {
    type PublicKey = PublicKey;
    type Checked<'a> = S::Checked<'a>;

    fn check(
        &mut self,
        recipients: Recipients<PublicKey>,
    ) -> Result<Self::Checked<'_>, SystemTime> {
        self.inner.check(self.peers.among(recipients))
    }
}

/// Hears the ledger's nodes alone.
#[derive(Debug)]
pub struct PeerReceiver<R> {
    inner: R,
    peers: LedgerPeers,
    attendance: Attendance,
}

impl<R: Receiver<PublicKey = PublicKey>> Receiver for PeerReceiver<R> {
    type Error = R::Error;
    type PublicKey = PublicKey;

    async fn recv(&mut self) -> Result<Message<PublicKey>, R::Error> {
        loop {
            let message = self.inner.recv().await?;
            if self.peers.contains(&message.0) {
                self.attendance.note(&message.0);
                return Ok(message);
            }
            tracing::debug!(peer = %message.0, "ignored a message about a ledger that this peer does not keep");
        }
    }

    fn capacity(&self) -> NonZeroUsize {
        self.inner.capacity()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use commonware_cryptography::{Signer as _, ed25519::PrivateKey};

    fn key(seed: u64) -> PublicKey {
        PrivateKey::from_seed(seed).public_key()
    }

    #[test]
    fn everybody_means_everybody_of_the_ledger() {
        let peers = LedgerPeers::new(key(1), Set::from_iter_dedup([key(1), key(2)]));
        let chosen = |recipients| match peers.among(recipients) {
            Recipients::Some(keys) => keys,
            other => panic!("{other:?}"),
        };
        assert_eq!(chosen(Recipients::All), [key(2)]);
        assert_eq!(chosen(Recipients::One(key(3))), []);
        assert_eq!(chosen(Recipients::One(key(2))), [key(2)]);
        assert_eq!(
            chosen(Recipients::Some(vec![key(3), key(1)])),
            [key(1)],
            "outsiders are left out"
        );
    }

    #[test]
    fn a_listener_hears_the_set_at_once() {
        let mut peers = LedgerPeers::new(key(1), Set::from_iter_dedup([key(1), key(2)]));
        let mut heard = futures::executor::block_on(peers.subscribe());
        let update = heard.try_recv().unwrap();
        assert_eq!(update.latest.primary.len(), 2);
        assert!(peers.contains(&key(2)) && !peers.contains(&key(3)));
    }
}
