//! Any bytes at all in the rows that opening reads: an error, or a state that reads and proves.

#![allow(clippy::unwrap_used)]

use blockworm_state::{MemoryStore, State, StateError, Store, Table, Write, Writes};
use proptest::prelude::*;

type Row = (Table, Vec<u8>, Vec<u8>);

fn bytes(most: usize) -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), 0..most)
}

fn head() -> impl Strategy<Value = Row> {
    let value = prop_oneof![
        bytes(60),
        (0u8..3, 0u8..26, bytes(42))
            .prop_map(|(format, bits, rest)| { [vec![format, bits], rest].concat() }),
    ];
    value.prop_map(|value| (Table::System, b"head".to_vec(), value))
}

fn other() -> impl Strategy<Value = Row> {
    let root = (bytes(10), bytes(40))
        .prop_map(|(key, value)| (Table::System, [&b"root"[..], &key].concat(), value));
    let leaf =
        (bytes(9), 0usize..200, any::<u8>(), bytes(3)).prop_map(|(key, pairs, fill, rest)| {
            (Table::Pairs, key, [vec![fill; pairs * 64], rest].concat())
        });
    prop_oneof![root, leaf]
}

fn put((table, key, value): &Row) -> Write<'_> {
    Write {
        table: *table,
        key,
        value: Some(value),
    }
}

proptest! {
    #[test]
    fn no_rows_make_opening_panic(
        head in head(), others in proptest::collection::vec(other(), 0..6), bits in 1u8..8,
    ) {
        let store = MemoryStore::new();
        let rows: Vec<Row> = others.into_iter().chain([head]).collect();
        store.write(&rows.iter().map(put).collect::<Vec<_>>()).unwrap();
        if let Ok(state) = State::open(store, bits) {
            let _ = state.prove(b"key");
        }
    }

    #[test]
    fn one_flipped_bit_in_a_pair_is_found(at in any::<prop::sample::Index>(), bit in 0u8..8) {
        let store = MemoryStore::new();
        let state = State::open(store.clone(), 1).unwrap();
        let writes: Writes = (0u8..50).map(|key| (vec![key], Some(vec![key]))).collect();
        state.stage(0, writes).unwrap();
        state.commit(0, Vec::new()).unwrap();
        drop(state);

        let key = [0, 0, 0, 0];
        let mut row = store.get(Table::Pairs, &key).unwrap().unwrap();
        let at = at.index(row.len());
        row[at] ^= 1 << bit;
        store.write(&[Write { table: Table::Pairs, key: &key, value: Some(&row) }]).unwrap();
        let damaged = matches!(State::open(store, 1), Err(StateError::RootMismatch { .. }));
        prop_assert!(damaged);
    }
}

#[test]
fn a_store_of_another_format_is_named_as_such() {
    let store = MemoryStore::new();
    let head = [&[2, 4][..], &[0; 40]].concat();
    let row = (Table::System, b"head".to_vec(), head);
    store.write(&[put(&row)]).unwrap();
    assert!(matches!(
        State::open(store, 4),
        Err(StateError::FormatUnsupported {
            stored: 2,
            supported: 1
        })
    ));
}
