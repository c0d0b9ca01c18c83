//! Two banks, one invoice on three trade ledgers, one registry, proofs of any age in any order: never do two pledges stand at once.

#![allow(clippy::unwrap_used)]

use blockworm_kit::{
    CivilDate, Currency, ForeignValue, ReceiveMsg,
    claims::{Claim, PLEDGES, PledgeState, claim_key, fingerprint_text, pledge_key},
    testing::{Directory, TestDeps},
};
use blockworm_receivable::{self as receivable, Payload, Reservation};
use blockworm_registry::{self as registry, ExecuteMsg, msg::NumberedClaim, msg::TradeLedger};
use cosmwasm_std::{
    Addr, Binary, Env, MessageInfo, Storage, Timestamp, Uint128, from_json, testing::mock_env,
    to_json_binary,
};
use proptest::prelude::*;
use std::cell::Cell;

const START: u64 = 1_000_000_000_000;
const BANKS: [&str; 2] = ["bank", "harbour-bank"];
const LEDGERS: [&str; 3] = ["trade-a", "trade-b", "trade-c"];
const SELLER: &str = "platform/seller";
const BUYER: &str = "platform/buyer";
const MOST_CLAIMS: u32 = 12;

thread_local! {
    /// How often a bank financed, a reservation lapsed, a claim was confirmed.
    static SEEN: Cell<[u32; 3]> = const { Cell::new([0; 3]) };
}

fn saw(what: usize) {
    let mut seen = SEEN.get();
    seen[what] += 1;
    SEEN.set(seen);
}

fn invoice() -> String {
    "ab".repeat(32)
}

fn fingerprint() -> String {
    fingerprint_text(&invoice()).unwrap()
}

fn info(sender: &str) -> MessageInfo {
    MessageInfo {
        sender: Addr::unchecked(sender),
        funds: vec![],
    }
}

/// One ledger: its contract, its clock, and every row that anybody may ask a proof of, as it stood
/// after each block.
struct Ledger {
    deps: TestDeps,
    env: Env,
    past: Vec<(u64, u64, Vec<Row>)>,
}

type Row = (Vec<u8>, Option<Vec<u8>>);

impl Ledger {
    fn new(mut deps: TestDeps, init: impl FnOnce(&mut TestDeps, Env)) -> Self {
        let mut env = mock_env();
        env.block.time = Timestamp::from_nanos(START * 1_000_000);
        init(&mut deps, env.clone());
        let past = Vec::new();
        Self { deps, env, past }
    }

    /// One block: its time passes, its message runs, its rows can be proved from now on.
    fn block<T>(&mut self, keys: &[Vec<u8>], run: impl FnOnce(&mut TestDeps, Env) -> T) -> T {
        self.env.block.height += 1;
        self.env.block.time = self.env.block.time.plus_nanos(1_000_000);
        let outcome = run(&mut self.deps, self.env.clone());
        let rows = keys
            .iter()
            .map(|key| (key.clone(), self.deps.storage.get(key)));
        let time_ms = self.env.block.time.nanos() / 1_000_000;
        self.past
            .push((self.env.block.height, time_ms, rows.collect()));
        outcome
    }

    /// What a proof from a block that long ago shows.
    fn shows(&self, key: &[u8], age: usize) -> Option<ForeignValue> {
        let at = self
            .past
            .len()
            .checked_sub(1 + age % self.past.len().max(1))?;
        let (height, time_ms, rows) = &self.past[at];
        let (_, value) = rows.iter().find(|(held, _)| held == key)?;
        Some(ForeignValue {
            height: *height,
            time_ms: *time_ms,
            value: value.clone().map(Binary::new),
        })
    }
}

struct World {
    registry: Ledger,
    trades: Vec<Ledger>,
}

fn directory() -> Directory {
    Directory::default()
        .with("bank/maker", &["bank"], &["maker"])
        .with("harbour-bank/maker", &["bank"], &["maker"])
        .with(SELLER, &["platform"], &["maker"])
        .with(BUYER, &["platform"], &["checker"])
}

