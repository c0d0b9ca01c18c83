//! Staged blocks: writes that readers see already and the disk does not hold yet.

use crate::store::{Order, Row};
use std::{collections::BTreeMap, iter::Peekable, ops::Bound, sync::Arc};

/// A block's writes: state key to its new value, `None` deletes.
pub type Writes = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// Staged heights, oldest first. Clones are cheap and never change.
pub(crate) type Staged = Arc<Vec<(u64, Arc<Writes>)>>;

/// What staged blocks say about a key: nothing, or a value, or that it is deleted.
pub(crate) fn staged_value<'a>(staged: &'a Staged, key: &[u8]) -> Option<Option<&'a [u8]>> {
    staged
        .iter()
        .rev()
        .find_map(|(_, writes)| writes.get(key).map(Option::as_deref))
}

type Entry<'a> = (&'a [u8], Option<&'a [u8]>);

/// A range over several staged blocks, the newest winning.
pub(crate) struct StagedRange<'a> {
    /// Newest first.
    blocks: Vec<Peekable<Box<dyn Iterator<Item = Entry<'a>> + 'a>>>,
    order: Order,
}

impl<'a> StagedRange<'a> {
    /// The staged rows with `start <= key < end`; `start` must not lie beyond `end`.
    pub(crate) fn new(staged: &'a Staged, start: &[u8], end: Option<&[u8]>, order: Order) -> Self {
        let end = end.map_or(Bound::Unbounded, Bound::Excluded);
        let blocks = staged
            .iter()
            .rev()
            .map(|(_, writes)| {
                let range = writes
                    .range::<[u8], _>((Bound::Included(start), end))
                    .map(|(key, value)| (key.as_slice(), value.as_deref()));
                let range: Box<dyn Iterator<Item = Entry<'a>>> = match order {
                    Order::Ascending => Box::new(range),
                    Order::Descending => Box::new(range.rev()),
                };
                range.peekable()
            })
            .collect();
        Self { blocks, order }
    }

    /// The key that comes next.
    pub(crate) fn peek(&mut self) -> Option<&'a [u8]> {
        let order = self.order;
        let keys = self
            .blocks
            .iter_mut()
            .filter_map(|block| block.peek().map(|(key, _)| *key));
        match order {
            Order::Ascending => keys.min(),
            Order::Descending => keys.max(),
        }
    }
}

impl<'a> Iterator for StagedRange<'a> {
    type Item = Entry<'a>;

    fn next(&mut self) -> Option<Entry<'a>> {
        let key = self.peek()?;
        let mut newest = None;
        for block in &mut self.blocks {
            if let Some(entry) = block.next_if(|(other, _)| *other == key) {
                newest.get_or_insert(entry);
            }
        }
        newest
    }
}

/// Gathers rows of the store and of staged blocks into one bounded, ordered list.
pub(crate) struct Merge<'a> {
    staged: StagedRange<'a>,
    limit: usize,
    rows: Vec<Row>,
}

impl<'a> Merge<'a> {
    pub(crate) fn new(staged: StagedRange<'a>, limit: usize) -> Self {
        Self {
            staged,
            limit,
            rows: Vec::new(),
        }
    }

    fn full(&self) -> bool {
        self.rows.len() >= self.limit
    }

    fn take_staged(&mut self) {
        if let Some((key, Some(value))) = self.staged.next() {
            self.rows.push((key.to_vec(), value.to_vec()));
        }
    }

    /// Takes the next row of the store; returns whether another is wanted.
    pub(crate) fn stored(&mut self, key: &[u8], value: &[u8]) -> bool {
        while !self.full() {
            match self.staged.peek() {
                Some(staged) if staged == key => {
                    self.take_staged();
                    return !self.full();
                }
                Some(staged) if (staged < key) == (self.staged.order == Order::Ascending) => {
                    self.take_staged();
                }
                _ => {
                    self.rows.push((key.to_vec(), value.to_vec()));
                    return !self.full();
                }
            }
        }
        false
    }

    /// The list, once the store has no more rows.
    pub(crate) fn finish(mut self) -> Vec<Row> {
        while !self.full() && self.staged.peek().is_some() {
            self.take_staged();
        }
        self.rows
    }
}
