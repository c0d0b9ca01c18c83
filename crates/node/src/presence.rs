//! Which validators this node has heard vote lately, and up to which block.

use std::sync::{Mutex, PoisonError};

/// When each validator was last heard, by its place in the set.
pub struct Presence {
    me: Option<u32>,
    window_ms: u64,
    heard: Mutex<Vec<Heard>>,
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
    pub fn new(validators: usize, me: Option<u32>, heartbeat_ms: u64) -> Self {
        let window_ms = (3 * heartbeat_ms).max(10_000);
        Self {
            me,
            window_ms,
            heard: Mutex::new(vec![Heard::default(); validators]),
        }
    }

    /// Notes a vote, for the block at `height` when that is known.
    pub fn hear(&self, validator: u32, now_ms: u64, height: Option<u64>) {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(last) = heard.get_mut(validator as usize) {
            last.at_ms = now_ms;
            last.height = last.height.max(height.unwrap_or(0));
        }
    }

    /// This node's own place in the set.
    #[must_use]
    pub const fn me(&self) -> Option<u32> {
        self.me
    }

    /// What is known of every validator, by its place in the set.
    #[must_use]
    pub fn heard(&self) -> Vec<Heard> {
        self.heard
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Whether somebody last heard at `at_ms` counts as connected.
    #[must_use]
    pub const fn is_lately(&self, at_ms: u64, now_ms: u64) -> bool {
        at_ms > 0 && now_ms <= at_ms + self.window_ms
    }

    /// How many others were heard within the window.
    #[must_use]
    pub fn count(&self, now_ms: u64) -> usize {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let others = (0u32..)
            .zip(heard.iter())
            .filter(|(place, _)| Some(*place) != self.me);
        others
            .filter(|(_, last)| self.is_lately(last.at_ms, now_ms))
            .count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_vote_counts_and_silence_ends_presence() {
        let presence = Presence::new(2, Some(0), 0);
        presence.hear(1, 1_000, Some(7));
        presence.hear(1, 2_000, None);
        presence.hear(1, 3_000, Some(6));
        presence.hear(9, 3_000, Some(6));
        let heard = presence.heard();
        assert_eq!(heard[0], Heard::default());
        assert_eq!(
            heard[1],
            Heard {
                at_ms: 3_000,
                height: 7
            }
        );
        assert_eq!((presence.count(13_000), presence.count(13_001)), (1, 0));
    }
}
