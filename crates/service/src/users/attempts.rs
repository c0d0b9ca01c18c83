//! How often signing in may fail: by user, known or not, and by address.

use blockworm_crypto::{Digest, sha256};
use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
};

const MINUTE_MS: u64 = 60_000;
/// The longest wait.
const LONGEST_MS: u64 = 15 * MINUTE_MS;
/// Failures are forgotten so long after the last one.
const FORGOTTEN_MS: u64 = 24 * 60 * MINUTE_MS;
/// Failures of one user before the first wait.
const OF_USER: u32 = 5;
/// Failures from one address before the first wait: many people may share one.
const OF_ADDRESS: u32 = 30;
/// Most users and most addresses that are remembered.
const MOST: usize = 4_096;

/// Failures, by user and by address.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    users: Table<Digest>,
    addresses: Table<IpAddr>,
}

#[derive(Debug)]
struct Table<K>(HashMap<K, Failures>);

impl<K> Default for Table<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Failures {
    count: u32,
    last_ms: u64,
    until_ms: u64,
}

impl Attempts {
    /// Counts an attempt as failed before it is looked at, so that attempts side by side are no way
    /// around the limit; or says how many milliseconds to wait.
    pub fn begin(&mut self, name: &str, address: IpAddr, now_ms: u64) -> Result<(), u64> {
        let user = sha256(&[name.as_bytes()]);
        let address = network(address);
        let wait = self
            .users
            .wait(&user, now_ms)
            .max(self.addresses.wait(&address, now_ms));
        if wait > 0 {
            return Err(wait);
        }
        self.users.fail(user, OF_USER, now_ms);
        self.addresses.fail(address, OF_ADDRESS, now_ms);
        Ok(())
    }

    /// Counts a failure that no name belongs to, or says how many milliseconds to wait.
    pub fn begin_nameless(&mut self, address: IpAddr, now_ms: u64) -> Result<(), u64> {
        let address = network(address);
        match self.addresses.wait(&address, now_ms) {
            0 => {
                self.addresses.fail(address, OF_ADDRESS, now_ms);
                Ok(())
            }
            wait => Err(wait),
        }
    }

    /// It did not fail: the user's failures are forgotten, and this one of the address.
    pub fn succeeded(&mut self, name: Option<&str>, address: IpAddr) {
        if let Some(name) = name {
            self.users.0.remove(&sha256(&[name.as_bytes()]));
        }
        if let Some(failures) = self.addresses.0.get_mut(&network(address)) {
            failures.count = failures.count.saturating_sub(1);
            failures.until_ms = 0;
        }
    }
}

impl<K: Copy + Eq + std::hash::Hash> Table<K> {
    fn wait(&self, key: &K, now_ms: u64) -> u64 {
        let failures = self.0.get(key);
        failures.map_or(0, |of| of.until_ms.saturating_sub(now_ms))
    }

    fn fail(&mut self, key: K, allowed: u32, now_ms: u64) {
        if self.0.len() >= MOST && !self.0.contains_key(&key) {
            self.0
                .retain(|_, of| now_ms.saturating_sub(of.last_ms) < FORGOTTEN_MS);
            let oldest = self
                .0
                .iter()
                .min_by_key(|(_, of)| of.last_ms)
                .map(|(key, _)| *key);
            if let Some(oldest) = oldest.filter(|_| self.0.len() >= MOST) {
                self.0.remove(&oldest);
            }
        }
        let failures = self.0.entry(key).or_default();
        if now_ms.saturating_sub(failures.last_ms) >= FORGOTTEN_MS {
            *failures = Failures::default();
        }
        failures.count = failures.count.saturating_add(1);
        failures.last_ms = now_ms;
        // One minute after the last that is allowed, then twice as long each time.
        if let Some(over) = failures.count.checked_sub(allowed) {
            let wait = MINUTE_MS.saturating_mul(1 << over.min(8));
            failures.until_ms = now_ms.saturating_add(wait.min(LONGEST_MS));
        }
    }
}

/// Whose address it is: an IPv6 customer has a whole /64.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(six) => {
            let [a, b, c, d, ..] = six.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        four => four,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    #[test]
    fn a_user_waits_longer_with_every_failure() {
        let mut attempts = Attempts::default();
        for _ in 0..OF_USER {
            attempts.begin("ana", address(1), 1_000).unwrap();
        }
        // From wherever.
        assert_eq!(attempts.begin("ana", address(2), 1_000), Err(MINUTE_MS));
        attempts.begin("ben", address(2), 1_000).unwrap();
        let mut now_ms = 1_000 + MINUTE_MS;
        for wait in [2, 4, 8, 15, 15] {
            attempts.begin("ana", address(1), now_ms).unwrap();
            assert_eq!(
                attempts.begin("ana", address(1), now_ms),
                Err(wait * MINUTE_MS)
            );
            now_ms += wait * MINUTE_MS;
        }
        attempts.begin("ana", address(1), now_ms).unwrap();
        attempts.succeeded(Some("ana"), address(1));
        for _ in 0..OF_USER {
            attempts.begin("ana", address(1), now_ms).unwrap();
        }
    }

    #[test]
    fn an_address_that_tries_many_names_waits() {
        let mut attempts = Attempts::default();
        for name in 0..OF_ADDRESS {
            attempts.begin(&name.to_string(), address(1), 5).unwrap();
        }
        assert_eq!(attempts.begin("other", address(1), 5), Err(MINUTE_MS));
        assert_eq!(attempts.begin_nameless(address(1), 5), Err(MINUTE_MS));
        attempts.begin("other", address(2), 5).unwrap();
        let same: IpAddr = "2001:db8::1".parse().unwrap();
        assert_eq!(network(same), network("2001:db8::2".parse().unwrap()));
        assert_ne!(network(same), network("2001:db8:0:1::1".parse().unwrap()));
    }

    #[test]
    fn failures_are_forgotten_and_their_number_is_bounded() {
        let mut attempts = Attempts::default();
        for _ in 0..OF_USER {
            attempts.begin("ana", address(1), 5).unwrap();
        }
        for _ in 0..OF_USER {
            attempts.begin("ana", address(1), 5 + FORGOTTEN_MS).unwrap();
        }
        for name in 0..MOST + 10 {
            let address = IpAddr::from((name as u32).to_be_bytes());
            attempts
                .begin(&name.to_string(), address, 9 + FORGOTTEN_MS)
                .unwrap();
        }
        assert!(attempts.users.0.len() <= MOST && attempts.addresses.0.len() <= MOST);
    }
}
