//! The note: a checkpoint's body and the lines of those who cosigned it.

use super::{Checkpoint, CheckpointError, CosignerKey, KeyMaterial, key::is_key_name};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use blockworm_crypto::{Signature, Signing};
use std::fmt;

/// Most bytes of a note.
pub const MAX_NOTE_BYTES: usize = 64 << 10;
/// Most signature lines of a note.
pub const MAX_SIGNATURES: usize = 256;
/// What a signature line begins with: an em dash and a space.
const MARK: &str = "\u{2014} ";
/// Time and signature behind the key id of a `cosignature/v1`.
const COSIGNATURE_BYTES: usize = 8 + 64;

/// One signature line. What its bytes mean, only the key tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cosignature {
    /// The name of the key.
    pub name: String,
    /// The first bytes of the key's digest.
    pub key_id: [u8; 4],
    /// For `cosignature/v1` the time in seconds since 1970 (8 bytes, big-endian) and 64 bytes of
    /// signature.
    pub bytes: Vec<u8>,
}

/// A checkpoint and its cosignatures, in the order of the note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCheckpoint {
    /// What was signed.
    pub checkpoint: Checkpoint,
    /// Who signed; unknown lines are kept.
    pub cosignatures: Vec<Cosignature>,
}

impl Cosignature {
    /// Cosigns a checkpoint at `time_s`, seconds since 1970.
    ///
    /// # Errors
    /// `checkpoint.key` for a key that cannot cosign, `checkpoint.signing` when it did not.
    pub fn sign(
        checkpoint: &Checkpoint,
        name: &str,
        key: &dyn Signing,
        time_s: u64,
    ) -> Result<Self, CheckpointError> {
        let cosigner = CosignerKey::new(name, &key.public_key())?;
        let signature = key
            .sign_message(&checkpoint.cosigned_bytes(time_s))
            .map_err(|error| CheckpointError::Signing(error.to_string()))?;
        let mut bytes = time_s.to_be_bytes().to_vec();
        bytes.extend_from_slice(signature.as_bytes());
        Ok(Self {
            key_id: cosigner.key_id(),
            name: cosigner.name,
            bytes,
        })
    }

    /// Whether the line says that it is this key's.
    #[must_use]
    pub fn is_of(&self, key: &CosignerKey) -> bool {
        self.name == key.name && self.key_id == key.key_id()
    }

    /// Checks the line against the key and tells when it was signed, in seconds since 1970.
    ///
    /// # Errors
    /// `checkpoint.unsupported` or `checkpoint.signature`.
    pub fn verify(
        &self,
        checkpoint: &Checkpoint,
        key: &CosignerKey,
    ) -> Result<u64, CheckpointError> {
        let broken = |reason| CheckpointError::Signature {
            name: key.name.clone(),
            reason,
        };
        let public = match &key.key {
            KeyMaterial::Ed25519(_) => key.ed25519(),
            KeyMaterial::Other { .. } => None,
        };
        let public = public.ok_or(CheckpointError::Unsupported {
            algorithm: key.algorithm(),
        })?;
        if !self.is_of(key) {
            return Err(broken("it names another key"));
        }
        let parts = self.bytes.split_first_chunk::<8>();
        let Some((time, signature)) = parts.filter(|_| self.bytes.len() == COSIGNATURE_BYTES)
        else {
            return Err(broken("it has not the 72 bytes of time and signature"));
        };
        let time_s = u64::from_be_bytes(*time);
        if i64::try_from(time_s).is_err() {
            return Err(broken("its time exceeds 2^63 - 1"));
        }
        let signature = <[u8; 64]>::try_from(signature)
            .map_err(|_| broken("it has not the 72 bytes of time and signature"))?;
        public
            .verify_message_strict(
                &checkpoint.cosigned_bytes(time_s),
                &Signature::Ed25519(signature),
            )
            .map_err(|_| broken("the signature is not over this body and time"))?;
        Ok(time_s)
    }
}

impl fmt::Display for Cosignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = STANDARD.encode([&self.key_id[..], &self.bytes].concat());
        write!(f, "{MARK}{} {bytes}", self.name)
    }
}

impl SignedCheckpoint {
    /// Reads a note.
    ///
    /// # Errors
    /// The first rule of docs/formats/checkpoint.md that it breaks.
    pub fn parse(note: &[u8]) -> Result<Self, CheckpointError> {
        if note.len() > MAX_NOTE_BYTES {
            return Err(CheckpointError::TooLarge { size: note.len() });
        }
        let text = str::from_utf8(note).map_err(|_| CheckpointError::NotText)?;
        let control = |letter: char| letter.is_ascii_control() && letter != '\n';
        if text.chars().any(control) || !text.ends_with('\n') {
            return Err(CheckpointError::NotText);
        }
        let (body, signatures) = text.split_once("\n\n").ok_or(CheckpointError::Form(
            "a blank line ends the body and signature lines follow",
        ))?;
        let checkpoint = Checkpoint::parse(&text[..=body.len()])?;
        let mut cosignatures = Vec::new();
        for (index, line) in signatures.lines().enumerate() {
            if index == MAX_SIGNATURES {
                return Err(CheckpointError::TooManySignatures);
            }
            let wrong = CheckpointError::SignatureLine { line: 5 + index };
            cosignatures.push(parse_line(line).ok_or(wrong)?);
        }
        if cosignatures.is_empty() {
            return Err(CheckpointError::Form("there is no signature line"));
        }
        Ok(Self {
            checkpoint,
            cosignatures,
        })
    }
}

/// The note's text.
impl fmt::Display for SignedCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.checkpoint.body())?;
        self.cosignatures
            .iter()
            .try_for_each(|cosignature| writeln!(f, "{cosignature}"))
    }
}

fn parse_line(line: &str) -> Option<Cosignature> {
    let (name, encoded) = line.strip_prefix(MARK)?.split_once(' ')?;
    let bytes = STANDARD.decode(encoded).ok()?;
    let (key_id, bytes) = bytes.split_first_chunk::<4>()?;
    (is_key_name(name) && !bytes.is_empty()).then(|| Cosignature {
        name: name.into(),
        key_id: *key_id,
        bytes: bytes.to_vec(),
    })
}
