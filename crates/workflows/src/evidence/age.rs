//! Encrypted files in the age format, version 1 (C2SP age.md): to one X25519 key, or under a passphrase. The tool `age` opens them.

use super::bech32;
use aws_lc_rs::{
    aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey},
    agreement::{PrivateKey, UnparsedPublicKey, X25519, agree},
    error::Unspecified,
    hkdf::{HKDF_SHA256, KeyType, Salt},
    hmac,
};
use base64::{Engine as _, prelude::BASE64_STANDARD_NO_PAD};
use zeroize::Zeroizing;

const VERSION_LINE: &str = "age-encryption.org/v1";
const X25519_INFO: &[u8] = b"age-encryption.org/v1/X25519";
const SCRYPT_LABEL: &[u8] = b"age-encryption.org/v1/scrypt";
const RECIPIENT_PREFIX: &str = "age";
const IDENTITY_PREFIX: &str = "age-secret-key-";
/// Bytes of plaintext in every chunk but the last.
const CHUNK: usize = 64 << 10;
const TAG: usize = 16;
/// A header of ours has some 200 bytes.
const MAX_HEADER: usize = 4 << 10;
/// What a file may ask of its reader at most: 1 GiB for scrypt.
const MAX_LOG_N: u8 = 20;

/// Why a file could not be encrypted or decrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AgeError {
    /// The operating system gave no random bytes, or the library refused.
    #[error("the system gave no random bytes or keys")]
    Unavailable,
    /// Not a file of this format, or for several readers.
    #[error("not an age file, version 1, for one reader")]
    Malformed,
    /// For another key, or under another passphrase.
    #[error("the file is not for this key or passphrase")]
    NotForThis,
    /// Its bytes were changed or cut off.
    #[error("the encrypted file is damaged")]
    Damaged,
}

impl From<Unspecified> for AgeError {
    fn from(_: Unspecified) -> Self {
        Self::Unavailable
    }
}

/// Who can read what is encrypted to [`Identity::recipient`].
pub struct Identity {
    secret: Zeroizing<[u8; 32]>,
    public: [u8; 32],
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Identity({})", self.recipient())
    }
}

impl Identity {
    /// A fresh one.
    ///
    /// # Errors
    /// [`AgeError::Unavailable`].
    pub fn generate() -> Result<Self, AgeError> {
        Self::of(random()?)
    }

    fn of(secret: Zeroizing<[u8; 32]>) -> Result<Self, AgeError> {
        let key = private(&secret)?;
        let public = key.compute_public_key()?;
        let public = public.as_ref().try_into();
        Ok(Self {
            secret,
            public: public.map_err(|_| AgeError::Unavailable)?,
        })
    }

    /// Reads the first line that is a key, as `age-keygen` writes it.
    ///
    /// # Errors
    /// [`AgeError::Malformed`].
    pub fn parse(text: &str) -> Result<Self, AgeError> {
        let mut lines = text.lines().map(str::trim);
        let line = lines.find(|line| !line.is_empty() && !line.starts_with('#'));
        let lower = Zeroizing::new(line.ok_or(AgeError::Malformed)?.to_ascii_lowercase());
        let bytes = bech32::decode(IDENTITY_PREFIX, &lower).ok_or(AgeError::Malformed)?;
        let bytes = Zeroizing::new(bytes);
        let secret = bytes.as_slice().try_into().map(Zeroizing::new);
        Self::of(secret.map_err(|_| AgeError::Malformed)?)
    }

    /// As a file that `age -d -i` takes.
    #[must_use]
    pub fn text(&self) -> Zeroizing<String> {
        let secret = Zeroizing::new(bech32::encode(IDENTITY_PREFIX, &self.secret[..]));
        let secret = Zeroizing::new(secret.to_ascii_uppercase());
        let recipient = self.recipient();
        Zeroizing::new(format!("# public key: {recipient}\n{}\n", *secret))
    }

    /// To whom others encrypt: `age1…`.
    #[must_use]
    pub fn recipient(&self) -> String {
        bech32::encode(RECIPIENT_PREFIX, &self.public)
    }

    /// Encrypts to this identity.
    ///
    /// # Errors
    /// [`AgeError::Unavailable`].
    pub fn seal(&self, plaintext: &[u8]) -> Result<Vec<u8>, AgeError> {
        let ephemeral = random()?;
        let ephemeral = private(&ephemeral)?;
        let share = ephemeral.compute_public_key()?;
        let share: [u8; 32] = share
            .as_ref()
            .try_into()
            .map_err(|_| AgeError::Unavailable)?;
        let wrap = wrap_key(&ephemeral, &self.public, &share, &self.public)?;
        let file_key = random::<16>()?;
        let stanza = format!("-> X25519 {}", b64(&share));
        seal_with(&file_key, &wrap, &stanza, plaintext)
    }

