//! What a bank binds itself to before anybody sees what: the digest, when it counts, and how old ones go.

use crate::{
    error::RegistryError,
    msg::{COMMITMENT_LIFE_MS, DocumentSet},
    state::{COMMITMENTS, Committed, Places, QUEUE, QUEUES},
};
use blockworm_kit::{is_digest, time_ms};
use cosmwasm_std::{Env, HexBinary, Storage};
use sha2::{Digest as _, Sha256};

/// First part of what is hashed; a change of what follows changes the number in it.
pub const DOMAIN: &[u8] = b"blockworm/registry-commitment/1";

/// Expired commitments that a new one clears away: more than one, so that the queue shrinks.
const CLEARED: u64 = 2;

/// What a bank commits to (docs/contracts/registry.md draws the bytes), 64 lower-case hex digits: its
/// own name is in it, so that a copy is of no use to another bank, and 32 secret bytes, so that nobody
/// who knows the document's fingerprints recognises them. `None` where the nonce or a fingerprint is
/// not 64 lower-case hex digits.
#[must_use]
pub fn commitment(bank: &str, nonce: &str, sets: &[DocumentSet]) -> Option<String> {
    let mut hash = Sha256::new();
    hash.update(DOMAIN);
    hash.update([0]);
    hash.update(length(bank.len()));
    hash.update(bank);
    hash.update(digest(nonce)?);
    hash.update(length(sets.len()));
    for set in sets {
        hash.update(set.version.to_be_bytes());
        hash.update(digest(&set.document)?);
        hash.update(set.share.to_be_bytes());
        hash.update(length(set.parts.len()));
        for part in &set.parts {
            hash.update(digest(&part.fingerprint)?);
            hash.update(part.share.to_be_bytes());
        }
    }
    Some(HexBinary::from(hash.finalize().as_slice()).to_hex())
}

fn length(count: usize) -> [u8; 4] {
    u32::try_from(count).unwrap_or(u32::MAX).to_be_bytes()
}

fn digest(text: &str) -> Option<HexBinary> {
    is_digest(text).then(|| HexBinary::from_hex(text).ok())?
}

/// Keeps a commitment, and clears the bank's two oldest away if their time is over: whoever goes on
/// committing holds no more than one life's commitments.
pub(crate) fn commit(
    storage: &mut dyn Storage,
    env: &Env,
    bank: &str,
    commitment: &str,
) -> Result<(), RegistryError> {
    if !is_digest(commitment) {
        return Err(RegistryError::BadCommitment);
    }
    let now = time_ms(env);
    let standing = COMMITMENTS.may_load(storage, (bank, commitment))?;
    if standing.is_some_and(|made| !expired(&made, now)) {
        return Err(RegistryError::AlreadyCommitted);
    }
    let mut places = QUEUES.may_load(storage, bank)?.unwrap_or_default();
    clear(storage, bank, &mut places, now)?;
    let made = Committed {
        place: places.next,
        height: env.block.height,
        time_ms: now,
    };
    COMMITMENTS.save(storage, (bank, commitment), &made)?;
    QUEUE.save(storage, (bank, places.next), &commitment.to_owned())?;
    places.next += 1;
    QUEUES.save(storage, bank, &places)?;
    Ok(())
}

fn clear(
    storage: &mut dyn Storage,
    bank: &str,
    places: &mut Places,
    now: u64,
) -> Result<(), RegistryError> {
    for _ in 0..CLEARED {
        let place = places.first;
        let Some(oldest) = QUEUE.may_load(storage, (bank, place))? else {
            break;
        };
        match COMMITMENTS.may_load(storage, (bank, &oldest))? {
            // Made again since, at another place.
            Some(made) if made.place != place => {}
            Some(made) if expired(&made, now) => COMMITMENTS.remove(storage, (bank, &oldest)),
            Some(_) => break,
            // Used.
            None => {}
        }
        QUEUE.remove(storage, (bank, place));
        places.first += 1;
    }
    Ok(())
}

/// The bank's commitment to these sets, at least so many blocks old, and the block that held it. What is
/// opened by it uses it up.
pub(crate) fn find(
    storage: &dyn Storage,
    env: &Env,
    bank: &str,
    nonce: &str,
    sets: &[DocumentSet],
    blocks: u64,
) -> Result<(String, u64), RegistryError> {
    let commitment = commitment(bank, nonce, sets).ok_or(RegistryError::BadNonce)?;
    let made = COMMITMENTS.may_load(storage, (bank, &commitment))?;
    let made = made.ok_or(RegistryError::NotCommitted)?;
    if expired(&made, time_ms(env)) {
        return Err(RegistryError::CommitmentExpired {
            height: made.height,
        });
    }
    let from = made.height + blocks;
    if env.block.height < from {
        return Err(RegistryError::TooSoon { from });
    }
    Ok((commitment, made.height))
}

const fn expired(made: &Committed, now: u64) -> bool {
    now >= made.time_ms.saturating_add(COMMITMENT_LIFE_MS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::msg::Part;

    fn set() -> DocumentSet {
        DocumentSet {
            version: 2,
            document: "11".repeat(32),
            share: 5,
            parts: vec![Part {
                fingerprint: "11".repeat(32),
                share: 5,
            }],
        }
    }

    /// `hashlib.sha256(b"blockworm/registry-commitment/1" + b"\0" + …)`, by the drawing.
    #[test]
    fn a_commitment_is_what_sha256_says() {
        let found = commitment("bank", &"22".repeat(32), &[set()]);
        let expected = "0541a41fcac8f1c9951d8a9d14974ff4b92d0ba1e2c5d0641d8f1db8c0a1c8aa";
        assert_eq!(found.as_deref(), Some(expected));
    }

    #[test]
    fn whatever_differs_differs() {
        let nonce = "22".repeat(32);
        let mut sets = vec![vec![set()], vec![], vec![set(), set()]];
        let changes: [fn(&mut DocumentSet); 5] = [
            |set| set.version = 3,
            |set| set.share = 6,
            |set| set.document = "33".repeat(32),
            |set| set.parts[0].share = 0,
            |set| set.parts.clear(),
        ];
        for change in changes {
            let mut other = set();
            change(&mut other);
            sets.push(vec![other]);
        }
        let mut found: Vec<_> = sets
            .iter()
            .filter_map(|sets| commitment("bank", &nonce, sets))
            .collect();
        found.extend(commitment("bank", &"23".repeat(32), &[set()]));
        found.extend(commitment("bonk", &nonce, &[set()]));
        let count = found.len();
        assert_eq!(count, sets.len() + 2);
        found.sort_unstable();
        found.dedup();
        assert_eq!(found.len(), count);
        for bad in ["", "22", &"AB".repeat(32)] {
            assert_eq!(commitment("bank", bad, &[set()]), None);
        }
    }
}