fn trade(name: &str) -> Ledger {
    let name = name.to_owned();
    Ledger::new(directory().deps(), |deps, env| {
        let registry = receivable::msg::RegistryPlace {
            ledger: "registry".into(),
            contract: "registry".into(),
            known_as: name,
        };
        let init = receivable::InstantiateMsg {
            money: deps.api.addr_make("money").into_string(),
            registry: Some(registry),
        };
        receivable::instantiate(deps.as_mut(), env.clone(), info("ledger"), init).unwrap();
        let issue = receivable::ExecuteMsg::Issue {
            id: "R".into(),
            invoice_digest: invoice(),
            document_commitment: None,
            buyer: BUYER.into(),
            amount: Uint128::new(100),
            currency: Currency::parse("CNY").unwrap(),
            due_date: CivilDate::parse("2027-02-28").unwrap(),
            price: None,
        };
        receivable::execute(deps.as_mut(), env.clone(), info(SELLER), issue).unwrap();
        let confirm = receivable::ExecuteMsg::Confirm { id: "R".into() };
        receivable::execute(deps.as_mut(), env, info(BUYER), confirm).unwrap();
    })
}

fn world() -> World {
    let registry = Ledger::new(directory().deps(), |deps, env| {
        let ledgers = LEDGERS.map(|name| TradeLedger {
            name: name.into(),
            contract: "receivable".into(),
        });
        let init = registry::InstantiateMsg {
            ledgers: ledgers.to_vec(),
        };
        registry::instantiate(deps.as_mut(), env, info("ledger"), init).unwrap();
    });
    World {
        registry,
        trades: LEDGERS.map(trade).into(),
    }
}

fn maker(bank: &str) -> String {
    format!("{bank}/maker")
}

fn place(ledger: &str) -> usize {
    LEDGERS.iter().position(|name| *name == ledger).unwrap()
}

fn claim_keys() -> Vec<Vec<u8>> {
    let numbers = 0..MOST_CLAIMS;
    numbers
        .map(|number| claim_key(&fingerprint(), number))
        .collect()
}

fn pledge_keys() -> Vec<Vec<u8>> {
    let numbers = 0..MOST_CLAIMS;
    numbers
        .flat_map(|number| BANKS.map(|bank| pledge_key(&fingerprint(), number, bank)))
        .collect()
}

/// What one of the actors tries.
#[derive(Clone, Debug)]
enum Move {
    Reserve {
        bank: usize,
        ledger: usize,
        for_ms: u64,
    },
    /// Under the newest claim or one before, with the best proof that there ever was.
    Finance {
        back: u32,
        astray: bool,
    },
    Forgo {
        back: u32,
    },
    Settle {
        ledger: usize,
    },
    Confirm {
        age: usize,
    },
    Release {
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
    let one = prop_oneof![
        4 => (0..2usize, 0..3usize, 1_000..1_400u64)
            .prop_map(|(bank, ledger, for_ms)| Move::Reserve { bank, ledger, for_ms }),
        3 => (0..3u32, proptest::bool::weighted(0.1))
            .prop_map(|(back, astray)| Move::Finance { back, astray }),
        1 => (0..2u32).prop_map(|back| Move::Forgo { back }),
        1 => (0..3usize).prop_map(|ledger| Move::Settle { ledger }),
        1 => age.clone().prop_map(|age| Move::Confirm { age }),
        3 => age.prop_map(|age| Move::Release { age }),
        2 => (0..3usize, 0..1_500u64).prop_map(|(ledger, ms)| Move::Pass { ledger, ms }),
    ];
    proptest::collection::vec(one, 1..80)
}

impl World {
    fn newest(&self) -> Option<NumberedClaim> {
        let ask = registry::QueryMsg::Newest {
            fingerprint: fingerprint(),
        };
        let (deps, env) = (self.registry.deps.as_ref(), self.registry.env.clone());
        from_json(registry::query(deps, env, ask).unwrap()).unwrap()
    }

    /// The newest claim or one so many before it, as it stands now.
    fn claim(&self, back: u32) -> Option<(u32, Claim)> {
        let number = self.newest()?.number.checked_sub(back)?;
        let bytes = self
            .registry
            .deps
            .storage
            .get(&claim_key(&fingerprint(), number))?;
        Some((number, from_json(bytes).unwrap()))
    }

