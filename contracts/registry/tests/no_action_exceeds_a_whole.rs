//! Random actions against a plain reference: 10,000 of them, with BLOCKWORM_LONG=1 a million. No document is ever claimed above the whole, under whichever keys.

#![allow(clippy::unwrap_used)]

mod support;

use blockworm_kit::claims::{CLAIMS, Claim, End, PledgeState, WHOLE};
use blockworm_registry::{
    DocumentSet, ExecuteMsg, Part, QueryMsg, commitment, execute,
    msg::{Checked, KeysResponse, REREGISTER_BLOCKS},
};
use cosmwasm_std::Binary;
use proptest::prelude::*;
use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet},
};
use support::{HOUR, SETTLE, START, Scene, info, maker, nonce, print, set};

const BANKS: [&str; 3] = ["bank", "harbour-bank", "river-bank"];
const DOCUMENTS: u32 = 3;
/// An order that every document names, claimed with its own share.
const ORDER: u32 = 90;
/// A mark of every document.
const MARK: u32 = 91;
const VERSIONS: u32 = 4;
const ACTIONS: usize = 100;

/// What a bank sealed: of which document, how much of it and of the order, under which versions.
#[derive(Clone, Debug)]
struct Deal {
    bank: usize,
    document: u32,
    share: u32,
    order: u32,
    versions: BTreeSet<u32>,
}

impl Deal {
    fn sets(&self) -> Vec<DocumentSet> {
        let versions = self.versions.iter();
        versions
            .map(|version| {
                let mut set = set(*version, self.document, self.share);
                for (number, share) in [(ORDER, self.order), (MARK, 0)] {
                    let fingerprint = print(*version, number);
                    set.parts.push(Part { fingerprint, share });
                }
                set
            })
            .collect()
    }
}

/// A claim as the reference keeps it.
#[derive(Clone, Debug)]
struct Held {
    deal: Deal,
    committed: u64,
    firm: u64,
    financed: bool,
    end: Option<End>,
}

/// The registry in a few lines: no rows, no counts, every sum anew from all claims.
#[derive(Default)]
struct Model {
    height: u64,
    newest: u32,
    /// The block of each commitment that is not used yet.
    sealed: BTreeMap<usize, (Deal, u64)>,
    claims: Vec<Held>,
}

impl Model {
    fn open(&self) -> impl Iterator<Item = (usize, &Held)> {
        let claims = self.claims.iter().enumerate();
        claims.filter(|(_, claim)| claim.end.is_none())
    }

    fn required(&self) -> BTreeSet<u32> {
        let tops = self
            .open()
            .map(|(_, claim)| *claim.deal.versions.last().unwrap());
        tops.chain([self.newest]).collect()
    }

    /// What is taken of a document or the order under one version, without some claims.
    fn taken(&self, version: u32, what: u32, without: &[usize]) -> u64 {
        let open = self.open().filter(|(number, claim)| {
            !without.contains(number) && claim.deal.versions.contains(&version)
        });
        open.map(|(_, claim)| u64::from(part(&claim.deal, what)))
            .sum()
    }

    fn fits(&self, deal: &Deal, without: &[usize]) -> bool {
        deal.versions.iter().all(|version| {
            [deal.document, ORDER].into_iter().all(|what| {
                let sum = self.taken(*version, what, without) + u64::from(part(deal, what));
                sum <= u64::from(WHOLE)
            })
        })
    }

    /// Whether the bank has a claim on some of it that is not firm.
    fn waits(&self, deal: &Deal) -> bool {
        self.open().any(|(_, claim)| {
            let (other, caps) = (&claim.deal, |what| {
                part(&claim.deal, what) > 0 && part(deal, what) > 0
            });
            other.bank == deal.bank
                && self.height <= claim.firm
                && other.versions.intersection(&deal.versions).next().is_some()
                && (caps(deal.document) || caps(ORDER))
        })
    }

    /// The claims that make room, or none where it is refused.
    fn room(&self, deal: &Deal, committed: u64) -> Option<Vec<usize>> {
        let mut later: Vec<usize> = self
            .open()
            .filter(|(_, claim)| {
                !claim.financed && claim.committed > committed && self.height <= claim.firm
            })
            .map(|(number, _)| number)
            .collect();
        later.sort_by_key(|number| (self.claims[*number].committed, *number));
        let mut gone = Vec::new();
        while !self.fits(deal, &gone) {
            // The last committed that holds some of what is wanting.
            let wanting = |number: &usize| {
                let other = &self.claims[*number].deal;
                let both = deal.versions.intersection(&other.versions);
                both.into_iter().any(|version| {
                    [deal.document, ORDER].into_iter().any(|what| {
                        let held = self.taken(*version, what, &gone);
                        part(other, what) > 0
                            && held + u64::from(part(deal, what)) > u64::from(WHOLE)
                    })
                })
            };
            let place = later.iter().rposition(wanting)?;
            gone.push(later.remove(place));
        }
        Some(gone)
    }
}

