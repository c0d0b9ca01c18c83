//! Two banks, one invoice on three trade ledgers, one registry, commitments, rotations and proofs of any age in any order: never do two pledges stand at once.

#![allow(clippy::unwrap_used)]

#[path = "support/ledgers.rs"]
mod ledgers;

use blockworm_kit::{
    Currency, ForeignValue,
    assets::{AssetId, ReceiveAssetMsg},
    claims::{CLAIMS, Claim, End, WHOLE, claim_key, pledge_key},
};
use blockworm_receivable::{self as receivable, Payload, Reservation};
use blockworm_registry::{
    self as registry, DocumentSet, ExecuteMsg, Part, QueryMsg, commitment,
    msg::{KeysResponse, REREGISTER_BLOCKS, TradeLedger},
};
use cosmwasm_std::{Binary, Uint128, from_json, to_json_binary};
use ledgers::{
    ASSETS, BANKS, BUYER, LEDGERS, Ledger, MOST_CLAIMS, claim_keys, directory, info, pledge_keys,
    trade,
};
use proptest::prelude::*;
use std::{cell::Cell, collections::BTreeSet};

const MOST_VERSIONS: u32 = 3;
const SETTLE: u64 = 2;

thread_local! {
    /// How often a bank financed, a reservation lapsed, a claim was confirmed, displaced, added to.
    static SEEN: Cell<[u32; 5]> = const { Cell::new([0; 5]) };
}

fn saw(what: usize) {
    let mut seen = SEEN.get();
    seen[what] += 1;
    SEEN.set(seen);
}

/// What the keys of this version make of the one invoice, and a part's own form of it.
fn set(version: u32, share: u32) -> DocumentSet {
    let parts = [1, 2].map(|form| Part {
        fingerprint: format!("{version:032x}{form:032x}"),
        share: if form == 1 { share } else { 0 },
    });
    DocumentSet {
        version,
        document: parts[0].fingerprint.clone(),
        share,
        parts: parts.to_vec(),
    }
}

struct World {
    registry: Ledger,
    trades: Vec<Ledger>,
    /// Whose, its nonce, and what it opens.
    commitments: Vec<(usize, String, Vec<DocumentSet>)>,
}

fn world() -> World {
    let registry = Ledger::new(directory().deps(), |deps, env| {
        let ledgers = LEDGERS.map(|name| TradeLedger {
            name: name.into(),
            contract: "receivable".into(),
        });
        let init = registry::InstantiateMsg {
            ledgers: ledgers.to_vec(),
            holders: ("notary".into(), "court".into()),
            settle_blocks: SETTLE,
        };
        registry::instantiate(deps.as_mut(), env, info("ledger"), init).unwrap();
    });
    let mut world = World {
        registry,
        trades: LEDGERS.map(trade).into(),
        commitments: Vec::new(),
    };
    world.rotate();
    world
}

fn maker(bank: &str) -> String {
    format!("{bank}/maker")
}

fn place(ledger: &str) -> usize {
    LEDGERS.iter().position(|name| *name == ledger).unwrap()
}

const fn share(half: bool) -> u32 {
    if half { WHOLE / 2 } else { WHOLE }
}

