//! Random actions against a plain reference: 10,000 of them, with BLOCKWORM_LONG=1 a million. Entries are never changed but once, the chain is recomputed from rows, nothing that is kept is destroyed.

#![allow(clippy::unwrap_used)]

mod support;

use blockworm_evidence::{
    ExecuteMsg,
    chain::{START as FIRST, link},
    state::{ACTS, ATTESTATIONS, ActKind, ENTRIES, Entry, MATTERS, OPEN_DISPUTES},
};
use cosmwasm_std::{Order, Uint64};
use proptest::prelude::*;
use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet},
};
use support::{COURT, MATTER, NOTARY, OPENER, PARTY, START, STRANGER, Scene, digest, file};

const SENDERS: [&str; 5] = [OPENER, PARTY, STRANGER, NOTARY, COURT];
const ACTIONS: usize = 100;
/// How far each block's time is from the one before.
const STEP: u64 = 1_000;

#[derive(Clone, Debug)]
struct Try {
    sender: usize,
    action: usize,
    /// An entry, an attestation, a dispute or a file, by what the action is about.
    about: u32,
    more: u32,
}

fn tries() -> impl Strategy<Value = Vec<Try>> {
    let one = (0..SENDERS.len(), 0..10usize, 1..8u32, 0..6u32);
    let one = one.prop_map(|(sender, action, about, more)| Try {
        sender,
        action,
        about,
        more,
    });
    proptest::collection::vec(one, ACTIONS)
}

