//! What makes a passkey's answer count: Web Authentication level 2, §7.1 and §7.2.

use super::{
    Passkey,
    cbor::{Map, integer},
};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, ParsedPublicKey, UnparsedPublicKey, VerificationAlgorithm,
};
use blockworm_crypto::sha256;
use serde::Deserialize;

/// COSE names of the two algorithms.
pub(super) const ES256: i64 = -7;
pub(super) const EDDSA: i64 = -8;

/// Bits of the authenticator's flags.
const USER_PRESENT: u8 = 1;
const USER_VERIFIED: u8 = 1 << 2;
const BACKUP_ELIGIBLE: u8 = 1 << 3;
const BACKED_UP: u8 = 1 << 4;
const KEY_INCLUDED: u8 = 1 << 6;

/// No answer has more bytes in one part.
pub(super) const LONGEST: usize = 16 << 10;

/// Where passkeys are made and used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// The relying party's id: the host name.
    pub name: String,
    /// The origins of its pages.
    pub origins: Vec<String>,
}

/// A device's answer to being asked for a new passkey.
#[derive(Clone, Debug)]
pub struct Registration {
    /// `clientDataJSON`.
    pub client_data: Vec<u8>,
    /// `attestationObject`.
    pub attestation: Vec<u8>,
}

/// A device's answer to being asked who signs in.
#[derive(Clone, Debug)]
pub struct Assertion {
    /// `rawId`.
    pub id: Vec<u8>,
    /// `userHandle`.
    pub handle: Vec<u8>,
    /// `clientDataJSON`.
    pub client_data: Vec<u8>,
    /// `authenticatorData`.
    pub authenticator_data: Vec<u8>,
    /// `signature`.
    pub signature: Vec<u8>,
}

/// Why an answer does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasskeyError {
    /// A part of the answer cannot be read.
    #[error("the device's answer cannot be read: {0}")]
    Malformed(&'static str),
    /// It answers another kind of question.
    #[error("the device answered another kind of question")]
    Kind,
    /// The challenge is unknown, over or used.
    #[error("the challenge is over or was used already")]
    Challenge,
    /// Another page asked.
    #[error("the device answered a page of another origin")]
    Origin,
    /// A page inside a page of another site asked.
    #[error("the device answered a page inside another site's page")]
    CrossOrigin,
    /// The key belongs to another site.
    #[error("the passkey belongs to another site")]
    Site,
    /// Nobody touched the device.
    #[error("nobody was at the device")]
    NotPresent,
    /// The device did not ask for a PIN, finger or face.
    #[error("the device did not verify its user by PIN, finger or face")]
    NotVerified,
    /// The flags contradict one another.
    #[error("the device's flags contradict one another")]
    Flags,
    /// An algorithm that was not asked for.
    #[error("the key is of an algorithm that was not asked for")]
    Algorithm,
    /// The key is no point of its curve, or not of its form.
    #[error("the key breaks the rules of its algorithm")]
    Key,
    /// A statement about the device came, though none was asked for.
    #[error("the device states where it comes from, though it was asked not to")]
    Attestation,
    /// The signature is not of this key over this answer.
    #[error("the signature is wrong")]
    Signature,
    /// The device's counter did not rise: the key may have been copied.
    #[error("the device's counter went back: the key may have been copied")]
    Counter,
    /// The passkey is not known, or of another user.
    #[error("the passkey is not known here")]
    Unknown,
    /// The passkey is known already.
    #[error("the passkey is known already")]
    Known,
    /// The user has as many as there may be.
    #[error("there are as many passkeys as there may be")]
    TooMany,
}

impl PasskeyError {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Malformed(_) => "passkey.malformed",
            Self::Kind => "passkey.kind",
            Self::Challenge => "passkey.challenge",
            Self::Origin => "passkey.origin",
            Self::CrossOrigin => "passkey.cross_origin",
            Self::Site => "passkey.site",
            Self::NotPresent => "passkey.not_present",
            Self::NotVerified => "passkey.not_verified",
            Self::Flags => "passkey.flags",
            Self::Algorithm => "passkey.algorithm",
            Self::Key => "passkey.key",
            Self::Attestation => "passkey.attestation",
            Self::Signature => "passkey.signature",
            Self::Counter => "passkey.counter",
            Self::Unknown => "passkey.unknown",
            Self::Known => "passkey.known",
            Self::TooMany => "passkey.too_many",
        }
    }
}