/// What one of the actors tries.
#[derive(Clone, Debug)]
enum Move {
    /// To the invoice under every version that is required now, or the newest alone.
    Commit {
        bank: usize,
        half: bool,
        newest: bool,
    },
    /// The same, opened at once and left to become firm.
    Claim {
        bank: usize,
        half: bool,
        newest: bool,
        ledger: usize,
    },
    /// Both commit, the later one opens first, the earlier one so many blocks after.
    Race {
        first: usize,
        ledger: usize,
        blocks: u64,
    },
    /// Opens the newest commitment or one before.
    Reserve {
        back: usize,
        ledger: usize,
        for_ms: u64,
    },
    /// The holders change their keys.
    Rotate,
    /// The claim's bank has the sets added that it lacks.
    Reregister {
        back: u64,
        newest: bool,
    },
    /// Under the newest claim or one before, with the best proofs that there ever were.
    Finance {
        back: u64,
        astray: bool,
        other: bool,
    },
    Forgo {
        back: u64,
    },
    Settle {
        ledger: usize,
    },
    Confirm {
        back: u64,
        age: usize,
    },
    Release {
        back: u64,
        age: usize,
    },
    /// A block without a message, so much later.
    Pass {
        ledger: usize,
        ms: u64,
    },
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let age = prop_oneof![3 => Just(0usize), 1 => 0..30usize];
    let back = prop_oneof![3 => Just(0u64), 1 => 0..4u64];
    let seldom = proptest::bool::weighted(0.15);
    let one = prop_oneof![
        3 => (0..2usize, seldom, seldom)
            .prop_map(|(bank, half, newest)| Move::Commit { bank, half, newest }),
        4 => (0..2usize, seldom, seldom, 0..3usize)
            .prop_map(|(bank, half, newest, ledger)| Move::Claim { bank, half, newest, ledger }),
        2 => (0..2usize, 0..3usize, 0..4u64)
            .prop_map(|(first, ledger, blocks)| Move::Race { first, ledger, blocks }),
        5 => (0..3usize, 0..3usize, 1_000..1_400u64)
            .prop_map(|(back, ledger, for_ms)| Move::Reserve { back, ledger, for_ms }),
        1 => Just(Move::Rotate),
        1 => (back.clone(), seldom)
            .prop_map(|(back, newest)| Move::Reregister { back, newest }),
        6 => (0..3u64, seldom, seldom)
            .prop_map(|(back, astray, other)| Move::Finance { back, astray, other }),
        1 => (0..2u64).prop_map(|back| Move::Forgo { back }),
        1 => (0..3usize).prop_map(|ledger| Move::Settle { ledger }),
        1 => (back.clone(), age.clone()).prop_map(|(back, age)| Move::Confirm { back, age }),
        3 => (back, age).prop_map(|(back, age)| Move::Release { back, age }),
        2 => (0..3usize, 0..1_500u64).prop_map(|(ledger, ms)| Move::Pass { ledger, ms }),
    ];
    proptest::collection::vec(one, 1..100)
}

impl World {
    fn count(&self) -> u64 {
        let storage = &self.registry.deps.storage;
        let has = |number: &u64| CLAIMS.has(storage, *number);
        (0..MOST_CLAIMS).take_while(has).count() as u64
    }

    /// The newest claim or one so many before it, as it stands now.
    fn claim(&self, back: u64) -> Option<(u64, Claim)> {
        let number = self.count().checked_sub(back + 1)?;
        let claim = CLAIMS.load(&self.registry.deps.storage, number).unwrap();
        Some((number, claim))
    }

    fn keys(&self) -> KeysResponse {
        let (deps, env) = (self.registry.deps.as_ref(), self.registry.env.clone());
        from_json(registry::query(deps, env, QueryMsg::Keys {}).unwrap()).unwrap()
    }

    fn rotate(&mut self) {
        let version = 1 + self.keys().in_force.len() as u32;
        if version > MOST_VERSIONS {
            return;
        }
        for (place, holder) in ["notary/admin", "court/admin"].into_iter().enumerate() {
            let public_key = format!("{version:032x}{place:032x}");
            let publish = ExecuteMsg::PublishKey {
                version,
                public_key,
            };
            assert!(self.on_registry(holder, publish));
        }
    }

    fn commit(&mut self, bank: usize, sets: Vec<DocumentSet>) {
        let nonce = format!("{:064x}", self.commitments.len());
        let commitment = commitment(BANKS[bank], &nonce, &sets).unwrap();
        self.commitments.push((bank, nonce, sets));
        let commit = ExecuteMsg::Commit { commitment };
        assert!(self.on_registry(&maker(BANKS[bank]), commit));
    }

    fn reserve(&mut self, back: usize, ledger: usize, for_ms: u64) {
        let place = self.commitments.len().checked_sub(back + 1);
        let Some((bank, nonce, sets)) = place.map(|place| self.commitments[place].clone()) else {
            return;
        };
        if self.count() == MOST_CLAIMS {
            return;
        }
        let ended = |world: &Self| {
            let claims = (0..world.count()).map(|n| CLAIMS.load(&world.registry.deps.storage, n));
            let displaced = |claim: &Claim| claim.end == Some(End::Displaced);
            claims
                .filter(|claim| displaced(claim.as_ref().unwrap()))
                .count()
        };
        let before = ended(self);
        let ledger = LEDGERS[ledger].into();
        let reserve = ExecuteMsg::Reserve {
            nonce,
            ledger,
            for_ms,
            sets,
        };
        self.on_registry(&maker(BANKS[bank]), reserve);
        if ended(self) > before {
            saw(3);
        }
    }

