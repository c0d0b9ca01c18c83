//! Keeps what comes in on a channel of the next epoch until this node enters it.
//!
//! Validators enter an epoch within moments of one another. Whoever is first proposes at once, and
//! the engine sends neither a proposal nor a vote twice while it waits for a view to end: without
//! these messages the others would wait in vain for the first view of every epoch under load.

use commonware_cryptography::ed25519::PublicKey;
use commonware_p2p::{Message, Receiver};
use std::{collections::VecDeque, num::NonZeroUsize};

/// Messages kept of each peer, the newest; a view of an epoch takes four at most.
const KEPT_OF_A_PEER: usize = 64;
/// A larger message is not kept. A certificate of a hundred validators has about 7 kB.
const LARGEST_KEPT: usize = 64 << 10;

/// A channel whose messages can be kept before anybody reads them.
#[derive(Debug)]
pub struct Early<R> {
    receiver: R,
    kept: VecDeque<Message<PublicKey>>,
}

impl<R: Receiver<PublicKey = PublicKey>> Early<R> {
    /// Nothing kept yet.
    pub const fn new(receiver: R) -> Self {
        Self {
            receiver,
            kept: VecDeque::new(),
        }
    }

    /// Keeps the next message and says who sent it. Loses nothing when dropped; never ends once
    /// the channel is closed.
    pub async fn keep(&mut self) -> PublicKey {
        let Ok((peer, bytes)) = self.receiver.recv().await else {
            return std::future::pending().await;
        };
        if bytes.len() <= LARGEST_KEPT {
            let of_peer = |(from, _): &Message<PublicKey>| *from == peer;
            if self.kept.iter().filter(|one| of_peer(one)).count() >= KEPT_OF_A_PEER
                && let Some(oldest) = self.kept.iter().position(of_peer)
            {
                self.kept.remove(oldest);
            }
            self.kept.push_back((peer.clone(), bytes));
        }
        peer
    }
}

impl<R: Receiver<PublicKey = PublicKey>> Receiver for Early<R> {
    type Error = R::Error;
    type PublicKey = PublicKey;

    async fn recv(&mut self) -> Result<Message<PublicKey>, R::Error> {
        match self.kept.pop_front() {
            Some(message) => Ok(message),
            None => self.receiver.recv().await,
        }
    }

    fn capacity(&self) -> NonZeroUsize {
        self.receiver.capacity()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use commonware_cryptography::{Signer as _, ed25519::PrivateKey};
    use commonware_runtime::IoBuf;
    use commonware_utils::NZUsize;
    use futures::{FutureExt as _, executor::block_on};
    use tokio::sync::mpsc;

    #[derive(Debug)]
    struct Channel(mpsc::UnboundedReceiver<Message<PublicKey>>);

    impl Receiver for Channel {
        type Error = mpsc::error::TryRecvError;
        type PublicKey = PublicKey;

        async fn recv(&mut self) -> Result<Message<PublicKey>, Self::Error> {
            let message = self.0.recv().await;
            message.ok_or(mpsc::error::TryRecvError::Disconnected)
        }

        fn capacity(&self) -> NonZeroUsize {
            NZUsize!(1)
        }
    }

    fn peer(seed: u64) -> PublicKey {
        PrivateKey::from_seed(seed).public_key()
    }

    fn message(text: String) -> IoBuf {
        IoBuf::from(text.into_bytes())
    }

    #[test]
    fn what_was_kept_is_read_first_and_in_order() {
        let (sender, receiver) = mpsc::unbounded_channel();
        let mut early = Early::new(Channel(receiver));
        for (from, text) in [(1, "a"), (2, "b"), (1, "c")] {
            sender.send((peer(from), message(text.into()))).unwrap();
        }
        assert_eq!(block_on(early.keep()), peer(1));
        assert_eq!(block_on(early.keep()), peer(2));
        for (from, text) in [(1, "a"), (2, "b"), (1, "c")] {
            let read = block_on(early.recv()).unwrap();
            assert_eq!(read, (peer(from), message(text.into())));
        }
        drop(sender);
        assert!(early.keep().now_or_never().is_none(), "it never ends");
        assert!(block_on(early.recv()).is_err());
    }

    #[test]
    fn a_talkative_peer_displaces_only_its_own_oldest() {
        let (sender, receiver) = mpsc::unbounded_channel();
        let mut early = Early::new(Channel(receiver));
        let quiet = (peer(2), message("vote".into()));
        sender.send(quiet.clone()).unwrap();
        let large = "x".repeat(LARGEST_KEPT + 1);
        sender.send((peer(1), message(large))).unwrap();
        for index in 0..=KEPT_OF_A_PEER {
            let text = index.to_string();
            sender.send((peer(1), message(text))).unwrap();
        }
        for _ in 0..KEPT_OF_A_PEER + 3 {
            block_on(early.keep());
        }
        assert_eq!(early.kept.len(), KEPT_OF_A_PEER + 1);
        assert_eq!(early.kept[0], quiet);
        assert_eq!(early.kept[1], (peer(1), message("1".into())));
    }
}
