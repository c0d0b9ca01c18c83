//! How long the engine waits for a leader, from a ledger's heartbeat and the number of validators.

use std::time::Duration;

/// The engine's patience.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// For a leader's proposal.
    pub leader: Duration,
    /// For a view to end.
    pub certification: Duration,
    /// Before a lost vote to skip is sent again.
    pub retry: Duration,
    /// A leader not heard of for this long is skipped at once.
    pub skip: Duration,
}

/// A single validator without a heartbeat may be idle for ever; it only needs to leave a view that
/// it cannot end, such as one that a restart interrupted.
const ALONE: Duration = Duration::from_secs(10);
/// What a leader may need beyond the heartbeat that it waits for.
const SLACK: Duration = Duration::from_millis(1_500);

impl Timing {
    /// The patience among `validators` with a block at least every `heartbeat_ms` (0: never).
    #[must_use]
    pub fn new(validators: usize, heartbeat_ms: u64) -> Self {
        let leader = if validators <= 1 && heartbeat_ms == 0 {
            ALONE
        } else {
            Duration::from_millis(heartbeat_ms) + SLACK
        };
        Self {
            leader,
            certification: leader + leader / 2,
            retry: leader,
            skip: leader * 2,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_heartbeat_lies_below_the_leader_timeout() {
        for heartbeat_ms in [0, 100, 1_000, 60_000] {
            let timing = Timing::new(4, heartbeat_ms);
            assert!(timing.leader > Duration::from_millis(heartbeat_ms));
            assert!(timing.certification > timing.leader);
            assert!(timing.skip > timing.certification && timing.skip > timing.retry);
        }
    }

    #[test]
    fn a_single_validator_leaves_an_interrupted_view_in_seconds() {
        for heartbeat_ms in [0, 2_000] {
            assert!(Timing::new(1, heartbeat_ms).leader <= Duration::from_secs(10));
        }
        assert!(Timing::new(1, 2_000).leader > Duration::from_secs(2));
    }
}
