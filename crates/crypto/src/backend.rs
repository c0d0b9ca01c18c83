//! The curves and RSA under every signature: by aws-lc-rs, or in Rust alone where that does not compile.
//!
//! Both answer alike on every input; `backend/tests.rs` compares them in one process. A public key
//! of an elliptic curve is a SEC 1 point in either form; of RSA, a DER `RSAPublicKey` (RFC 8017).

#[cfg(feature = "native")]
mod native;
#[cfg(feature = "portable")]
#[cfg_attr(feature = "native", allow(dead_code))]
mod portable;
#[cfg(feature = "portable")]
#[cfg_attr(feature = "native", allow(dead_code))]
mod rsa;
#[cfg(all(test, feature = "native", feature = "portable"))]
mod tests;

#[cfg(feature = "native")]
use native as chosen;
#[cfg(not(feature = "native"))]
use portable as chosen;

pub(crate) use chosen::verify_rsa;
pub(crate) use chosen::{check_p256, uncompress_p256, verify_ecdsa, verify_p256};

/// A curve of FIPS 186-5.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Curve {
    P256,
    P384,
}

/// The digest under a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

/// How RSA pads what it signs (RFC 8017, sections 8.2 and 8.1). PSS with a salt as long as the
/// digest, and MGF1 with the same hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Padding {
    Pkcs1,
    Pss,
}

/// The uncompressed SEC 1 form of P-256: `0x04 ‖ x ‖ y`.
pub(crate) const P256_UNCOMPRESSED: usize = 65;

/// Whether the bytes have the shape of a point: neither the neutral element nor a hybrid form.
fn is_point_shaped(curve: Curve, point: &[u8]) -> bool {
    let coordinate = match curve {
        Curve::P256 => 32,
        Curve::P384 => 48,
    };
    match point.first() {
        Some(2 | 3) => point.len() == 1 + coordinate,
        Some(4) => point.len() == 1 + 2 * coordinate,
        _ => false,
    }
}
