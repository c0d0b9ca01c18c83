//! Ledgers of two banks for the tests of interleavings: each with its clock and with every row that can be proved of it, and a trade's with one confirmed invoice.

#![allow(clippy::unwrap_used)]

use blockworm_kit::{
    CivilDate, Currency, ForeignValue,
    assets::{HeldView, HoldingsQuery, Units},
    claims::{claim_key, pledge_key},
    testing::{Directory, TestDeps},
};
use blockworm_receivable as receivable;
use cosmwasm_std::{
    Addr, Binary, Env, MessageInfo, Storage, Timestamp, TransactionInfo, Uint128, testing::mock_env,
};

pub const START: u64 = 1_000_000_000_000;
pub const BANKS: [&str; 2] = ["bank", "harbour-bank"];
pub const LEDGERS: [&str; 3] = ["trade-a", "trade-b", "trade-c"];
pub const SELLER: &str = "platform/seller";
pub const BUYER: &str = "platform/buyer";
/// The assets' contract of each trade.
pub const ASSETS: &str = "assets";
pub const MOST_CLAIMS: u64 = 12;

pub fn invoice() -> String {
    "ab".repeat(32)
}

pub fn info(sender: &str) -> MessageInfo {
    MessageInfo {
        sender: Addr::unchecked(sender),
        funds: vec![],
    }
}

/// One ledger: its contract, its clock, and every row that anybody may ask a proof of, as it stood
/// after each block.
pub struct Ledger {
    pub deps: TestDeps,
    pub env: Env,
    pub past: Vec<(u64, u64, Vec<Row>)>,
}

pub type Row = (Vec<u8>, Option<Vec<u8>>);

impl Ledger {
    pub fn new(mut deps: TestDeps, init: impl FnOnce(&mut TestDeps, Env)) -> Self {
        let mut env = mock_env();
        env.transaction = Some(TransactionInfo::new(0, Binary::new(vec![7; 32])));
        env.block.time = Timestamp::from_nanos(START * 1_000_000);
        init(&mut deps, env.clone());
        let past = Vec::new();
        Self { deps, env, past }
    }

    /// One block: its time passes, its message runs, its rows can be proved from now on.
    pub fn block<T>(&mut self, keys: &[Vec<u8>], run: impl FnOnce(&mut TestDeps, Env) -> T) -> T {
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
    pub fn shows(&self, key: &[u8], age: usize) -> Option<ForeignValue> {
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

pub fn directory() -> Directory {
    Directory::default()
        .with("bank/maker", &["bank"], &["maker"])
        .with("harbour-bank/maker", &["bank"], &["maker"])
        .with("notary/admin", &["notary"], &["admin"])
        .with("court/admin", &["court"], &["admin"])
        .with(SELLER, &["platform"], &["maker"])
        .with(BUYER, &["platform"], &["checker"])
}

pub fn trade(name: &str) -> Ledger {
    let name = name.to_owned();
    Ledger::new(directory().deps(), |deps, env| {
        let registry = receivable::msg::RegistryPlace {
            ledger: "registry".into(),
            contract: "registry".into(),
            known_as: name,
        };
        let init = receivable::InstantiateMsg {
            issuance: "issuance".into(),
            assets: ASSETS.into(),
            class: "receivable".into(),
            vouchers: vec!["voucher-cny".into()],
            utc_offset_minutes: 480,
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
            recourse: false,
        };
        receivable::execute(deps.as_mut(), env.clone(), info(SELLER), issue).unwrap();
        let confirm = receivable::ExecuteMsg::Confirm { id: "R".into() };
        receivable::execute(deps.as_mut(), env, info(BUYER), confirm).unwrap();
        // Who owns its one part is the assets' contract's business, which is not played here.
        let asset = receivable::state::RECEIVABLES.load(&deps.storage, "R");
        let question = HoldingsQuery::Holding {
            asset: asset.unwrap().asset,
            holding: 0,
        };
        let whole = HeldView {
            units: Units::first(Uint128::new(100)),
            owner: SELLER.into(),
            closed: false,
        };
        deps.querier.answer(ASSETS, &question, &Some(whole));
    })
}

pub fn claim_keys() -> Vec<Vec<u8>> {
    (0..MOST_CLAIMS).map(claim_key).collect()
}

pub fn pledge_keys() -> Vec<Vec<u8>> {
    let numbers = 0..MOST_CLAIMS;
    numbers
        .flat_map(|number| BANKS.map(|bank| pledge_key(number, bank)))
        .collect()
}
