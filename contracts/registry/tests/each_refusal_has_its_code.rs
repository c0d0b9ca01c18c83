//! Every refusal of the registry contract, and that it follows the trade's ledger alone.

#![allow(clippy::unwrap_used)]

use blockworm_kit::{
    ForeignValue,
    claims::{Claim, End, Pledge, PledgeState, pledge_key},
    testing::{Directory, TestDeps},
};
use blockworm_registry::{
    ExecuteMsg, InstantiateMsg, QueryMsg, Standing, execute, instantiate,
    msg::{MAX_RESERVATION_MS, NumberedClaim, StandingResponse, TradeLedger},
    query,
};
use cosmwasm_std::{
    Addr, Binary, Env, MessageInfo, Timestamp, from_json, testing::mock_env, to_json_vec,
};

const HOUR: u64 = 3_600_000;
const START: u64 = 1_000_000_000_000;

/// A ledger's clock in milliseconds and the contract under it.
struct Scene {
    deps: TestDeps,
    env: Env,
}

fn scene() -> Scene {
    let mut deps = Directory::default()
        .with("bank/maker", &["bank"], &["maker"])
        .with("bank/checker", &["bank"], &["checker"])
        .with("harbour-bank/maker", &["bank"], &["maker"])
        .with("court/maker", &["court"], &["maker"])
        .with("bank/gone", &["bank"], &["maker"])
        .revoked("bank/gone")
        .deps();
    let mut env = mock_env();
    env.block.time = Timestamp::from_nanos(START * 1_000_000);
    let trade = TradeLedger {
        name: "trade".into(),
        contract: "receivable".into(),
    };
    let ledgers = vec![trade];
    let info = info("ledger");
    instantiate(deps.as_mut(), env.clone(), info, InstantiateMsg { ledgers }).unwrap();
    Scene { deps, env }
}

fn info(sender: &str) -> MessageInfo {
    MessageInfo {
        sender: Addr::unchecked(sender),
        funds: vec![],
    }
}

fn document() -> String {
    "01".repeat(32)
}

fn reserve(for_ms: u64) -> ExecuteMsg {
    ExecuteMsg::Reserve {
        fingerprint: document(),
        ledger: "trade".into(),
        for_ms,
    }
}

fn confirm() -> ExecuteMsg {
    ExecuteMsg::Confirm {
        fingerprint: document(),
        proof: Binary::from(b"proof"),
    }
}

fn release() -> ExecuteMsg {
    ExecuteMsg::Release {
        fingerprint: document(),
        proof: Binary::from(b"proof"),
    }
}

impl Scene {
    /// From now on proofs about the bank's claim show this.
    fn trade_shows(&mut self, number: u32, bank: &str, time_ms: u64, state: Option<PledgeState>) {
        let pledge = state.map(|state| Pledge {
            bank: bank.into(),
            state,
            height: 7,
            ended_at: None,
        });
        let bytes = pledge.map(|pledge| to_json_vec(&pledge).unwrap());
        self.trade_holds(number, bank, time_ms, bytes);
    }

    fn trade_holds(&mut self, number: u32, bank: &str, time_ms: u64, bytes: Option<Vec<u8>>) {
        let value = ForeignValue {
            height: 9,
            time_ms,
            value: bytes.map(Binary::new),
        };
        let key = pledge_key(&document(), number, bank);
        self.deps.querier.prove("trade", "receivable", key, value);
    }

    fn run(&mut self, sender: &str, msg: ExecuteMsg) -> Result<String, String> {
        self.env.block.height += 1;
        execute(self.deps.as_mut(), self.env.clone(), info(sender), msg)
            .map(|response| response.events[0].ty.clone())
            .map_err(|refusal| refusal.to_string())
    }

    fn code(&mut self, sender: &str, msg: ExecuteMsg) -> String {
        let before = format!("{:?}", self.history());
        let refusal = self.run(sender, msg).unwrap_err();
        assert_eq!(format!("{:?}", self.history()), before, "{refusal}");
        refusal.split(':').next().unwrap().to_owned()
    }

    fn ask<T: cosmwasm_schema::serde::de::DeserializeOwned>(&self, msg: QueryMsg) -> T {
        from_json(query(self.deps.as_ref(), self.env.clone(), msg).unwrap()).unwrap()
    }

    fn standing(&self) -> StandingResponse {
        let fingerprint = document();
        self.ask(QueryMsg::Standing { fingerprint })
    }

    fn history(&self) -> Vec<Claim> {
        let fingerprint = document();
        self.ask(QueryMsg::History { fingerprint })
    }
}

#[test]
fn only_makers_of_banks_may_claim() {
    let mut scene = scene();
    for (sender, code) in [
        ("nobody/maker", "caller.not_a_member"),
        ("bank/gone", "caller.inactive"),
        ("court/maker", "caller.missing_role"),
        ("bank/checker", "caller.missing_function"),
    ] {
        assert_eq!(scene.code(sender, reserve(HOUR)), code);
    }
}

#[test]
fn malformed_messages_have_their_codes() {
    let mut scene = scene();
    for for_ms in [0, 999, MAX_RESERVATION_MS + 1, u64::MAX] {
        assert_eq!(
            scene.code("bank/maker", reserve(for_ms)),
            "registry.bad_duration"
        );
    }
    let elsewhere = ExecuteMsg::Reserve {
        fingerprint: document(),
        ledger: "elsewhere".into(),
        for_ms: HOUR,
    };
    assert_eq!(
        scene.code("bank/maker", elsewhere),
        "registry.unknown_ledger"
    );
    for fingerprint in ["", "ab", &"AB".repeat(32), &"zz".repeat(32)] {
        let msg = ExecuteMsg::Confirm {
            fingerprint: fingerprint.to_owned(),
            proof: Binary::default(),
        };
        assert_eq!(scene.code("bank/maker", msg), "registry.bad_fingerprint");
    }
    let config: InstantiateMsg = scene.ask(QueryMsg::Config {});
    assert_eq!(config.ledgers[0].name, "trade");
}

