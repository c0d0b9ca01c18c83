//! Breaks the store at every write point and compares what is left with the reference.

#![allow(clippy::unwrap_used)]

mod faulty;
mod reference;

use blockworm_state::{Column, MemoryStore, SideRow, State, StateError, Store};
use faulty::{Fault, FaultyStore};
use reference::{Reference, reference_at, writes_of};
use std::panic::{AssertUnwindSafe, catch_unwind};

const BITS: u8 = 3;
const HEIGHTS: u64 = 12;

fn rows(height: u64) -> Vec<SideRow> {
    vec![SideRow::put(Column::Meta, "last", height.to_be_bytes())]
}

fn play<S: Store>(state: &State<S>, from: u64) -> Result<(), StateError> {
    for height in from..HEIGHTS {
        state.stage(height, writes_of(height))?;
        state.commit(height, rows(height))?;
    }
    Ok(())
}

/// What is on the disk is one height, with its values, pairs, root and side rows.
fn check<S: Store>(state: &State<S>) {
    let height = state.height();
    let expected = height.map_or_else(Reference::default, reference_at);
    assert_eq!(state.root(), expected.root(usize::from(BITS)));
    let all = state
        .range(&[], None, blockworm_state::Order::Ascending, usize::MAX)
        .unwrap();
    assert_eq!(
        all.into_iter()
            .collect::<std::collections::BTreeMap<_, _>>(),
        expected.values
    );
    let last = state.side_get(Column::Meta, b"last").unwrap();
    assert_eq!(last, height.map(|height| height.to_be_bytes().to_vec()));
}

#[test]
fn every_commit_is_there_whole_or_not_at_all() {
    for fault in Fault::ALL {
        for point in 0..HEIGHTS {
            let disk = MemoryStore::new();
            let broken = FaultyStore::new(disk.clone(), fault, i64::try_from(point).unwrap());
            let state = State::open(broken, BITS).unwrap();
            let played = catch_unwind(AssertUnwindSafe(|| play(&state, 0)));
            assert!(
                !matches!(played, Ok(Ok(()))),
                "the fault at {point} must show"
            );
            drop(state);

            let state = State::open(disk, BITS).unwrap();
            let durable = matches!(fault, Fault::Unacknowledged | Fault::DiesAfter);
            let heights = point + u64::from(durable);
            assert_eq!(
                state.height(),
                heights.checked_sub(1),
                "{fault:?} at {point}"
            );
            check(&state);
            play(&state, heights).unwrap();
            check(&state);
            assert_eq!(state.height(), Some(HEIGHTS - 1));
        }
    }
}

#[test]
fn a_failed_commit_can_be_tried_again_without_reopening() {
    for fault in [Fault::Lost, Fault::Unacknowledged] {
        let store = FaultyStore::new(MemoryStore::new(), fault, 3);
        let state = State::open(store.clone(), BITS).unwrap();
        assert!(matches!(play(&state, 0), Err(StateError::Store(_))));
        assert_eq!(state.height(), Some(2));
        assert_eq!(state.staged_height(), Some(3));
        assert_eq!(state.root(), reference_at(2).root(usize::from(BITS)));
        store.repair();
        state.commit(3, rows(3)).unwrap();
        play(&state, 4).unwrap();
        check(&state);
    }
}

#[test]
fn readers_go_on_after_a_writer_died_and_writers_are_told() {
    let store = FaultyStore::new(MemoryStore::new(), Fault::DiesBefore, 2);
    let state = State::open(store, BITS).unwrap();
    assert!(catch_unwind(AssertUnwindSafe(|| play(&state, 0))).is_err());
    let staged = reference_at(2);
    for (key, value) in &staged.values {
        assert_eq!(state.get(key).unwrap().as_ref(), Some(value));
    }
    assert_eq!(state.height(), Some(1));
    assert!(matches!(
        state.commit(2, Vec::new()),
        Err(StateError::Poisoned)
    ));
}

#[test]
fn a_reset_that_a_crash_cut_short_is_finished_by_opening() {
    // One durable marker, one clearing per table but the system's, one durable end.
    for fault in Fault::ALL {
        for point in 0..8 {
            let disk = MemoryStore::new();
            play(&State::open(disk.clone(), BITS).unwrap(), 0).unwrap();
            let broken = FaultyStore::new(disk.clone(), fault, point);
            let state = State::open(broken, BITS).unwrap();
            let reset = catch_unwind(AssertUnwindSafe(|| state.reset()));
            assert!(
                !matches!(reset, Ok(Ok(()))),
                "the fault at {point} must show"
            );
            drop(state);

            let state = State::open(disk, BITS).unwrap();
            let untouched = point == 0 && matches!(fault, Fault::Lost | Fault::DiesBefore);
            assert_eq!(state.height(), untouched.then_some(HEIGHTS - 1));
            check(&state);
        }
    }
}

#[test]
fn a_reset_and_a_replay_of_the_blocks_lead_to_the_same_root() {
    let state = State::open(MemoryStore::new(), BITS).unwrap();
    play(&state, 0).unwrap();
    let root = state.root();
    state.reset().unwrap();
    assert_eq!(state.height(), None);
    check(&state);
    play(&state, 0).unwrap();
    assert_eq!(state.root(), root);
    check(&state);
}
