//! Two banks, one invoice on three trade ledgers, one registry, proofs of any age in any order: never do two pledges stand at once.

#![allow(clippy::unwrap_used)]

use blockworm_kit::{
    CivilDate, Currency, ForeignValue, ReceiveMsg,
    claims::{PLEDGES, PledgeState, claim_key, fingerprint_text, pledge_key},
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
struct Move {
    what: u8,
    bank: usize,
    ledger: usize,
    number: u32,
    age: usize,
    ms: u64,
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let age = prop_oneof![3 => Just(0usize), 1 => 0..40usize];
    let one = (0..9u8, 0..2usize, 0..3usize, 0..4u32, age, 0..2_500u64);
    let one = one.prop_map(|(what, bank, ledger, number, age, ms)| Move {
        what,
        bank,
        ledger,
        number,
        age,
        ms,
    });
    proptest::collection::vec(one, 1..120)
}

impl World {
    fn newest(&self) -> Option<NumberedClaim> {
        let ask = registry::QueryMsg::Newest {
            fingerprint: fingerprint(),
        };
        let (deps, env) = (self.registry.deps.as_ref(), self.registry.env.clone());
        from_json(registry::query(deps, env, ask).unwrap()).unwrap()
    }

    /// Runs a move; whether it took effect.
    fn run(&mut self, m: &Move) -> bool {
        let sender = format!("{}/maker", BANKS[m.bank]);
        match m.what {
            0 | 1 => {
                if self
                    .newest()
                    .is_some_and(|newest| newest.number + 1 >= MOST_CLAIMS)
                {
                    return false;
                }
                self.on_registry(
                    &sender,
                    ExecuteMsg::Reserve {
                        fingerprint: fingerprint(),
                        ledger: LEDGERS[m.ledger].into(),
                        for_ms: 1_000 + m.ms,
                    },
                )
            }
            2 | 3 => self.finance(&sender, m),
            4 => {
                let forgo = receivable::ExecuteMsg::Forgo {
                    fingerprint: fingerprint(),
                    claim: m.number,
                };
                // Rarely: a bank that forgoes everything finances nothing.
                m.age > 0 && self.on_trade(m.ledger, &sender, forgo)
            }
            5 => self.pay(m.ledger, BUYER, Payload::Settle { id: "R".into() }),
            6 | 7 => self.follow_the_proof(&sender, m),
            _ => {
                let ledger = match m.ledger {
                    0 => &mut self.registry,
                    at => &mut self.trades[at],
                };
                ledger.env.block.time = ledger.env.block.time.plus_nanos(m.ms * 1_000_000);
                true
            }
        }
    }

    fn finance(&mut self, sender: &str, m: &Move) -> bool {
        let number = match m.number {
            0 => self.newest().map_or(0, |newest| newest.number),
            number => number - 1,
        };
        let key = claim_key(&fingerprint(), number);
        let Some(value) = self.registry.shows(&key, m.age) else {
            return false;
        };
        let host = &mut self.trades[m.ledger].deps.querier;
        host.prove("registry", "registry", key, value);
        let reservation = Reservation {
            claim: number,
            proof: Binary::default(),
        };
        let financed = self.pay(
            m.ledger,
            sender,
            Payload::Finance {
                id: "R".into(),
                reservation: Some(reservation),
            },
        );
        if financed {
            saw(0);
        }
        financed
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
    fn follow_the_proof(&mut self, sender: &str, m: &Move) -> bool {
        let Some(NumberedClaim { number, claim }) = self.newest() else {
            return false;
        };
        let at = LEDGERS
            .iter()
            .position(|name| *name == claim.ledger)
            .unwrap();
        let key = pledge_key(&fingerprint(), number, &claim.bank);
        let Some(value) = self.trades[at].shows(&key, m.age) else {
            return false;
        };
        let absent = value.value.is_none();
        let host = &mut self.registry.deps.querier;
        host.prove(&claim.ledger, "receivable", key, value);
        let (fingerprint, proof) = (fingerprint(), Binary::default());
        let (msg, what) = match m.what {
            6 => (ExecuteMsg::Confirm { fingerprint, proof }, 2),
            _ => (ExecuteMsg::Release { fingerprint, proof }, 1),
        };
        let done = self.on_registry(sender, msg);
        if done && (what == 2 || absent) {
            saw(what);
        }
        done
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
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(300));
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
