//! All keys of the registry contract, beside the claims that contracts of other ledgers read too.

use crate::msg::{DocumentSet, InstantiateMsg};
use cosmwasm_schema::cw_serde;
use cw_storage_plus::{Item, Map};

/// What it began with.
pub const CONFIG: Item<InstantiateMsg> = Item::new("config");

/// How many claims there are.
pub const COUNT: Item<u64> = Item::new("count");

/// Claim → what it is made on, the oldest version first; never removed.
pub const SETS: Map<u64, Vec<DocumentSet>> = Map::new("s");

/// Fingerprint → what is held of it now; never removed, so that nothing stands here as long as nobody
/// ever claimed it.
pub const HELD: Map<&str, Held> = Map::new("h");

/// Displaced claims that hold no fingerprint any more.
pub const CLEARED: Map<u64, bool> = Map::new("x");

/// (Fingerprint, claim) → the share that the claim was made on; never removed.
pub const EVER: Map<(&str, u64), u32> = Map::new("e");

/// Version → both holders' public keys, once it is in force.
pub const KEYS: Map<u32, (String, String)> = Map::new("k");

/// The newest version in force; absent before the first.
pub const NEWEST: Item<u32> = Item::new("newest");

/// What the holders have published of the version after the newest.
pub const PENDING: Item<[Option<String>; 2]> = Item::new("pending");

/// Version → open claims whose newest set is of it.
pub const UNDER: Map<u32, u64> = Map::new("u");

/// (Bank, commitment) → when it was made.
pub const COMMITMENTS: Map<(&str, &str), Committed> = Map::new("m");

/// (Bank, place) → commitment, in the order in which they expire.
pub const QUEUE: Map<(&str, u64), String> = Map::new("q");

/// Bank → the places of its queue that are taken.
pub const QUEUES: Map<&str, Places> = Map::new("b");

/// What is held of a fingerprint by open claims.
#[cw_serde]
#[derive(Default, Eq)]
pub struct Held {
    /// The claims with a share, the oldest first.
    pub shares: Vec<Share>,
    /// How many bear it as a mark.
    pub marks: u64,
}

/// What one claim takes of a fingerprint.
#[cw_serde]
#[derive(Eq)]
pub struct Share {
    /// The claim's number.
    pub claim: u64,
    /// In parts of [`blockworm_kit::claims::WHOLE`].
    pub share: u32,
    /// The block up to which it may be displaced. A displaced claim's entries stay until somebody
    /// claims the fingerprint or clears the claim.
    pub firm_at: u64,
}

/// A commitment's time.
#[cw_serde]
#[derive(Eq, Copy)]
pub struct Committed {
    /// Its place in the bank's queue.
    pub place: u64,
    /// The block.
    pub height: u64,
    /// The block's time, milliseconds since 1970.
    pub time_ms: u64,
}

/// The taken places of a queue: `first` to before `next`.
#[cw_serde]
#[derive(Default, Eq, Copy)]
pub struct Places {
    /// The oldest.
    pub first: u64,
    /// Where the next one goes.
    pub next: u64,
}

impl Held {
    /// What the shares add up to. More than the whole never fits, and no sum of at most
    /// [`crate::msg::MAX_CLAIMS`] and one shares overflows.
    #[must_use]
    pub fn taken(&self) -> u64 {
        self.shares.iter().map(|held| u64::from(held.share)).sum()
    }
}