/// A credential as its device described it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Credential {
    pub id: Vec<u8>,
    pub algorithm: i64,
    pub key: Vec<u8>,
    pub sign_count: u32,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClientData {
    #[serde(rename = "type")]
    kind: String,
    challenge: String,
    origin: String,
    #[serde(default)]
    cross_origin: bool,
}

/// The challenge that an answer is for, before anything of it is believed.
pub(super) fn challenge_of(client_data: &[u8]) -> Result<Vec<u8>, PasskeyError> {
    let read = read_client_data(client_data)?;
    super::passkey_desk::unbase64url(&read.challenge).ok_or(PasskeyError::Malformed("challenge"))
}

/// Checks an answer to the question for a new passkey; its challenge was checked before.
pub(super) fn check_registration(
    site: &Site,
    answer: &Registration,
) -> Result<Credential, PasskeyError> {
    check_client_data(&answer.client_data, "webauthn.create", site)?;
    let malformed = PasskeyError::Malformed("attestationObject");
    if answer.attestation.len() > LONGEST {
        return Err(malformed);
    }
    let object = Map::read(&answer.attestation).ok_or(malformed)?;
    if object.bytes != answer.attestation.len() {
        return Err(malformed);
    }
    let data = object
        .text_key("authData")
        .and_then(|value| value.as_bytes());
    let data = data.ok_or(malformed)?;
    let read = AuthenticatorData::read(data)?;
    read.check(site)?;
    let credential = read.credential.ok_or(malformed)?;
    credential.parsed()?;
    let format = object.text_key("fmt").and_then(|value| value.as_text());
    let statement = object
        .text_key("attStmt")
        .and_then(|value| Map::try_from(value).ok());
    match (format, statement) {
        (Some("none"), Some(statement)) if statement.is_empty() => Ok(credential),
        // A browser may pass on what a key says of itself alone; then it must be true.
        (Some("packed"), Some(statement)) if statement.text_key("x5c").is_none() => {
            let algorithm = statement.text_key("alg").and_then(integer);
            let signature = statement.text_key("sig").and_then(|value| value.as_bytes());
            let own = algorithm == Some(credential.algorithm);
            let signature = signature.filter(|_| own).ok_or(PasskeyError::Attestation)?;
            let message = signed(data, &answer.client_data);
            verify(credential.algorithm, &credential.key, &message, signature)?;
            Ok(credential)
        }
        _ => Err(PasskeyError::Attestation),
    }
}

/// Checks that a passkey's device answered; its challenge and owner were checked before. Gives the
/// device's counter.
pub(super) fn check_assertion(
    site: &Site,
    passkey: &Passkey,
    answer: &Assertion,
) -> Result<u32, PasskeyError> {
    check_client_data(&answer.client_data, "webauthn.get", site)?;
    if passkey.site != site.name {
        return Err(PasskeyError::Site);
    }
    let read = AuthenticatorData::read(&answer.authenticator_data)?;
    read.check(site)?;
    let key = hex::decode(&passkey.key).map_err(|_| PasskeyError::Key)?;
    let message = signed(&answer.authenticator_data, &answer.client_data);
    verify(passkey.algorithm, &key, &message, &answer.signature)?;
    let (now, before) = (read.sign_count, passkey.sign_count);
    // A device that does not count says 0 for ever.
    if (now > 0 || before > 0) && now <= before {
        return Err(PasskeyError::Counter);
    }
    Ok(now)
}

fn read_client_data(bytes: &[u8]) -> Result<ClientData, PasskeyError> {
    let malformed = PasskeyError::Malformed("clientDataJSON");
    if bytes.len() > LONGEST {
        return Err(malformed);
    }
    serde_json::from_slice(bytes).map_err(|_| malformed)
}

fn check_client_data(bytes: &[u8], kind: &str, site: &Site) -> Result<(), PasskeyError> {
    let read = read_client_data(bytes)?;
    if read.kind != kind {
        return Err(PasskeyError::Kind);
    }
    if !site.origins.contains(&read.origin) {
        return Err(PasskeyError::Origin);
    }
    if read.cross_origin {
        return Err(PasskeyError::CrossOrigin);
    }
    Ok(())
}

/// What a device signs.
fn signed(authenticator_data: &[u8], client_data: &[u8]) -> Vec<u8> {
    let digest = sha256(&[client_data]);
    [authenticator_data, digest.as_bytes()].concat()
}