    /// Decrypts what was encrypted to this identity alone.
    ///
    /// # Errors
    /// [`AgeError`].
    pub fn open(&self, sealed: &[u8]) -> Result<Vec<u8>, AgeError> {
        let header = Header::parse(sealed)?;
        let ["X25519", share] = header.arguments[..] else {
            return Err(AgeError::Malformed);
        };
        let share: [u8; 32] = unb64(share)?;
        let own = private(&self.secret)?;
        let wrap = wrap_key(&own, &share, &share, &self.public);
        // A share of low order agrees on nothing.
        let wrap = wrap.map_err(|_| AgeError::Malformed)?;
        header.open(&wrap)
    }
}

/// Encrypts under a passphrase; `log_n`: two to its power is how much work each guess costs.
///
/// # Errors
/// [`AgeError::Unavailable`].
pub fn seal_under(passphrase: &[u8], log_n: u8, plaintext: &[u8]) -> Result<Vec<u8>, AgeError> {
    let salt = random::<16>()?;
    let wrap = stretched(passphrase, &salt, log_n)?;
    let file_key = random::<16>()?;
    let stanza = format!("-> scrypt {} {log_n}", b64(&salt[..]));
    seal_with(&file_key, &wrap, &stanza, plaintext)
}

/// Decrypts what was encrypted under a passphrase.
///
/// # Errors
/// [`AgeError`].
pub fn open_under(passphrase: &[u8], sealed: &[u8]) -> Result<Vec<u8>, AgeError> {
    let header = Header::parse(sealed)?;
    let ["scrypt", salt, log_n] = header.arguments[..] else {
        return Err(AgeError::Malformed);
    };
    let log_n = log_n.parse().ok().filter(|log_n| *log_n <= MAX_LOG_N);
    let salt: [u8; 16] = unb64(salt)?;
    let wrap = stretched(passphrase, &salt, log_n.ok_or(AgeError::Malformed)?)?;
    header.open(&wrap)
}

fn stretched(
    passphrase: &[u8],
    salt: &[u8; 16],
    log_n: u8,
) -> Result<Zeroizing<[u8; 32]>, AgeError> {
    let params = scrypt::Params::new(log_n, 8, 1).map_err(|_| AgeError::Malformed)?;
    let salt = [SCRYPT_LABEL, salt].concat();
    let mut key = Zeroizing::new([0; 32]);
    scrypt::scrypt(passphrase, &salt, &params, &mut key[..]).map_err(|_| AgeError::Unavailable)?;
    Ok(key)
}

/// A file's header, read strictly: one stanza, nothing that this program would not write.
struct Header<'a> {
    arguments: Vec<&'a str>,
    body: [u8; 32],
    /// Up to and with the three hyphens.
    authenticated: &'a [u8],
    mac: [u8; 32],
    payload: &'a [u8],
}

impl<'a> Header<'a> {
    fn parse(sealed: &'a [u8]) -> Result<Self, AgeError> {
        let mut rest = sealed;
        let mut line = || -> Result<&'a str, AgeError> {
            let within = &rest[..rest.len().min(MAX_HEADER)];
            let end = within.iter().position(|byte| *byte == b'\n');
            let (line, after) = rest.split_at(end.ok_or(AgeError::Malformed)?);
            rest = &after[1..];
            std::str::from_utf8(line).map_err(|_| AgeError::Malformed)
        };
        if line()? != VERSION_LINE {
            return Err(AgeError::Malformed);
        }
        let stanza = line()?.strip_prefix("-> ").ok_or(AgeError::Malformed)?;
        let body = unb64(line()?)?;
        let mac = line()?.strip_prefix("--- ").ok_or(AgeError::Malformed)?;
        let payload = rest;
        let authenticated = sealed.len() - payload.len() - mac.len() - "\n".len() - " ".len();
        Ok(Self {
            arguments: stanza.split(' ').collect(),
            body,
            authenticated: &sealed[..authenticated],
            mac: unb64(mac)?,
            payload,
        })
    }

    fn open(&self, wrap: &[u8; 32]) -> Result<Vec<u8>, AgeError> {
        let mut body = self.body.to_vec();
        let opened = aead(wrap)?.open_in_place(zero_nonce(), Aad::empty(), &mut body);
        let opened = opened.map_err(|_| AgeError::NotForThis)?;
        let file_key: [u8; 16] = (&*opened).try_into().map_err(|_| AgeError::Malformed)?;
        let file_key = Zeroizing::new(file_key);
        let key = hmac::Key::new(
            hmac::HMAC_SHA256,
            &expand(&file_key[..], &[], b"header")?[..],
        );
        hmac::verify(&key, self.authenticated, &self.mac).map_err(|_| AgeError::Damaged)?;
        let (nonce, chunks) = self.payload.split_at_checked(16).ok_or(AgeError::Damaged)?;
        let key = aead(&*expand(&file_key[..], nonce, b"payload")?)?;
        open_stream(&key, chunks)
    }
}

