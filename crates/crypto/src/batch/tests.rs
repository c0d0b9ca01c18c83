//! The batch and the single check agree on every edge of ZIP-215, and failures are found exactly.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::{Algorithm, SecretKey, SignatureError, sha256};
use curve25519_dalek::constants::EIGHT_TORSION;
use proptest::prelude::*;

#[derive(serde::Deserialize)]
struct EdgeCase {
    case: usize,
    message: String,
    key: String,
    signature: String,
    ledger: bool,
    strict: bool,
}

struct Raw {
    key: [u8; 32],
    message: Vec<u8>,
    signature: [u8; 64],
}

impl Raw {
    fn item(&self, position: usize) -> Item<'_> {
        Item {
            position,
            key: &self.key,
            message: [&self.message, &[], &[]],
            signature: &self.signature,
        }
    }

    fn single(&self) -> bool {
        PublicKey::Ed25519(self.key)
            .verify_message(&self.message, &Signature::Ed25519(self.signature))
            .is_ok()
    }

    fn strict(&self) -> bool {
        PublicKey::Ed25519(self.key)
            .verify_message_strict(&self.message, &Signature::Ed25519(self.signature))
            .is_ok()
    }

    /// The verdict of the random sum over this signature alone.
    fn sum(&self) -> bool {
        let (Some(point), Some(opened)) = (
            ed25519::decode_point(&self.key),
            ed25519::open(&self.key, &[&self.message], &self.signature),
        ) else {
            return false;
        };
        let prepared = [Prepared {
            position: 0,
            slot: 0,
            opened,
        }];
        Search {
            points: &[point],
            prepared: &prepared,
        }
        .sum_vanishes(0..1)
    }
}

fn edge_cases() -> Vec<(EdgeCase, Raw)> {
    let cases: Vec<EdgeCase> =
        serde_json::from_str(include_str!("../../fixtures/ed25519_edge_cases.json")).unwrap();
    assert_eq!(cases.len(), 12);
    let raw = |case: &EdgeCase| Raw {
        key: hex::decode(&case.key).unwrap().try_into().unwrap(),
        message: hex::decode(&case.message).unwrap(),
        signature: hex::decode(&case.signature).unwrap().try_into().unwrap(),
    };
    cases
        .into_iter()
        .map(|case| {
            let raw = raw(&case);
            (case, raw)
        })
        .collect()
}

fn honest(index: u8) -> Raw {
    let key = SecretKey::from_ed25519_seed([index; 32]);
    let message = vec![index; 40];
    let PublicKey::Ed25519(public) = key.public_key() else {
        unreachable!()
    };
    Raw {
        key: public,
        signature: *key.sign_message(&message).as_bytes(),
        message,
    }
}

/// All fourteen encodings of the eight points of small order.
fn small_order_encodings() -> Vec<[u8; 32]> {
    let mut encodings: Vec<_> = EIGHT_TORSION
        .iter()
        .map(|point| point.compress().0)
        .collect();
    let field = |low: u8, sign: u8| {
        let mut bytes = [0xff; 32];
        bytes[0] = low;
        bytes[31] = 0x7f | sign;
        bytes
    };
    let mut one = [0; 32];
    (one[0], one[31]) = (1, 0x80);
    encodings.push(one);
    encodings.push(field(0xec, 0x80));
    for low in [0xed, 0xee] {
        encodings.extend([field(low, 0), field(low, 0x80)]);
    }
    encodings
}

#[test]
fn published_edge_cases_get_the_verdict_of_zip_215_on_every_path() {
    for (case, raw) in edge_cases() {
        assert_eq!(raw.single(), case.ledger, "single, case {}", case.case);
        assert_eq!(raw.sum(), case.ledger, "sum, case {}", case.case);
        assert_eq!(raw.strict(), case.strict, "strict, case {}", case.case);
    }
}

#[test]
fn edge_cases_among_honest_signatures_fail_alone() {
    let honest: Vec<_> = (0..60).map(honest).collect();
    let cases = edge_cases();
    let items: Vec<_> = honest
        .iter()
        .chain(cases.iter().map(|(_, raw)| raw))
        .enumerate()
        .map(|(position, raw)| raw.item(position))
        .collect();
    let mut failed = Vec::new();
    KeyCache::default().verify_edwards(&items, &mut failed);
    failed.sort_unstable();
    let expected: Vec<_> = cases
        .iter()
        .filter(|(case, _)| !case.ledger)
        .map(|(case, _)| 60 + case.case)
        .collect();
    assert_eq!(failed, expected);
    assert_eq!(expected.len(), 3);
}

#[test]
fn every_pair_of_small_order_encodings_counts_in_consensus_and_never_outside() {
    let encodings = small_order_encodings();
    assert_eq!(encodings.len(), 14);
    for key in &encodings {
        assert!(ed25519::check_registrable(key).is_err());
        for r in &encodings {
            let mut signature = [0; 64];
            signature[..32].copy_from_slice(r);
            let raw = Raw {
                key: *key,
                message: b"Zcash".to_vec(),
                signature,
            };
            assert!(raw.single() && raw.sum() && !raw.strict());
        }
    }
}

