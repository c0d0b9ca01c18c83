//! State proofs over trees of many shapes, with crowded buckets that split.
#![allow(clippy::unwrap_used)]

mod sample;

use blockworm_crypto::{Digest, sha256};
use blockworm_ledger::state_proof::{
    LEAF_PAIRS, PAIR_BYTES, StateProofError, bucket_digest, inner, split, state_key,
};
use proptest::prelude::*;
use sample::StateTree;
use std::collections::BTreeMap;

fn entries(count: u32) -> BTreeMap<Vec<u8>, Vec<u8>> {
    (0..count)
        .map(|n| (state_key(16, &n.to_be_bytes()), n.to_le_bytes().to_vec()))
        .collect()
}

#[test]
fn a_crowded_bucket_splits_and_still_proves() {
    // Two buckets for 1000 keys: each splits three times and more.
    let entries = entries(1000);
    let tree = StateTree::new(1, &entries);
    let root = tree.root();
    for (key, value) in &entries {
        let proof = tree.prove(key);
        assert!(proof.depth() > 1 && proof.pairs.len() <= LEAF_PAIRS);
        proof.verify(&root, 1, key, Some(value)).unwrap();
        assert_eq!(
            proof.verify(&root, 1, key, None),
            Err(StateProofError::Present)
        );
        assert_eq!(
            proof.verify(&root, 1, key, Some(b"x")),
            Err(StateProofError::OtherValue)
        );
    }
    for n in 1000..1100u32 {
        let key = state_key(16, &n.to_be_bytes());
        let proof = tree.prove(&key);
        proof.verify(&root, 1, &key, None).unwrap();
        assert_eq!(
            proof.verify(&root, 1, &key, Some(b"")),
            Err(StateProofError::OtherValue)
        );
    }
}

#[test]
fn digests_are_the_documented_ones() {
    assert_eq!(bucket_digest(&[], 4), sha256(&[&[0]]));
    let pair = [7; PAIR_BYTES];
    assert_eq!(bucket_digest(&pair, 4), sha256(&[&[0], &pair]));
    let (left, right) = (Digest([1; 32]), Digest([2; 32]));
    assert_eq!(inner(&left, &right), sha256(&[&[1], &[1; 32], &[2; 32]]));
    let records: Vec<u8> = (0..=LEAF_PAIRS as u8)
        .flat_map(|n| [n * 3; PAIR_BYTES])
        .collect();
    let (low, high) = split(&records, 0);
    assert!(low.chunks(PAIR_BYTES).all(|pair| pair[0] < 0x80));
    assert!(high.chunks(PAIR_BYTES).all(|pair| pair[0] >= 0x80));
    assert_eq!(
        bucket_digest(&records, 0),
        inner(&bucket_digest(low, 1), &bucket_digest(high, 1))
    );
    assert_eq!(
        bucket_digest(&records[PAIR_BYTES..], 0),
        sha256(&[&[0], &records[PAIR_BYTES..]])
    );
}

#[test]
fn a_proof_fits_one_tree_and_one_key() {
    let all = entries(300);
    let tree = StateTree::new(4, &all);
    let (key, value) = all.iter().next().unwrap();
    let proof = tree.prove(key);
    let root = tree.root();
    assert!(matches!(
        proof.verify(&root, 24, key, Some(value)),
        Err(StateProofError::Malformed(_))
    ));
    let other = Digest([1; 32]);
    assert!(matches!(
        proof.verify(&other, 4, key, Some(value)),
        Err(StateProofError::OtherRoot { .. })
    ));

    let mut short = proof.clone();
    short.siblings.truncate(3);
    assert!(matches!(
        short.verify(&root, 4, key, Some(value)),
        Err(StateProofError::Malformed(_))
    ));
    let mut doubled = proof.clone();
    doubled.pairs.insert(0, doubled.pairs[0]);
    assert!(matches!(
        doubled.verify(&root, 4, key, Some(value)),
        Err(StateProofError::Malformed(_))
    ));
    let mut hidden = proof.clone();
    hidden.pairs.retain(|pair| pair.value != sha256(&[value]));
    assert!(matches!(
        hidden.verify(&root, 4, key, None),
        Err(StateProofError::OtherRoot { .. })
    ));
    let far = all
        .keys()
        .find(|key| tree.prove(key).pairs != proof.pairs)
        .unwrap();
    assert!(matches!(
        proof.verify(&root, 4, far, None),
        Err(StateProofError::Malformed(_))
    ));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn every_key_of_any_state_is_provable(
        all in prop::collection::btree_map(
            prop::collection::vec(any::<u8>(), 4..8),
            prop::collection::vec(any::<u8>(), 0..8),
            0..200,
        ),
        absent in prop::collection::vec(any::<u8>(), 4..8),
        bits in 1u8..6,
    ) {
        let tree = StateTree::new(bits, &all);
        let root = tree.root();
        for key in all.keys().take(20).chain([&absent]) {
            let value = all.get(key).map(Vec::as_slice);
            prop_assert_eq!(tree.prove(key).verify(&root, bits, key, value), Ok(()));
        }
    }
}
