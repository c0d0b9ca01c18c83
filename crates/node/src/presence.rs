//! Which of the other validators this node has heard vote lately.

use std::sync::{Mutex, PoisonError};

/// When each validator was last heard, by its place in the set.
pub struct Presence {
    me: Option<u32>,
    window_ms: u64,
    heard_ms: Mutex<Vec<u64>>,
}

impl Presence {
    /// Nobody heard yet. Somebody silent for three heartbeats, at least ten seconds, counts as gone.
    #[must_use]
    pub fn new(validators: usize, me: Option<u32>, heartbeat_ms: u64) -> Self {
        let window_ms = (3 * heartbeat_ms).max(10_000);
        Self {
            me,
            window_ms,
            heard_ms: Mutex::new(vec![0; validators]),
        }
    }

    /// Notes a vote.
    pub fn hear(&self, validator: u32, now_ms: u64) {
        let mut heard = self.heard_ms.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(last) = heard.get_mut(validator as usize) {
            *last = now_ms;
        }
    }

    /// How many others were heard within the window.
    #[must_use]
    pub fn count(&self, now_ms: u64) -> usize {
        let heard = self.heard_ms.lock().unwrap_or_else(PoisonError::into_inner);
        let others = (0u32..)
            .zip(heard.iter())
            .filter(|(place, _)| Some(*place) != self.me);
        others
            .filter(|(_, last)| **last > 0 && now_ms <= **last + self.window_ms)
            .count()
    }
}
