//! A consortium for the transaction contract: its members, its clock, and assets that begin by hand.

#![allow(dead_code, clippy::unwrap_used)]

use blockworm_asset_transaction::{
    ExecuteMsg, InstantiateMsg, QueryMsg, execute, instantiate, query,
    state::{Asset, Balance, Holding, Offer, Proposal},
};
use blockworm_kit::{
    Currency,
    assets::{AssetId, IssuanceMsg, Kind, Requirement},
    testing::{Directory, TestDeps},
};
use cosmwasm_std::{
    Addr, Env, MessageInfo, Order, Response, Storage, Uint128, from_json, testing::mock_env,
};

pub const HOUR_MS: u64 = 3_600_000;

/// The contract and its clock.
pub struct Scene {
    pub deps: TestDeps,
    pub env: Env,
}

pub fn asset(class: &str) -> AssetId {
    AssetId::of(class, &[7; 32]).unwrap()
}

pub fn open(class: &str, kind: Kind, amount: u128, owner: &str) -> IssuanceMsg {
    IssuanceMsg::Open {
        asset: asset(class),
        kind,
        currency: Currency::parse("CNY").unwrap(),
        amount: Uint128::new(amount),
        owner: owner.into(),
        approvals: vec![],
        manager: None,
    }
}

/// Likewise, where a bank and a notary approve each change of hands.
pub fn open_guarded(class: &str, kind: Kind, amount: u128, owner: &str) -> IssuanceMsg {
    let wanted = |role: &str| Requirement {
        role: role.into(),
        count: 1,
    };
    let mut msg = open(class, kind, amount, owner);
    if let IssuanceMsg::Open { approvals, .. } = &mut msg {
        *approvals = vec![wanted("bank"), wanted("notary")];
    }
    msg
}

impl Default for Scene {
    fn default() -> Self {
        let mut deps = Directory::default()
            .with("platform/owner", &["platform"], &["maker", "checker"])
            .with("platform/other", &["platform"], &["maker"])
            .with("bank/pledgee", &["bank"], &["maker"])
            .with("bank/maker", &["bank"], &["maker"])
            .with("bank/checker", &["bank"], &["checker"])
            .with("notary/keeper", &["notary"], &["checker"])
            .with("court/judge", &["court"], &[])
            .with("bank/gone", &["bank"], &["checker"])
            .revoked("bank/gone")
            .deps();
        let env = mock_env();
        let issuance = "issuance".into();
        instantiate(
            deps.as_mut(),
            env.clone(),
            info("ledger"),
            InstantiateMsg { issuance },
        )
        .unwrap();
        Self { deps, env }
    }
}

impl Scene {
    /// One transaction; a refusal changes nothing, as on a real host.
    pub fn run(&mut self, sender: &str, msg: ExecuteMsg) -> Result<Response, String> {
        self.env.block.height += 1;
        let outcome = execute(self.deps.as_mut(), self.env.clone(), info(sender), msg);
        outcome.map_err(|refusal| refusal.to_string())
    }

    pub fn issue(&mut self, msg: IssuanceMsg) {
        self.run("issuance", ExecuteMsg::Issuance(msg)).unwrap();
    }

    pub fn pass(&mut self, ms: u64) {
        self.env.block.time = self.env.block.time.plus_nanos(ms * 1_000_000);
    }

    pub fn stored(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        let storage = &self.deps.storage;
        storage.range(None, None, Order::Ascending).collect()
    }

    pub fn ask<T: cosmwasm_schema::serde::de::DeserializeOwned>(&self, msg: QueryMsg) -> T {
        from_json(query(self.deps.as_ref(), self.env.clone(), msg).unwrap()).unwrap()
    }

    pub fn asset(&self, asset: &AssetId) -> Option<Asset> {
        let asset = asset.clone();
        self.ask(QueryMsg::Asset { asset })
    }

    pub fn holding(&self, asset: &AssetId, holding: u64) -> Option<Holding> {
        let asset = asset.clone();
        self.ask(QueryMsg::Holding { asset, holding })
    }

    pub fn balance(&self, asset: &AssetId, owner: &str) -> Balance {
        let (asset, owner) = (asset.clone(), owner.into());
        self.ask(QueryMsg::Balance { asset, owner })
    }

    pub fn offer(&self, offer: u64) -> Option<Offer> {
        self.ask(QueryMsg::Offer { offer })
    }

    pub fn proposal(&self, proposal: u64) -> Option<Proposal> {
        self.ask(QueryMsg::Proposal { proposal })
    }
}

pub fn info(sender: &str) -> MessageInfo {
    MessageInfo {
        sender: Addr::unchecked(sender),
        funds: vec![],
    }
}

pub fn code(refusal: &str) -> &str {
    refusal.split(": ").next().unwrap()
}