fn open_stream(key: &LessSafeKey, chunks: &[u8]) -> Result<Vec<u8>, AgeError> {
    let mut plaintext = Vec::with_capacity(chunks.len());
    let count = chunks.len().div_ceil(CHUNK + TAG).max(1);
    for place in 0..count {
        let from = place * (CHUNK + TAG);
        let to = chunks.len().min(from + CHUNK + TAG);
        let last = place + 1 == count;
        let mut chunk = chunks[from..to].to_vec();
        let opened = key.open_in_place(stream_nonce(place, last), Aad::empty(), &mut chunk);
        let opened = opened.map_err(|_| AgeError::Damaged)?;
        // An empty chunk is the whole of an empty file and nothing else.
        if opened.is_empty() && count > 1 {
            return Err(AgeError::Damaged);
        }
        plaintext.extend_from_slice(opened);
    }
    Ok(plaintext)
}

fn seal_with(
    file_key: &[u8; 16],
    wrap: &[u8; 32],
    stanza: &str,
    plaintext: &[u8],
) -> Result<Vec<u8>, AgeError> {
    let mut body = file_key.to_vec();
    aead(wrap)?.seal_in_place_append_tag(zero_nonce(), Aad::empty(), &mut body)?;
    let mut file = format!("{VERSION_LINE}\n{stanza}\n{}\n---", b64(&body)).into_bytes();
    let key = hmac::Key::new(hmac::HMAC_SHA256, &expand(file_key, &[], b"header")?[..]);
    let mac = hmac::sign(&key, &file);
    file.extend_from_slice(format!(" {}\n", b64(mac.as_ref())).as_bytes());
    let nonce = random::<16>()?;
    file.extend_from_slice(&nonce[..]);
    let key = aead(&*expand(file_key, &nonce[..], b"payload")?)?;
    let count = plaintext.len().div_ceil(CHUNK).max(1);
    for place in 0..count {
        let to = plaintext.len().min((place + 1) * CHUNK);
        let mut chunk = plaintext[place * CHUNK..to].to_vec();
        let nonce = stream_nonce(place, place + 1 == count);
        key.seal_in_place_append_tag(nonce, Aad::empty(), &mut chunk)?;
        file.extend_from_slice(&chunk);
    }
    Ok(file)
}

fn private(secret: &[u8; 32]) -> Result<PrivateKey, AgeError> {
    PrivateKey::from_private_key(&X25519, secret).map_err(|_| AgeError::Unavailable)
}

/// By whoever holds `own`, with the other's key; `share` and `recipient` as in the header.
fn wrap_key(
    own: &PrivateKey,
    other: &[u8; 32],
    share: &[u8; 32],
    recipient: &[u8; 32],
) -> Result<Zeroizing<[u8; 32]>, AgeError> {
    let other = UnparsedPublicKey::new(&X25519, other);
    let salt = [share.as_slice(), recipient].concat();
    agree(own, other, AgeError::Unavailable, |secret| {
        expand(secret, &salt, X25519_INFO)
    })
}

fn expand(secret: &[u8], salt: &[u8], info: &[u8]) -> Result<Zeroizing<[u8; 32]>, AgeError> {
    struct Thirty2;
    impl KeyType for Thirty2 {
        fn len(&self) -> usize {
            32
        }
    }
    let mut key = Zeroizing::new([0; 32]);
    let extracted = Salt::new(HKDF_SHA256, salt).extract(secret);
    extracted.expand(&[info], Thirty2)?.fill(&mut key[..])?;
    Ok(key)
}

fn aead(key: &[u8; 32]) -> Result<LessSafeKey, AgeError> {
    Ok(LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, key)?))
}

/// Each wrapping key is used once.
fn zero_nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; 12])
}

/// Eleven bytes of the chunk's place, and whether it is the last.
fn stream_nonce(place: usize, last: bool) -> Nonce {
    let mut nonce = [0; 12];
    nonce[3..11].copy_from_slice(&(place as u64).to_be_bytes());
    nonce[11] = u8::from(last);
    Nonce::assume_unique_for_key(nonce)
}

fn random<const N: usize>() -> Result<Zeroizing<[u8; N]>, AgeError> {
    let mut bytes = Zeroizing::new([0; N]);
    getrandom::fill(&mut bytes[..]).map_err(|_| AgeError::Unavailable)?;
    Ok(bytes)
}

fn b64(bytes: &[u8]) -> String {
    BASE64_STANDARD_NO_PAD.encode(bytes)
}

fn unb64<const N: usize>(text: &str) -> Result<[u8; N], AgeError> {
    let bytes = BASE64_STANDARD_NO_PAD.decode(text);
    let bytes = bytes.map_err(|_| AgeError::Malformed)?;
    bytes.try_into().map_err(|_| AgeError::Malformed)
}
