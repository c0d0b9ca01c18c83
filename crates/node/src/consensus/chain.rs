//! What the next header needs to know about its ancestors, kept for the recent blocks of all forks.

use blockworm_crypto::Digest;
use blockworm_ledger::{Header, History};
use borsh::{BorshDeserialize, BorshSerialize};
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Heights below the last final one that stay known; the engine asks for none older.
pub const KEPT: u64 = 128;

/// A block's place in the chain.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Link {
    /// Digest of its header.
    pub digest: Digest,
    /// Its height.
    pub height: u64,
    /// Its time, milliseconds since 1970.
    pub time_ms: u64,
    /// Tree over the header digests from height 0 to this one.
    pub history: History,
    /// The highest block with a transaction, this one included; 0 when there is none.
    pub last_filled: u64,
}

impl Link {
    /// The genesis header's link.
    #[must_use]
    pub fn genesis(header: &Header) -> Self {
        Self {
            digest: header.digest(),
            height: 0,
            time_ms: header.time_ms,
            history: History::new(header),
            last_filled: 0,
        }
    }

    /// The link of a child of this block; `None` when the header does not follow it.
    #[must_use]
    pub fn child(&self, header: &Header, filled: bool) -> Option<Self> {
        if header.parent != self.digest {
            return None;
        }
        let mut history = self.history.clone();
        history.push(header).ok()?;
        Some(Self {
            digest: header.digest(),
            height: header.height,
            time_ms: header.time_ms,
            history,
            last_filled: if filled {
                header.height
            } else {
                self.last_filled
            },
        })
    }

    /// True while the roots of the last filled block stand in no header up to this one, so that a
    /// proof waits for blocks and not for traffic.
    #[must_use]
    pub fn owes_roots(&self, root_lag: u64) -> bool {
        self.last_filled > 0 && self.height < self.last_filled + root_lag
    }
}

/// Links of recent blocks by header digest.
pub struct ChainBook {
    links: Mutex<HashMap<Digest, Link>>,
}

impl ChainBook {
    /// A book that begins with these links.
    #[must_use]
    pub fn new(links: impl IntoIterator<Item = Link>) -> Self {
        let links = links.into_iter().map(|link| (link.digest, link)).collect();
        Self {
            links: Mutex::new(links),
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Digest, Link>> {
        self.links.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The link of a block.
    #[must_use]
    pub fn get(&self, digest: &Digest) -> Option<Link> {
        self.lock().get(digest).cloned()
    }

    /// The height of a block.
    #[must_use]
    pub fn height(&self, digest: &Digest) -> Option<u64> {
        self.lock().get(digest).map(|link| link.height)
    }

    /// Remembers a link.
    pub fn insert(&self, link: Link) {
        self.lock().insert(link.digest, link);
    }

    /// Forgets what lies more than `KEPT` below a final height.
    pub fn prune(&self, final_height: u64) {
        let lowest = final_height.saturating_sub(KEPT);
        self.lock().retain(|_, link| link.height >= lowest);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use blockworm_ledger::LedgerId;

    fn header(height: u64, parent: Digest) -> Header {
        Header {
            version: 1,
            protocol_version: 1,
            ledger: LedgerId([0; 16]),
            height,
            time_ms: height,
            parent,
            history_root: Digest::ZERO,
            transactions_root: Digest::ZERO,
            receipts_root: Digest::ZERO,
            state_root: Digest::ZERO,
            next_validators: Digest::ZERO,
        }
    }

    #[test]
    fn empty_blocks_follow_until_the_roots_stand() {
        let genesis = Link::genesis(&header(0, Digest::ZERO));
        assert!(!genesis.owes_roots(3));
        let mut link = genesis.child(&header(1, genesis.digest), true).unwrap();
        let mut owed = vec![];
        for height in 2..8 {
            owed.push(link.owes_roots(3));
            link = link.child(&header(height, link.digest), false).unwrap();
        }
        assert_eq!(owed, [true, true, true, false, false, false]);
    }

    #[test]
    fn a_header_of_another_parent_is_no_child() {
        let genesis = Link::genesis(&header(0, Digest::ZERO));
        assert_eq!(genesis.child(&header(1, Digest::ZERO), true), None);
        assert_eq!(genesis.child(&header(2, genesis.digest), true), None);
    }
}