#[test]
fn keys_that_honest_software_cannot_make_are_not_registrable() {
    let refusal = |bytes| PublicKey::Ed25519(bytes).check_registrable();
    let canonical = EIGHT_TORSION[1].compress().0;
    assert_eq!(refusal(canonical), Err(SignatureError::SmallOrderKey));
    assert_eq!(
        refusal(small_order_encodings()[13]),
        Err(SignatureError::NonCanonicalKey)
    );
    let sound = ED25519_BASEPOINT_POINT;
    assert_eq!(refusal(sound.compress().0), Ok(()));
    let mixed = sound + EIGHT_TORSION[1];
    assert_eq!(
        refusal(mixed.compress().0),
        Err(SignatureError::MixedOrderKey)
    );
    let no_point = (0..=255)
        .map(|low| [low; 32])
        .find(|b| ed25519::decode_point(b).is_none());
    assert_eq!(
        refusal(no_point.unwrap()),
        Err(SignatureError::MalformedKey)
    );
}

struct Signed {
    namespace: Namespace,
    key: PublicKey,
    digest: Digest,
    signature: Signature,
}

impl Signed {
    fn new(key: &SecretKey, index: usize) -> Self {
        let namespace = Namespace::new("00112233445566778899aabbccddeeff", "transaction");
        let digest = sha256(&[&index.to_be_bytes()]);
        let signature = key.sign(&namespace, &digest);
        Self {
            namespace,
            key: key.public_key(),
            digest,
            signature,
        }
    }

    fn item(&self) -> SignedDigest<'_> {
        SignedDigest {
            key: &self.key,
            namespace: &self.namespace,
            digest: &self.digest,
            signature: &self.signature,
        }
    }
}

#[test]
fn threads_share_a_cache_on_disjoint_pieces() {
    let keys: Vec<_> = (0..8)
        .map(|i| SecretKey::from_ed25519_seed([i; 32]))
        .collect();
    let mut signed: Vec<_> = (0..400).map(|i| Signed::new(&keys[i % 8], i)).collect();
    signed[399].digest = Digest::ZERO;
    let items: Vec<_> = signed.iter().map(Signed::item).collect();
    let cache = KeyCache::default();
    let verdicts = std::thread::scope(|scope| {
        let threads: Vec<_> = items
            .chunks(100)
            .map(|piece| scope.spawn(|| verify_batch(&cache, piece)))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect::<Vec<_>>()
    });
    assert_eq!(verdicts, [Ok(()), Ok(()), Ok(()), Err(vec![99])]);
    assert_eq!(cache.len(), 8);
}

#[test]
fn the_cache_is_bounded_and_keeps_only_keys_that_signed() {
    let cache = KeyCache::new(10);
    for seed in 0..100u8 {
        let signed = Signed::new(&SecretKey::from_ed25519_seed([seed; 32]), 1);
        assert_eq!(cache.verify_batch(&[signed.item()]), Ok(()));
        assert!((1..=10).contains(&cache.len()));
    }
    let cache = KeyCache::new(10);
    let mut wrong = Signed::new(&SecretKey::from_ed25519_seed([1; 32]), 1);
    wrong.digest = Digest::ZERO;
    assert_eq!(cache.verify_batch(&[wrong.item()]), Err(vec![0]));
    assert!(cache.is_empty());
}

#[test]
fn an_empty_batch_is_right() {
    assert_eq!(KeyCache::default().verify_batch(&[]), Ok(()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Both algorithms, few keys, every kind of damage: the batch names what the single check
    /// refuses, warm or cold.
    #[test]
    fn the_batch_names_exactly_what_the_single_check_refuses(
        damage in prop::collection::vec((0u8..40, any::<u8>(), 0usize..5), 0..90),
    ) {
        let keys: Vec<_> = (1..5)
            .map(|seed| SecretKey::from_ed25519_seed([seed; 32]))
            .chain([SecretKey::generate(Algorithm::P256).unwrap()])
            .collect();
        let mut signed: Vec<_> = damage
            .iter()
            .enumerate()
            .map(|(index, (_, _, key))| Signed::new(&keys[*key], index))
            .collect();
        for (one, (kind, noise, _)) in signed.iter_mut().zip(&damage) {
            let place = usize::from(*noise) % 64;
            match (kind, &mut one.signature) {
                (0, Signature::Ed25519(bytes) | Signature::P256(bytes)) => bytes[place] ^= 1,
                (1, _) => one.digest.0[place % 32] ^= 1,
                (2, _) => one.namespace = Namespace::new("other", "transaction"),
                (3, _) => one.key = PublicKey::Ed25519([*noise; 32]),
                (4, _) => one.signature = Signature::P256([*noise; 64]),
                _ => {}
            }
        }
        let expected: Vec<_> = (0..signed.len())
            .filter(|&i| {
                let one = &signed[i];
                one.key.verify(&one.namespace, &one.digest, &one.signature).is_err()
            })
            .collect();
        let items: Vec<_> = signed.iter().map(Signed::item).collect();
        let cache = KeyCache::default();
        for _ in 0..2 {
            let failed = cache.verify_batch(&items).err().unwrap_or_default();
            prop_assert_eq!(&failed, &expected);
        }
    }
}
