//! Opening: reads the pairs, builds the digests, and compares the root with the committed one.

use crate::{
    digests::{Digests, Node},
    error::StateError,
    pairs::{Pair, Place, bucket, pairs_of_row},
    state::Tip,
    store::{Order, Store, StoreView, Table},
    system::{self, Head},
};
use std::collections::VecDeque;

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
        load_buckets(&view, &mut digests)?;
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

/// Reads all pairs in order and puts the digest of each bucket in place.
fn load_buckets(view: &impl StoreView, digests: &mut Digests) -> Result<(), StateError> {
    let bits = digests.bits();
    let mut pairs: Vec<Pair> = Vec::new();
    let mut current = 0;
    let mut failure = None;
    let mut finish = |index: u32, pairs: &mut Vec<Pair>| {
        if !pairs.is_empty() {
            let place = Place::of_bucket(index, bits);
            digests.load(index, Node::build(place, pairs, &mut |_, _| {}));
            pairs.clear();
        }
    };
    view.scan(
        Table::Pairs,
        &[],
        None,
        Order::Ascending,
        &mut |key, row| {
            let (Some(start), Ok(leaf)) = (key.first_chunk(), pairs_of_row(row)) else {
                let length = key.len() + row.len();
                failure = Some(StateError::RowMalformed {
                    table: Table::Pairs,
                    length,
                });
                return false;
            };
            let index = bucket(*start, bits);
            if index != current {
                finish(current, &mut pairs);
                current = index;
            }
            pairs.extend_from_slice(leaf);
            true
        },
    )?;
    finish(current, &mut pairs);
    failure.map_or(Ok(()), Err)
}