fn verification(algorithm: i64) -> Result<&'static dyn VerificationAlgorithm, PasskeyError> {
    match algorithm {
        ES256 => Ok(&ECDSA_P256_SHA256_ASN1),
        EDDSA => Ok(&ED25519),
        _ => Err(PasskeyError::Algorithm),
    }
}

fn verify(
    algorithm: i64,
    key: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Result<(), PasskeyError> {
    UnparsedPublicKey::new(verification(algorithm)?, key)
        .verify(message, signature)
        .map_err(|_| PasskeyError::Signature)
}

/// Web Authentication §6.1.
struct AuthenticatorData {
    site: [u8; 32],
    flags: u8,
    sign_count: u32,
    credential: Option<Credential>,
}

impl AuthenticatorData {
    fn read(bytes: &[u8]) -> Result<Self, PasskeyError> {
        let malformed = PasskeyError::Malformed("authenticatorData");
        let (site, rest) = bytes.split_first_chunk::<32>().ok_or(malformed)?;
        let (&[flags], rest) = rest.split_first_chunk::<1>().ok_or(malformed)?;
        let (count, mut rest) = rest.split_first_chunk::<4>().ok_or(malformed)?;
        let mut credential = None;
        if flags & KEY_INCLUDED != 0 {
            let (_, after) = rest.split_first_chunk::<16>().ok_or(malformed)?;
            let (length, after) = after.split_first_chunk::<2>().ok_or(malformed)?;
            let length = usize::from(u16::from_be_bytes(*length));
            if !(1..=1023).contains(&length) || after.len() < length {
                return Err(malformed);
            }
            let (id, after) = after.split_at(length);
            let key = Map::read(after).ok_or(malformed)?;
            rest = &after[key.bytes..];
            credential = Some(Credential::of(id, &key, u32::from_be_bytes(*count))?);
        }
        // What follows are extensions, none of which was asked for.
        let extended = flags & (1 << 7) != 0;
        let whole = if extended {
            Map::read(rest).is_some_and(|map| map.bytes == rest.len())
        } else {
            rest.is_empty()
        };
        if !whole {
            return Err(malformed);
        }
        Ok(Self {
            site: *site,
            flags,
            sign_count: u32::from_be_bytes(*count),
            credential,
        })
    }

    fn check(&self, site: &Site) -> Result<(), PasskeyError> {
        let has = |flag: u8| self.flags & flag != 0;
        if self.site != *sha256(&[site.name.as_bytes()]).as_bytes() {
            return Err(PasskeyError::Site);
        }
        if !has(USER_PRESENT) {
            return Err(PasskeyError::NotPresent);
        }
        if !has(USER_VERIFIED) {
            return Err(PasskeyError::NotVerified);
        }
        if has(BACKED_UP) && !has(BACKUP_ELIGIBLE) {
            return Err(PasskeyError::Flags);
        }
        Ok(())
    }
}

impl Credential {
    /// From a COSE key (RFC 9053 §7).
    fn of(id: &[u8], key: &Map, sign_count: u32) -> Result<Self, PasskeyError> {
        let number = |name: i64| key.number_key(name).and_then(integer);
        let coordinate = |name: i64| {
            let bytes = key.number_key(name).and_then(|value| value.as_bytes());
            bytes
                .filter(|bytes| bytes.len() == 32)
                .ok_or(PasskeyError::Key)
        };
        let algorithm = number(3).ok_or(PasskeyError::Algorithm)?;
        let key = match (algorithm, number(1), number(-1)) {
            (ES256, Some(2), Some(1)) => [&[4u8][..], coordinate(-2)?, coordinate(-3)?].concat(),
            (EDDSA, Some(1), Some(6)) => coordinate(-2)?.clone(),
            (ES256 | EDDSA, ..) => return Err(PasskeyError::Key),
            _ => return Err(PasskeyError::Algorithm),
        };
        Ok(Self {
            id: id.to_vec(),
            algorithm,
            key,
            sign_count,
        })
    }

    fn parsed(&self) -> Result<(), PasskeyError> {
        match self.algorithm {
            ES256 => ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &self.key),
            _ => ParsedPublicKey::new(&ED25519, &self.key),
        }
        .map(drop)
        .map_err(|_| PasskeyError::Key)
    }
}

#[cfg(test)]
mod tests;
