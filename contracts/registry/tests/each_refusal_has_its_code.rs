//! Every refusal of the registry contract, and that it follows the trade's ledger alone.

#![allow(clippy::unwrap_used)]

mod support;

use blockworm_kit::{
    claims::{End, PledgeState, WHOLE},
    testing::Directory,
};
use blockworm_registry::{
    DocumentSet, ExecuteMsg, InstantiateMsg, QueryMsg, Standing, commitment, instantiate,
    msg::{Checked, KeysResponse, MAX_RESERVATION_MS, NumberedClaim},
    query,
};
use cosmwasm_std::{Binary, testing::mock_env};
use support::{HOUR, SETTLE, START, Scene, config, info, nonce, print, set, with};

fn confirm(claim: u64) -> ExecuteMsg {
    let proof = Binary::from(b"proof");
    ExecuteMsg::Confirm { claim, proof }
}

fn release(claim: u64) -> ExecuteMsg {
    let proof = Binary::from(b"proof");
    ExecuteMsg::Release { claim, proof }
}

fn standing(scene: &Scene, number: u32) -> Checked {
    let fingerprints = vec![print(1, number)];
    let mut checked: Vec<Checked> = scene.ask(QueryMsg::Check { fingerprints });
    checked.remove(0)
}

fn code(outcome: Result<impl std::fmt::Debug, String>) -> String {
    outcome.unwrap_err().split(':').next().unwrap().to_owned()
}

#[test]
fn only_makers_of_banks_may_claim() {
    let mut scene = Scene::new(SETTLE);
    for (sender, code) in [
        ("nobody/maker", "caller.not_a_member"),
        ("bank/gone", "caller.inactive"),
        ("notary/maker", "caller.missing_role"),
        ("bank/checker", "caller.missing_function"),
    ] {
        let commitment = print(1, 1);
        assert_eq!(scene.code(sender, ExecuteMsg::Commit { commitment }), code);
    }
}

#[test]
fn it_begins_with_two_holders_and_a_bounded_wait() {
    let mut deps = Directory::default().deps();
    let mut begin = |msg| {
        let done = instantiate(deps.as_mut(), mock_env(), info("ledger"), msg);
        done.map_err(|refusal| refusal.to_string())
    };
    let mut bad = config(2);
    bad.holders.1 = bad.holders.0.clone();
    assert_eq!(code(begin(bad)), "registry.bad_holders");
    assert_eq!(code(begin(config(65))), "registry.bad_settle_blocks");
    begin(config(64)).unwrap();
    let scene = Scene::new(SETTLE);
    assert_eq!(scene.ask::<InstantiateMsg>(QueryMsg::Config {}), config(2));
}

#[test]
fn a_version_is_in_force_once_both_holders_have_published_it() {
    let mut scene = Scene::keyless(SETTLE);
    let publish = |version, key: u32| ExecuteMsg::PublishKey {
        version,
        public_key: print(version, key),
    };
    let keys = |scene: &Scene| scene.ask::<KeysResponse>(QueryMsg::Keys {});
    assert_eq!(
        scene.code("bank/admin", publish(1, 1)),
        "registry.not_a_holder"
    );
    assert_eq!(
        scene.code("notary/maker", publish(1, 1)),
        "caller.missing_function"
    );
    assert_eq!(
        scene.code("notary/admin", publish(2, 1)),
        "registry.bad_version"
    );
    let bad = ExecuteMsg::PublishKey {
        version: 1,
        public_key: "AB".repeat(32),
    };
    assert_eq!(scene.code("notary/admin", bad), "registry.bad_key");
    let refused = scene.reserve("bank", &[set(1, 1, WHOLE)]);
    assert_eq!(code(refused), "registry.no_keys");

    let published = scene.run("notary/admin", publish(1, 7)).unwrap();
    assert_eq!(published, ["key_published"]);
    assert_eq!(
        scene.code("court/admin", publish(1, 7)),
        "registry.bad_key",
        "the other holder's"
    );
    scene.run("notary/admin", publish(1, 8)).unwrap();
    assert_eq!(keys(&scene).pending, (Some(print(1, 8)), None));
    assert!(keys(&scene).in_force.is_empty());
    let published = scene.run("court/admin", publish(1, 7)).unwrap();
    assert_eq!(published, ["key_published", "keys_in_force"]);
    let now = keys(&scene);
    assert_eq!(now.in_force[0].public_keys, (print(1, 8), print(1, 7)));
    assert_eq!(now.pending, (None, None));
    assert_eq!(now.required, [1]);
    let again = ExecuteMsg::PublishKey {
        version: 2,
        public_key: print(1, 8),
    };
    assert_eq!(scene.code("notary/admin", again), "registry.bad_key");
}

