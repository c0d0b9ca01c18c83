//! The key holders change their keys while claims are open: which versions a claim needs, how it gets new ones, and that nothing is held twice.

#![allow(clippy::unwrap_used)]

mod support;

use blockworm_kit::claims::{PledgeState, WHOLE};
use blockworm_registry::{ExecuteMsg, QueryMsg, msg::KeysResponse};
use support::{SETTLE, START, Scene, print, set};

const HALF: u32 = WHOLE / 2;

fn code(outcome: Result<impl std::fmt::Debug, String>) -> String {
    outcome.unwrap_err().split(':').next().unwrap().to_owned()
}

fn required(scene: &Scene) -> Vec<u32> {
    scene.ask::<KeysResponse>(QueryMsg::Keys {}).required
}

fn end(scene: &mut Scene, claim: u64, bank: &str) {
    scene.trade_shows(claim, bank, START, Some(PledgeState::Forgone));
    let proof = cosmwasm_std::Binary::default();
    let release = ExecuteMsg::Release { claim, proof };
    scene.run("bank/maker", release).unwrap();
}

#[test]
fn a_claim_under_old_keys_is_found_until_it_has_new_ones() {
    let mut scene = Scene::new(SETTLE);
    scene.reserve("bank", &[set(1, 1, WHOLE)]).unwrap();
    scene.rotate(2);
    assert_eq!(required(&scene), [1, 2]);
    for sets in [vec![set(2, 1, 1)], vec![set(1, 1, 1)], vec![set(3, 1, 1)]] {
        let refused = scene.reserve("harbour-bank", &sets);
        assert_eq!(code(refused), "registry.other_versions");
    }
    let both = [set(1, 1, 1), set(2, 1, 1)];
    let refused = scene.reserve("harbour-bank", &both);
    assert_eq!(code(refused), "registry.already_reserved");
    // Another document under both versions is free.
    let other = [set(1, 2, WHOLE), set(2, 2, WHOLE)];
    scene.reserve("harbour-bank", &other).unwrap();
    scene.reregister("bank", 0, &[set(2, 1, WHOLE)]).unwrap();
    assert_eq!(required(&scene), [2]);
    let documents = scene.claim(0).documents;
    let known: Vec<(u32, &str)> = documents
        .iter()
        .map(|known| (known.version, known.fingerprint.as_str()))
        .collect();
    assert_eq!(known, [(1, &*print(1, 1)), (2, &*print(2, 1))]);
    let refused = scene.reserve("harbour-bank", &[set(2, 1, 1)]);
    assert_eq!(code(refused), "registry.already_reserved");
    // A set of an older version in force is taken too.
    let with_old = [set(1, 3, HALF), set(2, 3, HALF)];
    scene.reserve("river-bank", &with_old).unwrap();
}

#[test]
fn an_old_version_is_required_as_long_as_something_stands_under_it_alone() {
    let mut scene = Scene::new(SETTLE);
    scene.reserve("bank", &[set(1, 1, WHOLE)]).unwrap();
    scene.rotate(2);
    let two = [set(1, 2, HALF), set(2, 2, HALF)];
    scene.reserve("harbour-bank", &two).unwrap();
    scene.rotate(3);
    assert_eq!(required(&scene), [1, 2, 3]);
    // What only has the newest set added would not meet the claims that stand under the second.
    let refused = scene.reregister("bank", 0, &[set(3, 1, WHOLE)]);
    assert_eq!(code(refused), "registry.other_versions");
    let both = [set(2, 1, WHOLE), set(3, 1, WHOLE)];
    scene.reregister("bank", 0, &both).unwrap();
    assert_eq!(required(&scene), [2, 3]);
    end(&mut scene, 1, "harbour-bank");
    assert_eq!(required(&scene), [3]);
    let refused = scene.reserve("harbour-bank", &[set(3, 1, 1)]);
    assert_eq!(code(refused), "registry.already_reserved");
    end(&mut scene, 0, "bank");
    scene.reserve("harbour-bank", &[set(3, 1, 1)]).unwrap();
}

