//! A ledger's members for the evidence contract, and matters brought to any standing.

#![allow(dead_code, clippy::unwrap_used)]

use blockworm_evidence::{
    Deposit, ExecuteMsg, InstantiateMsg, QueryMsg, execute, instantiate, query,
    state::{Act, Attestation, Entry, Matter},
};
use blockworm_kit::testing::{Directory, TestDeps};
use cosmwasm_schema::serde::de::DeserializeOwned;
use cosmwasm_std::{
    Addr, Binary, Env, MessageInfo, Order, Response, Storage, Timestamp, TransactionInfo, Uint64,
    from_json, testing::mock_env,
};

pub const OPENER: &str = "platform/clerk";
pub const PARTY: &str = "bank/maker";
pub const STRANGER: &str = "rival/maker";
pub const NOTARY: &str = "notary/clerk";
pub const COURT: &str = "court/judge";
/// A notary's organisation that is a party itself, and a court's.
pub const PARTY_NOTARY: &str = "house-notary/clerk";
pub const PARTY_COURT: &str = "house-court/judge";
pub const MATTER: &str = "steel-26";
/// The blocks' time at the beginning.
pub const START: u64 = 1_795_000_000_000;
pub const HOUR: u64 = 3_600_000;

/// The contract, its clock, and a number for the next transaction.
pub struct Scene {
    pub deps: TestDeps,
    pub env: Env,
    pub transactions: u64,
}

pub fn info(sender: &str) -> MessageInfo {
    MessageInfo {
        sender: Addr::unchecked(sender),
        funds: vec![],
    }
}

/// A digest that this number stands for.
pub fn digest(number: u64) -> String {
    format!("{number:016x}").repeat(4)
}

pub fn file(matter: &str, number: u64) -> Deposit {
    Deposit {
        matter: matter.into(),
        phase: "contract".into(),
        kind: "pdf".into(),
        method: "upload".into(),
        commitment: digest(number),
        size: Uint64::new(1_000 + number),
        capture: digest(number + (1 << 40)),
        captured_ms: Uint64::new(START - 5),
    }
}

pub fn deposit(numbers: &[u64]) -> ExecuteMsg {
    let deposits = numbers.iter().map(|number| file(MATTER, *number));
    ExecuteMsg::Deposit {
        deposits: deposits.collect(),
    }
}

/// The message of this name about the scene's matter: entry 1, attestation 1, act 1.
pub fn message(action: &str) -> ExecuteMsg {
    let (matter, document) = (MATTER.to_owned(), digest(9));
    match action {
        "deposit" => deposit(&[50]),
        "attest" => ExecuteMsg::Attest {
            matter,
            entry: 1,
            statement: "seen-original".into(),
            findings: Some(document),
        },
        "withdraw" => ExecuteMsg::Withdraw {
            matter,
            attestation: 1,
        },
        "dispute" => ExecuteMsg::Dispute {
            matter,
            entry: 1,
            document,
        },
        "decide" => ExecuteMsg::Decide {
            matter,
            dispute: 1,
            outcome: "dismissed".into(),
            document,
        },
        "retain" => ExecuteMsg::Retain {
            matter,
            until_ms: Uint64::new(START + HOUR),
        },
        "hold" => ExecuteMsg::Hold { matter, document },
        "release" => ExecuteMsg::Release { matter, document },
        "erase" => ExecuteMsg::Erase { matter, entry: 1 },
        "close" => ExecuteMsg::Close { matter },
        other => unreachable!("{other}"),
    }
}

impl Scene {
    pub fn new() -> Self {
        let deps = Directory::default()
            .with(OPENER, &["platform"], &["maker"])
            .with("platform/admin", &["platform"], &["admin"])
            .with(PARTY, &["bank"], &["maker"])
            .with(STRANGER, &["bank"], &["maker"])
            .with(NOTARY, &["notary"], &["maker"])
            .with("notary/other", &["notary"], &["checker"])
            .with("notary-2/clerk", &["notary"], &["maker"])
            .with(COURT, &["court"], &["maker"])
            .with(PARTY_NOTARY, &["notary"], &["maker"])
            .with(PARTY_COURT, &["court"], &["maker"])
            .with("bank/gone", &["bank"], &["maker"])
            .revoked("bank/gone")
            .deps();
        let mut scene = Self {
            deps,
            env: mock_env(),
            transactions: 0,
        };
        let begun = instantiate(
            scene.deps.as_mut(),
            mock_env(),
            info("ledger"),
            InstantiateMsg {},
        );
        begun.unwrap();
        scene.at(START);
        scene
    }

    /// From now on the blocks have this time, milliseconds.
    pub fn at(&mut self, time_ms: u64) {
        self.env.block.time = Timestamp::from_nanos(time_ms * 1_000_000);
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

    pub fn must(&mut self, sender: &str, msg: ExecuteMsg) -> Response {
        self.run(sender, msg).unwrap()
    }

    /// The code of a refusal; `ok` where there is none.
    pub fn code(&mut self, sender: &str, msg: ExecuteMsg) -> String {
        match self.run(sender, msg) {
            Ok(_) => "ok".to_owned(),
            Err(refusal) => code(&refusal).to_owned(),
        }
    }

    pub fn stored(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        let storage = &self.deps.storage;
        storage.range(None, None, Order::Ascending).collect()
    }

    pub fn ask<T: DeserializeOwned>(&self, msg: QueryMsg) -> T {
        from_json(query(self.deps.as_ref(), self.env.clone(), msg).unwrap()).unwrap()
    }

    pub fn matter(&self) -> Option<Matter> {
        let matter = MATTER.into();
        self.ask(QueryMsg::Matter { matter })
    }

    pub fn entries(&self, matter: &str) -> Vec<Entry> {
        let page = |from| {
            self.ask::<Vec<Entry>>(QueryMsg::Entries {
                matter: matter.into(),
                from,
                limit: None,
            })
        };
        let mut all = page(None);
        all.extend(page(Some(101)));
        all
    }

    pub fn attestations(&self) -> Vec<Attestation> {
        self.ask(QueryMsg::Attestations {
            matter: MATTER.into(),
            from: None,
            limit: None,
        })
    }

    pub fn acts(&self) -> Vec<Act> {
        self.ask(QueryMsg::Acts {
            matter: MATTER.into(),
            from: None,
            limit: None,
        })
    }

    /// A matter of four parties with an entry of its opener and one of another party, the first
    /// attested by a notary.
    pub fn opened() -> Self {
        let mut scene = Self::new();
        let parties = ["bank", "house-notary", "house-court"].map(String::from);
        scene.must(
            OPENER,
            ExecuteMsg::Open {
                matter: MATTER.into(),
                parties: parties.to_vec(),
            },
        );
        scene.must(OPENER, deposit(&[1]));
        scene.must(PARTY, deposit(&[2]));
        scene.must(NOTARY, message("attest"));
        scene
    }
}

pub fn code(refusal: &str) -> &str {
    refusal.split(": ").next().unwrap()
}
