//! The history tree: an RFC 6962 tree over the digests of all headers, from height 0.

use crate::block::Header;
use blockworm_crypto::{Digest, merkle::Frontier};
use borsh::{BorshDeserialize, BorshSerialize};

/// A header that does not follow the last one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("history ends before height {next}; header {found} cannot be appended")]
pub struct HistoryGap {
    /// The height that comes next.
    pub next: u64,
    /// The height that was offered.
    pub found: u64,
}

impl HistoryGap {
    /// The stable code of this error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "history.gap"
    }
}

/// The right edge of the history tree: all that is needed to append headers and to know the root.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct History {
    frontier: Frontier,
}

impl History {
    /// A history that begins with the header of height 0.
    #[must_use]
    pub fn new(genesis: &Header) -> Self {
        let mut history = Self::default();
        history.frontier.push(genesis.history_leaf());
        history
    }

    /// The height of the header that comes next; the root is this header's `history_root`.
    #[must_use]
    pub fn next_height(&self) -> u64 {
        self.frontier.size()
    }

    /// The root over all headers below `next_height`.
    #[must_use]
    pub fn root(&self) -> Digest {
        self.frontier.root()
    }

    /// Appends the next header.
    ///
    /// # Errors
    /// When it is not the next one.
    pub fn push(&mut self, header: &Header) -> Result<(), HistoryGap> {
        if header.height != self.next_height() {
            return Err(HistoryGap {
                next: self.next_height(),
                found: header.height,
            });
        }
        self.frontier.push(header.history_leaf());
        Ok(())
    }
}
