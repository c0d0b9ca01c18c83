//! The runtime's clock in the ledger's unit; nothing here reads the machine's clock.

use commonware_runtime::Clock;
use std::time::{Duration, UNIX_EPOCH};

/// Milliseconds since 1970 by the runtime's clock, which a simulation moves by itself.
pub fn now_ms(clock: &impl Clock) -> u64 {
    let since = clock
        .current()
        .duration_since(UNIX_EPOCH)
        .unwrap_or(Duration::ZERO);
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Microseconds between two readings of the runtime's clock.
pub fn elapsed_us(clock: &impl Clock, since: std::time::SystemTime) -> u64 {
    let elapsed = clock
        .current()
        .duration_since(since)
        .unwrap_or(Duration::ZERO);
    u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX)
}
