//! Challenges for passkeys: each counts once, for one purpose, for five minutes.

use super::{UsersError, random};
use std::{collections::VecDeque, net::IpAddr};

/// How long a person may take.
pub(super) const LIFE_MS: u64 = 5 * 60_000;
/// Most at once; the oldest goes first.
const MOST: usize = 1_024;
/// Most at once for one address; its oldest goes first.
const MOST_OF_ADDRESS: usize = 32;

/// What a challenge was given for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To sign in.
    SignIn,
    /// To add a passkey to this user, in this session.
    Register { user: String, session: String },
}

#[derive(Debug)]
struct Challenge {
    bytes: [u8; 32],
    purpose: Purpose,
    site: String,
    address: IpAddr,
    ends_ms: u64,
}

/// Those that are open, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Challenges(VecDeque<Challenge>);

impl Challenges {
    /// A fresh one.
    pub fn give(
        &mut self,
        purpose: Purpose,
        site: &str,
        address: IpAddr,
        now_ms: u64,
    ) -> Result<[u8; 32], UsersError> {
        self.0.retain(|of| now_ms < of.ends_ms);
        let mut of_address = self
            .0
            .iter()
            .enumerate()
            .filter(|(_, of)| of.address == address);
        let first = of_address.next().map(|(place, _)| place);
        let full = of_address.count() + 1 >= MOST_OF_ADDRESS;
        if let Some(place) = first.filter(|_| full) {
            self.0.remove(place);
        }
        if self.0.len() >= MOST {
            self.0.pop_front();
        }
        let bytes = *random::<32>()?;
        self.0.push_back(Challenge {
            bytes,
            purpose,
            site: site.to_owned(),
            address,
            ends_ms: now_ms.saturating_add(LIFE_MS),
        });
        Ok(bytes)
    }

    /// Takes back the one that was answered: whether it was given for this purpose and site, and
    /// is not over. It does not count again, whatever comes of it.
    pub fn take(&mut self, bytes: &[u8], purpose: &Purpose, site: &str, now_ms: u64) -> bool {
        let place = self.0.iter().position(|of| of.bytes == bytes);
        let taken = place.and_then(|place| self.0.remove(place));
        taken.is_some_and(|of| of.purpose == *purpose && of.site == site && now_ms < of.ends_ms)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[test]
    fn a_challenge_counts_once_in_time_and_for_its_purpose() {
        let mut open = Challenges::default();
        let register = Purpose::Register {
            user: "ana".into(),
            session: "1".into(),
        };
        let give = |open: &mut Challenges| open.give(Purpose::SignIn, "here", HERE, 0).unwrap();
        let one = give(&mut open);
        assert!(open.take(&one, &Purpose::SignIn, "here", 1));
        assert!(!open.take(&one, &Purpose::SignIn, "here", 1), "once");
        let one = give(&mut open);
        assert!(!open.take(&one, &register, "here", 1), "purpose");
        assert!(!open.take(&one, &Purpose::SignIn, "here", 1), "spent");
        let one = give(&mut open);
        assert!(!open.take(&one, &Purpose::SignIn, "there", 1), "site");
        let one = give(&mut open);
        assert!(!open.take(&one, &Purpose::SignIn, "here", LIFE_MS), "late");
        assert!(!open.take(&[0; 32], &Purpose::SignIn, "here", 1), "unknown");
    }

    #[test]
    fn their_number_is_bounded() {
        let mut open = Challenges::default();
        let first = open.give(Purpose::SignIn, "here", HERE, 0).unwrap();
        for last in 0..200u32 {
            let other = IpAddr::from((0x0a00_0000 + last).to_be_bytes());
            for _ in 0..40 {
                open.give(Purpose::SignIn, "here", other, 0).unwrap();
            }
            let of_other = open.0.iter().filter(|of| of.address == other).count();
            assert_eq!(of_other, MOST_OF_ADDRESS);
        }
        assert_eq!(open.0.len(), MOST);
        assert!(
            !open.take(&first, &Purpose::SignIn, "here", 1),
            "the oldest went first"
        );
    }
}