#[test]
fn sets_are_added_to_the_banks_own_open_claim_on_the_same_share() {
    let mut scene = Scene::new(SETTLE);
    scene.reserve("bank", &[set(1, 1, HALF)]).unwrap();
    scene.reserve("harbour-bank", &[set(1, 1, HALF)]).unwrap();
    scene.rotate(2);
    for (bank, claim, sets, code_of) in [
        (
            "harbour-bank",
            0,
            vec![set(2, 1, HALF)],
            "registry.no_claim",
        ),
        ("bank", 7, vec![set(2, 1, HALF)], "registry.no_claim"),
        ("bank", 0, vec![set(1, 1, HALF)], "registry.has_version"),
        ("bank", 0, vec![set(2, 1, HALF + 1)], "registry.other_share"),
        ("bank", 0, vec![], "registry.bad_sets"),
    ] {
        assert_eq!(code(scene.reregister(bank, claim, &sets)), code_of);
    }
    let early = scene.reregistration("bank", 0, &[set(2, 1, HALF)]);
    scene.pass(SETTLE);
    assert_eq!(scene.code("bank/maker", early.clone()), "registry.too_soon");
    scene.run("bank/maker", early).unwrap();
    // A claim on another document under the new keys alone shows nobody's claim under the old ones;
    // its bank alone is harmed.
    let liar = [set(1, 9, WHOLE), set(2, 1, HALF)];
    assert_eq!(
        code(scene.reserve("river-bank", &liar)),
        "registry.bad_sets"
    );
    let liar = [set(1, 9, HALF), set(2, 1, HALF)];
    scene.reserve("river-bank", &liar).unwrap();
    let late = scene.reregister("harbour-bank", 1, &[set(2, 1, HALF)]);
    assert_eq!(code(late), "registry.already_reserved");
    assert_eq!(
        required(&scene),
        [1, 2],
        "so the second claim is still found"
    );
    let refused = scene.reserve("river-bank", &[set(1, 1, 1), set(2, 8, 1)]);
    assert_eq!(code(refused), "registry.already_reserved");
}

/// Whoever sees a rival's reservation on its way cannot block it by adding its sets to a claim of its
/// own: that takes longer than the reservation can be withheld.
#[test]
fn adding_sets_is_no_way_around_an_earlier_commitment() {
    let mut scene = Scene::new(SETTLE);
    scene.reserve("harbour-bank", &[set(1, 9, WHOLE)]).unwrap();
    scene.rotate(2);
    let target = [set(1, 1, WHOLE), set(2, 1, WHOLE)];
    let reserve = scene.commit("bank", &target);
    let block = scene.reregistration("harbour-bank", 0, &[set(2, 1, WHOLE)]);
    for _ in 0..=SETTLE {
        assert_eq!(
            scene.code("harbour-bank/maker", block.clone()),
            "registry.too_soon"
        );
    }
    scene.run_here("bank/maker", reserve).unwrap();
    assert_eq!(
        scene.code("harbour-bank/maker", block),
        "registry.already_reserved"
    );
}

#[test]
fn the_ninth_version_waits_for_the_banks() {
    let mut scene = Scene::new(SETTLE);
    for newest in 1..=8 {
        let sets: Vec<_> = (1..=newest)
            .map(|version| set(version, newest, 1))
            .collect();
        scene.reserve("bank", &sets).unwrap();
        if newest < 8 {
            scene.rotate(newest + 1);
        }
    }
    let publish = |holder: u32| ExecuteMsg::PublishKey {
        version: 9,
        public_key: print(9, holder),
    };
    scene.run("notary/admin", publish(0)).unwrap();
    assert_eq!(
        scene.code("court/admin", publish(1)),
        "registry.too_many_versions"
    );
    end(&mut scene, 3, "bank");
    scene.run("court/admin", publish(1)).unwrap();
    let sets: Vec<_> = [1, 2, 3, 5, 6, 7, 8, 9].map(|v| set(v, 20, 1)).into();
    scene.reserve("bank", &sets).unwrap();
}
