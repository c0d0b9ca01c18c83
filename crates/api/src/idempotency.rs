//! `Idempotency-Key`: a key that a caller gave to one body is refused with another.

use crate::{auth::Caller, problem::Failure};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use blockworm_crypto::{Digest, sha256};
use blockworm_ledger::LedgerId;
use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// The header, as draft-ietf-httpapi-idempotency-key-header has it.
pub(crate) const HEADER: HeaderName = HeaderName::from_static("idempotency-key");
/// Longest key.
const KEY_BYTES: usize = 255;

/// Which body each key stands for, for a while and up to a number. It guards a caller against
/// mixing up its own keys; that nothing is executed twice lies in the transaction's id alone.
pub(crate) struct IdempotencyKeys {
    most: usize,
    lasting: Duration,
    bound: Mutex<Bound>,
}

#[derive(Default)]
struct Bound {
    bodies: HashMap<Digest, (Digest, Instant)>,
    /// In the order of binding, and so of ending.
    order: VecDeque<(Digest, Instant)>,
}

/// A request's key and body; bound since [`IdempotencyKeys::bind`].
pub(crate) struct Binding(Option<(Digest, Digest)>);

impl IdempotencyKeys {
    pub(crate) fn new(most: usize, lasting: Duration) -> Self {
        let bound = Mutex::default();
        Self {
            most,
            lasting,
            bound,
        }
    }

    /// Binds the request's key, if it has one, to its body; refuses a key bound to another body.
    pub(crate) fn bind(
        &self,
        headers: &HeaderMap,
        caller: &Caller,
        ledger: &LedgerId,
        body: &[u8],
    ) -> Result<Binding, Failure> {
        let Some(key) = key(headers)? else {
            return Ok(Binding(None));
        };
        // Callers never meet each other's keys, nor ledgers each other's.
        let (caller, ledger) = (caller.name(), ledger.to_string());
        let place = sha256(&[
            caller.as_bytes(),
            b"\n",
            ledger.as_bytes(),
            b"\n",
            key.as_bytes(),
        ]);
        let body = sha256(&[body]);
        let mut bound = self.bound.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        bound.forget(now, self.lasting, self.most);
        match bound.bodies.get(&place) {
            Some((first, _)) if *first != body => {
                let detail = "the idempotency key was used with another body";
                let status = StatusCode::UNPROCESSABLE_ENTITY;
                return Err(Failure::new(status, "api.idempotency_mismatch", detail));
            }
            Some(_) => {}
            None => bound.insert(place, body, now),
        }
        Ok(Binding(Some((place, body))))
    }

    /// Nothing was taken, so the key is free for a corrected body.
    pub(crate) fn release(&self, binding: &Binding) {
        if let Some((place, body)) = &binding.0 {
            let mut bound = self.bound.lock().unwrap_or_else(PoisonError::into_inner);
            if bound
                .bodies
                .get(place)
                .is_some_and(|(first, _)| first == body)
            {
                bound.bodies.remove(place);
            }
        }
    }

    /// Something was taken: the key stays, even if an equal request was refused meanwhile.
    pub(crate) fn keep(&self, binding: &Binding) {
        if let Some((place, body)) = binding.0 {
            let mut bound = self.bound.lock().unwrap_or_else(PoisonError::into_inner);
            if !bound.bodies.contains_key(&place) {
                bound.insert(place, body, Instant::now());
            }
        }
    }
}

impl Bound {
    fn insert(&mut self, place: Digest, body: Digest, now: Instant) {
        self.bodies.insert(place, (body, now));
        self.order.push_back((place, now));
    }

    /// Drops what has ended, then the oldest until there is room for one.
    fn forget(&mut self, now: Instant, lasting: Duration, most: usize) {
        while let Some((place, since)) = self.order.front().copied() {
            if self.order.len() < most && now.duration_since(since) < lasting {
                break;
            }
            self.order.pop_front();
            // A key that was released and bound again is further back in the order.
            if self
                .bodies
                .get(&place)
                .is_some_and(|(_, bound)| *bound == since)
            {
                self.bodies.remove(&place);
            }
        }
    }
}

fn key(headers: &HeaderMap) -> Result<Option<&str>, Failure> {
    let mut given = headers.get_all(HEADER).iter();
    let Some(first) = given.next() else {
        return Ok(None);
    };
    let plain = |text: &&str| {
        (1..=KEY_BYTES).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
    };
    let only = first.to_str().ok().filter(|_| given.next().is_none());
    only.filter(plain).map(Some).ok_or_else(|| {
        let reason = format_args!("one of 1 to {KEY_BYTES} visible ASCII characters");
        Failure::bad_parameter("idempotency-key", reason)
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const LEDGER: LedgerId = LedgerId([7; 16]);

    fn headers(key: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(HEADER, key.parse().unwrap());
        headers
    }

    fn bind(keys: &IdempotencyKeys, key: &str, body: &str) -> Result<Binding, String> {
        let bound = keys.bind(&headers(key), &Caller::Open, &LEDGER, body.as_bytes());
        bound.map_err(|failure| failure.code)
    }

    #[test]
    fn a_key_stays_with_its_body_until_it_is_released() {
        let keys = IdempotencyKeys::new(8, Duration::from_secs(60));
        let first = bind(&keys, "k", "a").unwrap();
        assert!(bind(&keys, "k", "a").is_ok());
        assert_eq!(
            bind(&keys, "k", "b").err().unwrap(),
            "api.idempotency_mismatch"
        );
        assert!(bind(&keys, "other", "b").is_ok());
        keys.release(&first);
        assert!(bind(&keys, "k", "b").is_ok());
        keys.keep(&first);
        assert!(
            bind(&keys, "k", "b").is_ok(),
            "a later body's key is not taken back"
        );
    }

    #[test]
    fn keys_are_forgotten_in_time_and_beyond_their_number() {
        let keys = IdempotencyKeys::new(4, Duration::from_secs(60));
        for n in 0..1_000 {
            let again = bind(&keys, "released", "a").unwrap();
            keys.release(&again);
            assert!(bind(&keys, &format!("k{n}"), "a").is_ok());
        }
        let bound = keys.bound.lock().unwrap();
        assert!(bound.order.len() <= 4 && bound.bodies.len() <= 4);
        drop(bound);
        assert!(bind(&keys, "k999", "b").is_err() && bind(&keys, "k0", "b").is_ok());
        let short = IdempotencyKeys::new(4, Duration::ZERO);
        assert!(bind(&short, "k", "a").is_ok() && bind(&short, "k", "b").is_ok());
    }

    #[test]
    fn strange_keys_are_refused() {
        let keys = IdempotencyKeys::new(8, Duration::from_secs(60));
        for key in ["", "a b", &"x".repeat(256)] {
            assert_eq!(
                bind(&keys, key, "a").err().unwrap(),
                "api.bad_parameter",
                "{key}"
            );
        }
        let mut two = headers("a");
        two.append(HEADER, "b".parse().unwrap());
        assert!(keys.bind(&two, &Caller::Open, &LEDGER, b"").is_err());
        let none = keys
            .bind(&HeaderMap::new(), &Caller::Open, &LEDGER, b"")
            .unwrap();
        assert!(none.0.is_none());
    }
}