fn opening(for_ms: u64, ledger: &str, nonce: &str, sets: Vec<DocumentSet>) -> ExecuteMsg {
    let (ledger, nonce) = (ledger.into(), nonce.into());
    ExecuteMsg::Reserve {
        nonce,
        ledger,
        for_ms,
        sets,
    }
}

#[test]
fn malformed_messages_have_their_codes() {
    let mut scene = Scene::new(SETTLE);
    let (good, sets) = (nonce(1), vec![set(1, 1, WHOLE)]);
    for for_ms in [0, 999, MAX_RESERVATION_MS + 1, u64::MAX] {
        let msg = opening(for_ms, "elsewhere", "", vec![]);
        assert_eq!(scene.code("bank/maker", msg), "registry.bad_duration");
    }
    let msg = opening(HOUR, "elsewhere", "", vec![]);
    assert_eq!(scene.code("bank/maker", msg), "registry.unknown_ledger");
    let mut upper = set(1, 1, WHOLE);
    upper.parts[0].fingerprint = "AB".repeat(32);
    let msg = opening(HOUR, "trade", "", vec![upper]);
    assert_eq!(scene.code("bank/maker", msg), "registry.bad_fingerprint");

    let mut absent = set(1, 1, WHOLE);
    absent.document = print(1, 9);
    let mut other = set(1, 1, WHOLE);
    other.share = 7;
    let many: Vec<(u32, u32)> = (2..=65).map(|number| (number, 0)).collect();
    for sets in [
        vec![],
        (1..=9).map(|version| set(version, 1, 5)).collect(),
        vec![set(1, 1, 5), set(1, 2, 5)],
        vec![set(2, 1, 5), set(1, 1, 5)],
        vec![set(1, 1, 5), set(2, 1, 6)],
        vec![set(1, 1, 0)],
        vec![set(1, 1, WHOLE + 1)],
        vec![with(1, 1, 5, &[(2, WHOLE + 1)])],
        vec![with(1, 1, 5, &[(1, 5)])],
        vec![with(1, 1, 5, &many)],
        vec![absent],
        vec![other],
    ] {
        let msg = opening(HOUR, "trade", "", sets);
        assert_eq!(scene.code("bank/maker", msg), "registry.bad_sets");
    }
    for bad in ["", "ab", &"AB".repeat(32)] {
        let msg = opening(HOUR, "trade", bad, sets.clone());
        assert_eq!(scene.code("bank/maker", msg), "registry.bad_nonce");
        let commitment = bad.to_owned();
        let msg = ExecuteMsg::Commit { commitment };
        assert_eq!(scene.code("bank/maker", msg), "registry.bad_commitment");
    }
    let msg = opening(HOUR, "trade", &good, sets);
    assert_eq!(scene.code("bank/maker", msg), "registry.not_committed");
    for (fingerprints, code) in [
        (vec!["ab".to_owned()], "registry.bad_fingerprint"),
        (vec![print(1, 1); 129], "registry.too_much_asked"),
    ] {
        let asked = QueryMsg::Check { fingerprints };
        let refused = query(scene.deps.as_ref(), scene.env.clone(), asked).unwrap_err();
        assert!(refused.to_string().starts_with(code), "{refused}");
    }
}

#[test]
fn a_commitment_counts_once_for_its_bank_from_the_next_block_on_for_ten_minutes() {
    let mut scene = Scene::new(SETTLE);
    let sets = [set(1, 1, WHOLE)];
    let ours = ExecuteMsg::Commit {
        commitment: commitment("bank", &nonce(9), &sets).unwrap(),
    };
    scene.run("bank/maker", ours.clone()).unwrap();
    assert_eq!(
        scene.code("bank/maker", ours.clone()),
        "registry.already_committed"
    );
    // A copy says nothing of another bank, and opens nothing for it.
    scene.run("harbour-bank/maker", ours.clone()).unwrap();
    let msg = opening(HOUR, "trade", &nonce(9), sets.to_vec());
    assert_eq!(
        scene.code("harbour-bank/maker", msg.clone()),
        "registry.not_committed"
    );
    scene.env.block.time = scene.env.block.time.plus_minutes(10);
    assert_eq!(
        scene.code("bank/maker", msg.clone()),
        "registry.commitment_expired"
    );
    scene.run("bank/maker", ours).unwrap();
    let soon = scene.run_here("bank/maker", msg.clone());
    assert_eq!(code(soon), "registry.too_soon");
    // What is refused is not used up.
    let refused = opening(HOUR, "elsewhere", &nonce(9), sets.to_vec());
    assert_eq!(scene.code("bank/maker", refused), "registry.unknown_ledger");
    let rivals = scene.reserve("harbour-bank", &sets).unwrap();
    scene.pass(SETTLE);
    assert_eq!(
        scene.code("bank/maker", msg.clone()),
        "registry.already_reserved"
    );
    scene.trade_shows(rivals, "harbour-bank", START, Some(PledgeState::Forgone));
    scene.run("bank/maker", release(rivals)).unwrap();
    scene.run("bank/maker", msg.clone()).unwrap();
    assert_eq!(scene.code("bank/maker", msg), "registry.not_committed");
}

