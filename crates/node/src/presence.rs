//! Which validators this node has heard vote lately, and up to which block.

use commonware_cryptography::ed25519::PublicKey;
use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// When each validator was last heard.
pub struct Presence {
    me: PublicKey,
    window_ms: u64,
    /// As many as there have been validators while this node runs.
    heard: Mutex<BTreeMap<PublicKey, Heard>>,
}

/// What is known of a validator from its votes alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// When it was last heard, milliseconds since 1970; 0 for never.
    pub at_ms: u64,
    /// The highest block it was heard to vote for; 0 for none.
    pub height: u64,
}

impl Presence {
    /// Nobody heard yet. Somebody silent for three heartbeats, at least ten seconds, counts as gone.
    #[must_use]
    pub fn new(me: PublicKey, heartbeat_ms: u64) -> Self {
        let window_ms = (3 * heartbeat_ms).max(10_000);
        Self {
            me,
            window_ms,
            heard: Mutex::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<PublicKey, Heard>> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a validator's vote, for the block at `height` when that is known.
    pub fn hear(&self, validator: &PublicKey, now_ms: u64, height: Option<u64>) {
        let mut heard = self.lock();
        if !heard.contains_key(validator) {
            heard.insert(validator.clone(), Heard::default());
        }
        if let Some(last) = heard.get_mut(validator) {
            last.at_ms = now_ms;
            last.height = last.height.max(height.unwrap_or(0));
        }
    }

    /// This node's own key.
    #[must_use]
    pub const fn me(&self) -> &PublicKey {
        &self.me
    }

    /// What is known of a validator.
    #[must_use]
    pub fn heard(&self, validator: &PublicKey) -> Heard {
        self.lock().get(validator).copied().unwrap_or_default()
    }

    /// Whether somebody last heard at `at_ms` counts as connected.
    #[must_use]
    pub const fn is_lately(&self, at_ms: u64, now_ms: u64) -> bool {
        at_ms > 0 && now_ms <= at_ms + self.window_ms
    }

    /// How many of these, but for this node, were heard within the window.
    pub fn count<'a>(
        &self,
        validators: impl IntoIterator<Item = &'a PublicKey>,
        now_ms: u64,
    ) -> usize {
        let heard = self.lock();
        let others = validators.into_iter().filter(|key| **key != self.me);
        others
            .filter_map(|key| heard.get(key))
            .filter(|last| self.is_lately(last.at_ms, now_ms))
            .count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use commonware_cryptography::{Signer as _, ed25519::PrivateKey};

    #[test]
    fn the_highest_vote_counts_and_silence_ends_presence() {
        let key = |seed| PrivateKey::from_seed(seed).public_key();
        let (me, other, stranger) = (key(0), key(1), key(9));
        let presence = Presence::new(me.clone(), 0);
        presence.hear(&other, 1_000, Some(7));
        presence.hear(&other, 2_000, None);
        presence.hear(&other, 3_000, Some(6));
        presence.hear(&stranger, 3_000, Some(6));
        assert_eq!(presence.heard(&me), Heard::default());
        assert_eq!(
            presence.heard(&other),
            Heard {
                at_ms: 3_000,
                height: 7
            }
        );
        let set = [me, other];
        assert_eq!(presence.count(&set, 13_000), 1);
        assert_eq!(presence.count(&set, 13_001), 0);
    }
}
