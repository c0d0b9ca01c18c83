//! Financing under a reservation of the registry, part by part, forgoing it, paying: each refusal by its code, and the pledge that is left.

#![allow(clippy::unwrap_used)]

mod support;

use blockworm_kit::claims::{
    Claim, End, KnownAs, PLEDGES, Pledge, PledgeState, WHOLE, claim_key, share,
};
use blockworm_receivable::{ExecuteMsg, Payload, Reservation, state::RECEIVABLES};
use cosmwasm_std::{Binary, Response, Uint128, to_json_vec};
use std::collections::BTreeMap;
use support::{
    AMOUNT, BANK, BUYER, EARLY, LATE, OTHER, PRICE, SELLER, Scene, code, finance, settle,
};

/// From this time on nothing can be financed under the reservation.
const UNTIL: u64 = EARLY + 3_600_000;

fn known(version: u32, fingerprint: &str, share: u32) -> KnownAs {
    KnownAs {
        version,
        fingerprint: fingerprint.repeat(32),
        share,
    }
}

fn claim() -> Claim {
    Claim {
        bank: "bank".into(),
        ledger: "trade-7".into(),
        documents: vec![known(1, "cd", WHOLE), known(2, "ef", WHOLE)],
        committed_at: 2,
        reserved_at: 3,
        firm_at: 8,
        reserved_until_ms: UNTIL,
        financed_at: None,
        ended_at: None,
        end: None,
    }
}

fn row(change: impl FnOnce(&mut Claim)) -> Vec<u8> {
    let mut claim = claim();
    change(&mut claim);
    to_json_vec(&claim).unwrap()
}

/// From now on the registry proves to hold this as claim 4.
fn reserved(scene: &mut Scene, row: Option<Vec<u8>>) {
    scene.proves(claim_key(4), 8, row);
}

fn under(claim: u64) -> Option<Reservation> {
    let proof = Binary::default();
    Some(Reservation { claim, proof })
}

fn buy(scene: &mut Scene, claim: Option<u64>) -> Result<Response, String> {
    scene.pay(BANK, PRICE, &finance(0, claim.and_then(under)))
}

fn pledge(scene: &Scene, number: u64, bank: &str) -> Option<Pledge> {
    PLEDGES
        .may_load(&scene.deps.storage, (number, bank))
        .unwrap()
}

fn known_documents(scene: &Scene) -> BTreeMap<u32, String> {
    RECEIVABLES.load(&scene.deps.storage, "R-1").unwrap().known
}

fn refusal(outcome: Result<Response, String>) -> String {
    code(&outcome.unwrap_err()).to_owned()
}

#[test]
fn each_thing_that_the_registry_may_show_has_its_answer() {
    let mut scene = Scene::new(true).confirmed();
    assert_eq!(
        refusal(buy(&mut scene, None)),
        "receivable.reservation_missing"
    );
    type Change = fn(&mut Claim);
    let changes: [(Change, &str); 6] = [
        (|claim| claim.bank = "other-bank".into(), "other_bank"),
        (|claim| claim.ledger = "trade-8".into(), "other_ledger"),
        (|claim| claim.end = Some(End::Expired), "reservation_ended"),
        (|claim| claim.firm_at = 9, "reservation_not_firm"),
        (
            |claim| claim.documents[1].share = WHOLE - 1,
            "share_too_small",
        ),
        (|claim| claim.documents.clear(), "share_too_small"),
    ];
    let mut rows = vec![
        (None, "not_reserved"),
        (Some(b"{}".to_vec()), "unreadable_claim"),
    ];
    rows.extend(changes.map(|(change, wanted)| (Some(row(change)), wanted)));
    for (row, wanted) in rows {
        reserved(&mut scene, row);
        let got = refusal(buy(&mut scene, Some(4)));
        assert_eq!(got, format!("receivable.{wanted}"));
    }
    reserved(&mut scene, Some(row(|_| ())));
    let mut late = scene.at(UNTIL);
    assert_eq!(
        refusal(buy(&mut late, Some(4))),
        "receivable.reservation_expired"
    );
    // The host refuses a proof about another claim; no code of the contract's stands before it.
    assert!(!refusal(buy(&mut late, Some(5))).starts_with("receivable."));
    assert_eq!(pledge(&late, 4, "bank"), None);

    let mut scene = late.at(UNTIL - 1);
    buy(&mut scene, Some(4)).unwrap();
    let pledged = pledge(&scene, 4, "bank").unwrap();
    assert_eq!(
        (pledged.state, pledged.ended_at),
        (PledgeState::Pledged, None)
    );
    let row = String::from_utf8(to_json_vec(&pledged).unwrap()).unwrap();
    assert!(!row.contains("R-1"), "rivals read this: {row}");
    let documents: Vec<(u32, String)> = known_documents(&scene).into_iter().collect();
    assert_eq!(documents, [(1, "cd".repeat(32)), (2, "ef".repeat(32))]);
    let claim = 4;
    assert_eq!(
        scene.code(BANK, ExecuteMsg::Forgo { claim }),
        "receivable.claim_used"
    );
}

/// Whatever the first financing was made under holds for the later ones; versions that it was not made
/// under are added.
#[test]
fn another_document_is_refused_under_any_version_known_before() {
    let mut scene = Scene::new(true).confirmed();
    let mut receivable = RECEIVABLES.load(&scene.deps.storage, "R-1").unwrap();
    receivable.known = BTreeMap::from([(2, "ef".repeat(32)), (10, "10".repeat(32))]);
    let before = receivable.known.clone();
    RECEIVABLES
        .save(&mut scene.deps.storage, "R-1", &receivable)
        .unwrap();
    let other = row(|claim| claim.documents[1] = known(2, "ee", WHOLE));
    reserved(&mut scene, Some(other));
    assert_eq!(
        refusal(buy(&mut scene, Some(4))),
        "receivable.other_document"
    );
    assert_eq!(known_documents(&scene), before);
    reserved(&mut scene, Some(row(|_| ())));
    buy(&mut scene, Some(4)).unwrap();
    let versions: Vec<u32> = known_documents(&scene).into_keys().collect();
    assert_eq!(versions, [1, 2, 10]);
}