#[test]
fn shares_are_taken_up_to_the_whole_and_a_mark_never_refuses() {
    let mut scene = Scene::new(SETTLE);
    let part = WHOLE / 5 * 3;
    // 7 is an order that 1, 2 and 3 name; 8 is a mark of each.
    let of = |number, share, order| [with(1, number, share, &[(7, order), (8, 0)])];
    scene.reserve("bank", &of(1, WHOLE, part)).unwrap();
    let refused = scene.reserve("harbour-bank", &of(2, WHOLE, part));
    assert_eq!(code(refused), "registry.already_reserved");
    scene
        .reserve("harbour-bank", &of(3, WHOLE, WHOLE - part))
        .unwrap();
    let order = standing(&scene, 7);
    assert_eq!((order.standing, order.taken), (Standing::Reserved, WHOLE));
    let mark = standing(&scene, 8);
    assert!(mark.marked && mark.taken == 0 && mark.standing == Standing::Free);
    assert!(!standing(&scene, 1).marked);
    assert_eq!(standing(&scene, 2).standing, Standing::Free);
    // Two parts of one document.
    scene.reserve("bank", &[set(1, 20, 1)]).unwrap();
    let rest = scene.reserve("river-bank", &[set(1, 20, WHOLE - 1)]);
    rest.unwrap();
    let refused = scene.reserve("bank", &[set(1, 20, 1)]);
    assert_eq!(code(refused), "registry.already_reserved");
    let mut page: Vec<NumberedClaim> = scene.ask(QueryMsg::Claims {
        fingerprint: print(1, 20),
        start_before: None,
        limit: None,
    });
    assert_eq!((page[0].number, page[1].number), (3, 2), "newest first");
    page = scene.ask(QueryMsg::Claims {
        fingerprint: print(1, 20),
        start_before: Some(3),
        limit: Some(9),
    });
    assert_eq!(page.len(), 1);
    let open: Option<NumberedClaim> = scene.ask(QueryMsg::Open {
        bank: "bank".into(),
        fingerprint: print(1, 20),
    });
    assert_eq!(open.unwrap().number, 2);
    assert_eq!(
        scene.ask::<Vec<DocumentSet>>(QueryMsg::Parts { claim: 0 }),
        of(1, WHOLE, part)
    );
    assert!(
        scene
            .ask::<Vec<DocumentSet>>(QueryMsg::Parts { claim: 9 })
            .is_empty()
    );
}

#[test]
fn sixty_four_open_claims_share_a_fingerprint_and_no_more() {
    let mut scene = Scene::new(SETTLE);
    for number in 1..=64 {
        scene.reserve("bank", &[set(1, 1, 1)]).unwrap();
        let early = scene.reserve("bank", &[set(1, 1, 1)]);
        let refusal = match number {
            64 => "registry.too_many_claims",
            _ => "registry.not_firm",
        };
        assert_eq!(code(early), refusal, "one at a time");
    }
    let refused = scene.reserve("harbour-bank", &[set(1, 1, 1)]);
    assert_eq!(code(refused), "registry.too_many_claims");
    scene.trade_shows(5, "bank", START, Some(PledgeState::Forgone));
    scene.run("bank/maker", release(5)).unwrap();
    scene.reserve("harbour-bank", &[set(1, 1, 1)]).unwrap();
}