#[test]
fn a_reservation_stands_until_the_trade_shows_that_its_time_has_passed_unused() {
    let mut scene = scene();
    assert_eq!(scene.code("bank/maker", release()), "registry.no_claim");
    assert_eq!(scene.run("bank/maker", reserve(HOUR)).unwrap(), "reserved");
    assert_eq!(
        scene.standing(),
        StandingResponse {
            standing: Standing::Reserved,
            reserved_until_ms: Some(START + HOUR),
        }
    );
    for bank in ["bank/maker", "harbour-bank/maker"] {
        assert_eq!(scene.code(bank, reserve(HOUR)), "registry.already_reserved");
    }
    assert_eq!(
        scene.code("harbour-bank/maker", confirm()),
        "registry.no_claim"
    );
    // The registry's own clock frees nothing: a pledge may stand on the trade's ledger.
    scene.env.block.time = scene.env.block.time.plus_days(30);
    assert_eq!(scene.standing().standing, Standing::Reserved);
    let refusal = scene.run("harbour-bank/maker", reserve(HOUR)).unwrap_err();
    let until = (START + HOUR).to_string();
    assert!(refusal.starts_with("registry.already_reserved"));
    assert!(refusal.contains(&until) && refusal.contains("release"));
    assert!(!refusal.contains("bank"), "rivals read this: {refusal}");

    scene.trade_shows(0, "bank", START + HOUR - 1, None);
    assert_eq!(
        scene.code("harbour-bank/maker", release()),
        "registry.too_early"
    );
    assert_eq!(scene.code("bank/maker", confirm()), "registry.not_pledged");
    scene.trade_shows(0, "bank", START + HOUR, None);
    assert_eq!(
        scene.run("harbour-bank/maker", release()).unwrap(),
        "released"
    );
    assert_eq!(scene.standing().standing, Standing::Free);
    scene.run("harbour-bank/maker", reserve(HOUR)).unwrap();
    let history = scene.history();
    assert_eq!(history[0].end, Some(End::Expired));
    assert_eq!(history[1].bank, "harbour-bank");
    let fingerprint = document();
    let newest: Option<NumberedClaim> = scene.ask(QueryMsg::Newest { fingerprint });
    assert_eq!(newest.unwrap().number, 1);
}

#[test]
fn a_pledge_is_confirmed_however_late_and_ends_only_with_its_debt() {
    let mut scene = scene();
    scene.run("bank/maker", reserve(HOUR)).unwrap();
    let late = START + 100 * HOUR;
    scene.trade_shows(0, "bank", late, Some(PledgeState::Pledged));
    for bank in ["bank/maker", "harbour-bank/maker"] {
        assert_eq!(scene.code(bank, release()), "registry.still_pledged");
    }
    assert_eq!(scene.run("bank/maker", confirm()).unwrap(), "financed");
    assert_eq!(scene.standing().standing, Standing::Financed);
    for msg in [reserve(HOUR), confirm()] {
        assert_eq!(scene.code("bank/maker", msg), "registry.already_financed");
    }
    let refusal = scene.run("harbour-bank/maker", reserve(HOUR)).unwrap_err();
    assert!(refusal.starts_with("registry.already_financed"));
    assert!(!refusal.contains("bank"), "rivals read this: {refusal}");
    // A ledger that took its pledge back would be believed in nothing.
    scene.trade_shows(0, "bank", late, None);
    assert_eq!(
        scene.code("harbour-bank/maker", release()),
        "registry.already_financed"
    );
    scene.trade_shows(0, "bank", late, Some(PledgeState::Ended));
    assert_eq!(
        scene.run("harbour-bank/maker", release()).unwrap(),
        "released"
    );
    assert_eq!(scene.code("bank/maker", release()), "registry.no_claim");
    assert_eq!(scene.history()[0].end, Some(End::Released));
}

#[test]
fn a_forgone_reservation_is_free_at_once() {
    let mut scene = scene();
    scene.run("bank/maker", reserve(HOUR)).unwrap();
    scene.trade_shows(0, "bank", START, Some(PledgeState::Forgone));
    assert_eq!(scene.code("bank/maker", confirm()), "registry.pledge_ended");
    scene.run("harbour-bank/maker", release()).unwrap();
    assert_eq!(scene.standing().standing, Standing::Free);
}

#[test]
fn only_this_claims_pledge_counts() {
    let mut scene = scene();
    scene.run("bank/maker", reserve(HOUR)).unwrap();
    // Another bank's tombstone, and one under another number: nothing is proved about this claim.
    scene.trade_shows(0, "harbour-bank", START, Some(PledgeState::Forgone));
    scene.trade_shows(1, "bank", START, Some(PledgeState::Forgone));
    let refusal = scene.run("harbour-bank/maker", release()).unwrap_err();
    assert!(!refusal.starts_with("registry."), "{refusal}");
    assert_eq!(scene.standing().standing, Standing::Reserved);
    scene.trade_holds(0, "bank", START, Some(b"{}".to_vec()));
    for msg in [confirm(), release()] {
        assert_eq!(scene.code("bank/maker", msg), "registry.unreadable_pledge");
    }
    let others = br#"{"bank":"harbour-bank","state":"forgone","height":7,"ended_at":null}"#;
    scene.trade_holds(0, "bank", START, Some(others.to_vec()));
    assert_eq!(
        scene.code("bank/maker", release()),
        "registry.unreadable_pledge"
    );
}
