//! People who sign in at a node's console: their file, their factors, their sessions.

mod attempts;
mod cbor;
mod challenges;
mod desk;
mod file;
mod passkey;
mod passkey_desk;
mod password;
mod record;
mod recovery;
mod scope;
mod sessions;
#[cfg(test)]
mod testing;
mod totp;
mod visit;

pub use desk::{Refused, Users};
pub use file::{UserFile, UsersError};
pub use passkey::{Assertion, PasskeyError, Registration, Site};
pub use passkey_desk::{PasskeyOffer, PasskeyRequest};
pub use password::{LONGEST_PASSWORD, PasswordHash, SHORTEST_PASSWORD};
pub use record::{MAX_PASSKEYS, MAX_USERS, NewUser, Passkey, Secrets, UserRecord};
pub use recovery::RECOVERY_CODES;
pub use scope::Scope;
pub use sessions::{
    ABSOLUTE_MS, IDLE_MS, MAX_SESSIONS, NewSession, SESSIONS_OF_ONE, SessionView, SignedIn,
};
pub use totp::TotpSecret;
pub use visit::{Doorway, Visit};

use std::time::{SystemTime, UNIX_EPOCH};
use zeroize::Zeroizing;

/// Milliseconds since 1970 by the machine's own clock: the one that people's apps show codes by, also
/// where a local consortium's clock was moved.
#[must_use]
pub fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis() as u64)
}

/// Random bytes, or what to say without.
fn random<const N: usize>() -> Result<Zeroizing<[u8; N]>, UsersError> {
    let mut bytes = Zeroizing::new([0u8; N]);
    getrandom::fill(&mut *bytes).map_err(|_| UsersError::NoRandomness)?;
    Ok(bytes)
}
