//! Every refusal of the registry contract, and that no sequence of messages gives a document to two banks.

#![allow(clippy::unwrap_used)]

use blockworm_kit::testing::{Directory, TestDeps};
use blockworm_registry::{
    ExecuteMsg, InstantiateMsg, QueryMsg, Standing, execute, instantiate,
    msg::{Claim, End, MAX_RESERVATION_MS, StandingResponse},
    query,
};
use cosmwasm_std::{Addr, Env, MessageInfo, Timestamp, from_json, testing::mock_env};
use proptest::prelude::*;

const HOUR: u64 = 3_600_000;

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
    env.block.time = Timestamp::from_seconds(1_000_000_000);
    let info = info("ledger");
    instantiate(deps.as_mut(), env.clone(), info, InstantiateMsg {}).unwrap();
    Scene { deps, env }
}

fn info(sender: &str) -> MessageInfo {
    MessageInfo {
        sender: Addr::unchecked(sender),
        funds: vec![],
    }
}

fn document(number: u8) -> String {
    format!("{number:02x}").repeat(32)
}

fn reserve(number: u8, for_ms: u64) -> ExecuteMsg {
    ExecuteMsg::Reserve {
        fingerprint: document(number),
        for_ms,
    }
}

fn confirm(number: u8) -> ExecuteMsg {
    ExecuteMsg::Confirm {
        fingerprint: document(number),
    }
}

fn release(number: u8) -> ExecuteMsg {
    ExecuteMsg::Release {
        fingerprint: document(number),
    }
}

impl Scene {
    fn run(&mut self, sender: &str, msg: ExecuteMsg) -> Result<String, String> {
        self.env.block.height += 1;
        execute(self.deps.as_mut(), self.env.clone(), info(sender), msg)
            .map(|response| response.events[0].ty.clone())
            .map_err(|refusal| refusal.to_string())
    }

    fn code(&mut self, sender: &str, msg: ExecuteMsg) -> String {
        let before = format!("{:?}", self.history(1));
        let refusal = self.run(sender, msg).unwrap_err();
        assert_eq!(format!("{:?}", self.history(1)), before, "{refusal}");
        refusal.split(':').next().unwrap().to_owned()
    }

    fn pass(&mut self, ms: u64) {
        self.env.block.time = self.env.block.time.plus_nanos(ms * 1_000_000);
    }

    fn standing(&self, number: u8) -> StandingResponse {
        let msg = QueryMsg::Standing {
            fingerprint: document(number),
        };
        from_json(query(self.deps.as_ref(), self.env.clone(), msg).unwrap()).unwrap()
    }

    fn history(&self, number: u8) -> Vec<Claim> {
        let msg = QueryMsg::History {
            fingerprint: document(number),
        };
        from_json(query(self.deps.as_ref(), self.env.clone(), msg).unwrap()).unwrap()
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
        assert_eq!(scene.code(sender, reserve(1, HOUR)), code);
    }
}

#[test]
fn malformed_messages_have_their_codes() {
    let mut scene = scene();
    for for_ms in [0, MAX_RESERVATION_MS + 1, u64::MAX] {
        let code = scene.code("bank/maker", reserve(1, for_ms));
        assert_eq!(code, "registry.bad_duration");
    }
    for fingerprint in ["", "ab", &"AB".repeat(32), &"zz".repeat(32)] {
        let fingerprint = fingerprint.to_owned();
        let msg = ExecuteMsg::Confirm { fingerprint };
        assert_eq!(scene.code("bank/maker", msg), "registry.bad_fingerprint");
    }
}