/// The matter in a few lines.
#[derive(Default)]
struct Model {
    now: u64,
    files: Vec<(u32, &'static str)>,
    erased: BTreeSet<usize>,
    attested: Vec<(&'static str, bool)>,
    acts: u32,
    disputes: BTreeMap<u32, u32>,
    until: u64,
    held: bool,
    closed: bool,
}

impl Model {
    fn act(&mut self) -> bool {
        self.acts += 1;
        true
    }

    fn entry(&self, one: &Try) -> Option<usize> {
        let place = one.about as usize - 1;
        (place < self.files.len()).then_some(place)
    }

    /// Whether the rules let it, and if so what it changes.
    fn takes(&mut self, one: &Try) -> bool {
        let sender = SENDERS[one.sender];
        let party = [OPENER, PARTY].contains(&sender);
        let (court, notary) = (sender == COURT, sender == NOTARY);
        match one.action {
            0 | 1 => party && self.deposits(sender, wanted(one)),
            2 if (court || notary) && self.entry(one).is_some() => {
                self.attested.push((sender, false));
                true
            }
            3 => match self.attested.get_mut(one.about as usize - 1) {
                Some((by, gone)) if *by == sender && !*gone => {
                    *gone = true;
                    self.act()
                }
                _ => false,
            },
            4 if party && self.entry(one).is_some() => {
                self.disputes.insert(self.acts + 1, one.about);
                self.act()
            }
            5 => court && self.disputes.remove(&one.about).is_some() && self.act(),
            6 => {
                let until = self.now + u64::from(one.more) * 20 * STEP;
                let ok = party && until > self.until && until > self.now;
                self.until = if ok { until } else { self.until };
                ok && self.act()
            }
            7 if one.more.is_multiple_of(2) && (court || notary) && !self.held => {
                self.held = true;
                self.act()
            }
            7 if one.more % 2 == 1 && court && self.held => {
                self.held = false;
                self.act()
            }
            8 => self.erases(sender, one),
            9 if sender == OPENER && !self.closed && self.disputes.is_empty() => {
                self.closed = true;
                self.act()
            }
            _ => false,
        }
    }

    fn deposits(&mut self, sender: &'static str, files: Vec<u32>) -> bool {
        let known = |file: &u32| self.files.iter().any(|(known, _)| known == file);
        let ok = !self.closed && !files.iter().any(known);
        if ok {
            self.files
                .extend(files.into_iter().map(|file| (file, sender)));
        }
        ok
    }

    fn erases(&mut self, sender: &str, one: &Try) -> bool {
        let Some(place) = self.entry(one) else {
            return false;
        };
        let disputed = self.disputes.values().any(|about| *about == one.about);
        let kept = self.held || self.now < self.until || disputed;
        let own = self.files[place].1 == sender;
        own && !kept && self.erased.insert(place) && self.act()
    }
}

/// The files of a deposit.
fn wanted(one: &Try) -> Vec<u32> {
    (0..=one.more % 3)
        .map(|more| one.about + 8 * more)
        .collect()
}

fn message(one: &Try, now: u64) -> Option<ExecuteMsg> {
    let (matter, document) = (MATTER.to_owned(), digest(3));
    Some(match one.action {
        0 | 1 => ExecuteMsg::Deposit {
            deposits: wanted(one)
                .into_iter()
                .map(|f| file(MATTER, u64::from(f)))
                .collect(),
        },
        2 => ExecuteMsg::Attest {
            matter,
            entry: one.about,
            statement: "seen".into(),
            findings: None,
        },
        3 => ExecuteMsg::Withdraw {
            matter,
            attestation: one.about,
        },
        4 => ExecuteMsg::Dispute {
            matter,
            entry: one.about,
            document,
        },
        5 => ExecuteMsg::Decide {
            matter,
            dispute: one.about,
            outcome: "upheld".into(),
            document,
        },
        6 => ExecuteMsg::Retain {
            matter,
            until_ms: Uint64::new(now + u64::from(one.more) * 20 * STEP),
        },
        7 if one.more.is_multiple_of(2) => ExecuteMsg::Hold { matter, document },
        7 => ExecuteMsg::Release { matter, document },
        8 => ExecuteMsg::Erase {
            matter,
            entry: one.about,
        },
        // Seldom, or little else would be seen.
        9 if one.more == 0 => ExecuteMsg::Close { matter },
        _ => return None,
    })
}

/// All rows against each other and the reference.
fn check(scene: &Scene, model: &Model, before: &[Entry]) -> Vec<Entry> {
    let storage = &scene.deps.storage;
    let matter = MATTERS.load(storage, MATTER).unwrap();
    let rows = |entry: cosmwasm_std::StdResult<(u32, Entry)>| entry.unwrap();
    let entries: Vec<(u32, Entry)> = ENTRIES
        .prefix(MATTER)
        .range(storage, None, None, Order::Ascending)
        .map(rows)
        .collect();
    assert_eq!(entries.len(), model.files.len());
    let mut head = FIRST.to_owned();
    for (place, (number, entry)) in entries.iter().enumerate() {
        assert_eq!(
            (*number, entry.number),
            (place as u32 + 1, place as u32 + 1)
        );
        head = link(&head, MATTER, entry);
        assert_eq!(entry.link, head);
        let (file, by) = model.files[place];
        assert_eq!(
            (&entry.commitment, entry.by.as_str()),
            (&digest(u64::from(file)), by)
        );
        assert_eq!(entry.erased.is_some(), model.erased.contains(&place));
        // Written once: only that it was erased can have been added since.
        if let Some(known) = before.get(place) {
            let mut now = entry.clone();
            if known.erased.is_none() {
                now.erased = None;
            }
            assert_eq!(&now, known);
        }
    }
    assert_eq!(matter.head, head);
    assert_eq!(matter.entries as usize, entries.len());
    assert_eq!(matter.closed, model.closed);
    assert_eq!(matter.hold.is_some(), model.held);
    assert_eq!(
        matter.retain_until_ms.map_or(0, |until| until.u64()),
        model.until
    );
    let attestations = ATTESTATIONS
        .prefix(MATTER)
        .range(storage, None, None, Order::Ascending);
    let withdrawn: Vec<bool> = attestations
        .map(|row| row.unwrap().1.withdrawn.is_some())
        .collect();
    let expected: Vec<bool> = model.attested.iter().map(|(_, gone)| *gone).collect();
    assert_eq!(withdrawn, expected);
    assert_eq!(
        (matter.attestations as usize, matter.acts),
        (expected.len(), model.acts)
    );
    if let Some(hold) = matter.hold {
        assert_eq!(
            ACTS.load(storage, (MATTER, hold)).unwrap().act,
            ActKind::Hold
        );
    }
    let open = OPEN_DISPUTES
        .prefix(MATTER)
        .range(storage, None, None, Order::Ascending);
    let open: BTreeMap<u32, u32> = open.map(Result::unwrap).collect();
    assert_eq!(open, model.disputes);
    entries.into_iter().map(|(_, entry)| entry).collect()
}

#[test]
fn random_actions_do_what_the_reference_says() {
    let long = std::env::var_os("BLOCKWORM_LONG").is_some();
    let cases = if long { 10_000 } else { 100 };
    let taken = Cell::new([0u32; 10]);
    let config = ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(cases)
    };
    proptest!(config, |(tries in tries())| {
        let mut scene = Scene::new();
        let parties = vec!["bank".to_owned()];
        scene.must(OPENER, ExecuteMsg::Open { matter: MATTER.into(), parties });
        let mut model = Model { now: START, ..Model::default() };
        let mut known = Vec::new();
        for one in tries {
            model.now += STEP;
            scene.at(model.now);
            let Some(message) = message(&one, model.now) else { continue };
            let outcome = scene.run(SENDERS[one.sender], message);
            prop_assert_eq!(outcome.is_ok(), model.takes(&one), "{:?}: {:?}", one, outcome);
            known = check(&scene, &model, &known);
            if outcome.is_ok() {
                let mut counts = taken.get();
                counts[one.action] += 1;
                taken.set(counts);
            }
        }
    });
    println!(
        "evidence: {} actions, taken: {:?}",
        cases as usize * ACTIONS,
        taken.get()
    );
    assert!(
        taken.get().iter().all(|count| *count > 0),
        "{:?}",
        taken.get()
    );
}