#[test]
fn the_earlier_commitment_has_it_until_the_later_one_is_firm() {
    let mut scene = Scene::new(SETTLE);
    let sets = [set(1, 1, WHOLE)];
    let first = scene.commit("bank", &sets);
    let second = scene.commit("harbour-bank", &sets);
    scene.run("harbour-bank/maker", second).unwrap();
    scene.pass(SETTLE - 1);
    let events = scene.run("bank/maker", first).unwrap();
    assert_eq!(events, ["displaced", "reserved"]);
    let gone = scene.claim(0);
    assert_eq!(gone.end, Some(End::Displaced));
    assert_eq!(gone.ended_at, Some(gone.firm_at));
    for msg in [confirm(0), release(0)] {
        assert_eq!(scene.code("harbour-bank/maker", msg), "registry.no_claim");
    }
    let clear = |claim| ExecuteMsg::Clear { claim };
    assert_eq!(scene.run("bank/maker", clear(0)).unwrap(), ["cleared"]);
    for claim in [0, 1, 7] {
        let refused = scene.code("bank/maker", clear(claim));
        assert_eq!(refused, "registry.nothing_to_clear");
    }
    // One block later it is too late, however early the commitment.
    let mut scene = Scene::new(SETTLE);
    let first = scene.commit("bank", &sets);
    scene.reserve("harbour-bank", &sets).unwrap();
    scene.pass(SETTLE);
    assert_eq!(scene.code("bank/maker", first), "registry.already_reserved");
}

#[test]
fn nobody_is_displaced_in_vain_nor_without_need() {
    let mut scene = Scene::new(9);
    let half = WHOLE / 2;
    scene.reserve("river-bank", &[set(1, 1, half)]).unwrap();
    scene.pass(10);
    let whole = scene.commit("bank", &[set(1, 1, WHOLE)]);
    let some = scene.commit("bank", &[set(1, 1, half)]);
    let two = [
        with(1, 2, 5, &[(1, half / 2)]),
        with(1, 3, 5, &[(1, half / 2)]),
    ];
    for (bank, one) in ["harbour-bank", "river-bank"].into_iter().zip(&two) {
        scene.reserve(bank, std::slice::from_ref(one)).unwrap();
    }
    // The first half is firm, so that nothing makes room for the whole.
    assert_eq!(scene.code("bank/maker", whole), "registry.already_reserved");
    assert!((1..3).all(|number| scene.claim(number).end.is_none()));
    let events = scene.run_here("bank/maker", some).unwrap();
    assert_eq!(events, ["displaced", "displaced", "reserved"]);
    // A quarter is enough: the last to commit goes, the other stays.
    let mut scene = Scene::new(SETTLE);
    let some = scene.commit("bank", &[set(1, 1, half)]);
    let banks = ["harbour-bank", "river-bank", "lake-bank"];
    let shares = [half / 2, half / 2, half / 4];
    let later: Vec<_> = (2..5u32)
        .zip(banks)
        .zip(shares)
        .map(|((number, bank), share)| {
            let with = [with(1, number, 5, &[(1, share)])];
            (bank, scene.commit(bank, &with))
        })
        .collect();
    scene.pass(1);
    for (bank, reserve) in later.into_iter().rev() {
        scene.run_here(&format!("{bank}/maker"), reserve).unwrap();
    }
    let events = scene.run("bank/maker", some).unwrap();
    assert_eq!(events, ["displaced", "reserved"]);
    let ended = (0..3).filter(|number| scene.claim(*number).end.is_some());
    assert_eq!(ended.collect::<Vec<_>>(), [0], "number 4 committed last");
}

#[test]
fn commitments_of_one_block_go_by_who_opens_first() {
    let mut scene = Scene::new(SETTLE);
    let sets = [set(1, 1, WHOLE)];
    let commit = |bank: &str| ExecuteMsg::Commit {
        commitment: commitment(bank, &nonce(5), &sets).unwrap(),
    };
    scene.run("bank/maker", commit("bank")).unwrap();
    let other = commit("harbour-bank");
    scene.run_here("harbour-bank/maker", other).unwrap();
    let msg = opening(HOUR, "trade", &nonce(5), sets.to_vec());
    scene.run("harbour-bank/maker", msg.clone()).unwrap();
    assert_eq!(scene.code("bank/maker", msg), "registry.already_reserved");
}