#[test]
fn a_reserved_document_is_closed_to_rivals_until_its_time_has_passed() {
    let mut scene = scene();
    assert_eq!(
        scene.run("bank/maker", reserve(1, HOUR)).unwrap(),
        "reserved"
    );
    assert_eq!(scene.standing(1).standing, Standing::Reserved);
    assert_eq!(
        scene.code("harbour-bank/maker", reserve(1, HOUR)),
        "registry.already_reserved"
    );
    assert_eq!(
        scene.code("bank/maker", reserve(1, HOUR)),
        "registry.already_reserved"
    );
    assert_eq!(
        scene.code("harbour-bank/maker", confirm(1)),
        "registry.no_claim"
    );
    assert_eq!(
        scene.code("harbour-bank/maker", release(1)),
        "registry.no_claim"
    );
    scene.pass(HOUR);
    assert_eq!(scene.standing(1).standing, Standing::Free);
    assert_eq!(
        scene.code("bank/maker", confirm(1)),
        "registry.reservation_expired"
    );
    scene.run("harbour-bank/maker", reserve(1, HOUR)).unwrap();
    let history = scene.history(1);
    assert_eq!(history.len(), 2);
    assert_eq!(history[0].end, Some(End::Expired));
    assert_eq!(history[1].bank, "harbour-bank");
}

#[test]
fn a_financed_document_stays_closed_until_its_bank_releases_it() {
    let mut scene = scene();
    scene.run("bank/maker", reserve(1, HOUR)).unwrap();
    assert_eq!(scene.run("bank/maker", confirm(1)).unwrap(), "financed");
    scene.pass(10 * MAX_RESERVATION_MS);
    for msg in [reserve(1, HOUR), confirm(1)] {
        assert_eq!(scene.code("bank/maker", msg), "registry.already_financed");
    }
    let refusal = scene.run("harbour-bank/maker", reserve(1, HOUR));
    let refusal = refusal.unwrap_err();
    assert!(refusal.starts_with("registry.already_financed"));
    assert!(!refusal.contains("bank/"), "rivals read this: {refusal}");
    assert_eq!(scene.run("bank/maker", release(1)).unwrap(), "released");
    assert_eq!(scene.code("bank/maker", release(1)), "registry.no_claim");
    scene.run("harbour-bank/maker", reserve(1, HOUR)).unwrap();
}

proptest! {
    /// Two banks do whatever they like with two documents while time passes: at every moment at
    /// most one holds each, a financing ends only by its own bank, and no claim ever disappears.
    #[test]
    fn a_document_is_never_held_by_two(
        moves in proptest::collection::vec((0..2usize, 0..3u8, 0..2u8, 0..3u64), 1..60)
    ) {
        let mut scene = scene();
        let mut holders: [Option<(usize, bool, u64)>; 2] = [None, None];
        let mut now = 0;
        for (bank, what, number, hours) in moves {
            now += hours * HOUR;
            scene.pass(hours * HOUR);
            let sender = ["bank/maker", "harbour-bank/maker"][bank];
            let holder = &mut holders[usize::from(number)];
            if holder.is_some_and(|(_, financed, until)| !financed && now >= until) {
                *holder = None;
            }
            let claims = scene.history(number).len();
            let allowed = match (what, *holder) {
                (0, None) => true,
                (1, Some((by, false, _))) => by == bank,
                (2, Some((by, ..))) => by == bank,
                _ => false,
            };
            let msg = match what {
                0 => reserve(number, 2 * HOUR),
                1 => confirm(number),
                _ => release(number),
            };
            let done = scene.run(sender, msg).is_ok();
            // Writing down that a reservation has expired changes nothing for anybody.
            let tidied = what == 2 && holder.is_none() && done;
            prop_assert!(done == allowed || tidied, "{sender} {what} {holder:?}");
            if allowed {
                *holder = match what {
                    0 => Some((bank, false, now + 2 * HOUR)),
                    1 => Some((bank, true, u64::MAX)),
                    _ => None,
                };
            }
            prop_assert!(scene.history(number).len() >= claims);
            let expected = match *holder {
                None => Standing::Free,
                Some((_, false, _)) => Standing::Reserved,
                Some((_, true, _)) => Standing::Financed,
            };
            prop_assert_eq!(scene.standing(number).standing, expected);
        }
    }
}
