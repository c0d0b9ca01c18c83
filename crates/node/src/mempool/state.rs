//! The waiting transactions themselves: one bounded queue per organisation, drained in turns, and
//! what is in flight in blocks that are not final yet. No clock and no tasks: a plain data structure.

use blockworm_crypto::Digest;
use blockworm_ledger::{OrganisationId, TransactionId};
use bytes::Bytes;
use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    ops::RangeInclusive,
    sync::Arc,
};

/// Bytes that one organisation may add to a block before the next one has its turn.
const TURN_BYTES: usize = 16 << 10;
/// How often the whole pool is searched for expired transactions, in block time.
const SWEEP_MS: u64 = 5_000;

/// Most of what one organisation may keep waiting.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Transactions.
    pub transactions: usize,
    /// Their bytes.
    pub bytes: usize,
}

/// A checked transaction, ready to be put into a block.
#[derive(Clone, Debug)]
pub struct Pending {
    /// Its id.
    pub id: TransactionId,
    /// Its leaf hash in a block's tree.
    pub leaf: Digest,
    /// As it travels.
    pub bytes: Bytes,
    /// Whose member sent it.
    pub organisation: OrganisationId,
    /// Block time from which it counts no more.
    pub expires_at_ms: u64,
}

/// Why a checked transaction was not queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The organisation's share is used up.
    Full,
    /// It waits here already.
    Known,
}

struct Entry {
    pending: Pending,
    ready: bool,
}

#[derive(Default)]
struct Queue {
    order: VecDeque<TransactionId>,
    transactions: usize,
    bytes: usize,
}

/// See the module.
pub struct Mempool {
    limits: Limits,
    entries: HashMap<TransactionId, Entry>,
    queues: BTreeMap<OrganisationId, Queue>,
    last_served: Option<OrganisationId>,
    flights: BTreeMap<(u64, Digest), Arc<[TransactionId]>>,
    flying: HashMap<TransactionId, u32>,
    ready: usize,
    ready_bytes: usize,
    bytes: usize,
    swept_ms: u64,
}

