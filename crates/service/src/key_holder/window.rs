//! What one bank asked for within a sliding window.

use super::Limit;
use std::collections::VecDeque;

/// Times and sizes of what was asked, the oldest first; at most as many as the limit has elements.
#[derive(Debug, Default)]
pub(super) struct Window {
    taken: VecDeque<(u64, u32)>,
    sum: u64,
}

impl Window {
    /// How long to wait until `wanted` more elements fit; `None` if they fit now. What can never fit
    /// waits for a whole window.
    pub fn wait(&mut self, now_ms: u64, wanted: u32, limit: &Limit) -> Option<u64> {
        self.forget(now_ms, limit);
        let mut over = (self.sum + u64::from(wanted)).checked_sub(u64::from(limit.elements))?;
        if over == 0 {
            return None;
        }
        for (at_ms, count) in &self.taken {
            over = over.saturating_sub(u64::from(*count));
            if over == 0 {
                let free_at_ms = at_ms.saturating_add(limit.window_ms);
                return Some(free_at_ms.saturating_sub(now_ms).max(1));
            }
        }
        Some(limit.window_ms)
    }

    /// Counts what was answered.
    pub fn take(&mut self, now_ms: u64, count: u32, limit: &Limit) {
        self.forget(now_ms, limit);
        // A clock that was set back must not put an older time behind a newer one.
        let last_ms = self.taken.back().map_or(0, |(at_ms, _)| *at_ms);
        self.taken.push_back((now_ms.max(last_ms), count));
        self.sum += u64::from(count);
    }

    fn forget(&mut self, now_ms: u64, limit: &Limit) {
        while let Some((at_ms, count)) = self.taken.front().copied() {
            if at_ms.saturating_add(limit.window_ms) > now_ms {
                break;
            }
            self.sum -= u64::from(count);
            self.taken.pop_front();
        }
    }
}
