//! What is kept of a person: name, factors, rights.

use super::{PasswordHash, RECOVERY_CODES, Scope, TotpSecret, UsersError, random, recovery};
use blockworm_crypto::Digest;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use zeroize::Zeroizing;

/// Most people in a file.
pub const MAX_USERS: usize = 1_000;
/// Most passkeys of one person.
pub const MAX_PASSKEYS: usize = 10;
/// Most ledgers that one person is limited to.
const MAX_LEDGERS: usize = 64;
/// Most characters of a passkey's name.
pub(super) const LONGEST_LABEL: usize = 64;

/// A person who may sign in at the console.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserRecord {
    /// 1 to 64 of `a-z 0-9 - . _`.
    pub name: String,
    /// 16 random bytes in hex, by which passkeys know their owner; it says nothing of the name.
    pub handle: String,
    /// The password's hash.
    pub password: PasswordHash,
    /// Shared with the authenticator app.
    pub totp_secret: TotpSecret,
    /// The thirty-second step of the last code that was used: it and those before it are spent.
    #[serde(default)]
    pub totp_last_step: u64,
    /// Digests of the recovery codes that are left.
    #[serde(default)]
    pub recovery: Vec<Digest>,
    /// Keys in devices.
    #[serde(default)]
    pub passkeys: Vec<Passkey>,
    /// What the person may do.
    pub scopes: BTreeSet<Scope>,
    /// Ids or names of the ledgers that the person is limited to; all when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ledgers: Vec<String>,
    /// Whether signing in is refused.
    #[serde(default)]
    pub disabled: bool,
    /// When the record was made, milliseconds since 1970.
    pub created_at_ms: u64,
    /// Sessions that began before this ended with it.
    pub changed_at_ms: u64,
}

/// The public half of a key in a device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Passkey {
    /// The credential's id, hex.
    pub id: String,
    /// What its owner calls it.
    pub label: String,
    /// The host name that it was made for: it counts at no other.
    pub site: String,
    /// COSE algorithm: -7 for ES256, -8 for EdDSA.
    pub algorithm: i64,
    /// The public key, hex: 65 bytes of a P-256 point or 32 of Ed25519.
    pub key: String,
    /// How often the device signed, if it counts.
    pub sign_count: u32,
    /// When it was added.
    pub created_at_ms: u64,
    /// When it signed in last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used_at_ms: Option<u64>,
}

/// What a new person shall be.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// See [`UserRecord::name`].
    pub name: String,
    /// At least one.
    pub scopes: BTreeSet<Scope>,
    /// See [`UserRecord::ledgers`].
    pub ledgers: Vec<String>,
    /// The first password.
    pub password: Zeroizing<String>,
}

/// What is shown to a person once.
#[derive(Debug)]
pub struct Secrets {
    /// For the authenticator app.
    pub totp: TotpSecret,
    /// Each stands in once for the app.
    pub recovery: Vec<Zeroizing<String>>,
}

impl UserRecord {
    pub(super) fn create(new: NewUser, now_ms: u64) -> Result<(Self, Secrets), UsersError> {
        check_name(&new.name).map_err(UsersError::BadUser)?;
        let (codes, kept) = recovery::generate()?;
        let totp = TotpSecret::generate()?;
        let record = Self {
            name: new.name,
            handle: hex::encode(*random::<16>()?),
            password: PasswordHash::of(&new.password)?,
            totp_secret: totp.clone(),
            totp_last_step: 0,
            recovery: kept,
            passkeys: Vec::new(),
            scopes: new.scopes,
            ledgers: new.ledgers,
            disabled: false,
            created_at_ms: now_ms,
            changed_at_ms: now_ms,
        };
        record.check().map_err(UsersError::BadUser)?;
        let recovery = codes;
        Ok((record, Secrets { totp, recovery }))
    }

    /// Stands in for people who are not there, so that asking for them takes as long.
    pub(super) fn nobody() -> Self {
        Self {
            name: String::new(),
            handle: String::new(),
            password: PasswordHash::of_nobody(),
            totp_secret: TotpSecret::of_nobody(),
            totp_last_step: u64::MAX,
            recovery: vec![Digest::ZERO; RECOVERY_CODES],
            passkeys: Vec::new(),
            scopes: BTreeSet::new(),
            ledgers: Vec::new(),
            disabled: true,
            created_at_ms: 0,
            changed_at_ms: 0,
        }
    }

    pub(super) fn check(&self) -> Result<(), String> {
        check_name(&self.name)?;
        let name = &self.name;
        let in_user = |what: String| format!("{name}: {what}");
        if self.scopes.is_empty() {
            return Err(in_user("there is no scope".into()));
        }
        let long = |text: &String| text.is_empty() || text.len() > 128;
        if self.ledgers.len() > MAX_LEDGERS || self.ledgers.iter().any(long) {
            return Err(in_user(format!(
                "at most {MAX_LEDGERS} ledgers, each of 1 to 128 characters"
            )));
        }
        if self.scopes.contains(&Scope::Metrics) && !self.ledgers.is_empty() {
            return Err(in_user(
                "figures are of the whole node, so metrics cannot be limited to ledgers".into(),
            ));
        }
        if hex::decode(&self.handle).map_or(0, |bytes| bytes.len()) != 16 {
            return Err(in_user("the handle is not 16 bytes in hex".into()));
        }
        if self.recovery.len() > RECOVERY_CODES || self.passkeys.len() > MAX_PASSKEYS {
            return Err(in_user("too many recovery codes or passkeys".into()));
        }
        self.password.check().map_err(in_user)?;
        self.totp_secret.check().map_err(in_user)?;
        self.passkeys
            .iter()
            .try_for_each(Passkey::check)
            .map_err(in_user)
    }
}

impl Passkey {
    fn check(&self) -> Result<(), String> {
        let bytes = |text: &str| hex::decode(text).map_or(0, |bytes| bytes.len());
        let known = matches!((self.algorithm, bytes(&self.key)), (-7, 65) | (-8, 32));
        let labelled = (1..=LONGEST_LABEL).contains(&self.label.chars().count());
        if known && labelled && (1..=1023).contains(&bytes(&self.id)) && !self.site.is_empty() {
            return Ok(());
        }
        Err("a passkey breaks its rules".into())
    }
}

pub(super) fn check_name(name: &str) -> Result<(), String> {
    let plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_');
    if (1..=64).contains(&name.len()) && name.bytes().all(plain) {
        return Ok(());
    }
    Err("a user's name is 1 to 64 of a-z, 0-9, '-', '.' and '_'".into())
}
