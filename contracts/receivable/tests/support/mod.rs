//! A ledger's members for the receivable contract, receivables brought to any state, and what the assets' contract answers.

#![allow(dead_code, clippy::unwrap_used)]

use blockworm_kit::{
    CivilDate, Currency, ForeignValue,
    assets::{
        AssetId, HeldView, HoldingsMsg, HoldingsQuery, ManageMsg, ManagedMsg, ManagerMsg,
        ReceiveAssetMsg, Units,
    },
    testing::{Directory, TestDeps},
};
use blockworm_receivable::{
    ExecuteMsg, InstantiateMsg, Payload, QueryMsg, ReceivableResponse, Reservation, execute,
    instantiate,
    msg::{HistoryEntry, Part, RegistryPlace},
    query,
};
use cosmwasm_schema::serde::de::DeserializeOwned;
use cosmwasm_std::{
    Addr, Binary, CosmosMsg, Env, MessageInfo, Order, Response, Storage, Timestamp,
    TransactionInfo, Uint128, WasmMsg, from_json, testing::mock_env, to_json_binary,
};

pub const SELLER: &str = "platform/supplier-1";
pub const OTHER: &str = "platform/supplier-2";
pub const BUYER: &str = "platform/buyer-1";
pub const BANK: &str = "bank/maker";
pub const AMOUNT: u128 = 1_000;
pub const PRICE: u128 = 950;
pub const DUE: &str = "2027-02-28";
/// Noon of a day before, and of a day after, that; milliseconds since 1970.
pub const EARLY: u64 = 1_803_000_000_000;
pub const LATE: u64 = 1_804_000_000_000;

/// The contract, its clock, and a number for the next transaction.
pub struct Scene {
    pub deps: TestDeps,
    pub env: Env,
    transactions: u64,
}

pub fn cny() -> Currency {
    Currency::parse("CNY").unwrap()
}

pub fn invoice() -> String {
    "ab".repeat(32)
}

pub fn voucher() -> AssetId {
    AssetId::of("voucher-cny", &[9; 32]).unwrap()
}

pub fn place() -> RegistryPlace {
    RegistryPlace {
        ledger: "shared".into(),
        contract: "registry".into(),
        known_as: "trade-7".into(),
    }
}

pub fn terms() -> ExecuteMsg {
    ExecuteMsg::Issue {
        id: "R-1".into(),
        invoice_digest: invoice(),
        document_commitment: None,
        buyer: BUYER.into(),
        amount: Uint128::new(AMOUNT),
        currency: cny(),
        due_date: CivilDate::parse(DUE).unwrap(),
        price: Some(Uint128::new(PRICE)),
        recourse: true,
    }
}

pub fn info(sender: &str) -> MessageInfo {
    MessageInfo {
        sender: Addr::unchecked(sender),
        funds: vec![],
    }
}

impl Scene {
    /// On a ledger with a registry, or without.
    pub fn new(registry: bool) -> Self {
        let mut deps = Directory::default()
            .with(SELLER, &["platform"], &["maker"])
            .with(OTHER, &["platform"], &["maker"])
            .with(BUYER, &["platform"], &["checker"])
            .with(BANK, &["bank"], &["maker"])
            .with("bank/maker-2", &["bank"], &["maker"])
            .with("bank/checker", &["bank"], &["checker"])
            .with("other-bank/maker", &["bank"], &["maker"])
            .with("notary/clerk", &["notary"], &["maker"])
            .with("bank/gone", &["bank"], &["maker"])
            .revoked("bank/gone")
            .deps();
        let init = InstantiateMsg {
            issuance: "issuance".into(),
            assets: "assets".into(),
            class: "receivable".into(),
            vouchers: vec!["voucher-cny".into(), "voucher-eur".into()],
            utc_offset_minutes: 480,
            registry: registry.then(place),
        };
        instantiate(deps.as_mut(), mock_env(), info("ledger"), init.clone()).unwrap();
        let scene = Self {
            deps,
            env: mock_env(),
            transactions: 0,
        };
        assert_eq!(scene.ask::<InstantiateMsg>(QueryMsg::Config {}), init);
        scene.at(EARLY)
    }

    /// At this time of the ledger, milliseconds.
    pub fn at(mut self, time_ms: u64) -> Self {
        self.env.block.time = Timestamp::from_nanos(time_ms * 1_000_000);
        self
    }

    /// One transaction; a refusal changes nothing, as on a real host.
    pub fn run(&mut self, sender: &str, msg: ExecuteMsg) -> Result<Response, String> {
        self.transactions += 1;
        self.env.block.height += 1;
        let mut hash = self.transactions.to_be_bytes().to_vec();
        hash.resize(32, 0);
        self.env.transaction = Some(TransactionInfo::new(0, Binary::new(hash)));
        let before = self.stored();
        let outcome = execute(self.deps.as_mut(), self.env.clone(), info(sender), msg);
        if outcome.is_err() {
            self.deps.storage = Default::default();
            for (key, value) in before {
                self.deps.storage.set(&key, &value);
            }
        }
        outcome.map_err(|refusal| refusal.to_string())
    }