fn part(deal: &Deal, what: u32) -> u32 {
    match what {
        ORDER => deal.order,
        _ if what == deal.document => deal.share,
        _ => 0,
    }
}

/// Small numbers out of which an action is made when its turn comes.
type Seed = (u8, usize, u32, u8, u8, usize);

struct World {
    scene: Scene,
    model: Model,
    nonces: usize,
    /// The last refusal.
    said: Option<String>,
}

impl World {
    fn new() -> Self {
        let scene = Scene::new(SETTLE);
        let model = Model {
            newest: 1,
            ..Model::default()
        };
        Self {
            scene,
            model,
            nonces: 0,
            said: None,
        }
    }

    fn send(&mut self, bank: usize, msg: ExecuteMsg) -> bool {
        self.scene.pass(1);
        self.model.height = self.scene.env.block.height;
        let (deps, env) = (self.scene.deps.as_mut(), self.scene.env.clone());
        let done = execute(deps, env, info(&maker(BANKS[bank])), msg);
        self.said = done.as_ref().err().map(ToString::to_string);
        done.is_ok()
    }

    fn seal(&mut self, deal: Deal) {
        let number = self.nonces;
        self.nonces += 1;
        let made = commitment(BANKS[deal.bank], &nonce(number as u64), &deal.sets());
        let commitment = made.unwrap();
        assert!(self.send(deal.bank, ExecuteMsg::Commit { commitment }));
        let height = self.model.height;
        self.model.sealed.insert(number, (deal, height));
    }

    /// One action; whether it did what the reference says.
    fn act(&mut self, (kind, bank, document, share, order, pick): Seed) -> (&'static str, bool) {
        let share = WHOLE / 4 * u32::from(share % 4 + 1);
        let order = WHOLE / 8 * u32::from(order % 9);
        match kind {
            0..8 => {
                let mut versions = self.model.required();
                // Now and then as if older claims did not matter, or with more than is needed.
                if pick == 0 {
                    versions = BTreeSet::from([self.model.newest]);
                } else if pick == 1 {
                    versions = (1..=self.model.newest).collect();
                }
                let deal = Deal {
                    bank,
                    document,
                    share,
                    order,
                    versions,
                };
                self.seal(deal);
                ("commit", true)
            }
            8..18 => self.reserve(pick),
            18..22 => self.finance(pick),
            22..27 => self.release(pick),
            27 => self.rotate(pick),
            28 => self.reregister(pick),
            _ => {
                self.scene.pass(pick as u64);
                ("pass", true)
            }
        }
    }

    fn reserve(&mut self, pick: usize) -> (&'static str, bool) {
        let place = self.model.sealed.len().checked_sub(1 + pick % 3);
        let Some((&number, (deal, committed))) =
            place.and_then(|place| self.model.sealed.iter().nth(place))
        else {
            return ("none", true);
        };
        let (deal, committed) = (deal.clone(), *committed);
        let required = self.model.required();
        self.model.height = self.scene.env.block.height + 1;
        let versions = deal.versions.is_superset(&required) && !self.model.waits(&deal);
        let room = self.model.room(&deal, committed).filter(|_| versions);
        let reserve = ExecuteMsg::Reserve {
            nonce: nonce(number as u64),
            ledger: "trade".into(),
            for_ms: HOUR,
            sets: deal.sets(),
        };
        let done = self.send(deal.bank, reserve);
        let Some(gone) = room else {
            return ("refused", !done);
        };
        let displaced = !gone.is_empty();
        for number in gone {
            self.model.claims[number].end = Some(End::Displaced);
        }
        self.model.sealed.remove(&number);
        self.model.claims.push(Held {
            deal,
            committed,
            firm: self.model.height + SETTLE,
            financed: false,
            end: None,
        });
        (if displaced { "displaced" } else { "reserved" }, done)
    }

    fn open(&self, pick: usize) -> Option<usize> {
        let open: Vec<usize> = self.model.open().map(|(number, _)| number).collect();
        Some(open[pick.checked_rem(open.len())?])
    }

    fn finance(&mut self, pick: usize) -> (&'static str, bool) {
        let Some(number) = self.open(pick) else {
            return ("none", true);
        };
        let claim = self.model.claims[number].clone();
        let bank = claim.deal.bank;
        // The trade's ledger pledges under firm claims alone.
        if self.scene.env.block.height < claim.firm {
            return ("none", true);
        }
        let (id, pledged) = (number as u64, Some(PledgeState::Pledged));
        self.scene.trade_shows(id, BANKS[bank], START, pledged);
        let proof = Binary::default();
        let done = self.send(bank, ExecuteMsg::Confirm { claim: id, proof });
        self.model.claims[number].financed = true;
        ("financed", done != claim.financed)
    }

