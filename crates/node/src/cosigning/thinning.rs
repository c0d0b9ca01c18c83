//! Which checkpoints a node keeps: all lately, then one a minute, then one an hour, and all that are pinned.

use std::collections::{BTreeMap, BTreeSet};

/// All checkpoints of the last stretch of block time are kept, …
const ALL_MS: u64 = 15 * 60 * 1000;
/// … of the last day the best of each minute, …
const MINUTELY_MS: u64 = 24 * 60 * 60 * 1000;
const MINUTE_MS: u64 = 60 * 1000;
/// … and before that the best of each hour.
const HOUR_MS: u64 = 60 * 60 * 1000;
/// Most checkpoints in all, pinned ones not counted; the oldest go first.
pub const MOST: usize = 8_192;

/// What decides whether a checkpoint stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Merit {
    /// Time of its last block, milliseconds since 1970.
    pub time_ms: u64,
    /// How many cosigned it.
    pub cosigners: usize,
}

/// The sizes that may go.
#[must_use]
pub fn surplus(kept: &BTreeMap<u64, Merit>, pinned: &BTreeSet<u64>, now_ms: u64) -> Vec<u64> {
    // The best of a stretch has the most cosigners; among equals the last, which covers most.
    let mut best: BTreeMap<(u64, u64), (usize, u64)> = BTreeMap::new();
    let stretch = |merit: &Merit| {
        let age_ms = now_ms.saturating_sub(merit.time_ms);
        match age_ms {
            _ if age_ms < ALL_MS => None,
            _ if age_ms < MINUTELY_MS => Some((MINUTE_MS, merit.time_ms / MINUTE_MS)),
            _ => Some((HOUR_MS, merit.time_ms / HOUR_MS)),
        }
    };
    for (size, merit) in kept {
        if let Some(stretch) = stretch(merit) {
            let one = best.entry(stretch).or_default();
            *one = (*one).max((merit.cosigners, *size));
        }
    }
    let stays =
        |size: &u64, merit: &Merit| stretch(merit).is_none_or(|stretch| best[&stretch].1 == *size);
    let mut gone: Vec<u64> = Vec::new();
    let mut left = 0;
    for (size, merit) in kept.iter().rev().filter(|(size, _)| !pinned.contains(size)) {
        if stays(size, merit) && left < MOST {
            left += 1;
        } else {
            gone.push(*size);
        }
    }
    gone
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_MS: u64 = 1_790_000_000_000;

    /// One checkpoint a second for three days, each with one cosigner, and what stays of them.
    fn thinned(pinned: &BTreeSet<u64>, well_signed: u64) -> BTreeMap<u64, Merit> {
        let seconds = 3 * 86_400;
        let merit = |size| Merit {
            time_ms: NOW_MS - (seconds - size) * 1000,
            cosigners: if size == well_signed { 4 } else { 1 },
        };
        let mut kept: BTreeMap<_, _> = (1..=seconds).map(|size| (size, merit(size))).collect();
        for size in surplus(&kept, pinned, NOW_MS) {
            kept.remove(&size);
        }
        kept
    }

    #[test]
    fn what_is_old_is_kept_by_the_minute_and_by_the_hour() {
        let kept = thinned(&BTreeSet::new(), 0);
        let within = |from_s: u64, to_s: u64| {
            let ages = kept.values().map(|merit| (NOW_MS - merit.time_ms) / 1000);
            ages.filter(|age| (from_s..to_s).contains(age)).count()
        };
        assert_eq!(within(0, 900), 900);
        assert!((1_420..1_430).contains(&within(900, 86_400)));
        assert!((47..50).contains(&within(86_400, 400_000)));
        assert!(kept.len() < MOST);
    }

    #[test]
    fn the_best_cosigned_of_an_hour_stays_and_so_does_what_is_pinned() {
        let kept = thinned(&BTreeSet::from([777, 778]), 5_000);
        assert!(kept.contains_key(&5_000));
        assert!(kept.contains_key(&777) && kept.contains_key(&778));
        let again = surplus(&kept, &BTreeSet::from([777, 778]), NOW_MS);
        assert_eq!(again, Vec::<u64>::new(), "what stayed once stays");
    }

    #[test]
    fn the_oldest_go_when_there_are_too_many() {
        let kept: BTreeMap<_, _> = (0..MOST as u64 + 10)
            .map(|size| {
                let time_ms = NOW_MS + size;
                (
                    size,
                    Merit {
                        time_ms,
                        cosigners: 1,
                    },
                )
            })
            .collect();
        let gone = surplus(&kept, &BTreeSet::from([3]), NOW_MS);
        assert_eq!(
            (gone.len(), gone.contains(&3), gone.contains(&0)),
            (9, false, true)
        );
    }
}
