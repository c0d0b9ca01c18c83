//! What every store must do, run on each of them.

#![allow(clippy::unwrap_used)]

use blockworm_state::{FjallStore, MemoryStore, Order, Row, Store, StoreView, Table, Write};

fn put<'a>(table: Table, key: &'a str, value: &'a str) -> Write<'a> {
    Write {
        table,
        key: key.as_bytes(),
        value: Some(value.as_bytes()),
    }
}

fn delete(table: Table, key: &str) -> Write<'_> {
    Write {
        table,
        key: key.as_bytes(),
        value: None,
    }
}

fn scan(
    view: &impl StoreView,
    start: &str,
    end: Option<&str>,
    order: Order,
    limit: usize,
) -> String {
    let mut keys = Vec::new();
    let end = end.map(str::as_bytes);
    view.scan(
        Table::Values,
        start.as_bytes(),
        end,
        order,
        &mut |key, _| {
            keys.push(String::from_utf8(key.to_vec()).unwrap());
            keys.len() < limit
        },
    )
    .unwrap();
    keys.join(" ")
}

fn scans_are_ordered_and_bounded(store: &impl Store) {
    let keys = ["b", "a", "d", "c", "aa"];
    store
        .write(&keys.map(|key| put(Table::Values, key, "1")))
        .unwrap();
    let view = store.view();
    assert_eq!(scan(&view, "", None, Order::Ascending, 9), "a aa b c d");
    assert_eq!(scan(&view, "", None, Order::Descending, 9), "d c b aa a");
    assert_eq!(scan(&view, "aa", Some("c"), Order::Ascending, 9), "aa b");
    assert_eq!(scan(&view, "aa", Some("c"), Order::Descending, 9), "b aa");
    assert_eq!(scan(&view, "b", None, Order::Ascending, 2), "b c");
    assert_eq!(scan(&view, "", Some("c"), Order::Descending, 1), "b");
    assert_eq!(scan(&view, "c", Some("c"), Order::Ascending, 9), "");
    assert_eq!(scan(&view, "d", Some("a"), Order::Ascending, 9), "");
    assert_eq!(scan(&view, "e", None, Order::Ascending, 9), "");
}

fn a_batch_ends_as_its_last_write_says(store: &impl Store) {
    let batch = [
        put(Table::Meta, "k", "first"),
        put(Table::Meta, "gone", "x"),
        put(Table::Meta, "k", "last"),
        delete(Table::Meta, "gone"),
        delete(Table::Meta, "back"),
        put(Table::Meta, "back", ""),
    ];
    store.write(&batch).unwrap();
    assert_eq!(
        store.get(Table::Meta, b"k").unwrap(),
        Some(b"last".to_vec())
    );
    assert_eq!(store.get(Table::Meta, b"gone").unwrap(), None);
    assert_eq!(store.get(Table::Meta, b"back").unwrap(), Some(Vec::new()));
    store.write(&[]).unwrap();
}

fn tables_are_apart(store: &impl Store) {
    let names = Table::ALL.map(|table| format!("{table:?}"));
    let rows = Table::ALL.iter().zip(&names);
    let batch: Vec<Write<'_>> = rows
        .map(|(table, name)| put(*table, "same", name))
        .collect();
    store.write(&batch).unwrap();
    for table in Table::ALL {
        let value = store.get(table, b"same").unwrap().unwrap();
        assert_eq!(value, format!("{table:?}").into_bytes());
    }
    store.clear(Table::Receipts).unwrap();
    assert_eq!(store.get(Table::Receipts, b"same").unwrap(), None);
    assert!(store.get(Table::RecentIds, b"same").unwrap().is_some());
    store
        .write(&[put(Table::Receipts, "same", "again")])
        .unwrap();
    assert_eq!(
        store.get(Table::Receipts, b"same").unwrap(),
        Some(b"again".to_vec())
    );
}

fn a_view_never_changes(store: &impl Store) {
    store
        .write(&[
            put(Table::RecentIds, "v", "old"),
            put(Table::RecentIds, "w", "old"),
        ])
        .unwrap();
    let view = store.view();
    store
        .write(&[
            put(Table::RecentIds, "v", "new"),
            delete(Table::RecentIds, "w"),
            put(Table::RecentIds, "x", "new"),
        ])
        .unwrap();
    assert_eq!(
        view.get(Table::RecentIds, b"v").unwrap(),
        Some(b"old".to_vec())
    );
    assert_eq!(
        view.get(Table::RecentIds, b"w").unwrap(),
        Some(b"old".to_vec())
    );
    assert_eq!(view.get(Table::RecentIds, b"x").unwrap(), None);
    let mut rows: Vec<Row> = Vec::new();
    view.scan(
        Table::RecentIds,
        b"v",
        None,
        Order::Ascending,
        &mut |key, value| {
            rows.push((key.to_vec(), value.to_vec()));
            true
        },
    )
    .unwrap();
    assert_eq!(
        rows,
        [("v", "old"), ("w", "old")].map(|(k, v)| (k.into(), v.into()))
    );
}

fn large_rows_come_back(store: &impl Store) {
    let value = "x".repeat(300_000);
    let key = "k".repeat(65_535);
    store.write(&[put(Table::Values, &key, &value)]).unwrap();
    assert_eq!(
        store.get(Table::Values, key.as_bytes()).unwrap(),
        Some(value.into_bytes())
    );
    store.write(&[delete(Table::Values, &key)]).unwrap();
}

fn a_view_shows_whole_batches_only<S: Store>(store: &S) {
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for round in 0..200 {
                let text = round.to_string();
                let keys = ["left", "middle", "right"];
                store
                    .write(&keys.map(|key| put(Table::System, key, &text)))
                    .unwrap();
            }
        });
        while !writer.is_finished() {
            let view = store.view();
            let left = view.get(Table::System, b"left").unwrap();
            assert_eq!(left, view.get(Table::System, b"middle").unwrap());
            assert_eq!(left, view.get(Table::System, b"right").unwrap());
        }
    });
}

fn conforms(store: &impl Store) {
    scans_are_ordered_and_bounded(store);
    a_batch_ends_as_its_last_write_says(store);
    tables_are_apart(store);
    a_view_never_changes(store);
    large_rows_come_back(store);
    a_view_shows_whole_batches_only(store);
}

#[test]
fn the_store_in_memory_does() {
    conforms(&MemoryStore::new());
}

#[test]
fn the_store_on_disk_does_and_shows_the_same_after_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let store = FjallStore::open(folder.path()).unwrap();
    conforms(&store);
    let rows = |store: &FjallStore| {
        let mut rows = Vec::new();
        for table in Table::ALL {
            let mut visit = |key: &[u8], value: &[u8]| {
                rows.push((table, key.to_vec(), value.to_vec()));
                true
            };
            store
                .view()
                .scan(table, &[], None, Order::Ascending, &mut visit)
                .unwrap();
        }
        rows
    };
    let before = rows(&store);
    drop(store);
    let store = FjallStore::open(folder.path()).unwrap();
    assert_eq!(rows(&store), before);
    assert!(store.disk_bytes().unwrap() > 0);
    store.settle().unwrap();
    assert_eq!(rows(&store), before);
    assert!(store.table_bytes(Table::Meta) > 0);
}

#[test]
fn two_processes_cannot_hold_the_same_folder() {
    let folder = tempfile::tempdir().unwrap();
    let store = FjallStore::open(folder.path()).unwrap();
    assert!(FjallStore::open(folder.path()).is_err());
    drop(store);
    assert!(FjallStore::open(folder.path()).is_ok());
}
