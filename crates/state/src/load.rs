//! Opening: reads the pairs, builds the digests, and compares the root with the committed one.

use crate::{
    digests::{Digests, Node},
    error::StateError,
    pairs::{Pair, Place, RowKey, bucket, pairs_of_row},
    state::Tip,
    store::{Order, Store, StoreView, Table},
    system::{self, Head},
};
use std::{
    collections::VecDeque,
    sync::mpsc::{self, SyncSender},
    thread,
};

/// Buckets that go from a reading thread to the tree at once.
const PORTION: usize = 1024;

impl Tip {
    pub(crate) fn load<S: Store>(store: &S, bits: u8) -> Result<Self, StateError> {
        let view = store.view();
        let mut digests = Digests::empty(bits);
        let Some(head) = Head::read(&view)? else {
            return Ok(Self {
                digests,
                height: None,
                roots: VecDeque::new(),
            });
        };
        if head.bits != bits {
            return Err(StateError::BucketBitsDiffer {
                stored: head.bits,
                asked: bits,
            });
        }
        load_buckets(store, &mut digests)?;
        digests.rebuild();
        if digests.root() != head.root {
            return Err(StateError::RootMismatch {
                height: head.height,
                stored: head.root,
                computed: digests.root(),
            });
        }
        Ok(Self {
            digests,
            height: Some(head.height),
            roots: system::read_roots(&view)?,
        })
    }
}

/// Reads all pairs and puts the digest of each bucket in place. Threads share the buckets among
/// them, and nothing of the result depends on how.
fn load_buckets<S: Store>(store: &S, digests: &mut Digests) -> Result<(), StateError> {
    let bits = digests.bits();
    let buckets = 1u32 << bits;
    let threads = thread::available_parallelism()
        .map_or(1, usize::from)
        .min(4);
    let step = buckets.div_ceil(u32::try_from(threads).unwrap_or(1));
    let (sender, receiver) = mpsc::sync_channel(threads);
    thread::scope(|scope| {
        let mut readers = Vec::with_capacity(threads);
        for first in (0..buckets).step_by(step as usize) {
            let sender = sender.clone();
            readers.push(scope.spawn(move || {
                let end = first.checked_add(step).filter(|end| *end < buckets);
                read_buckets(&store.view(), bits, first, end, &sender)
            }));
        }
        drop(sender);
        for (bucket, node) in receiver.into_iter().flatten() {
            digests.load(bucket, node);
        }
        readers
            .into_iter()
            .try_for_each(|reader| reader.join().map_err(|_| StateError::Poisoned)?)
    })
}

/// Sends the nodes of the buckets from `first` up to `end`, in portions.
fn read_buckets(
    view: &impl StoreView,
    bits: u8,
    first: u32,
    end: Option<u32>,
    sender: &SyncSender<Vec<(u32, Node)>>,
) -> Result<(), StateError> {
    let start = Place::of_bucket(first, bits).row_key();
    let end = end.map(|end| Place::of_bucket(end, bits).row_key());
    let end = end.as_ref().map(RowKey::as_bytes);
    let mut portion = Vec::with_capacity(PORTION);
    let mut pairs: Vec<Pair> = Vec::new();
    let mut current = first;
    let mut failure = None;
    let mut finish = |index: u32, pairs: &mut Vec<Pair>| {
        if !pairs.is_empty() {
            let place = Place::of_bucket(index, bits);
            portion.push((index, Node::build(place, pairs, &mut |_, _| {})));
            pairs.clear();
        }
        if portion.len() >= PORTION {
            // The receiver is there until the last sender is gone.
            let _ = sender.send(std::mem::take(&mut portion));
        }
    };
    view.scan(
        Table::Pairs,
        start.as_bytes(),
        end,
        Order::Ascending,
        &mut |key, row| {
            let (Some(bytes), Ok(leaf)) = (key.first_chunk(), pairs_of_row(row)) else {
                let length = key.len() + row.len();
                failure = Some(StateError::RowMalformed {
                    table: Table::Pairs,
                    length,
                });
                return false;
            };
            let index = bucket(*bytes, bits);
            if index != current {
                finish(current, &mut pairs);
                current = index;
            }
            pairs.extend_from_slice(leaf);
            true
        },
    )?;
    finish(current, &mut pairs);
    let _ = sender.send(portion);
    failure.map_or(Ok(()), Err)
}
