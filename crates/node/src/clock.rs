//! The runtime's clock in the ledger's unit, and the moved clock of a rehearsal; nothing here reads
//! the machine's clock.

use commonware_runtime::Clock;
use std::{
    sync::OnceLock,
    time::{Duration, UNIX_EPOCH},
};

/// A clock that runs ahead of the machine's, of a consortium that lives on one machine only.
pub trait MovedClock: Send + Sync {
    /// The moved time at a moment of the machine's clock, milliseconds since 1970. It never goes
    /// back and never jumps.
    fn moved(&self, real_ms: u64) -> u64;

    /// How many moved milliseconds pass in a real one now; at least 1.
    fn pace(&self, real_ms: u64) -> u64;
}

static MOVED: OnceLock<Box<dyn MovedClock>> = OnceLock::new();

/// From now on the ledgers of this process live by this clock; false when another was given before.
pub fn move_clock(clock: Box<dyn MovedClock>) -> bool {
    MOVED.set(clock).is_ok()
}

/// The time by which this process's ledgers live, at a moment of the machine's clock.
#[must_use]
pub fn ledger_ms(real_ms: u64) -> u64 {
    MOVED.get().map_or(real_ms, |clock| clock.moved(real_ms))
}

/// Milliseconds since 1970 by the runtime's clock, which a simulation moves by itself: for what is
/// a matter of this machine, such as who was heard lately.
pub fn real_ms(clock: &impl Clock) -> u64 {
    let since = clock
        .current()
        .duration_since(UNIX_EPOCH)
        .unwrap_or(Duration::ZERO);
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// The time by which the ledgers live: of blocks and of what they decide.
pub fn now_ms(clock: &impl Clock) -> u64 {
    ledger_ms(real_ms(clock))
}

/// How long a stretch of the ledgers' time takes on this machine: waits and timeouts stay real.
pub fn real_stretch_ms(clock: &impl Clock, ledger_ms: u64) -> u64 {
    let pace = MOVED.get().map_or(1, |moved| moved.pace(real_ms(clock)));
    ledger_ms / pace.max(1)
}

/// Microseconds between two readings of the runtime's clock.
pub fn elapsed_us(clock: &impl Clock, since: std::time::SystemTime) -> u64 {
    let elapsed = clock
        .current()
        .duration_since(since)
        .unwrap_or(Duration::ZERO);
    u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX)
}
