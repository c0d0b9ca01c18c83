//! One set of vectors, good, bad and at the edges, through both backends: they answer alike on each.

#![allow(clippy::unwrap_used)]

use super::{Curve, Hash, Padding, native, portable};
use aws_lc_rs::{
    rand::SystemRandom,
    rsa::{KeyPair, KeySize},
    signature::{
        self, KeyPair as _, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256,
        RSA_PSS_SHA384, RSA_PSS_SHA512,
    },
};
use p256::ecdsa::signature::hazmat::PrehashSigner as _;
use proptest::prelude::*;

const MESSAGE: &[u8] = b"what was signed";
const HASHES: [Hash; 3] = [Hash::Sha256, Hash::Sha384, Hash::Sha512];
/// The order of P-256 (FIPS 186-5, SP 800-186).
const ORDER: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
/// The prime of P-256.
const PRIME: &str = "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff";

/// Both backends' answer, which must be the same.
#[track_caller]
fn point(bytes: &[u8]) -> bool {
    let answer = native::check_p256(bytes);
    assert_eq!(
        answer,
        portable::check_p256(bytes),
        "{}",
        hex::encode(bytes)
    );
    let form = native::uncompress_p256(bytes);
    assert_eq!(form, portable::uncompress_p256(bytes));
    assert_eq!(form.is_some(), answer);
    answer
}

#[track_caller]
fn fixed(key: &[u8], message: &[u8], signature: &[u8; 64]) -> bool {
    let answer = native::verify_p256(key, message, signature);
    let other = portable::verify_p256(key, message, signature);
    assert_eq!(answer, other, "{}", hex::encode(signature));
    answer
}

#[track_caller]
fn ecdsa(curve: Curve, hash: Hash, key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let answer = native::verify_ecdsa(curve, hash, key, message, signature);
    let other = portable::verify_ecdsa(curve, hash, key, message, signature);
    assert_eq!(
        answer,
        other,
        "{curve:?} {hash:?} {}",
        hex::encode(signature)
    );
    answer
}

#[track_caller]
fn rsa(padding: Padding, hash: Hash, key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let answer = native::verify_rsa(padding, hash, key, message, signature);
    let other = portable::verify_rsa(padding, hash, key, message, signature);
    assert_eq!(answer, other, "{padding:?} {hash:?} {}", hex::encode(key));
    answer
}

fn bytes(hex_text: &str) -> [u8; 32] {
    hex::decode(hex_text).unwrap().try_into().unwrap()
}

/// A signer of each curve, its public point in both forms.
struct Signers {
    p256: p256::ecdsa::SigningKey,
    p384: p384::ecdsa::SigningKey,
}

impl Signers {
    fn new() -> Self {
        Self {
            p256: p256::ecdsa::SigningKey::from_slice(&[7; 32]).unwrap(),
            p384: p384::ecdsa::SigningKey::from_slice(&[9; 48]).unwrap(),
        }
    }

    fn point(&self, curve: Curve, compressed: bool) -> Vec<u8> {
        match curve {
            Curve::P256 => self
                .p256
                .verifying_key()
                .to_sec1_point(compressed)
                .as_bytes()
                .to_vec(),
            Curve::P384 => self
                .p384
                .verifying_key()
                .to_sec1_point(compressed)
                .as_bytes()
                .to_vec(),
        }
    }

    fn sign(&self, curve: Curve, hash: Hash) -> Vec<u8> {
        let digest = portable::digest(hash, MESSAGE);
        match curve {
            Curve::P256 => {
                let signature: p256::ecdsa::Signature = self.p256.sign_prehash(&digest).unwrap();
                signature.to_der().as_bytes().to_vec()
            }
            Curve::P384 => {
                let signature: p384::ecdsa::Signature = self.p384.sign_prehash(&digest).unwrap();
                signature.to_der().as_bytes().to_vec()
            }
        }
    }

    fn fixed(&self) -> [u8; 64] {
        let digest = portable::digest(Hash::Sha256, MESSAGE);
        let signature: p256::ecdsa::Signature = self.p256.sign_prehash(&digest).unwrap();
        signature.to_bytes().into()
    }
}