    /// Runs a move; nobody minds a refusal.
    fn run(&mut self, m: &Move) {
        match *m {
            Move::Reserve {
                bank,
                ledger,
                for_ms,
            } => {
                if self
                    .newest()
                    .is_some_and(|newest| newest.number + 1 >= MOST_CLAIMS)
                {
                    return;
                }
                let sender = maker(BANKS[bank]);
                self.on_registry(
                    &sender,
                    ExecuteMsg::Reserve {
                        fingerprint: fingerprint(),
                        ledger: LEDGERS[ledger].into(),
                        for_ms,
                    },
                );
            }
            Move::Finance { back, astray } => self.finance(back, astray),
            Move::Forgo { back } => {
                if let Some((number, claim)) = self.claim(back) {
                    let forgo = receivable::ExecuteMsg::Forgo {
                        fingerprint: fingerprint(),
                        claim: number,
                    };
                    self.on_trade(place(&claim.ledger), &maker(&claim.bank), forgo);
                }
            }
            Move::Settle { ledger } => {
                self.pay(ledger, BUYER, Payload::Settle { id: "R".into() });
            }
            Move::Confirm { age } => self.follow_the_proof(age, true),
            Move::Release { age } => self.follow_the_proof(age, false),
            Move::Pass { ledger, ms } => {
                let trade = &mut self.trades[ledger];
                trade.env.block.time = trade.env.block.time.plus_nanos(ms * 1_000_000);
                trade.block(&pledge_keys(), |_, _| ());
            }
        }
    }

    /// The claim's bank on the claim's ledger, or somebody on the next one.
    fn finance(&mut self, back: u32, astray: bool) {
        let Some((number, claim)) = self.claim(back) else {
            return;
        };
        let at = (place(&claim.ledger) + usize::from(astray)) % LEDGERS.len();
        // Whoever cheats shows the claim as it was before it ended.
        let key = claim_key(&fingerprint(), number);
        let best = (0..self.registry.past.len())
            .filter_map(|age| self.registry.shows(&key, age))
            .find(|value| {
                let row = value.value.as_ref();
                row.is_some_and(|row| from_json::<Claim>(row).unwrap().end.is_none())
            });
        let Some(value) = best else {
            return;
        };
        let host = &mut self.trades[at].deps.querier;
        host.prove("registry", "registry", key, value);
        let reservation = Reservation {
            claim: number,
            proof: Binary::default(),
        };
        let payload = Payload::Finance {
            id: "R".into(),
            reservation: Some(reservation),
        };
        if self.pay(at, &maker(&claim.bank), payload) {
            saw(0);
        }
    }

    fn pay(&mut self, ledger: usize, sender: &str, payload: Payload) -> bool {
        let receive = receivable::ExecuteMsg::Receive(ReceiveMsg {
            sender: sender.into(),
            amount: Uint128::new(100),
            currency: Currency::parse("CNY").unwrap(),
            payload: to_json_binary(&payload).unwrap(),
        });
        let money = self.trades[ledger].deps.api.addr_make("money");
        self.on_trade(ledger, money.as_str(), receive)
    }

    /// Confirms or releases by a proof of the claim's ledger, new or old.
    fn follow_the_proof(&mut self, age: usize, confirm: bool) {
        let Some((number, claim)) = self.claim(0) else {
            return;
        };
        let key = pledge_key(&fingerprint(), number, &claim.bank);
        let Some(value) = self.trades[place(&claim.ledger)].shows(&key, age) else {
            return;
        };
        let absent = value.value.is_none();
        let host = &mut self.registry.deps.querier;
        host.prove(&claim.ledger, "receivable", key, value);
        let (fingerprint, proof) = (fingerprint(), Binary::default());
        let msg = match confirm {
            true => ExecuteMsg::Confirm { fingerprint, proof },
            false => ExecuteMsg::Release { fingerprint, proof },
        };
        let done = self.on_registry(&maker(&claim.bank), msg);
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

    /// The pledges that stand now, on all ledgers.
    fn standing(&self) -> usize {
        let fingerprint = fingerprint();
        let stands = |trade: &Ledger| {
            let rows = (0..MOST_CLAIMS).flat_map(|number| BANKS.map(|bank| (number, bank)));
            rows.filter(|(number, bank)| {
                let key = (fingerprint.as_str(), *number, *bank);
                let row = PLEDGES.may_load(&trade.deps.storage, key).unwrap();
                row.is_some_and(|pledge| pledge.state == PledgeState::Pledged)
            })
            .count()
        };
        self.trades.iter().map(stands).sum()
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