impl Mempool {
    /// An empty pool.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            entries: HashMap::new(),
            queues: BTreeMap::new(),
            last_served: None,
            flights: BTreeMap::new(),
            flying: HashMap::new(),
            ready: 0,
            ready_bytes: 0,
            bytes: 0,
            swept_ms: 0,
        }
    }

    /// Transactions waiting, those in unfinished blocks included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// True when nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Bytes of all transactions kept.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Transactions that the next block may take, and their bytes.
    #[must_use]
    pub fn ready(&self) -> (usize, usize) {
        (self.ready, self.ready_bytes)
    }

    /// The expiry of a transaction of which exactly these bytes were checked here before,
    /// signature and ledger included.
    #[must_use]
    pub fn expiry_of_held(&self, id: &TransactionId, bytes: &[u8]) -> Option<u64> {
        let entry = self.entries.get(id)?;
        (entry.pending.bytes == bytes).then_some(entry.pending.expires_at_ms)
    }

    /// True when a transaction with this id waits or stands in an unfinished block, whatever its
    /// signature.
    #[must_use]
    pub fn contains(&self, id: &TransactionId) -> bool {
        self.entries.contains_key(id) || self.flying.contains_key(id)
    }

    /// Whether the organisation's share has room for one more of this size.
    #[must_use]
    pub fn has_room(&self, organisation: &OrganisationId, bytes: usize) -> bool {
        self.queues.get(organisation).is_none_or(|queue| {
            queue.transactions < self.limits.transactions
                && queue.bytes + bytes <= self.limits.bytes
        })
    }

    /// Queues a checked transaction.
    pub fn insert(&mut self, pending: Pending) -> Result<(), Refused> {
        if self.contains(&pending.id) {
            return Err(Refused::Known);
        }
        let size = pending.bytes.len();
        if !self.has_room(&pending.organisation, size) {
            return Err(Refused::Full);
        }
        let queue = self.queues.entry(pending.organisation.clone()).or_default();
        queue.order.push_back(pending.id);
        queue.transactions += 1;
        queue.bytes += size;
        self.bytes += size;
        self.ready += 1;
        self.ready_bytes += size;
        self.entries.insert(
            pending.id,
            Entry {
                pending,
                ready: true,
            },
        );
        Ok(())
    }

    /// Takes up to `max_transactions` and `max_bytes` whose expiry lies in `expiries`, both ends
    /// included, the organisations in turns. What is taken is no longer ready; `depart` or
    /// `land_back` follows. An expiry outside is dropped: it has passed, or the clock went back
    /// since the transaction came.
    pub fn take(
        &mut self,
        max_transactions: usize,
        max_bytes: usize,
        expiries: &RangeInclusive<u64>,
    ) -> Vec<Pending> {
        let mut taken = Vec::new();
        let mut room = max_bytes;
        let mut turns = self.turns();
        while let Some(organisation) = turns.pop_front() {
            if taken.len() >= max_transactions || room == 0 {
                break;
            }
            let spare = max_transactions - taken.len();
            let (batch, more) = self.take_turn(&organisation, spare, room, expiries);
            room -= batch
                .iter()
                .map(|pending| pending.bytes.len())
                .sum::<usize>();
            taken.extend(batch);
            self.last_served = Some(organisation.clone());
            if more {
                turns.push_back(organisation);
            }
        }
        taken
    }

    /// Organisations with something queued, beginning after the one served last.
    fn turns(&self) -> VecDeque<OrganisationId> {
        let waiting =
            |(id, queue): (&OrganisationId, &Queue)| (!queue.order.is_empty()).then(|| id.clone());
        let Some(last) = &self.last_served else {
            return self.queues.iter().filter_map(waiting).collect();
        };
        let after = (
            std::ops::Bound::Excluded(last.clone()),
            std::ops::Bound::Unbounded,
        );
        let upto = (
            std::ops::Bound::Unbounded,
            std::ops::Bound::Included(last.clone()),
        );
        self.queues
            .range(after)
            .chain(self.queues.range(upto))
            .filter_map(waiting)
            .collect()
    }

    /// One organisation's turn; true when it has more that would fit.
    fn take_turn(
        &mut self,
        organisation: &OrganisationId,
        spare: usize,
        room: usize,
        expiries: &RangeInclusive<u64>,
    ) -> (Vec<Pending>, bool) {
        let mut batch = Vec::new();
        let mut used = 0;
        while batch.len() < spare && used < TURN_BYTES {
            let Some(queue) = self.queues.get_mut(organisation) else {
                return (batch, false);
            };
            let Some(id) = queue.order.front().copied() else {
                return (batch, false);
            };
            let Some(entry) = self.entries.get_mut(&id).filter(|entry| entry.ready) else {
                queue.order.pop_front();
                continue;
            };
            if !expiries.contains(&entry.pending.expires_at_ms) {
                queue.order.pop_front();
                self.remove(&id);
                continue;
            }
            let size = entry.pending.bytes.len();
            if used + size > room {
                return (batch, false);
            }
            queue.order.pop_front();
            entry.ready = false;
            used += size;
            self.ready -= 1;
            self.ready_bytes -= size;
            batch.push(entry.pending.clone());
        }
        (batch, true)
    }

    /// Notes that these transactions are in a block that may become final, so that no later block
    /// of the same chain takes them again.
    pub fn depart(&mut self, height: u64, block: Digest, ids: &Arc<[TransactionId]>) {
        if self.flights.contains_key(&(height, block)) {
            return;
        }
        for id in ids.iter() {
            *self.flying.entry(*id).or_default() += 1;
            if let Some(entry) = self.entries.get_mut(id).filter(|entry| entry.ready) {
                entry.ready = false;
                self.ready -= 1;
                self.ready_bytes -= entry.pending.bytes.len();
            }
        }
        self.flights.insert((height, block), ids.clone());
    }

    /// Makes the transactions of all blocks at `height` and above ready again: a block about to be
    /// built at `height` has none of those among its ancestors.
    pub fn land_back(&mut self, height: u64) {
        let returning = self.flights.split_off(&(height, Digest::ZERO));
        self.land(returning);
    }

    /// Forgets what became final at `height` and returns the transactions of the blocks that lost.
    pub fn finalized(&mut self, height: u64, time_ms: u64, ids: &[TransactionId]) {
        for id in ids {
            self.remove(id);
        }
        let later = self.flights.split_off(&(height + 1, Digest::ZERO));
        let landed = std::mem::replace(&mut self.flights, later);
        self.land(landed);
        if time_ms >= self.swept_ms + SWEEP_MS {
            self.swept_ms = time_ms;
            self.sweep(time_ms);
        }
    }

    fn land(&mut self, flights: BTreeMap<(u64, Digest), Arc<[TransactionId]>>) {
        for ids in flights.into_values().rev() {
            for id in ids.iter() {
                if let Some(count) = self.flying.get_mut(id) {
                    *count -= 1;
                    if *count == 0 {
                        self.flying.remove(id);
                    }
                }
            }
            self.make_ready(&ids);
        }
    }

    fn make_ready(&mut self, ids: &[TransactionId]) {
        for id in ids.iter().rev() {
            if self.flying.contains_key(id) {
                continue;
            }
            let Some(entry) = self.entries.get_mut(id).filter(|entry| !entry.ready) else {
                continue;
            };
            entry.ready = true;
            self.ready += 1;
            self.ready_bytes += entry.pending.bytes.len();
            if let Some(queue) = self.queues.get_mut(&entry.pending.organisation) {
                queue.order.push_front(*id);
            }
        }
    }

    fn sweep(&mut self, time_ms: u64) {
        let mut expired: Vec<TransactionId> = self
            .entries
            .iter()
            .filter(|(_, entry)| entry.ready && entry.pending.expires_at_ms <= time_ms)
            .map(|(id, _)| *id)
            .collect();
        expired.sort_unstable();
        for id in &expired {
            self.remove(id);
        }
        for queue in self.queues.values_mut() {
            if queue.order.len() > 2 * queue.transactions + 16 {
                queue.order.retain(|id| self.entries.contains_key(id));
            }
        }
        self.queues
            .retain(|_, queue| queue.transactions > 0 || !queue.order.is_empty());
    }

    fn remove(&mut self, id: &TransactionId) {
        let Some(entry) = self.entries.remove(id) else {
            return;
        };
        let size = entry.pending.bytes.len();
        self.bytes -= size;
        if entry.ready {
            self.ready -= 1;
            self.ready_bytes -= size;
        }
        if let Some(queue) = self.queues.get_mut(&entry.pending.organisation) {
            queue.transactions -= 1;
            queue.bytes -= size;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use blockworm_crypto::sha256;

    const ANY: RangeInclusive<u64> = 0..=u64::MAX;

    fn organisation(name: &str) -> OrganisationId {
        name.parse().unwrap()
    }

    fn pending(name: &str, number: u32, size: usize) -> Pending {
        let id = sha256(&[name.as_bytes(), &number.to_be_bytes()]);
        let bytes = Bytes::from(vec![0; size]);
        Pending {
            id,
            leaf: id,
            bytes,
            organisation: organisation(name),
            expires_at_ms: 1_000,
        }
    }

    fn pool(transactions: usize) -> Mempool {
        Mempool::new(Limits {
            transactions,
            bytes: 1 << 30,
        })
    }

    #[test]
    fn a_flood_fills_only_its_own_share() {
        let mut pool = pool(100);
        for number in 0..100 {
            pool.insert(pending("flood", number, 300)).unwrap();
        }
        assert_eq!(pool.insert(pending("flood", 100, 300)), Err(Refused::Full));
        assert_eq!(pool.insert(pending("quiet", 0, 300)), Ok(()));
    }

    #[test]
    fn a_quiet_organisation_is_served_before_the_flood_is_drained() {
        let mut pool = pool(100_000);
        for number in 0..10_000 {
            pool.insert(pending("flood", number, 300)).unwrap();
        }
        for number in 0..10 {
            pool.insert(pending("quiet", number, 300)).unwrap();
        }
        let taken = pool.take(1_000, 1 << 30, &ANY);
        assert_eq!(taken.len(), 1_000);
        let quiet = taken
            .iter()
            .filter(|one| one.organisation == organisation("quiet"))
            .count();
        assert_eq!(quiet, 10);
    }

    #[test]
    fn two_floods_share_a_block_evenly() {
        let mut pool = pool(100_000);
        for number in 0..20_000 {
            pool.insert(pending("one", number, 300)).unwrap();
            pool.insert(pending("two", number, 300)).unwrap();
        }
        let taken = pool.take(20_000, 2_000_000, &ANY);
        let one = taken
            .iter()
            .filter(|entry| entry.organisation == organisation("one"))
            .count();
        let two = taken.len() - one;
        assert!(one.abs_diff(two) <= 60, "{one} against {two}");
    }

    #[test]
    fn transactions_of_a_lost_block_are_ready_again_in_order() {
        let mut pool = pool(100);
        for number in 0..4 {
            pool.insert(pending("one", number, 10)).unwrap();
        }
        let ours = pool.take(3, 1_000, &ANY);
        let ids: Arc<[_]> = ours.iter().map(|one| one.id).collect();
        pool.depart(7, sha256(&[b"ours"]), &ids);
        assert_eq!(pool.ready().0, 1);
        pool.finalized(7, 0, &ids[..1]);
        assert_eq!(pool.ready().0, 3);
        let next: Vec<_> = pool
            .take(10, 1_000, &ANY)
            .iter()
            .map(|one| one.id)
            .collect();
        assert_eq!(next[..2], ids[1..]);
        assert_eq!(pool.len(), 3);
    }

    #[test]
    fn a_cancelled_proposal_gives_its_transactions_back_at_the_next_attempt() {
        let mut pool = pool(100);
        pool.insert(pending("one", 0, 10)).unwrap();
        let taken = pool.take(10, 1_000, &ANY);
        let ids: Arc<[_]> = taken.iter().map(|one| one.id).collect();
        pool.depart(5, sha256(&[b"cancelled"]), &ids);
        assert!(pool.take(10, 1_000, &ANY).is_empty());
        pool.land_back(5);
        assert_eq!(pool.take(10, 1_000, &ANY).len(), 1);
    }

    #[test]
    fn expired_transactions_leave_and_free_their_share() {
        let mut pool = pool(1);
        pool.insert(pending("one", 0, 10)).unwrap();
        assert!(pool.take(10, 1_000, &(1_001..=9_000)).is_empty());
        assert_eq!((pool.len(), pool.bytes(), pool.ready()), (0, 0, (0, 0)));
        pool.insert(pending("one", 1, 10)).unwrap();
        assert!(pool.take(10, 1_000, &(1..=999)).is_empty());
        assert!(pool.is_empty(), "one that expires too far ahead leaves too");
        pool.insert(pending("one", 2, 10)).unwrap();
        pool.finalized(1, 6_000, &[]);
        assert!(pool.is_empty());
    }

    #[test]
    fn a_transaction_too_big_for_the_block_waits_without_blocking_others() {
        let mut pool = pool(10);
        pool.insert(pending("big", 0, 900)).unwrap();
        pool.insert(pending("small", 0, 100)).unwrap();
        let taken = pool.take(10, 500, &ANY);
        assert_eq!(taken.len(), 1);
        assert_eq!(taken[0].organisation, organisation("small"));
    }
}