    fn release(&mut self, pick: usize) -> (&'static str, bool) {
        let Some(number) = self.open(pick) else {
            return ("none", true);
        };
        let claim = self.model.claims[number].clone();
        let (id, bank) = (number as u64, BANKS[claim.deal.bank]);
        let (state, end) = match claim.financed {
            true => (Some(PledgeState::Ended), End::Released),
            false if pick.is_multiple_of(2) => (Some(PledgeState::Forgone), End::Released),
            false => (None, End::Expired),
        };
        self.scene.trade_shows(id, bank, START + 100 * HOUR, state);
        let proof = Binary::default();
        let done = self.send(0, ExecuteMsg::Release { claim: id, proof });
        self.model.claims[number].end = Some(end);
        ("released", done)
    }

    fn rotate(&mut self, pick: usize) -> (&'static str, bool) {
        if self.model.newest == VERSIONS || pick > 3 {
            return ("none", true);
        }
        self.model.newest += 1;
        self.scene.rotate(self.model.newest);
        ("rotated", true)
    }

    /// All that is required, or the newest alone.
    fn reregister(&mut self, pick: usize) -> (&'static str, bool) {
        let Some(number) = self.open(pick) else {
            return ("none", true);
        };
        let held = self.model.claims[number].deal.clone();
        let mut versions = &self.model.required() - &held.versions;
        if pick == 0 {
            versions.retain(|version| *version == self.model.newest);
        }
        let deal = Deal {
            versions: versions.clone(),
            ..held
        };
        let sealed = self.nonces;
        self.seal(deal.clone());
        self.scene.pass(SETTLE + REREGISTER_BLOCKS - 1);
        let lacks = &self.model.required() - &held.versions;
        let allowed =
            !versions.is_empty() && versions.is_superset(&lacks) && self.model.fits(&deal, &[]);
        let msg = ExecuteMsg::Reregister {
            claim: number as u64,
            nonce: nonce(sealed as u64),
            sets: deal.sets(),
        };
        let done = self.send(deal.bank, msg);
        self.model.sealed.remove(&sealed);
        if allowed {
            self.model.claims[number].deal.versions.extend(versions);
        }
        ("reregistered", done == allowed)
    }

    /// The contract's rows are the reference's, and no document is held above the whole.
    fn check(&self) {
        let storage = &self.scene.deps.storage;
        for (number, held) in self.model.claims.iter().enumerate() {
            let claim: Claim = CLAIMS.load(storage, number as u64).unwrap();
            assert_eq!(claim.end, held.end, "claim {number}");
            assert_eq!(claim.financed_at.is_some(), held.financed);
            assert_eq!(
                (claim.committed_at, claim.firm_at),
                (held.committed, held.firm)
            );
            let versions = claim.documents.iter().map(|known| known.version);
            assert_eq!(versions.collect::<BTreeSet<_>>(), held.deal.versions);
        }
        assert!(!CLAIMS.has(storage, self.model.claims.len() as u64));
        for what in (0..DOCUMENTS).chain([ORDER]) {
            let open = self.model.open();
            let taken: u64 = open
                .map(|(_, claim)| u64::from(part(&claim.deal, what)))
                .sum();
            assert!(
                taken <= u64::from(WHOLE),
                "{taken} of {what} under all versions"
            );
        }
        let keys: KeysResponse = self.scene.ask(QueryMsg::Keys {});
        let required: Vec<u32> = self.model.required().into_iter().collect();
        assert_eq!(keys.required, required);
        for version in 1..=self.model.newest {
            let all: Vec<u32> = (0..DOCUMENTS).chain([ORDER, MARK]).collect();
            let fingerprints = all.iter().map(|what| print(version, *what)).collect();
            let checked: Vec<Checked> = self.scene.ask(QueryMsg::Check { fingerprints });
            for (what, checked) in all.iter().zip(checked) {
                let taken = self.model.taken(version, *what, &[]);
                assert_eq!(u64::from(checked.taken), taken, "{what} under {version}");
            }
        }
    }
}

#[test]
fn no_action_takes_more_than_the_whole_of_a_document_or_an_order() {
    let long = std::env::var_os("BLOCKWORM_LONG").is_some();
    let tried = Cell::new(0u32);
    let seen = std::cell::RefCell::new(BTreeMap::<&str, u32>::new());
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: if long { 10_000 } else { 100 },
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let seed = (0..30u8, 0..3usize, 0..DOCUMENTS, 0..4u8, 0..9u8, 0..8usize);
    runner
        .run(&proptest::collection::vec(seed, ACTIONS), |seeds| {
            let mut world = World::new();
            for seed in seeds {
                let (what, right) = world.act(seed);
                prop_assert!(right, "{what}: {seed:?}, {:?}", world.said);
                tried.set(tried.get() + 1);
                *seen.borrow_mut().entry(what).or_default() += 1;
                world.check();
            }
            Ok(())
        })
        .unwrap();
    let seen = seen.into_inner();
    println!("{} random actions: {seen:?}", tried.get());
    // A run in which little happens would show nothing.
    for what in [
        "reserved",
        "refused",
        "displaced",
        "financed",
        "released",
        "reregistered",
    ] {
        assert!(seen[what] * 200 > tried.get(), "{what}: {seen:?}");
    }
}