/// A part needs its own share and no more; one claim serves one part.
#[test]
fn a_part_is_financed_under_its_share() {
    let mut scene = Scene::new(true).confirmed();
    scene.holds(1, (0, 333), SELLER, false);
    scene.holds(2, (333, AMOUNT), SELLER, false);
    for (holding, price) in [(1, 300), (2, 600)] {
        let ask = ExecuteMsg::Ask {
            id: "R-1".into(),
            holding,
            price: Some(Uint128::new(price)),
            recourse: false,
        };
        scene.run(SELLER, ask).unwrap();
    }
    let third = share(Uint128::new(333), Uint128::new(AMOUNT)).unwrap();
    let small = |claim: &mut Claim| {
        for document in &mut claim.documents {
            document.share = third;
        }
    };
    reserved(&mut scene, Some(row(small)));
    let too_much = scene.pay(BANK, 600, &finance(2, under(4)));
    assert_eq!(refusal(too_much), "receivable.share_too_small");
    scene.pay(BANK, 300, &finance(1, under(4))).unwrap();
    let again = scene.pay(BANK, 600, &finance(2, under(4)));
    assert_eq!(refusal(again), "receivable.claim_used");
    // Another bank's claim on the other part, on another document than the first bank's.
    let theirs = |fingerprint: &'static str| {
        row(move |claim| {
            claim.bank = "other-bank".into();
            claim.documents = vec![known(1, fingerprint, WHOLE - third)];
        })
    };
    scene.proves(claim_key(5), 8, Some(theirs("ce")));
    let other = scene.pay("other-bank/maker", 600, &finance(2, under(5)));
    assert_eq!(refusal(other), "receivable.other_document");
    scene.proves(claim_key(5), 8, Some(theirs("cd")));
    scene
        .pay("other-bank/maker", 600, &finance(2, under(5)))
        .unwrap();
    scene.holds(1, (0, 333), BANK, false);
    scene.holds(2, (333, AMOUNT), "other-bank/maker", false);
    scene.pay(BUYER, 333, &settle(&[1])).unwrap();
    let states = [(4, "bank"), (5, "other-bank")]
        .map(|(claim, bank)| pledge(&scene, claim, bank).unwrap().state);
    assert_eq!(states, [PledgeState::Ended, PledgeState::Pledged]);
}

#[test]
fn a_forgone_claim_is_never_pledged() {
    let mut scene = Scene::new(true).confirmed();
    reserved(&mut scene, Some(row(|_| ())));
    let forgo = || ExecuteMsg::Forgo { claim: 4 };
    for (who, wanted) in [
        ("nobody/x", "caller.not_a_member"),
        (SELLER, "caller.missing_role"),
        ("bank/checker", "caller.missing_function"),
    ] {
        assert_eq!(scene.code(who, forgo()), wanted);
    }
    // Another bank's tombstone under the same number keeps nobody from anything.
    scene.run("other-bank/maker", forgo()).unwrap();
    scene.run(BANK, forgo()).unwrap();
    let tombstone = pledge(&scene, 4, "bank").unwrap();
    assert_eq!(tombstone.state, PledgeState::Forgone);
    assert_eq!(refusal(buy(&mut scene, Some(4))), "receivable.claim_used");
    assert_eq!(scene.code(BANK, forgo()), "receivable.claim_used");

    let mut other = Scene::new(true).confirmed();
    reserved(&mut other, Some(row(|_| ())));
    other.run("other-bank/maker", forgo()).unwrap();
    buy(&mut other, Some(4)).unwrap();
}

#[test]
fn the_pledge_ends_with_payment_and_with_repurchase() {
    let mut scene = Scene::new(true).confirmed();
    reserved(&mut scene, Some(row(|_| ())));
    buy(&mut scene, Some(4)).unwrap();
    scene.holds(0, (0, AMOUNT), BANK, false);
    let mut scene = scene.at(LATE);
    let (id, holding) = ("R-1".to_owned(), 0);
    let notify = ExecuteMsg::Notify {
        id: id.clone(),
        holding,
        notice: "0f".repeat(32),
    };
    scene.run(BANK, notify).unwrap();
    let demand = ExecuteMsg::Demand {
        id: id.clone(),
        holding,
        amount: Uint128::new(AMOUNT),
    };
    scene.run(BANK, demand).unwrap();
    let back = Payload::Repurchase { id, holding };
    assert_eq!(
        refusal(scene.pay(OTHER, AMOUNT, &back)),
        "receivable.not_the_seller"
    );
    scene.pay(SELLER, AMOUNT, &back).unwrap();
    let ended = pledge(&scene, 4, "bank").unwrap();
    assert_eq!(ended.state, PledgeState::Ended);
    assert!(ended.ended_at.is_some());
}

#[test]
fn without_a_registry_nothing_is_asked_and_nothing_pledged() {
    let mut scene = Scene::new(false).confirmed();
    let forgo = ExecuteMsg::Forgo { claim: 4 };
    assert_eq!(scene.code(BANK, forgo), "receivable.no_registry");
    buy(&mut scene, None).unwrap();
    assert_eq!(pledge(&scene, 4, "bank"), None);
    scene.holds(0, (0, AMOUNT), BANK, false);
    scene.pay(BUYER, AMOUNT, &settle(&[0])).unwrap();
}
