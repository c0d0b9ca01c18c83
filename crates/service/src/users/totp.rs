//! Codes of authenticator apps: RFC 6238 with HMAC-SHA-1, six digits, thirty seconds.

use super::{UsersError, random};
use aws_lc_rs::hmac;
use serde::{Deserialize, Serialize};
use std::fmt;
use subtle::{Choice, ConditionallySelectable as _, ConstantTimeEq as _};
use zeroize::{ZeroizeOnDrop, Zeroizing};

const STEP_S: u64 = 30;
const SECRET_BYTES: usize = 20;
/// Codes of so many steps before and after now count: clocks of telephones differ.
const DRIFT: u64 = 1;
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The secret that a person's authenticator app shares with the node, in base32 (RFC 4648).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ZeroizeOnDrop)]
#[serde(transparent)]
pub struct TotpSecret(String);

impl fmt::Debug for TotpSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TotpSecret(…)")
    }
}

impl TotpSecret {
    /// A fresh one, 160 bits.
    ///
    /// # Errors
    /// [`UsersError::NoRandomness`].
    pub fn generate() -> Result<Self, UsersError> {
        Ok(Self(base32(&*random::<SECRET_BYTES>()?)))
    }

    /// One that no app holds.
    pub(super) fn of_nobody() -> Self {
        Self("A".repeat(SECRET_BYTES * 8 / 5))
    }

    /// What an app reads, as a link or a QR code.
    #[must_use]
    pub fn uri(&self, issuer: &str, account: &str) -> Zeroizing<String> {
        let (issuer, account) = (escaped(issuer), escaped(account));
        Zeroizing::new(format!(
            "otpauth://totp/{issuer}:{account}?secret={}&issuer={issuer}&algorithm=SHA1&digits=6&period=30",
            self.0
        ))
    }

    /// The code of a moment, as an app shows it.
    #[must_use]
    pub fn code_at(&self, now_ms: u64) -> String {
        format!("{:06}", self.code(now_ms / 1000 / STEP_S))
    }

    /// The step that a code is of, when it is one that counts now and comes after `last`. All
    /// steps that count are tried, each in the same time.
    pub(super) fn step_of(&self, code: &str, now_ms: u64, last: u64) -> Option<u64> {
        let now = now_ms / 1000 / STEP_S;
        let mut found = 0;
        for step in now.saturating_sub(DRIFT)..=now + DRIFT {
            let expected = format!("{:06}", self.code(step));
            let fits = expected.as_bytes().ct_eq(code.as_bytes());
            let fresh = Choice::from(u8::from(step > last));
            found = u64::conditional_select(&found, &step, fits & fresh);
        }
        (found > 0).then_some(found)
    }

    pub(super) fn check(&self) -> Result<(), String> {
        match unbase32(&self.0) {
            Some(bytes) if bytes.len() >= 16 => Ok(()),
            _ => Err("a TOTP secret is base32 of at least 16 bytes".into()),
        }
    }

    fn code(&self, step: u64) -> u32 {
        let secret = Zeroizing::new(unbase32(&self.0).unwrap_or_default());
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &secret);
        let tag = hmac::sign(&key, &step.to_be_bytes());
        let tag = tag.as_ref();
        // RFC 4226 §5.3: the last nibble says where.
        let at = usize::from(tag[tag.len() - 1] & 15);
        let word = [tag[at] & 0x7f, tag[at + 1], tag[at + 2], tag[at + 3]];
        u32::from_be_bytes(word) % 1_000_000
    }
}

pub(super) fn base32(bytes: &[u8]) -> String {
    let (mut held, mut bits) = (0u32, 0);
    let mut text = String::with_capacity(bytes.len() * 8 / 5 + 1);
    for byte in bytes {
        held = (held << 8) | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(char::from(ALPHABET[(held >> bits) as usize & 31]));
        }
        held &= (1 << bits) - 1;
    }
    if bits > 0 {
        text.push(char::from(ALPHABET[(held << (5 - bits)) as usize & 31]));
    }
    text
}

fn unbase32(text: &str) -> Option<Vec<u8>> {
    let (mut held, mut bits) = (0u32, 0);
    let mut bytes = Vec::with_capacity(text.len() * 5 / 8);
    for byte in text.bytes() {
        let value = ALPHABET.iter().position(|of| *of == byte)?;
        held = (held << 5) | value as u32;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push((held >> bits) as u8);
            held &= (1 << bits) - 1;
        }
    }
    Some(bytes)
}

fn escaped(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes()
        .map(|byte| match plain(byte) {
            true => char::from(byte).to_string(),
            false => format!("%{byte:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// RFC 6238, appendix B, SHA-1; its eight digits end in the six that apps show.
    const VECTORS: [(u64, &str); 6] = [
        (59, "94287082"),
        (1_111_111_109, "07081804"),
        (1_111_111_111, "14050471"),
        (1_234_567_890, "89005924"),
        (2_000_000_000, "69279037"),
        (20_000_000_000, "65353130"),
    ];

    fn standard() -> TotpSecret {
        TotpSecret(base32(b"12345678901234567890"))
    }

    #[test]
    fn the_standards_codes_come_out() {
        for (time_s, code) in VECTORS {
            assert_eq!(standard().code_at(time_s * 1000), code[2..], "{time_s}");
        }
    }

    #[test]
    fn one_step_of_drift_counts_and_no_code_counts_twice() {
        let (secret, now_ms) = (standard(), 1_111_111_111_000_u64);
        let step = now_ms / 30_000;
        for (offset, counts) in [(-2, false), (-1, true), (0, true), (1, true), (2, false)] {
            let at_ms = now_ms.checked_add_signed(offset * 30_000).unwrap();
            let found = secret.step_of(&secret.code_at(at_ms), now_ms, 0);
            assert_eq!(found.is_some(), counts, "{offset}");
            assert!(found.is_none_or(|found| found == step.checked_add_signed(offset).unwrap()));
        }
        let code = secret.code_at(now_ms);
        assert_eq!(secret.step_of(&code, now_ms, step), None, "used");
        assert_eq!(secret.step_of(&code, now_ms, step - 1), Some(step));
        for bad in ["", "05047", "0504711", "abcdef", "05047\u{661}"] {
            assert_eq!(secret.step_of(bad, now_ms, 0), None, "{bad}");
        }
    }

    #[test]
    fn base32_is_the_standards() {
        for (bytes, text) in [
            ("", ""),
            ("f", "MY"),
            ("foob", "MZXW6YQ"),
            ("foobar", "MZXW6YTBOI"),
        ] {
            assert_eq!(base32(bytes.as_bytes()), text);
            assert_eq!(unbase32(text).unwrap(), bytes.as_bytes());
        }
        assert_eq!(unbase32("m1"), None);
        assert!(TotpSecret::generate().unwrap().check().is_ok());
        assert!(TotpSecret("MY".into()).check().is_err());
    }

    #[test]
    fn an_app_can_read_it() {
        let uri = standard().uri("Blockworm bank", "ana");
        assert_eq!(
            *uri,
            "otpauth://totp/Blockworm%20bank:ana?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Blockworm%20bank&algorithm=SHA1&digits=6&period=30"
        );
        assert!(!format!("{:?}", standard()).contains("GEZ"));
    }
}