    /// What a bank makes sets of beside those that a claim has: all that are required, or the newest.
    fn versions(&self, has: &BTreeSet<u32>, newest: bool) -> Vec<u32> {
        let required = self.keys().required.into_iter();
        let mut lacks: Vec<u32> = required.filter(|version| !has.contains(version)).collect();
        if newest {
            lacks.drain(..lacks.len().saturating_sub(1));
        }
        lacks
    }

    fn wait(&mut self, blocks: u64) {
        for _ in 0..blocks {
            self.registry.block(&claim_keys(), |_, _| ());
        }
    }

    fn reregister(&mut self, back: u64, newest: bool) {
        let Some((number, claim)) = self.claim(back) else {
            return;
        };
        let has: BTreeSet<u32> = claim.documents.iter().map(|known| known.version).collect();
        let share = claim.documents[0].share;
        let versions = self.versions(&has, newest);
        let sets: Vec<DocumentSet> = versions
            .into_iter()
            .map(|version| set(version, share))
            .collect();
        let bank = BANKS.iter().position(|bank| *bank == claim.bank).unwrap();
        self.commit(bank, sets);
        self.wait(SETTLE + REREGISTER_BLOCKS - 1);
        let (_, nonce, sets) = self.commitments.last().unwrap().clone();
        let claim = number;
        let reregister = ExecuteMsg::Reregister { claim, nonce, sets };
        if self.on_registry(&maker(BANKS[bank]), reregister) {
            saw(4);
        }
    }

    /// Runs a move; nobody minds a refusal.
    fn run(&mut self, m: &Move) {
        match *m {
            Move::Commit { bank, half, newest } => {
                let versions = self.versions(&BTreeSet::new(), newest);
                let sets = versions
                    .into_iter()
                    .map(|version| set(version, share(half)));
                self.commit(bank, sets.collect());
            }
            Move::Claim {
                bank,
                half,
                newest,
                ledger,
            } => {
                let versions = self.versions(&BTreeSet::new(), newest);
                let sets = versions
                    .into_iter()
                    .map(|version| set(version, share(half)));
                self.commit(bank, sets.collect());
                self.reserve(0, ledger, 1_200);
                self.wait(SETTLE);
            }
            Move::Race {
                first,
                ledger,
                blocks,
            } => {
                for bank in [first, 1 - first] {
                    let versions = self.versions(&BTreeSet::new(), false).into_iter();
                    self.commit(bank, versions.map(|version| set(version, WHOLE)).collect());
                }
                self.reserve(0, ledger, 1_200);
                self.wait(blocks);
                self.reserve(1, (ledger + 1) % LEDGERS.len(), 1_200);
            }
            Move::Reserve {
                back,
                ledger,
                for_ms,
            } => self.reserve(back, ledger, for_ms),
            Move::Rotate => self.rotate(),
            Move::Reregister { back, newest } => self.reregister(back, newest),
            Move::Finance {
                back,
                astray,
                other,
            } => self.finance(back, astray, other),
            Move::Forgo { back } => {
                if let Some((number, claim)) = self.claim(back) {
                    let forgo = receivable::ExecuteMsg::Forgo { claim: number };
                    self.on_trade(place(&claim.ledger), &maker(&claim.bank), forgo);
                }
            }
            Move::Settle { ledger } => {
                let payload = Payload::Settle {
                    id: "R".into(),
                    holdings: vec![0],
                };
                self.pay(ledger, BUYER, payload);
            }
            Move::Confirm { back, age } => self.follow_the_proof(back, age, true),
            Move::Release { back, age } => self.follow_the_proof(back, age, false),
            Move::Pass { ledger, ms } => {
                let trade = &mut self.trades[ledger];
                trade.env.block.time = trade.env.block.time.plus_nanos(ms * 1_000_000);
                trade.block(&pledge_keys(), |_, _| ());
            }
        }
    }

