//! A rival bank that validates decides what stands in its own blocks, sees every waiting message and reacts: whoever committed first still ends with the firm claim.
//!
//! `f` of the validators are the rival's and may propose one after another. An honest proposer takes
//! in everything that waits, in whichever order the rival likes.

#![allow(clippy::unwrap_used)]

mod support;

use blockworm_kit::claims::WHOLE;
use blockworm_registry::{DocumentSet, ExecuteMsg, commitment};
use proptest::prelude::*;
use std::cell::Cell;
use support::{HOUR, Scene, maker, nonce, set};

const HONEST: &str = "bank";
const RIVAL: &str = "harbour-bank";
/// Commitments that the rival makes one after another; it may open each.
const TRIES: usize = 2;

/// How the rival's choices are made.
trait Choices {
    /// One of so many.
    fn choose(&mut self, many: usize) -> usize;
}

/// Every row of choices, one after another: the last that can be raised is raised.
#[derive(Default)]
struct Every {
    taken: Vec<(usize, usize)>,
    at: usize,
}

impl Choices for Every {
    fn choose(&mut self, many: usize) -> usize {
        if self.at == self.taken.len() {
            self.taken.push((0, many));
        }
        let (chosen, of) = self.taken[self.at];
        assert_eq!(of, many, "the same choices lead to the same place");
        self.at += 1;
        chosen
    }
}

impl Every {
    /// Whether there is another row.
    fn next(&mut self) -> bool {
        self.at = 0;
        while let Some((chosen, of)) = self.taken.pop() {
            if chosen + 1 < of {
                self.taken.push((chosen + 1, of));
                return true;
            }
        }
        false
    }
}

/// A row of choices made beforehand; zeros follow.
struct Given {
    numbers: Vec<u8>,
    at: usize,
}

impl Choices for Given {
    fn choose(&mut self, many: usize) -> usize {
        let number = self.numbers.get(self.at).copied().unwrap_or(0);
        self.at += 1;
        usize::from(number) % many
    }
}

/// What waits to be taken into a block.
#[derive(Clone, Debug)]
enum Waiting {
    /// The honest bank's opening.
    Honest,
    /// The rival's commitment with this number.
    Commit(usize),
    /// What opens it.
    Open(usize),
}

struct Race<'a, C> {
    scene: Scene,
    choices: &'a mut C,
    /// Most blocks of the rival in a row.
    f: usize,
    in_a_row: usize,
    honest: Option<ExecuteMsg>,
    /// The rival's commitments so far, and which of them stand in a block before this one.
    made: usize,
    standing: Vec<usize>,
    displaced: bool,
}

fn sets() -> Vec<DocumentSet> {
    vec![set(1, 1, WHOLE)]
}

fn opening(number: u64) -> ExecuteMsg {
    ExecuteMsg::Reserve {
        nonce: nonce(number),
        ledger: "trade".into(),
        for_ms: HOUR,
        sets: sets(),
    }
}

impl<C: Choices> Race<'_, C> {
    fn message(&mut self, waiting: &Waiting) -> (&'static str, ExecuteMsg) {
        match waiting {
            Waiting::Honest => (HONEST, self.honest.take().unwrap()),
            Waiting::Open(number) => (RIVAL, opening(*number as u64)),
            Waiting::Commit(number) => {
                let nonce = nonce(*number as u64);
                let commitment = commitment(RIVAL, &nonce, &sets()).unwrap();
                (RIVAL, ExecuteMsg::Commit { commitment })
            }
        }
    }

    /// One block. The rival decides whose it is as far as it can, and what of its own it sends.
    fn block(&mut self, honest_waits: bool) {
        self.scene.pass(1);
        let rivals = self.in_a_row < self.f && self.choices.choose(2) == 0;
        self.in_a_row = if rivals { self.in_a_row + 1 } else { 0 };
        let mut waiting = Vec::new();
        if honest_waits && self.honest.is_some() && !(rivals && self.choices.choose(2) == 0) {
            waiting.push(Waiting::Honest);
        }
        let opened = std::mem::take(&mut self.standing);
        for number in opened {
            match self.choices.choose(2) {
                0 => waiting.push(Waiting::Open(number)),
                _ => self.standing.push(number),
            }
        }
        let mut fresh = None;
        if self.made < TRIES && self.choices.choose(2) == 0 {
            fresh = Some(self.made);
            waiting.push(Waiting::Commit(self.made));
            self.made += 1;
        }
        while !waiting.is_empty() {
            let place = self.choices.choose(waiting.len());
            let one = waiting.remove(place);
            let (bank, message) = self.message(&one);
            let done = self.scene.run_here(&maker(bank), message);
            let displaced = done.is_ok_and(|events| events[0] == "displaced");
            self.displaced |= displaced;
        }
        self.standing.extend(fresh);
    }
}