#[test]
fn a_reservation_stands_until_the_trade_shows_that_its_time_has_passed_unused() {
    let mut scene = Scene::new(SETTLE);
    assert_eq!(scene.code("bank/maker", release(0)), "registry.no_claim");
    scene.reserve("bank", &[set(1, 1, WHOLE)]).unwrap();
    let until = scene.claim(0).reserved_until_ms;
    let free = Checked {
        standing: Standing::Free,
        taken: 0,
        marked: false,
        reserved_until_ms: None,
    };
    let reserved = Checked {
        standing: Standing::Reserved,
        taken: WHOLE,
        reserved_until_ms: Some(until),
        ..free
    };
    assert_eq!(standing(&scene, 1), reserved);
    for bank in ["bank", "harbour-bank"] {
        let refused = scene.reserve(bank, &[set(1, 1, WHOLE)]);
        assert_eq!(code(refused), "registry.already_reserved");
    }
    assert_eq!(
        scene.code("harbour-bank/maker", confirm(0)),
        "registry.no_claim"
    );
    // The registry's own clock frees nothing: a pledge may stand on the trade's ledger.
    scene.env.block.time = scene.env.block.time.plus_days(30);
    assert_eq!(standing(&scene, 1), reserved);
    let refusal = scene.reserve("harbour-bank", &[set(1, 1, 1)]).unwrap_err();
    assert!(refusal.contains(&until.to_string()) && refusal.contains("release"));

    scene.trade_shows(0, "bank", until - 1, None);
    assert_eq!(
        scene.code("harbour-bank/maker", release(0)),
        "registry.too_early"
    );
    assert_eq!(scene.code("bank/maker", confirm(0)), "registry.not_pledged");
    scene.trade_shows(0, "bank", until, None);
    let events = scene.run("harbour-bank/maker", release(0)).unwrap();
    assert_eq!(events, ["released"]);
    assert_eq!(standing(&scene, 1), free);
    assert_eq!(scene.reserve("harbour-bank", &[set(1, 1, WHOLE)]), Ok(1));
    assert_eq!(scene.claim(0).end, Some(End::Expired));
}

#[test]
fn a_pledge_is_confirmed_however_late_and_ends_only_with_its_debt() {
    let mut scene = Scene::new(SETTLE);
    scene.reserve("bank", &[set(1, 1, WHOLE)]).unwrap();
    let late = START + 100 * HOUR;
    scene.trade_shows(0, "bank", late, Some(PledgeState::Pledged));
    for bank in ["bank/maker", "harbour-bank/maker"] {
        assert_eq!(scene.code(bank, release(0)), "registry.still_pledged");
    }
    let events = scene.run("bank/maker", confirm(0)).unwrap();
    assert_eq!(events, ["financed"]);
    assert_eq!(standing(&scene, 1).standing, Standing::Financed);
    assert_eq!(
        scene.code("bank/maker", confirm(0)),
        "registry.already_confirmed"
    );
    let refused = scene.reserve("harbour-bank", &[set(1, 1, 1)]);
    assert_eq!(code(refused), "registry.already_financed");
    // A ledger that took its pledge back would be believed in nothing.
    scene.trade_shows(0, "bank", late, None);
    assert_eq!(
        scene.code("harbour-bank/maker", release(0)),
        "registry.already_confirmed"
    );
    scene.trade_shows(0, "bank", late, Some(PledgeState::Ended));
    scene.run("harbour-bank/maker", release(0)).unwrap();
    assert_eq!(scene.code("bank/maker", release(0)), "registry.no_claim");
    assert_eq!(scene.claim(0).end, Some(End::Released));
}

#[test]
fn only_this_claims_pledge_counts() {
    let mut scene = Scene::new(SETTLE);
    scene.reserve("bank", &[set(1, 1, WHOLE)]).unwrap();
    // Another bank's tombstone, and one under another number: nothing is proved about this claim.
    scene.trade_shows(0, "harbour-bank", START, Some(PledgeState::Forgone));
    scene.trade_shows(1, "bank", START, Some(PledgeState::Forgone));
    let refusal = scene.run("harbour-bank/maker", release(0)).unwrap_err();
    assert!(!refusal.starts_with("registry."), "{refusal}");
    scene.trade_holds(0, "bank", START, Some(b"{}".to_vec()));
    let others = br#"{"bank":"harbour-bank","state":"forgone","height":7,"ended_at":null}"#;
    for bytes in [&b"{}"[..], others] {
        scene.trade_holds(0, "bank", START, Some(bytes.to_vec()));
        for msg in [confirm(0), release(0)] {
            assert_eq!(scene.code("bank/maker", msg), "registry.unreadable_pledge");
        }
    }
    scene.trade_shows(0, "bank", START, Some(PledgeState::Forgone));
    assert_eq!(
        scene.code("bank/maker", confirm(0)),
        "registry.pledge_ended"
    );
    scene.run("harbour-bank/maker", release(0)).unwrap();
    assert_eq!(standing(&scene, 1).standing, Standing::Free);
}
