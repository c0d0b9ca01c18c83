//! Roots of executed blocks by height, for headers that carry them `root_lag` blocks later.

use blockworm_crypto::Digest;
use std::{collections::BTreeMap, sync::Mutex};
use tokio::sync::watch;

/// Heights remembered; `root_lag` is at most 64.
const KEPT: u64 = 256;

/// What a header says about an executed block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Roots {
    /// Root over the block's receipts.
    pub receipts: Digest,
    /// Root of the state after it.
    pub state: Digest,
}

/// The roots known here.
pub struct RootBook {
    known: Mutex<BTreeMap<u64, Roots>>,
    highest: watch::Sender<u64>,
}

impl RootBook {
    /// An empty book: nothing executed yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            known: Mutex::default(),
            highest: watch::Sender::new(0),
        }
    }

    /// Enters the roots of `height`.
    pub fn publish(&self, height: u64, roots: Roots) {
        {
            let mut known = self
                .known
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            known.insert(height, roots);
            *known = known.split_off(&height.saturating_sub(KEPT));
        }
        self.highest.send_if_modified(|highest| {
            let newer = height > *highest;
            *highest = height.max(*highest);
            newer
        });
    }

    /// The roots that the header at `height` carries: zero while no block is that old. Waits for
    /// execution; `None` when those roots are older than this book or the node is stopping.
    pub async fn for_header(&self, height: u64, root_lag: u64) -> Option<Roots> {
        let wanted = height.saturating_sub(root_lag);
        if wanted == 0 {
            return Some(Roots::default());
        }
        let mut highest = self.highest.subscribe();
        highest.wait_for(|highest| *highest >= wanted).await.ok()?;
        let known = self
            .known
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        known.get(&wanted).copied()
    }
}

impl Default for RootBook {
    fn default() -> Self {
        Self::new()
    }
}
