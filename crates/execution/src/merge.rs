//! Ordered scans through layers: writes in front, rows behind, newest first.

use blockworm_state::{Order, Row, StateError, Writes};
use std::{cmp::Ordering, ops::Bound};

/// Fetches at most a number of rows with `start <= key < end` from the layer behind.
pub(crate) type Fetch<'a> = dyn FnMut(&[u8], &[u8], usize) -> Result<Vec<Row>, StateError> + 'a;

/// At most `limit` rows with `start <= key < end`, `writes` hiding what `fetch` finds.
pub(crate) fn merge(
    writes: &Writes,
    (start, end): (&[u8], &[u8]),
    order: Order,
    limit: usize,
    fetch: &mut Fetch<'_>,
) -> Result<Vec<Row>, StateError> {
    let mut rows = Vec::new();
    if start >= end || limit == 0 {
        return Ok(rows);
    }
    let range = writes.range::<[u8], _>((Bound::Included(start), Bound::Excluded(end)));
    let mut front: Box<dyn Iterator<Item = _>> = match order {
        Order::Ascending => Box::new(range),
        Order::Descending => Box::new(range.rev()),
    };
    let mut behind = Behind::new(start, end, order, limit);
    let mut write = front.next();
    while rows.len() < limit {
        let ahead = match (write, behind.peek(fetch)?) {
            (None, None) => break,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some((key, _)), Some((other, _))) if order == Order::Ascending => {
                key.as_slice().cmp(other)
            }
            (Some((key, _)), Some((other, _))) => other.as_slice().cmp(key),
        };
        if ahead != Ordering::Less {
            let row = behind.take();
            if ahead == Ordering::Greater {
                rows.extend(row);
            }
        }
        if ahead != Ordering::Greater {
            if let Some((key, Some(value))) = write {
                rows.push((key.clone(), value.clone()));
            }
            write = front.next();
        }
    }
    Ok(rows)
}

/// The rows behind, fetched in portions.
struct Behind {
    start: Vec<u8>,
    end: Vec<u8>,
    order: Order,
    portion: usize,
    rows: std::vec::IntoIter<Row>,
    next: Option<Row>,
    finished: bool,
}

impl Behind {
    fn new(start: &[u8], end: &[u8], order: Order, portion: usize) -> Self {
        let (start, end) = (start.to_vec(), end.to_vec());
        let rows = Vec::new().into_iter();
        Self {
            start,
            end,
            order,
            portion,
            rows,
            next: None,
            finished: false,
        }
    }

    fn peek(&mut self, fetch: &mut Fetch<'_>) -> Result<Option<&Row>, StateError> {
        if self.next.is_none() {
            self.next = self.rows.next();
        }
        if self.next.is_none() && !self.finished {
            let rows = fetch(&self.start, &self.end, self.portion)?;
            self.finished = rows.len() < self.portion;
            if let Some((key, _)) = rows.last() {
                match self.order {
                    Order::Ascending => self.start = after(key),
                    Order::Descending => self.end.clone_from(key),
                }
            }
            self.finished |= self.start >= self.end;
            self.rows = rows.into_iter();
            self.next = self.rows.next();
        }
        Ok(self.next.as_ref())
    }

    fn take(&mut self) -> Option<Row> {
        self.next.take()
    }
}

/// The smallest key after `key`.
pub(crate) fn after(key: &[u8]) -> Vec<u8> {
    let mut next = Vec::with_capacity(key.len() + 1);
    next.extend_from_slice(key);
    next.push(0);
    next
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn key() -> impl Strategy<Value = Vec<u8>> {
        proptest::collection::vec(0u8..4, 0..4)
    }

    proptest! {
        #[test]
        fn a_scan_shows_what_applying_the_writes_would_leave(
            stored in proptest::collection::btree_map(key(), proptest::collection::vec(any::<u8>(), 1..3), 0..40),
            writes in proptest::collection::btree_map(key(), proptest::option::of(proptest::collection::vec(any::<u8>(), 1..3)), 0..40),
            start in key(), end in key(), descending in any::<bool>(), limit in 0usize..20,
        ) {
            let order = if descending { Order::Descending } else { Order::Ascending };
            let mut applied: BTreeMap<Vec<u8>, Vec<u8>> = stored.clone();
            for (key, value) in &writes {
                match value {
                    Some(value) => { applied.insert(key.clone(), value.clone()); }
                    None => { applied.remove(key); }
                }
            }
            let pick = |rows: &BTreeMap<Vec<u8>, Vec<u8>>, start: &[u8], end: &[u8], limit: usize| -> Vec<Row> {
                let inside = rows.iter().filter(|(key, _)| start <= key.as_slice() && key.as_slice() < end);
                let mut rows: Vec<Row> = inside.map(|(key, value)| (key.clone(), value.clone())).collect();
                if descending { rows.reverse(); }
                rows.truncate(limit);
                rows
            };
            let found = merge(&writes, (&start, &end), order, limit, &mut |start, end, limit| {
                Ok(pick(&stored, start, end, limit))
            }).unwrap();
            prop_assert_eq!(found, pick(&applied, &start, &end, limit));
        }
    }
}
