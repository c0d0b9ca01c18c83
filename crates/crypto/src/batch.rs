//! Many signatures at once: one group equation for a whole batch, the senders' keys kept decoded.
//!
//! The batch accepts exactly what [`PublicKey::verify`](crate::PublicKey::verify) accepts, up to
//! a chance of 2⁻¹²⁸: each signature's equation of ZIP-215 is multiplied by a random 128-bit
//! number and the sum is compared to zero after multiplication by the cofactor. When the sum is
//! not zero, halves are tried until the wrong ones stand alone.

use crate::{
    Digest, Namespace, PublicKey, Signature,
    ed25519::{self, Opened},
};
use curve25519_dalek::{
    constants::ED25519_BASEPOINT_POINT, edwards::EdwardsPoint, scalar::Scalar,
    traits::VartimeMultiscalarMul,
};
use std::{collections::HashMap, ops::Range, sync::RwLock};

/// A larger batch gains nothing more and only grows the working memory.
const MAX_BATCH: usize = 2048;
/// At this size checking one by one costs little more than halving again, and a flood of wrong
/// signatures is over sooner.
const MIN_BATCH: usize = 16;

/// One signature to check.
#[derive(Clone, Copy, Debug)]
pub struct SignedDigest<'a> {
    /// Who is said to have signed.
    pub key: &'a PublicKey,
    /// For which operation.
    pub namespace: &'a Namespace,
    /// What.
    pub digest: &'a Digest,
    /// The signature.
    pub signature: &'a Signature,
}

/// Decoded Ed25519 keys of senders seen lately. Shared between threads; holds at most `capacity`
/// keys of some 200 bytes each, the ones not used for longest leave first.
#[derive(Debug)]
pub struct KeyCache {
    half: usize,
    generations: RwLock<Generations>,
}

/// Keys enter the young half; when it is full it becomes the old one, and the old one goes.
#[derive(Debug, Default)]
struct Generations {
    young: HashMap<[u8; 32], EdwardsPoint>,
    old: HashMap<[u8; 32], EdwardsPoint>,
}

