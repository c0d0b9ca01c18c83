//! Random histories against the reference: the same values, ranges, roots and proofs, always.

#![allow(clippy::unwrap_used)]

mod reference;

use blockworm_crypto::sha256;
use blockworm_state::{FjallStore, MemoryStore, Order, State, StateOptions, Store, Writes};
use proptest::prelude::*;
use reference::Reference;
use std::collections::BTreeMap;

/// A small leaf cache, so that leaves are also read back from the store.
const TIGHT: StateOptions = StateOptions {
    leaf_cache_bytes: 2_000,
};

fn key(number: u16) -> Vec<u8> {
    format!("{:08}", number % 700).into_bytes()
}

/// Per height some puts (`Some`) and deletions (`None`).
fn histories() -> impl Strategy<Value = Vec<Writes>> {
    let write = (
        any::<u16>(),
        proptest::option::weighted(0.7, any::<[u8; 3]>()),
    )
        .prop_map(|(number, value)| (key(number), value.map(Vec::from)));
    let block = proptest::collection::vec(write, 0..300)
        .prop_map(|writes| writes.into_iter().collect::<Writes>());
    proptest::collection::vec(block, 1..8)
}

fn check_against<S: Store>(state: &State<S>, reference: &Reference) {
    let root = reference.root(usize::from(state.bucket_bits()));
    assert_eq!(state.root(), root);
    for number in (0..700).step_by(23) {
        let key = key(number);
        let expected = reference.values.get(&key);
        assert_eq!(state.get(&key).unwrap().as_ref(), expected);
        let proved = state.prove(&key).unwrap();
        assert_eq!(proved.value.as_ref(), expected);
        assert_eq!(proved.root, root);
        let claimed = expected.map(Vec::as_slice);
        proved
            .proof
            .verify(&root, state.bucket_bits(), &key, claimed)
            .unwrap();
        let wrong = if claimed.is_some() {
            None
        } else {
            Some(&b"never written"[..])
        };
        assert!(
            proved
                .proof
                .verify(&root, state.bucket_bits(), &key, wrong)
                .is_err()
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_state_agrees_with_the_reference_at_every_height(
        history in histories(), bits in 1u8..8, together in 1usize..4,
    ) {
        let store = MemoryStore::new();
        let mut state = State::open_with(store.clone(), bits, TIGHT).unwrap();
        let mut reference = Reference::default();
        let mut height = 0;
        for blocks in history.chunks(together) {
            let mut expected = Vec::new();
            for writes in blocks {
                state.stage(height, writes.clone()).unwrap();
                reference.apply(writes);
                expected.push((height, reference.root(usize::from(bits))));
                height += 1;
            }
            let rows = expected.iter().map(|(height, _)| (*height, Vec::new())).collect();
            prop_assert_eq!(&state.commit_many(rows).unwrap(), &expected);
            for (height, root) in expected {
                prop_assert_eq!(state.root_at(height), Some(root));
            }
            check_against(&state, &reference);
            if height % 3 == 0 {
                state = State::open_with(store.clone(), bits, TIGHT).unwrap();
                check_against(&state, &reference);
            }
        }
    }

    #[test]
    fn ranges_agree_with_the_reference_while_blocks_are_staged(
        history in histories(), committed in 0usize..8, start in any::<u16>(), end in any::<u16>(),
        unbounded in any::<bool>(), limit in 0usize..80, descending in any::<bool>(),
    ) {
        let state = State::open(MemoryStore::new(), 4).unwrap();
        let mut reference = Reference::default();
        for (height, writes) in (0..).zip(&history) {
            state.stage(height, writes.clone()).unwrap();
            reference.apply(writes);
        }
        for height in 0..history.len().min(committed) as u64 {
            state.commit(height, Vec::new()).unwrap();
        }
        let (start, end) = (key(start), key(end));
        let inside = |key: &Vec<u8>| *key >= start && (unbounded || *key < end);
        let mut expected: Vec<_> =
            reference.values.into_iter().filter(|(key, _)| inside(key)).collect();
        if descending {
            expected.reverse();
        }
        expected.truncate(limit);
        let order = if descending { Order::Descending } else { Order::Ascending };
        let end = (!unbounded).then_some(end.as_slice());
        prop_assert_eq!(state.range(&start, end, order, limit).unwrap(), expected);
    }

    #[test]
    fn two_histories_with_the_same_end_have_the_same_root(
        first in histories(), second in histories(), bits in 1u8..8,
    ) {
        let mut wanted = Reference::default();
        first.iter().for_each(|writes| wanted.apply(writes));

        // The second history ends with what leads from its own content to the wanted one.
        let mut other = Reference::default();
        second.iter().for_each(|writes| other.apply(writes));
        let mut last: Writes = other.values.keys().map(|key| (key.clone(), None)).collect();
        last.extend(wanted.values.iter().map(|(key, value)| (key.clone(), Some(value.clone()))));

        let root = |history: &[Writes]| {
            let state = State::open(MemoryStore::new(), bits).unwrap();
            for (height, writes) in (0..).zip(history) {
                state.stage(height, writes.clone()).unwrap();
                state.commit(height, Vec::new()).unwrap();
            }
            state.root()
        };
        let second: Vec<Writes> = second.into_iter().chain([last]).collect();
        prop_assert_eq!(root(&first), root(&second));
    }
}

/// Keys whose digests begin with the same `bits` bits: somebody tried until they fit.
fn ground_keys(bits: u32, count: usize) -> Vec<Vec<u8>> {
    (0u64..)
        .map(|number| number.to_be_bytes().to_vec())
        .filter(|key| {
            let [a, b, c, d, ..] = sha256(&[key]).0;
            u32::from_be_bytes([a, b, c, d]).leading_zeros() >= bits
        })
        .take(count)
        .collect()
}

#[test]
fn keys_ground_into_one_bucket_split_it_and_their_proofs_stay_small() {
    let keys = ground_keys(8, 2_000);
    let store = MemoryStore::new();
    let state = State::open_with(store.clone(), 8, TIGHT).unwrap();
    let mut reference = Reference::default();
    for (height, keys) in (0..).zip(keys.chunks(37)) {
        let writes: Writes = keys
            .iter()
            .map(|key| (key.clone(), Some(vec![1])))
            .collect();
        reference.apply(&writes);
        state.stage(height, writes).unwrap();
        assert_eq!(state.commit(height, Vec::new()).unwrap(), reference.root(8));
    }
    for key in keys.iter().step_by(97) {
        let proved = state.prove(key).unwrap();
        assert!(proved.proof.pairs.len() <= 64);
        assert!(
            proved.proof.siblings.len() > 12,
            "the bucket must have split"
        );
        proved
            .proof
            .verify(&state.root(), 8, key, Some(&[1]))
            .unwrap();
    }
    let reopened = State::open(store, 8).unwrap();
    assert_eq!(reopened.root(), state.root());

    // Deleting them again merges the bucket back into one leaf.
    let first = state.height().unwrap() + 1;
    for (height, keys) in (first..).zip(keys.chunks(61)) {
        let writes: Writes = keys.iter().map(|key| (key.clone(), None)).collect();
        reference.apply(&writes);
        state.stage(height, writes).unwrap();
        assert_eq!(state.commit(height, Vec::new()).unwrap(), reference.root(8));
    }
    assert_eq!(reference.values, BTreeMap::new());
    assert_eq!(state.prove(&keys[0]).unwrap().proof.siblings.len(), 8);
}

#[test]
fn both_stores_lead_to_the_same_roots() {
    let folder = tempfile::tempdir().unwrap();
    let disk = State::open(FjallStore::open(folder.path()).unwrap(), 5).unwrap();
    let memory = State::open(MemoryStore::new(), 5).unwrap();
    for height in 0..30 {
        let writes = reference::writes_of(height);
        disk.stage(height, writes.clone()).unwrap();
        memory.stage(height, writes).unwrap();
        let root = memory.commit(height, Vec::new()).unwrap();
        assert_eq!(disk.commit(height, Vec::new()).unwrap(), root);
        assert_eq!(root, reference::reference_at(height).root(5));
    }
    check_against(&disk, &reference::reference_at(29));
    drop(disk);
    let disk = State::open(FjallStore::open(folder.path()).unwrap(), 5).unwrap();
    assert_eq!(disk.height(), Some(29));
    check_against(&disk, &reference::reference_at(29));
}
