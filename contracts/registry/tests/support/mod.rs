//! A registry under test: banks, key holders, a clock that moves by a block with every message, and documents under numbered fingerprints.

#![allow(dead_code, clippy::unwrap_used)]

use blockworm_kit::{
    ForeignValue,
    claims::{CLAIMS, Claim, Pledge, PledgeState, pledge_key},
    testing::{Directory, TestDeps},
};
use blockworm_registry::{
    DocumentSet, ExecuteMsg, InstantiateMsg, Part, QueryMsg, commitment, execute, instantiate,
    msg::TradeLedger, query,
};
use cosmwasm_schema::serde::de::DeserializeOwned;
use cosmwasm_std::{
    Addr, Binary, Env, MessageInfo, Timestamp, from_json, testing::mock_env, to_json_vec,
};

pub const HOUR: u64 = 3_600_000;
pub const START: u64 = 1_000_000_000_000;
pub const SETTLE: u64 = 2;

/// A ledger's clock in milliseconds and the contract under it.
pub struct Scene {
    pub deps: TestDeps,
    pub env: Env,
    nonces: u64,
}

/// A version's fingerprint with this number.
pub fn print(version: u32, number: u32) -> String {
    format!("{version:08x}{number:056x}")
}

/// Document `number` with this share, and nothing else.
pub fn set(version: u32, number: u32, share: u32) -> DocumentSet {
    with(version, number, share, &[])
}

/// The same with further fingerprints and their shares.
pub fn with(version: u32, number: u32, share: u32, more: &[(u32, u32)]) -> DocumentSet {
    let parts = [(number, share)];
    let part = |(number, share): &(u32, u32)| Part {
        fingerprint: print(version, *number),
        share: *share,
    };
    DocumentSet {
        version,
        document: print(version, number),
        share,
        parts: parts.iter().chain(more).map(part).collect(),
    }
}

pub fn info(sender: &str) -> MessageInfo {
    MessageInfo {
        sender: Addr::unchecked(sender),
        funds: vec![],
    }
}

pub fn maker(bank: &str) -> String {
    format!("{bank}/maker")
}

pub fn nonce(number: u64) -> String {
    format!("{number:064x}")
}

pub fn config(settle_blocks: u64) -> InstantiateMsg {
    InstantiateMsg {
        ledgers: vec![TradeLedger {
            name: "trade".into(),
            contract: "receivable".into(),
        }],
        holders: ("notary".into(), "court".into()),
        settle_blocks,
    }
}

impl Scene {
    /// Without keys.
    pub fn keyless(settle_blocks: u64) -> Self {
        let mut deps = Directory::default()
            .with("bank/checker", &["bank"], &["checker"])
            .with("bank/gone", &["bank"], &["maker"])
            .revoked("bank/gone")
            .with("notary/admin", &["notary"], &["admin"])
            .with("notary/maker", &["notary"], &["maker"])
            .with("court/admin", &["court"], &["admin"])
            .with("bank/admin", &["bank"], &["admin"]);
        for bank in ["bank", "harbour-bank", "river-bank", "lake-bank"] {
            deps = deps.with(&maker(bank), &["bank"], &["maker"]);
        }
        let mut deps = deps.deps();
        let mut env = mock_env();
        env.block.time = Timestamp::from_nanos(START * 1_000_000);
        let sender = info("ledger");
        instantiate(deps.as_mut(), env.clone(), sender, config(settle_blocks)).unwrap();
        Self {
            deps,
            env,
            nonces: 0,
        }
    }

    /// With the first version of the keys.
    pub fn new(settle_blocks: u64) -> Self {
        let mut scene = Self::keyless(settle_blocks);
        scene.rotate(1);
        scene
    }

    /// Both holders publish this version.
    pub fn rotate(&mut self, version: u32) {
        for (place, holder) in ["notary/admin", "court/admin"].into_iter().enumerate() {
            let public_key = print(version, place as u32);
            let publish = ExecuteMsg::PublishKey {
                version,
                public_key,
            };
            self.run(holder, publish).unwrap();
        }
    }

