//! RSA signatures, verification alone (RFC 8017): the public operation, then one comparison with what must come out.
//!
//! Nothing here is secret, so nothing has to take the same time. PKCS#1 v1.5 is not parsed: the
//! only encoded message that counts is built and compared as a whole.

use super::{Hash, Padding, portable::digest};
use crypto_bigint::{
    BoxedUint, Odd,
    modular::{BoxedMontyForm, BoxedMontyParams},
};
use der::{Decode as _, Sequence, asn1::UintRef};

/// `RSAPublicKey` of RFC 8017, appendix A.1.1.
#[derive(Sequence)]
struct PublicKey<'a> {
    modulus: UintRef<'a>,
    exponent: UintRef<'a>,
}

/// RSA of 2048 to 8192 bits; the key as DER `RSAPublicKey`.
pub(crate) fn verify_rsa(
    padding: Padding,
    hash: Hash,
    key: &[u8],
    message: &[u8],
    signature: &[u8],
) -> bool {
    let Ok(key) = PublicKey::from_der(key) else {
        return false;
    };
    let digest = digest(hash, message);
    recover(&key, signature).is_some_and(|(encoded, bits)| match padding {
        Padding::Pkcs1 => encoded == pkcs1(hash, &digest, encoded.len()),
        Padding::Pss => pss(hash, &digest, &encoded, bits - 1),
    })
}

/// `RSAVP1` of section 5.2.2: the signature to the public exponent, as long as the modulus; and the
/// modulus' size in bits.
fn recover(key: &PublicKey<'_>, signature: &[u8]) -> Option<(Vec<u8>, usize)> {
    let modulus = key.modulus.as_bytes();
    let leading = usize::try_from(modulus.first()?.leading_zeros()).ok()?;
    let bits = modulus.len() * 8 - leading;
    if !(2048..=8192).contains(&bits) || signature.len() != modulus.len() {
        return None;
    }
    let exponent = key.exponent.as_bytes();
    // As aws-lc has it: odd, more than one, at most 33 bits.
    let value = exponent
        .iter()
        .try_fold(0_u64, |value, byte| {
            value.checked_mul(256)?.checked_add(u64::from(*byte))
        })
        .filter(|value| value & 1 == 1 && (3..1 << 33).contains(value))?;
    let precision = u32::try_from(modulus.len() * 8).ok()?;
    let read = |bytes| BoxedUint::from_be_slice(bytes, precision).ok();
    let (number, base) = (read(modulus)?, read(signature)?);
    if base >= number {
        return None;
    }
    let odd = Option::<Odd<BoxedUint>>::from(Odd::new(number))?;
    let params = BoxedMontyParams::new_vartime(odd);
    let power = BoxedMontyForm::new(base, &params).pow(&BoxedUint::from(value));
    let bytes = power.retrieve().to_be_bytes();
    let start = bytes.len().checked_sub(modulus.len())?;
    Some((bytes[start..].to_vec(), bits))
}

/// `EMSA-PKCS1-v1_5` of section 9.2.
fn pkcs1(hash: Hash, digest: &[u8], size: usize) -> Vec<u8> {
    let (last, length) = match hash {
        Hash::Sha256 => (1, 32),
        Hash::Sha384 => (2, 48),
        Hash::Sha512 => (3, 64),
    };
    // DigestInfo: the OID 2.16.840.1.101.3.4.2.`last` with NULL, then the digest.
    let info = [
        0x30,
        0x11 + length,
        0x30,
        0x0d,
        6,
        9,
        0x60,
        0x86,
        0x48,
        1,
        0x65,
        3,
        4,
        2,
        last,
        5,
        0,
        4,
        length,
    ];
    let filled = size.saturating_sub(info.len() + digest.len() + 3);
    [&[0, 1], &vec![0xff; filled][..], &[0], &info, digest].concat()
}

/// `EMSA-PSS-VERIFY` of section 9.1.2, the salt as long as the digest.
fn pss(hash: Hash, digest_of_message: &[u8], encoded: &[u8], bits: usize) -> bool {
    let size = bits.div_ceil(8);
    let (unused, encoded) = encoded.split_at(encoded.len() - size);
    let length = digest_of_message.len();
    let Some(masked) = size.checked_sub(length + 1) else {
        return false;
    };
    let (masked, rest) = encoded.split_at(masked);
    let (challenge, trailer) = rest.split_at(length);
    let spare = 8 * size - bits;
    let clear = 0xff_u8 >> spare;
    if unused.iter().any(|byte| *byte != 0)
        || trailer != [0xbc]
        || masked.len() < length + 1
        || masked[0] & !clear != 0
    {
        return false;
    }
    let mut block = mask(hash, challenge, masked.len());
    for (byte, masked) in block.iter_mut().zip(masked) {
        *byte ^= masked;
    }
    block[0] &= clear;
    let (start, salt) = block.split_at(block.len() - length);
    let padded = start
        .split_last()
        .is_some_and(|(one, zeros)| *one == 1 && zeros.iter().all(|byte| *byte == 0));
    padded && digest(hash, &[&[0; 8], digest_of_message, salt].concat()) == challenge
}

/// `MGF1` of appendix B.2.1.
fn mask(hash: Hash, seed: &[u8], size: usize) -> Vec<u8> {
    let mut mask = Vec::with_capacity(size + 64);
    for counter in 0_u32.. {
        if mask.len() >= size {
            break;
        }
        mask.extend(digest(hash, &[seed, &counter.to_be_bytes()].concat()));
    }
    mask.truncate(size);
    mask
}