#[test]
fn points_are_taken_in_two_forms_and_nothing_else_is() {
    let signers = Signers::new();
    let compressed = signers.point(Curve::P256, true);
    let whole = signers.point(Curve::P256, false);
    assert!(point(&compressed) && point(&whole));
    let mut other_half = compressed.clone();
    other_half[0] ^= 1;
    assert!(point(&other_half));
    for first in [0, 1, 5, 6, 7, 0xff] {
        let mut wrong = whole.clone();
        wrong[0] = first;
        assert!(!point(&wrong));
    }
    for wrong in [
        &[][..],
        &[0],
        &compressed[..32],
        &whole[..64],
        &[&whole[..], &[0]].concat(),
    ] {
        assert!(!point(wrong));
    }
    let mut off = whole.clone();
    off[64] ^= 1;
    assert!(!point(&off));
    // x + p is a second name of x where it fits; x = p itself names zero.
    for x in [bytes(PRIME), [0xff; 32]] {
        assert!(!point(&[&[2][..], &x].concat()));
    }
    // y² = b has a root: x = 0 is on the curve.
    assert!(point(&[&[3][..], &[0; 32]].concat()));
}

#[test]
fn fixed_signatures_are_judged_alike() {
    let signers = Signers::new();
    let key = signers.point(Curve::P256, true);
    let good = signers.fixed();
    assert!(fixed(&key, MESSAGE, &good));
    assert!(fixed(&signers.point(Curve::P256, false), MESSAGE, &good));
    assert!(!fixed(&key, b"something else", &good));
    for at in 0..64 {
        let mut bad = good;
        bad[at] ^= 0x10;
        assert!(!fixed(&key, MESSAGE, &bad), "byte {at}");
    }
    // Of s and n - s both count.
    let order = crypto_bigint::U256::from_be_slice(&bytes(ORDER));
    let s = crypto_bigint::U256::from_be_slice(&good[32..]);
    let mut mirrored = good;
    mirrored[32..].copy_from_slice(order.wrapping_sub(&s).to_be_bytes().as_ref());
    assert!(fixed(&key, MESSAGE, &mirrored));
    for half in [0, 32] {
        for number in [[0; 32], bytes(ORDER), [0xff; 32]] {
            let mut bad = good;
            bad[half..half + 32].copy_from_slice(&number);
            assert!(!fixed(&key, MESSAGE, &bad));
        }
    }
}

#[test]
fn encoded_signatures_are_judged_alike() {
    let signers = Signers::new();
    for curve in [Curve::P256, Curve::P384] {
        let other_curve = match curve {
            Curve::P256 => Curve::P384,
            Curve::P384 => Curve::P256,
        };
        for hash in HASHES {
            let key = signers.point(curve, false);
            let good = signers.sign(curve, hash);
            assert!(
                ecdsa(curve, hash, &key, MESSAGE, &good),
                "{curve:?} {hash:?}"
            );
            assert!(ecdsa(
                curve,
                hash,
                &signers.point(curve, true),
                MESSAGE,
                &good
            ));
            assert!(!ecdsa(curve, hash, &key, b"something else", &good));
            assert!(!ecdsa(other_curve, hash, &key, MESSAGE, &good));
            for at in 0..good.len() {
                let mut bad = good.clone();
                bad[at] ^= 1;
                assert!(!ecdsa(curve, hash, &key, MESSAGE, &bad), "byte {at}");
            }
            let trailing = [&good[..], &[0]].concat();
            let long_length = [&[0x30, 0x81, good[1]][..], &good[2..]].concat();
            let mut padded = good.clone();
            padded.splice(4..4, [0]);
            padded[1] += 1;
            padded[3] += 1;
            for bad in [
                &trailing[..],
                &long_length,
                &padded,
                &good[..9],
                &[],
                &[0x30, 0],
            ] {
                assert!(
                    !ecdsa(curve, hash, &key, MESSAGE, bad),
                    "{}",
                    hex::encode(bad)
                );
            }
        }
    }
}

/// A DER INTEGER of a number without a sign.
fn integer(number: &[u8]) -> Vec<u8> {
    let start = number
        .iter()
        .position(|byte| *byte != 0)
        .unwrap_or(number.len() - 1);
    let number = &number[start..];
    let sign: &[u8] = if number[0] & 0x80 == 0 { &[] } else { &[0] };
    tagged(2, &[sign, number].concat())
}

fn tagged(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap();
    let [high, low] = length.to_be_bytes();
    let head = match length {
        0..0x80 => vec![tag, low],
        0x80..0x100 => vec![tag, 0x81, low],
        _ => vec![tag, 0x82, high, low],
    };
    [head, content.to_vec()].concat()
}