    /// The claim's bank on the claim's ledger, or somebody else, or on the next one. Whoever cheats
    /// shows the claim as it stands, then as it last stood before it ended.
    fn finance(&mut self, back: u64, astray: bool, other: bool) {
        let Some((number, claim)) = self.claim(back) else {
            return;
        };
        let at = (place(&claim.ledger) + usize::from(astray)) % LEDGERS.len();
        let mut banks = BANKS.iter().filter(|bank| (**bank == claim.bank) != other);
        let bank = *banks.next().unwrap();
        let key = claim_key(number);
        let rows = (0..self.registry.past.len()).filter_map(|age| self.registry.shows(&key, age));
        let open = |value: &ForeignValue| {
            let row = value.value.as_ref();
            row.is_some_and(|row| from_json::<Claim>(row).unwrap().end.is_none())
        };
        let rows: Vec<ForeignValue> = rows.collect();
        let shown = [rows.first(), rows.iter().find(|row| open(row))];
        for value in shown.into_iter().flatten() {
            let host = &mut self.trades[at].deps.querier;
            host.prove("registry", "registry", key.clone(), value.clone());
            let reservation = Reservation {
                claim: number,
                proof: Binary::default(),
            };
            let payload = Payload::Finance {
                id: "R".into(),
                holding: 0,
                reservation: Some(reservation),
            };
            if self.pay(at, &maker(bank), payload) {
                saw(0);
            }
        }
    }

    fn pay(&mut self, ledger: usize, sender: &str, payload: Payload) -> bool {
        let receive = receivable::ExecuteMsg::ReceiveAsset(ReceiveAssetMsg {
            sender: sender.into(),
            asset: AssetId::of("voucher-cny", &[9; 32]).unwrap(),
            holding: None,
            amount: Uint128::new(100),
            currency: Currency::parse("CNY").unwrap(),
            payload: to_json_binary(&payload).unwrap(),
        });
        self.on_trade(ledger, ASSETS, receive)
    }

    /// Confirms or releases by a proof of the claim's ledger, new or old.
    fn follow_the_proof(&mut self, back: u64, age: usize, confirm: bool) {
        let Some((number, claim)) = self.claim(back) else {
            return;
        };
        let key = pledge_key(number, &claim.bank);
        let Some(value) = self.trades[place(&claim.ledger)].shows(&key, age) else {
            return;
        };
        let absent = value.value.is_none();
        let host = &mut self.registry.deps.querier;
        host.prove(&claim.ledger, "receivable", key, value);
        let (proof, bank) = (Binary::default(), maker(&claim.bank));
        let claim = number;
        let msg = match confirm {
            true => ExecuteMsg::Confirm { claim, proof },
            false => ExecuteMsg::Release { claim, proof },
        };
        let done = self.on_registry(&bank, msg);
        if done && confirm {
            saw(2);
        } else if done && absent {
            saw(1);
        }
    }

    fn on_registry(&mut self, sender: &str, msg: ExecuteMsg) -> bool {
        self.registry.block(&claim_keys(), |deps, env| {
            registry::execute(deps.as_mut(), env, info(sender), msg).is_ok()
        })
    }

    fn on_trade(&mut self, at: usize, sender: &str, msg: receivable::ExecuteMsg) -> bool {
        self.trades[at].block(&pledge_keys(), |deps, env| {
            receivable::execute(deps.as_mut(), env, info(sender), msg).is_ok()
        })
    }

    /// How often the invoice is financed and not yet paid, on all ledgers.
    fn standing(&self) -> usize {
        let financed = |trade: &&Ledger| {
            let storage = &trade.deps.storage;
            let receivable = receivable::state::RECEIVABLES.load(storage, "R").unwrap();
            receivable.shown() == receivable::msg::Status::Financed
        };
        self.trades.iter().filter(financed).count()
    }
}

#[test]
fn at_most_one_pledge_stands_whatever_the_banks_do() {
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(500));
    runner
        .run(&moves(), |moves| {
            let mut world = world();
            for m in &moves {
                world.run(m);
                prop_assert!(world.standing() <= 1, "after {m:?}");
            }
            Ok(())
        })
        .unwrap();
    let seen = SEEN.get();
    assert!(
        seen.iter().all(|count| *count > 20),
        "too little happened: {seen:?}"
    );
}
