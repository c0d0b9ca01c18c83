//! Keys of cosigners, as the text that policies name them by.

use super::CheckpointError;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use blockworm_crypto::{PublicKey, sha256};
use std::{fmt, str::FromStr};

/// The algorithm byte of `cosignature/v1`: Ed25519 over the body and the time.
pub const COSIGNATURE_V1: u8 = 0x04;
/// Most bytes of a key's name.
const MAX_NAME_BYTES: usize = 255;
/// Most bytes of a key: an ML-DSA-87 public key has 2592.
const MAX_KEY_BYTES: usize = 4096;

/// The name of an organisation's cosigner.
#[must_use]
pub fn cosigner_name(organisation: &str) -> String {
    format!("{}{organisation}", super::ORIGIN_PREFIX)
}

/// What a cosigner signs with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyMaterial {
    /// Ed25519 with `cosignature/v1`.
    Ed25519([u8; 32]),
    /// An algorithm that this program does not check, such as ML-DSA-44 (`0x06`).
    Other {
        /// Its byte.
        algorithm: u8,
        /// The public key.
        bytes: Vec<u8>,
    },
}

/// A cosigner's public key with its name. Text form: `<name>+<key id>+<base64>` (a C2SP vkey).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CosignerKey {
    /// Its name: `blockworm/<organisation>` for nodes of a ledger.
    pub name: String,
    /// The key.
    pub key: KeyMaterial,
}

impl CosignerKey {
    /// The key of a named cosigner.
    ///
    /// # Errors
    /// `checkpoint.key`: a name that cannot stand in a note, or a key that is unsound or not Ed25519.
    pub fn new(name: impl Into<String>, key: &PublicKey) -> Result<Self, CheckpointError> {
        let PublicKey::Ed25519(bytes) = key else {
            return Err(CheckpointError::Key("cosigners sign with Ed25519"));
        };
        let key = Self {
            name: name.into(),
            key: KeyMaterial::Ed25519(*bytes),
        };
        key.check()?;
        Ok(key)
    }

    fn check(&self) -> Result<(), CheckpointError> {
        if !is_key_name(&self.name) {
            return Err(CheckpointError::Key(
                "a name is 1 to 255 bytes without spaces, control characters and '+'",
            ));
        }
        match &self.key {
            KeyMaterial::Ed25519(bytes) => PublicKey::Ed25519(*bytes)
                .check_registrable()
                .map_err(|_| CheckpointError::Key("the Ed25519 key is unsound")),
            KeyMaterial::Other { bytes, .. } if bytes.is_empty() || bytes.len() > MAX_KEY_BYTES => {
                Err(CheckpointError::Key("the key is empty or too long"))
            }
            KeyMaterial::Other { .. } => Ok(()),
        }
    }

    /// The byte of its algorithm.
    #[must_use]
    pub const fn algorithm(&self) -> u8 {
        match &self.key {
            KeyMaterial::Ed25519(_) => COSIGNATURE_V1,
            KeyMaterial::Other { algorithm, .. } => *algorithm,
        }
    }

    /// The bytes of the public key.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        match &self.key {
            KeyMaterial::Ed25519(bytes) => bytes,
            KeyMaterial::Other { bytes, .. } => bytes,
        }
    }

    /// The first four bytes of SHA-256(name ‖ LF ‖ algorithm ‖ key).
    #[must_use]
    pub fn key_id(&self) -> [u8; 4] {
        let digest = sha256(&[
            self.name.as_bytes(),
            b"\n",
            &[self.algorithm()],
            self.bytes(),
        ]);
        let [a, b, c, d, ..] = digest.0;
        [a, b, c, d]
    }

    /// The Ed25519 key; none for another algorithm.
    #[must_use]
    pub const fn ed25519(&self) -> Option<PublicKey> {
        match &self.key {
            KeyMaterial::Ed25519(bytes) => Some(PublicKey::Ed25519(*bytes)),
            KeyMaterial::Other { .. } => None,
        }
    }
}

/// Whether a text can name a key in a note.
pub(super) fn is_key_name(name: &str) -> bool {
    (1..=MAX_NAME_BYTES).contains(&name.len())
        && !name
            .chars()
            .any(|letter| letter == '+' || letter.is_whitespace() || letter.is_control())
}

impl fmt::Display for CosignerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = hex::encode(self.key_id());
        let key = STANDARD.encode([&[self.algorithm()], self.bytes()].concat());
        write!(f, "{}+{id}+{key}", self.name)
    }
}

impl FromStr for CosignerKey {
    type Err = CheckpointError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // Base64 may hold a '+' of its own, a name and an id none.
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(CheckpointError::Key("three parts are joined by '+'"));
        };
        if key.len() > 2 * MAX_KEY_BYTES {
            return Err(CheckpointError::Key("the key is empty or too long"));
        }
        let bytes = STANDARD.decode(key);
        let bytes = bytes.map_err(|_| CheckpointError::Key("the last part is no base64"))?;
        let Some((&algorithm, bytes)) = bytes.split_first() else {
            return Err(CheckpointError::Key("the key is empty or too long"));
        };
        let material = if algorithm == COSIGNATURE_V1 {
            let bytes = bytes.try_into();
            let bytes = bytes.map_err(|_| CheckpointError::Key("an Ed25519 key has 32 bytes"))?;
            KeyMaterial::Ed25519(bytes)
        } else {
            KeyMaterial::Other {
                algorithm,
                bytes: bytes.to_vec(),
            }
        };
        let key = Self {
            name: name.into(),
            key: material,
        };
        key.check()?;
        let expected = hex::encode(key.key_id());
        if id != expected {
            return Err(CheckpointError::KeyId {
                name: key.name,
                expected,
                found: id.chars().take(16).collect(),
            });
        }
        Ok(key)
    }
}