    pub fn code(&mut self, sender: &str, msg: ExecuteMsg) -> String {
        code(&self.run(sender, msg).unwrap_err()).to_owned()
    }

    /// Settlement money of this member arrives with a payload.
    pub fn pay(
        &mut self,
        member: &str,
        amount: u128,
        payload: &Payload,
    ) -> Result<Response, String> {
        self.run("assets", arrived(member, amount, payload))
    }

    pub fn stored(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        let storage = &self.deps.storage;
        storage.range(None, None, Order::Ascending).collect()
    }

    pub fn ask<T: DeserializeOwned>(&self, msg: QueryMsg) -> T {
        from_json(query(self.deps.as_ref(), self.env.clone(), msg).unwrap()).unwrap()
    }

    pub fn receivable(&self) -> Option<ReceivableResponse> {
        self.ask(QueryMsg::Receivable { id: "R-1".into() })
    }

    pub fn history(&self) -> Vec<HistoryEntry> {
        self.ask(QueryMsg::History {
            id: "R-1".into(),
            from: None,
            limit: None,
        })
    }

    /// From now on the assets' contract says this of a holding.
    pub fn holds(&mut self, holding: u64, (from, to): (u128, u128), owner: &str, closed: bool) {
        let asset = self.receivable().unwrap().asset;
        let question = HoldingsQuery::Holding { asset, holding };
        let units = Units {
            from: Uint128::new(from),
            to: Uint128::new(to),
        };
        let owner = owner.to_owned();
        let held = HeldView {
            units,
            owner,
            closed,
        };
        self.deps.querier.answer("assets", &question, &Some(held));
    }

    /// It has no such holding.
    pub fn holds_nothing(&mut self, holding: u64) {
        let asset = self.receivable().unwrap().asset;
        let question = HoldingsQuery::Holding { asset, holding };
        let none: Option<HeldView> = None;
        self.deps.querier.answer("assets", &question, &none);
    }

    /// From now on the registry proves to hold this under a key.
    pub fn proves(&mut self, key: Vec<u8>, height: u64, row: Option<Vec<u8>>) {
        let value = ForeignValue {
            height,
            time_ms: 5,
            value: row.map(Binary::new),
        };
        self.deps.querier.prove("shared", "registry", key, value);
    }

    /// A receivable that the buyer has confirmed.
    pub fn confirmed(mut self) -> Self {
        self.run(SELLER, terms()).unwrap();
        let id = "R-1".to_owned();
        self.run(BUYER, ExecuteMsg::Confirm { id }).unwrap();
        self.holds(0, (0, AMOUNT), SELLER, false);
        self
    }

    /// One that a bank has financed whole.
    pub fn financed(self) -> Self {
        let mut scene = self.confirmed();
        scene.pay(BANK, PRICE, &finance(0, None)).unwrap();
        scene.holds(0, (0, AMOUNT), BANK, false);
        scene
    }
}

pub fn finance(holding: u64, reservation: Option<Reservation>) -> Payload {
    let id = "R-1".into();
    Payload::Finance {
        id,
        holding,
        reservation,
    }
}

pub fn settle(holdings: &[u64]) -> Payload {
    Payload::Settle {
        id: "R-1".into(),
        holdings: holdings.to_vec(),
    }
}

pub fn arrived(member: &str, amount: u128, payload: &Payload) -> ExecuteMsg {
    ExecuteMsg::ReceiveAsset(ReceiveAssetMsg {
        sender: member.into(),
        asset: voucher(),
        holding: None,
        amount: Uint128::new(amount),
        currency: cny(),
        payload: to_json_binary(payload).unwrap(),
    })
}

pub fn code(refusal: &str) -> &str {
    refusal.split(": ").next().unwrap()
}

/// What other contracts are told, in order.
#[derive(Debug, PartialEq)]
pub enum Told {
    Issuance(ManageMsg),
    Assets(ManagerMsg),
}

pub fn told(response: &Response) -> Vec<Told> {
    let read = |message: &cosmwasm_std::SubMsg| {
        let CosmosMsg::Wasm(WasmMsg::Execute {
            contract_addr, msg, ..
        }) = &message.msg
        else {
            panic!("{message:?}")
        };
        match contract_addr.as_str() {
            "issuance" => {
                let ManagedMsg::Manage(msg) = from_json(msg).unwrap();
                Told::Issuance(msg)
            }
            "assets" => match from_json(msg).unwrap() {
                HoldingsMsg::Manager(msg) => Told::Assets(msg),
                other => panic!("{other:?}"),
            },
            other => panic!("{other}"),
        }
    };
    response.messages.iter().map(read).collect()
}

pub fn parts(scene: &Scene) -> Vec<Part> {
    scene.ask(QueryMsg::Parts {
        id: "R-1".into(),
        from: None,
        limit: None,
    })
}
