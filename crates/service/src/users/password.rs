//! Passwords, kept as Argon2id hashes.

use super::{UsersError, random};
use argon2::{Algorithm, Argon2, Params, Version};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// Fewest characters of a password.
pub const SHORTEST_PASSWORD: usize = 12;
/// Most bytes of a password.
pub const LONGEST_PASSWORD: usize = 256;

/// The second recommended choice of RFC 9106 §4: 64 MiB, three passes, four lanes.
const MEMORY_KIB: u32 = 64 << 10;
const PASSES: u32 = 3;
const LANES: u32 = 4;
/// A file cannot ask for more than four times that.
const MOST_MEMORY_KIB: u32 = MEMORY_KIB * 4;
const MOST_PASSES: u32 = 12;

/// Argon2id of a password, version 0x13, with the parameters that it was made with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PasswordHash {
    /// Memory, kibibytes.
    memory_kib: u32,
    /// Passes over it.
    passes: u32,
    /// Lanes.
    lanes: u32,
    /// 16 random bytes, hex.
    salt: String,
    /// 32 bytes, hex.
    hash: String,
}

impl PasswordHash {
    /// Hashes a password, about a tenth of a second.
    ///
    /// # Errors
    /// [`UsersError::BadUser`] for one that is too short or too long.
    pub fn of(password: &str) -> Result<Self, UsersError> {
        check(password).map_err(UsersError::BadUser)?;
        let salt = hex::encode(*random::<16>()?);
        let mut made = Self {
            memory_kib: MEMORY_KIB,
            passes: PASSES,
            lanes: LANES,
            salt,
            hash: String::new(),
        };
        let hash = made.compute(password).ok_or(UsersError::Hashing)?;
        made.hash = hex::encode(*hash);
        Ok(made)
    }

    /// One that no password has: comparing with it takes as long as with any other.
    pub(super) fn of_nobody() -> Self {
        Self {
            memory_kib: MEMORY_KIB,
            passes: PASSES,
            lanes: LANES,
            salt: "00".repeat(16),
            hash: "00".repeat(32),
        }
    }

    /// Whether it is of this password; the same time for every answer.
    #[must_use]
    pub fn is_of(&self, password: &str) -> bool {
        let Some(found) = self.compute(password) else {
            return false;
        };
        let Ok(kept) = hex::decode(&self.hash) else {
            return false;
        };
        bool::from(found.as_slice().ct_eq(kept.as_slice()))
    }

    fn compute(&self, password: &str) -> Option<Zeroizing<[u8; 32]>> {
        let params = Params::new(self.memory_kib, self.passes, self.lanes, Some(32)).ok()?;
        let salt = hex::decode(&self.salt).ok()?;
        let mut hash = Zeroizing::new([0u8; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(password.as_bytes(), &salt, &mut *hash)
            .ok()?;
        Some(hash)
    }

    pub(super) fn check(&self) -> Result<(), String> {
        let digits = |text: &str, count: usize| {
            text.len() == count && text.bytes().all(|byte| byte.is_ascii_hexdigit())
        };
        let within = (8..=MOST_MEMORY_KIB).contains(&self.memory_kib)
            && (1..=MOST_PASSES).contains(&self.passes)
            && (1..=16).contains(&self.lanes);
        if within && digits(&self.salt, 32) && digits(&self.hash, 64) {
            return Ok(());
        }
        Err("a password's hash breaks its rules".into())
    }
}

/// Refuses passwords that are too short to stand guessing, or too long to be one.
pub(super) fn check(password: &str) -> Result<(), String> {
    let characters = password.chars().count();
    if characters < SHORTEST_PASSWORD {
        return Err(format!(
            "a password has at least {SHORTEST_PASSWORD} characters; this one has {characters}"
        ));
    }
    if password.len() > LONGEST_PASSWORD {
        return Err(format!(
            "a password has at most {LONGEST_PASSWORD} bytes; this one has {}",
            password.len()
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn only_the_password_itself_fits() {
        let hash = PasswordHash::of("correct horse battery").unwrap();
        assert!(hash.is_of("correct horse battery"));
        assert!(!hash.is_of("correct horse batterY"));
        assert!(!hash.is_of(""));
        assert!(!PasswordHash::of_nobody().is_of(""));
        let again = PasswordHash::of("correct horse battery").unwrap();
        assert_ne!(hash, again, "salted");
        hash.check().unwrap();
        let greedy = PasswordHash {
            memory_kib: MOST_MEMORY_KIB + 1,
            ..hash
        };
        assert!(greedy.check().is_err());
    }

    /// RFC 9106 §5.3 has a secret and associated data, so the vector here is the reference
    /// implementation's: `echo -n password | argon2 somesalt -id -t 2 -k 65536 -p 1 -l 32`.
    #[test]
    fn it_is_argon2id() {
        let hash = PasswordHash {
            memory_kib: 65_536,
            passes: 2,
            lanes: 1,
            salt: hex::encode("somesalt"),
            hash: "09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7".into(),
        };
        assert!(hash.is_of("password"));
        assert!(!hash.is_of("Password"));
    }

    #[test]
    fn passwords_have_bounds() {
        assert!(check("elevenchars").is_err());
        assert!(check("twelve chars").is_ok());
        assert!(check("十二个汉字也可以作为密码的").is_ok());
        assert!(check(&"x".repeat(LONGEST_PASSWORD + 1)).is_err());
    }
}
