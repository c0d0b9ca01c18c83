//! A consortium for the issuance contract: its members, one class, and assets brought to any state.

#![allow(dead_code, clippy::unwrap_used)]

use blockworm_asset_issuance::{
    ExecuteMsg, InstantiateMsg, QueryMsg, execute, instantiate,
    msg::{Backing, Class, Field, Form, Supply, Tier},
    query,
    state::Asset,
};
use blockworm_kit::{
    Currency,
    assets::{AssetId, HoldingsMsg, IssuanceMsg, Kind, Requirement},
    testing::{Directory, TestDeps},
};
use cosmwasm_std::{
    Addr, Binary, CosmosMsg, Env, MessageInfo, Order, Response, Storage, TransactionInfo, Uint128,
    WasmMsg, from_json, testing::mock_env,
};
use std::collections::BTreeMap;

/// The contract, its clock, and a number for the next transaction.
pub struct Scene {
    pub deps: TestDeps,
    pub env: Env,
    pub transactions: u64,
}

pub fn cny() -> Currency {
    Currency::parse("CNY").unwrap()
}

pub fn requirement(role: &str, count: u32) -> Requirement {
    Requirement {
        role: role.into(),
        count,
    }
}

/// Up to 10 units one bank approves, of the issuing organisation or not; above that a bank and a
/// court of others; nobody approves more than 500.
pub fn class() -> Class {
    let tier = |up_to, approvals, other_organisation| Tier {
        up_to: Some(Uint128::new(up_to)),
        approvals,
        other_organisation,
    };
    let high = vec![requirement("bank", 1), requirement("court", 1)];
    Class {
        name: "note".into(),
        kind: Kind::Fungible,
        currency: cny(),
        issue: vec!["platform".into()],
        freeze: vec!["court".into()],
        redeem: vec!["bank".into()],
        tiers: vec![
            tier(10, vec![requirement("bank", 1)], false),
            tier(500, high, true),
        ],
        supply: Supply::Capped(Uint128::new(400)),
        schema: vec![
            Field {
                name: "invoice".into(),
                form: Form::Text,
                required: true,
            },
            Field {
                name: "due".into(),
                form: Form::Date,
                required: false,
            },
        ],
        transfer_approvals: vec![],
        manager: None,
    }
}

pub fn backing(number: u64, amount: u128) -> Backing {
    Backing {
        commitment: format!("{number:064x}"),
        amount: Uint128::new(amount),
        currency: cny(),
    }
}

pub fn metadata() -> BTreeMap<String, String> {
    BTreeMap::from([("invoice".into(), "R-1".into())])
}

impl Scene {
    pub fn new(classes: Vec<Class>) -> Self {
        let mut deps = Directory::default()
            .with("platform/maker", &["platform"], &["maker", "checker"])
            .with("platform/maker-2", &["platform"], &["maker"])
            .with("platform/checker", &["platform", "bank"], &["checker"])
            .with("rival/maker", &["platform"], &["maker"])
            .with("bank/maker", &["bank"], &["maker"])
            .with("bank/checker", &["bank"], &["checker"])
            .with("bank/checker-2", &["bank", "court"], &["checker"])
            .with("court/checker", &["court"], &["checker"])
            .with("court/judge", &["court"], &[])
            .with("bank/gone", &["bank"], &["checker"])
            .revoked("bank/gone")
            .deps();
        let env = mock_env();
        let msg = InstantiateMsg {
            holdings: "holdings".into(),
            definers: vec!["platform".into()],
            classes,
        };
        instantiate(deps.as_mut(), env.clone(), info("ledger"), msg).unwrap();
        Self {
            deps,
            env,
            transactions: 0,
        }
    }

    /// One transaction; a refusal changes nothing, as on a real host.
    pub fn run(&mut self, sender: &str, msg: ExecuteMsg) -> Result<Response, String> {
        self.transactions += 1;
        let mut hash = self.transactions.to_be_bytes().to_vec();
        hash.resize(32, 0);
        self.env.transaction = Some(TransactionInfo::new(0, Binary::new(hash)));
        let before = self.stored();
        let outcome = execute(self.deps.as_mut(), self.env.clone(), info(sender), msg);
        if outcome.is_err() {
            assert_eq!(self.stored(), before, "a refusal wrote: {outcome:?}");
        }
        outcome.map_err(|refusal| refusal.to_string())
    }

    pub fn code(&mut self, sender: &str, msg: ExecuteMsg) -> String {
        let refusal = self.run(sender, msg).unwrap_err();
        refusal.split(": ").next().unwrap().to_owned()
    }

    pub fn stored(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        let storage = &self.deps.storage;
        storage.range(None, None, Order::Ascending).collect()
    }

    /// A draft of the platform's maker.
    pub fn draft(&mut self, amount: u128) -> AssetId {
        let number = self.transactions + 1;
        let msg = ExecuteMsg::Draft {
            class: "note".into(),
            amount: Uint128::new(amount),
            backing: backing(number, amount),
            metadata: metadata(),
        };
        let data = self.run("platform/maker", msg).unwrap().data.unwrap();
        AssetId::parse(std::str::from_utf8(&data).unwrap()).unwrap()
    }

    pub fn asset(&self, asset: &AssetId) -> Option<Asset> {
        let asset = asset.clone();
        let answer = query(
            self.deps.as_ref(),
            self.env.clone(),
            QueryMsg::Asset { asset },
        );
        from_json(answer.unwrap()).unwrap()
    }
}

pub fn info(sender: &str) -> MessageInfo {
    MessageInfo {
        sender: Addr::unchecked(sender),
        funds: vec![],
    }
}

/// What the holdings' contract is told, if anything.
pub fn told(response: &Response) -> Option<IssuanceMsg> {
    let message = response.messages.first()?;
    let CosmosMsg::Wasm(WasmMsg::Execute {
        contract_addr, msg, ..
    }) = &message.msg
    else {
        panic!("{message:?}")
    };
    assert_eq!(contract_addr, "holdings");
    match from_json(msg).unwrap() {
        HoldingsMsg::Issuance(msg) => Some(msg),
        other => panic!("{other:?}"),
    }
}