/// Runs one race; whether the honest bank holds the document at the end, and whether it displaced
/// somebody for that. Its opening waits from `delay` blocks after its commitment's on.
fn holds(f: usize, settle: u64, delay: usize, choices: &mut impl Choices) -> (bool, bool) {
    let mut scene = Scene::new(settle);
    let honest = scene.commit(HONEST, &sets());
    let mut race = Race {
        scene,
        choices,
        f,
        in_a_row: 0,
        honest: Some(honest),
        made: 0,
        standing: Vec::new(),
        displaced: false,
    };
    for block in 0..delay + f + 2 {
        race.block(block >= delay);
    }
    assert!(race.honest.is_none(), "an honest proposer took it in");
    race.scene.pass(settle + 1);
    let count = race.made + 1;
    let storage = &race.scene.deps.storage;
    let claims = (0..count as u64).filter_map(|number| {
        blockworm_kit::claims::CLAIMS
            .may_load(storage, number)
            .unwrap()
    });
    let mut open = claims.filter(|claim| claim.end.is_none());
    let held = open.next().is_some_and(|claim| claim.bank == HONEST);
    assert!(open.next().is_none(), "one claim is open at most");
    (held, race.displaced)
}

/// Every schedule: how many there are, how many the honest bank loses, and in how many it displaces.
fn all(f: usize, settle: u64, delay: usize) -> [u64; 3] {
    let mut every = Every::default();
    let mut counts = [0; 3];
    loop {
        let (held, displaced) = holds(f, settle, delay, &mut every);
        counts[0] += 1;
        counts[1] += u64::from(!held);
        counts[2] += u64::from(displaced);
        if !every.next() {
            return counts;
        }
    }
}

#[test]
fn no_schedule_of_small_numbers_takes_it_from_the_first() {
    let mut displacing = 0;
    // One validator fails of 4 to 6, two of 7: f + 1 blocks, and an opening up to two blocks late.
    for (f, delay) in [(1, 0), (1, 1), (1, 2), (2, 0), (2, 1)] {
        let [schedules, lost, displaced] = all(f, f as u64 + 1, delay);
        println!("f = {f}, {delay} late: {schedules} schedules, {displaced} displace");
        assert_eq!(lost, 0, "f = {f}, {delay} blocks late");
        displacing += displaced;
    }
    assert!(displacing > 100, "the rival was never first: {displacing}");
}

/// The test can fail: each block less than d + f - 1 loses some schedule, and no block too many is
/// asked for.
#[test]
fn a_shorter_wait_loses() {
    for (f, delay) in [(1usize, 1usize), (1, 2), (2, 0), (2, 1)] {
        let needed = (delay + f - 1) as u64;
        for settle in 0..needed {
            assert!(
                all(f, settle, delay)[1] > 0,
                "f = {f}, {settle} of {needed}"
            );
        }
        assert_eq!(all(f, needed, delay)[1], 0, "f = {f}, {needed} is enough");
    }
}

#[test]
fn nor_does_any_random_schedule_of_larger_ones() {
    let long = std::env::var_os("BLOCKWORM_LONG").is_some();
    let displacing = Cell::new(0u32);
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: if long { 200_000 } else { 2_000 },
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    // Mostly its own block, nothing let through, everything sent.
    let number = prop_oneof![2 => Just(0u8), 1 => any::<u8>()];
    let numbers = proptest::collection::vec(number, 120);
    runner
        .run(&(1..6usize, 0..3usize, numbers), |(f, delay, numbers)| {
            let mut given = Given { numbers, at: 0 };
            let (held, displaced) = holds(f, f as u64 + 1, delay, &mut given);
            displacing.set(displacing.get() + u32::from(displaced));
            prop_assert!(held, "f = {}, {} blocks late", f, delay);
            Ok(())
        })
        .unwrap();
    assert!(displacing.get() > 200, "{} displaced", displacing.get());
}