/// Checks a batch: `Ok` when every signature counts, otherwise the sorted positions of those that
/// do not. Threads may check disjoint pieces of a batch with the same cache at the same time.
///
/// # Errors
/// The positions of the signatures that [`PublicKey::verify`](crate::PublicKey::verify) refuses.
pub fn verify_batch(cache: &KeyCache, batch: &[SignedDigest<'_>]) -> Result<(), Vec<usize>> {
    cache.verify_batch(batch)
}

impl Default for KeyCache {
    fn default() -> Self {
        Self::new(1 << 16)
    }
}

impl KeyCache {
    /// An empty cache for at most `capacity` keys.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self {
            half: (capacity / 2).max(1),
            generations: RwLock::default(),
        }
    }

    /// See [`verify_batch`].
    ///
    /// # Errors
    /// The positions of the signatures that do not count.
    pub fn verify_batch(&self, batch: &[SignedDigest<'_>]) -> Result<(), Vec<usize>> {
        let mut failed = Vec::new();
        let mut edwards = Vec::with_capacity(batch.len());
        for (position, signed) in batch.iter().enumerate() {
            match (signed.key, signed.signature) {
                (PublicKey::Ed25519(key), Signature::Ed25519(signature)) => edwards.push(Item {
                    position,
                    key,
                    message: signed.namespace.parts(signed.digest),
                    signature,
                }),
                (key, signature) => {
                    if key
                        .verify(signed.namespace, signed.digest, signature)
                        .is_err()
                    {
                        failed.push(position);
                    }
                }
            }
        }
        for items in edwards.chunks(MAX_BATCH) {
            self.verify_edwards(items, &mut failed);
        }
        failed.sort_unstable();
        if failed.is_empty() {
            Ok(())
        } else {
            Err(failed)
        }
    }

    /// Number of keys held.
    #[must_use]
    pub fn len(&self) -> usize {
        let generations = self.read();
        generations.young.len() + generations.old.len()
    }

    /// Whether no key is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn verify_edwards(&self, items: &[Item<'_>], failed: &mut Vec<usize>) {
        let keys = self.decode_keys(items);
        let mut prepared = Vec::with_capacity(items.len());
        for (item, slot) in items.iter().zip(&keys.slots) {
            let opened = slot.zip(ed25519::open(item.key, &item.message, item.signature));
            match opened {
                Some((slot, opened)) => {
                    prepared.push(Prepared {
                        position: item.position,
                        slot,
                        opened,
                    });
                }
                None => failed.push(item.position),
            }
        }
        let already_failed = failed.len();
        Search {
            points: &keys.points,
            prepared: &prepared,
        }
        .find_failures(0..prepared.len(), false, failed);
        // A key is worth its place only once something was really signed with it.
        if failed.len() == already_failed {
            self.remember(&keys);
        }
    }

    fn decode_keys<'a>(&self, items: &[Item<'a>]) -> DecodedKeys<'a> {
        let mut decoded = DecodedKeys::default();
        let mut known: HashMap<&[u8; 32], Option<usize>> = HashMap::with_capacity(items.len());
        let generations = self.read();
        for item in items {
            let slot = *known.entry(item.key).or_insert_with(|| {
                let young = generations.young.get(item.key);
                let point = young
                    .or_else(|| generations.old.get(item.key))
                    .copied()
                    .or_else(|| ed25519::decode_point(item.key))?;
                if young.is_none() {
                    decoded.fresh.push((item.key, point));
                }
                decoded.points.push(point);
                Some(decoded.points.len() - 1)
            });
            decoded.slots.push(slot);
        }
        decoded
    }

    fn remember(&self, keys: &DecodedKeys<'_>) {
        if keys.fresh.is_empty() {
            return;
        }
        let mut generations = self
            .generations
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        for (key, point) in &keys.fresh {
            if generations.young.len() >= self.half {
                generations.old = std::mem::take(&mut generations.young);
            }
            generations.young.insert(**key, *point);
        }
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, Generations> {
        // A map of decoded keys is whole after every single insertion, so poison is harmless.
        self.generations
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

struct Item<'a> {
    position: usize,
    key: &'a [u8; 32],
    message: [&'a [u8]; 3],
    signature: &'a [u8; 64],
}

/// The distinct keys of a batch.
#[derive(Default)]
struct DecodedKeys<'a> {
    /// For each item the place of its key in `points`; `None` when the key is no point.
    slots: Vec<Option<usize>>,
    points: Vec<EdwardsPoint>,
    /// Those that the young generation does not hold yet.
    fresh: Vec<(&'a [u8; 32], EdwardsPoint)>,
}

struct Prepared {
    position: usize,
    slot: usize,
    opened: Opened,
}

struct Search<'a> {
    points: &'a [EdwardsPoint],
    prepared: &'a [Prepared],
}

impl Search<'_> {
    /// Adds the positions within `range` that fail. `known_bad` says that the sum over the range
    /// is already known not to vanish.
    fn find_failures(&self, range: Range<usize>, known_bad: bool, failed: &mut Vec<usize>) {
        if range.len() <= MIN_BATCH {
            self.check_each(range, failed);
        } else if known_bad || !self.sum_vanishes(range.clone()) {
            let middle = range.start + range.len() / 2;
            let before = failed.len();
            self.find_failures(range.start..middle, false, failed);
            self.find_failures(middle..range.end, failed.len() == before, failed);
        }
    }

    fn check_each(&self, range: Range<usize>, failed: &mut Vec<usize>) {
        for one in &self.prepared[range] {
            if !ed25519::holds(&self.points[one.slot], &one.opened) {
                failed.push(one.position);
            }
        }
    }

    /// Whether `[8] Σ zᵢ(Rᵢ + [kᵢ]Aᵢ - [sᵢ]B) = 0` for random `zᵢ`; equal keys share a term.
    fn sum_vanishes(&self, range: Range<usize>) -> bool {
        let batch = &self.prepared[range];
        let mut random = vec![0; batch.len() * 16];
        if getrandom::fill(&mut random).is_err() {
            // Without randomness the sum proves nothing: let everybody be checked alone.
            return false;
        }
        let mut base_factor = Scalar::ZERO;
        let mut key_factors = vec![Scalar::ZERO; self.points.len()];
        let mut factors = Vec::with_capacity(1 + batch.len() + self.points.len());
        let mut points = Vec::with_capacity(factors.capacity());
        for (one, random) in batch.iter().zip(random.as_chunks().0) {
            let z = Scalar::from(u128::from_le_bytes(*random));
            base_factor -= z * one.opened.s;
            key_factors[one.slot] += z * one.opened.k;
            factors.push(z);
            points.push(&one.opened.r);
        }
        // A range of the batch does not use all its keys.
        for (factor, point) in key_factors.iter().zip(self.points) {
            if *factor != Scalar::ZERO {
                factors.push(*factor);
                points.push(point);
            }
        }
        factors.push(base_factor);
        points.push(&ED25519_BASEPOINT_POINT);
        EdwardsPoint::vartime_multiscalar_mul(&factors, points).is_small_order()
    }
}

#[cfg(test)]
mod tests;
