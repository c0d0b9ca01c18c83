//! Recovery codes: each stands in once for a code of the authenticator app.

use super::{UsersError, random, totp::base32};
use blockworm_crypto::{Digest, sha256};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// How many a person gets.
pub const RECOVERY_CODES: usize = 10;
/// 80 bits: nobody guesses one, so a plain digest keeps it.
const CODE_BYTES: usize = 10;

/// Fresh codes as they are shown, and what is kept of them.
pub(super) fn generate() -> Result<(Vec<Zeroizing<String>>, Vec<Digest>), UsersError> {
    let mut codes = Vec::with_capacity(RECOVERY_CODES);
    let mut kept = Vec::with_capacity(RECOVERY_CODES);
    for _ in 0..RECOVERY_CODES {
        let text = Zeroizing::new(base32(&*random::<CODE_BYTES>()?).to_ascii_lowercase());
        kept.push(digest(&text));
        let quads = [&text[..4], &text[4..8], &text[8..12], &text[12..]];
        codes.push(Zeroizing::new(quads.join("-")));
    }
    Ok((codes, kept))
}

/// Which of the kept codes this is; all are compared, in constant time.
pub(super) fn place_of(code: &str, kept: &[Digest]) -> Option<usize> {
    let digest = digest(code);
    let mut found = None;
    for (place, of) in kept.iter().enumerate() {
        if bool::from(of.as_bytes().ct_eq(digest.as_bytes())) {
            found = Some(place);
        }
    }
    found
}

/// However it is written: in capitals, with hyphens or blanks.
fn digest(code: &str) -> Digest {
    let plain: String = code
        .chars()
        .filter(|of| !matches!(of, '-' | ' '))
        .map(|of| of.to_ascii_lowercase())
        .collect();
    let plain = Zeroizing::new(plain);
    sha256(&[plain.as_bytes()])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_code_is_known_however_it_is_typed() {
        let (codes, kept) = generate().unwrap();
        assert_eq!((codes.len(), kept.len()), (RECOVERY_CODES, RECOVERY_CODES));
        for (place, code) in codes.iter().enumerate() {
            assert_eq!(code.len(), 19);
            assert_eq!(place_of(code, &kept), Some(place));
            let typed = code.to_uppercase().replace('-', " ");
            assert_eq!(place_of(&typed, &kept), Some(place));
        }
        assert_eq!(place_of("aaaa-aaaa-aaaa-aaaa", &kept), None);
        assert_eq!(place_of("", &kept), None);
    }
}
