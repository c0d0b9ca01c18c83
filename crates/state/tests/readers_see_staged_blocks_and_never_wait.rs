//! Staging, committing and reading from different threads.

#![allow(clippy::unwrap_used)]

mod reference;

use blockworm_state::{
    Column, FjallStore, MemoryStore, Order, SideRow, State, StateError, Store, StoreError, Table,
    Write, Writes,
};
use std::sync::{Arc, Barrier, mpsc};

fn writes(pairs: &[(&str, Option<&str>)]) -> Writes {
    pairs
        .iter()
        .map(|(key, value)| ((*key).into(), value.map(Into::into)))
        .collect()
}

#[test]
fn staged_blocks_are_visible_at_once_and_committed_ones_stay_so() {
    let state = State::open(MemoryStore::new(), 2).unwrap();
    state
        .stage(0, writes(&[("a", Some("0")), ("b", Some("0"))]))
        .unwrap();
    state
        .stage(1, writes(&[("a", Some("1")), ("b", None)]))
        .unwrap();
    let check = || {
        assert_eq!(state.get(b"a").unwrap(), Some(b"1".to_vec()));
        assert_eq!(state.get(b"b").unwrap(), None);
        let rows = state.range(b"", None, Order::Descending, 10).unwrap();
        assert_eq!(rows, [(b"a".to_vec(), b"1".to_vec())]);
        assert_eq!(state.staged_height(), Some(1));
    };
    check();
    assert_eq!(state.height(), None);
    state.commit(0, Vec::new()).unwrap();
    check();
    assert_eq!(state.height(), Some(0));
    state.commit(1, Vec::new()).unwrap();
    check();
    assert_eq!(state.height(), Some(1));
}

#[test]
fn heights_come_one_after_the_other() {
    let state = State::open(MemoryStore::new(), 2).unwrap();
    state.stage(5, Writes::new()).unwrap();
    assert!(matches!(
        state.stage(7, Writes::new()),
        Err(StateError::StageOutOfOrder {
            expected: 6,
            got: 7
        })
    ));
    assert!(matches!(
        state.stage(5, Writes::new()),
        Err(StateError::StageOutOfOrder {
            expected: 6,
            got: 5
        })
    ));
    state.stage(6, Writes::new()).unwrap();
    assert!(matches!(
        state.commit(6, Vec::new()),
        Err(StateError::CommitOutOfOrder {
            expected: Some(5),
            got: 6
        })
    ));
    state.commit(5, Vec::new()).unwrap();
    state.commit(6, Vec::new()).unwrap();
    assert!(matches!(
        state.commit(7, Vec::new()),
        Err(StateError::CommitOutOfOrder {
            expected: None,
            got: 7
        })
    ));
    assert!(matches!(
        state.stage(6, Writes::new()),
        Err(StateError::StageOutOfOrder {
            expected: 7,
            got: 6
        })
    ));
    let long = Writes::from([(vec![0; 65_536], None)]);
    assert!(matches!(
        state.stage(7, long),
        Err(StateError::KeyTooLong { .. })
    ));
}

#[test]
fn a_state_is_opened_with_the_parameters_it_was_made_with() {
    let store = MemoryStore::new();
    let state = State::open(store.clone(), 4).unwrap();
    state.stage(0, writes(&[("a", Some("0"))])).unwrap();
    state.commit(0, Vec::new()).unwrap();
    assert!(matches!(
        State::open(store.clone(), 5),
        Err(StateError::BucketBitsDiffer {
            stored: 4,
            asked: 5
        })
    ));
    assert!(matches!(
        State::open(store.clone(), 0),
        Err(StateError::BucketBitsOutOfRange(0))
    ));
    assert!(matches!(
        State::open(store.clone(), 25),
        Err(StateError::BucketBitsOutOfRange(25))
    ));

    let pair = store.view();
    let mut row = None;
    blockworm_state::StoreView::scan(
        &pair,
        Table::Pairs,
        &[],
        None,
        Order::Ascending,
        &mut |k, _| {
            row = Some(k.to_vec());
            true
        },
    )
    .unwrap();
    let row = row.unwrap();
    let damage = Write {
        table: Table::Pairs,
        key: &row,
        value: Some(&[7; 64]),
    };
    store.write(&[damage]).unwrap();
    assert!(matches!(
        State::open(store, 4),
        Err(StateError::RootMismatch { height: 0, .. })
    ));
}

#[test]
fn recent_roots_are_kept_and_old_ones_forgotten() {
    let store = MemoryStore::new();
    let state = State::open(store.clone(), 2).unwrap();
    let mut roots = Vec::new();
    for height in 0..300 {
        state.stage(height, reference::writes_of(height)).unwrap();
        roots.push(state.commit(height, Vec::new()).unwrap());
    }
    for state in [state, State::open(store, 2).unwrap()] {
        assert_eq!(state.root_at(171), None);
        for height in 172..300u64 {
            assert_eq!(
                state.root_at(height),
                Some(roots[usize::try_from(height).unwrap()])
            );
        }
        assert_eq!(state.root_at(300), None);
    }
}