fn key(modulus: &[u8], exponent: &[u8]) -> Vec<u8> {
    tagged(0x30, &[integer(modulus), integer(exponent)].concat())
}

fn signed(pair: &KeyPair, padding: &'static dyn signature::RsaEncoding) -> Vec<u8> {
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(padding, &SystemRandom::new(), MESSAGE, &mut signature)
        .unwrap();
    signature
}

#[test]
fn rsa_signatures_are_judged_alike() {
    let paddings: [(Padding, Hash, &'static dyn signature::RsaEncoding); 6] = [
        (Padding::Pkcs1, Hash::Sha256, &RSA_PKCS1_SHA256),
        (Padding::Pkcs1, Hash::Sha384, &RSA_PKCS1_SHA384),
        (Padding::Pkcs1, Hash::Sha512, &RSA_PKCS1_SHA512),
        (Padding::Pss, Hash::Sha256, &RSA_PSS_SHA256),
        (Padding::Pss, Hash::Sha384, &RSA_PSS_SHA384),
        (Padding::Pss, Hash::Sha512, &RSA_PSS_SHA512),
    ];
    for size in [KeySize::Rsa2048, KeySize::Rsa3072] {
        let pair = KeyPair::generate(size).unwrap();
        let public = pair.public_key().as_ref().to_vec();
        for (padding, hash, encoding) in paddings {
            let good = signed(&pair, encoding);
            assert!(
                rsa(padding, hash, &public, MESSAGE, &good),
                "{padding:?} {hash:?}"
            );
            assert!(!rsa(padding, hash, &public, b"something else", &good));
            for (other_padding, other_hash, _) in paddings {
                let same = other_padding == padding && other_hash == hash;
                assert_eq!(
                    rsa(other_padding, other_hash, &public, MESSAGE, &good),
                    same
                );
            }
            for at in [0, 1, 100, good.len() - 1] {
                let mut bad = good.clone();
                bad[at] ^= 1;
                assert!(!rsa(padding, hash, &public, MESSAGE, &bad));
            }
            let long = [&[0][..], &good].concat();
            for bad in [
                &[][..],
                &good[1..],
                &long,
                &vec![0xff; good.len()],
                &vec![0; good.len()],
            ] {
                assert!(!rsa(padding, hash, &public, MESSAGE, bad));
            }
        }
    }
}

#[test]
fn rsa_keys_at_the_edges_are_judged_alike() {
    let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let good = signed(&pair, &RSA_PKCS1_SHA256);
    // SEQUENCE, INTEGER, a zero for the sign, then the modulus.
    let modulus = pair.public_key().as_ref()[9..265].to_vec();
    let judge = |key: &[u8]| rsa(Padding::Pkcs1, Hash::Sha256, key, MESSAGE, &good);
    assert!(judge(&key(&modulus, &[1, 0, 1])));
    for exponent in [
        &[0][..],
        &[1],
        &[2],
        &[3],
        &[1, 0, 0],
        &[1, 0, 3],
        &[2, 0, 0, 0, 1],
        &[1; 9],
    ] {
        assert!(!judge(&key(&modulus, exponent)), "{exponent:?}");
    }
    let mut even = modulus.clone();
    *even.last_mut().unwrap() &= 0xfe;
    for wrong in [&even[..], &modulus[1..], &modulus[..128], &[0], &[1]] {
        assert!(!judge(&key(wrong, &[1, 0, 1])));
    }
    let whole = key(&modulus, &[1, 0, 1]);
    assert!(!judge(&[&whole[..], &[0]].concat()));
    assert!(!judge(&whole[..whole.len() - 1]));
    assert!(!judge(&[]));
}

proptest! {
    #[test]
    fn any_bytes_are_judged_alike(
        key in prop::collection::vec(any::<u8>(), 0..70),
        signature in prop::collection::vec(any::<u8>(), 0..110),
        short in prop::array::uniform32(any::<u8>()),
    ) {
        point(&key);
        point(&[&[2][..], &short].concat());
        let compressed = Signers::new().point(Curve::P256, true);
        ecdsa(Curve::P256, Hash::Sha256, &compressed, MESSAGE, &signature);
        ecdsa(Curve::P384, Hash::Sha384, &key, MESSAGE, &signature);
        rsa(Padding::Pss, Hash::Sha256, &key, MESSAGE, &signature);
        fixed(&compressed, MESSAGE, &[short, short].concat().try_into().unwrap());
    }
}