    /// So many blocks, a millisecond each.
    pub fn pass(&mut self, blocks: u64) {
        self.env.block.height += blocks;
        self.env.block.time = self.env.block.time.plus_nanos(blocks * 1_000_000);
    }

    /// In a block of its own; the kinds of its events.
    pub fn run(&mut self, sender: &str, msg: ExecuteMsg) -> Result<Vec<String>, String> {
        self.pass(1);
        self.run_here(sender, msg)
    }

    /// In the block of the message before.
    pub fn run_here(&mut self, sender: &str, msg: ExecuteMsg) -> Result<Vec<String>, String> {
        execute(self.deps.as_mut(), self.env.clone(), info(sender), msg)
            .map(|done| done.events.into_iter().map(|event| event.ty).collect())
            .map_err(|refusal| refusal.to_string())
    }

    /// The refusal's code; no refusal names a bank.
    pub fn code(&mut self, sender: &str, msg: ExecuteMsg) -> String {
        let refusal = self.run(sender, msg).unwrap_err();
        let code = refusal.split(':').next().unwrap().to_owned();
        if code.starts_with("registry.") {
            let named = refusal.contains("harbour") || refusal.contains("river");
            assert!(!named, "rivals read this: {refusal}");
        }
        code
    }

    /// Commits the bank in a block of its own, and gives what opens it.
    pub fn commit(&mut self, bank: &str, sets: &[DocumentSet]) -> ExecuteMsg {
        self.nonces += 1;
        let nonce = nonce(self.nonces);
        let commitment = commitment(bank, &nonce, sets).unwrap();
        self.run(&maker(bank), ExecuteMsg::Commit { commitment })
            .unwrap();
        ExecuteMsg::Reserve {
            nonce,
            ledger: "trade".into(),
            for_ms: HOUR,
            sets: sets.to_vec(),
        }
    }

    /// Commits and reserves; the claim's number.
    pub fn reserve(&mut self, bank: &str, sets: &[DocumentSet]) -> Result<u64, String> {
        let reserve = self.commit(bank, sets);
        self.run(&maker(bank), reserve)?;
        Ok(self.newest())
    }

    /// Commits and adds sets to the claim when they may be added.
    pub fn reregister(
        &mut self,
        bank: &str,
        claim: u64,
        sets: &[DocumentSet],
    ) -> Result<(), String> {
        let msg = self.reregistration(bank, claim, sets);
        self.pass(SETTLE + 1);
        self.run(&maker(bank), msg).map(|_| ())
    }

    pub fn reregistration(&mut self, bank: &str, claim: u64, sets: &[DocumentSet]) -> ExecuteMsg {
        let ExecuteMsg::Reserve { nonce, sets, .. } = self.commit(bank, sets) else {
            unreachable!()
        };
        ExecuteMsg::Reregister { claim, nonce, sets }
    }

    fn newest(&self) -> u64 {
        let rows = (0..).take_while(|number| CLAIMS.has(&self.deps.storage, *number));
        rows.last().unwrap()
    }

    pub fn claim(&self, number: u64) -> Claim {
        CLAIMS.load(&self.deps.storage, number).unwrap()
    }

    pub fn ask<T: DeserializeOwned>(&self, msg: QueryMsg) -> T {
        from_json(query(self.deps.as_ref(), self.env.clone(), msg).unwrap()).unwrap()
    }

    /// From now on proofs about the bank's claim show this.
    pub fn trade_shows(
        &mut self,
        number: u64,
        bank: &str,
        time_ms: u64,
        state: Option<PledgeState>,
    ) {
        let pledge = state.map(|state| Pledge {
            bank: bank.into(),
            state,
            height: 7,
            ended_at: None,
        });
        let bytes = pledge.map(|pledge| to_json_vec(&pledge).unwrap());
        self.trade_holds(number, bank, time_ms, bytes);
    }

    pub fn trade_holds(&mut self, number: u64, bank: &str, time_ms: u64, bytes: Option<Vec<u8>>) {
        let value = ForeignValue {
            height: 9,
            time_ms,
            value: bytes.map(Binary::new),
        };
        let key = pledge_key(number, bank);
        self.deps.querier.prove("trade", "receivable", key, value);
    }
}