/// A store whose writes stop until they are let go, like a slow disk.
#[derive(Clone)]
struct SlowStore {
    inner: MemoryStore,
    entered: mpsc::Sender<()>,
    leave: Arc<Barrier>,
}

impl Store for SlowStore {
    type View = <MemoryStore as Store>::View;

    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.inner.get(table, key)
    }

    fn view(&self) -> Self::View {
        self.inner.view()
    }

    fn write(&self, batch: &[Write<'_>]) -> Result<(), StoreError> {
        self.entered.send(()).unwrap();
        self.leave.wait();
        self.inner.write(batch)
    }

    fn clear(&self, table: Table) -> Result<(), StoreError> {
        self.inner.clear(table)
    }
}

#[test]
fn reading_proving_and_staging_go_on_while_the_disk_is_busy() {
    let (entered, busy) = mpsc::channel();
    let leave = Arc::new(Barrier::new(2));
    let store = SlowStore {
        inner: MemoryStore::new(),
        entered,
        leave: Arc::clone(&leave),
    };
    let state = State::open(store, 3).unwrap();
    std::thread::scope(|scope| {
        let commit = |height| {
            let state = state.clone();
            scope.spawn(move || state.commit(height, Vec::new()).unwrap())
        };
        state.stage(0, writes(&[("a", Some("0"))])).unwrap();
        let first = commit(0);
        busy.recv().unwrap();
        leave.wait();
        let root = first.join().unwrap();

        state.stage(1, writes(&[("a", Some("1"))])).unwrap();
        let second = commit(1);
        busy.recv().unwrap();
        // The disk is busy with height 1 now, and none of these waits for it.
        state.stage(2, writes(&[("a", Some("2"))])).unwrap();
        assert_eq!(state.get(b"a").unwrap(), Some(b"2".to_vec()));
        assert_eq!(
            state.range(b"", None, Order::Ascending, 9).unwrap().len(),
            1
        );
        let proved = state.prove(b"a").unwrap();
        assert_eq!((proved.height, proved.root), (0, root));
        assert_eq!(proved.value, Some(b"0".to_vec()));
        proved.proof.verify(&root, 3, b"a", Some(b"0")).unwrap();
        leave.wait();
        second.join().unwrap();
    });
    assert_eq!(state.height(), Some(1));
}

/// Two keys always hold the height; whoever sees them differ saw half a block.
#[test]
fn views_and_proofs_are_consistent_while_blocks_are_staged_and_committed() {
    const HEIGHTS: u64 = 300;
    let folder = tempfile::tempdir().unwrap();
    let state = State::open(FjallStore::open(folder.path()).unwrap(), 6).unwrap();
    state
        .stage(0, writes(&[("left", Some("0")), ("right", Some("0"))]))
        .unwrap();
    state.commit(0, Vec::new()).unwrap();
    std::thread::scope(|scope| {
        let (staged, to_commit) = mpsc::sync_channel(8);
        let executor = state.clone();
        scope.spawn(move || {
            for height in 1..HEIGHTS {
                let text = height.to_string();
                let block = [
                    ("left", Some(text.as_str())),
                    ("right", Some(text.as_str())),
                ];
                executor.stage(height, writes(&block)).unwrap();
                assert_eq!(executor.get(b"left").unwrap(), Some(text.into_bytes()));
                staged.send(height).unwrap();
            }
        });
        let committer = state.clone();
        let commits = scope.spawn(move || {
            while let Ok(first) = to_commit.recv() {
                let heights = std::iter::once(first).chain(to_commit.try_iter().take(3));
                let row = |height: u64| SideRow::put(Column::Meta, "h", height.to_be_bytes());
                let blocks = heights.map(|height| (height, vec![row(height)])).collect();
                committer.commit_many(blocks).unwrap();
            }
        });
        while !commits.is_finished() {
            let view = state.view();
            let left = view.get(b"left").unwrap();
            assert_eq!(left, view.get(b"right").unwrap());
            assert_eq!(
                left,
                view.height().map(|height| height.to_string().into_bytes())
            );
            let rows = state.range(b"l", None, Order::Ascending, 2).unwrap();
            assert_eq!(rows[0].1, rows[1].1);
            let proved = state.prove(b"right").unwrap();
            let value = proved.height.to_string().into_bytes();
            proved
                .proof
                .verify(&proved.root, 6, b"right", Some(&value))
                .unwrap();
            assert_eq!(proved.value, Some(value));
        }
    });
    assert_eq!(state.height(), Some(HEIGHTS - 1));
    let last = state.side_get(Column::Meta, b"h").unwrap();
    assert_eq!(last, Some((HEIGHTS - 1).to_be_bytes().to_vec()));
}
