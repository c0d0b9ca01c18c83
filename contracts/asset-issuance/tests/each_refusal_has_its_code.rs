//! What the table of states does not reach: classes, amounts, documents, metadata, approvals by tier; and a model of supply.

#![allow(clippy::unwrap_used)]

mod support;

use blockworm_asset_issuance::{
    ExecuteMsg as M,
    msg::{Class, Supply, Tier},
    state::Status,
};
use blockworm_kit::{
    Currency,
    assets::{AssetId, IssuanceMsg, Kind},
};
use cosmwasm_std::Uint128;
use proptest::prelude::*;
use std::collections::BTreeMap;
use support::{Scene, backing, class, metadata, requirement, told};

const MAKER: &str = "platform/maker";

fn scene() -> Scene {
    Scene::new(vec![class()])
}

fn draft(amount: u128, backing: blockworm_asset_issuance::msg::Backing) -> M {
    M::Draft {
        class: "note".into(),
        amount: Uint128::new(amount),
        backing,
        metadata: metadata(),
    }
}

fn approve(asset: &AssetId, version: u32, role: &str) -> M {
    let (asset, role) = (asset.clone(), role.into());
    M::Approve {
        asset,
        version,
        role,
    }
}

fn active(scene: &mut Scene, amount: u128) -> AssetId {
    let asset = scene.draft(amount);
    scene
        .run(
            MAKER,
            M::Propose {
                asset: asset.clone(),
            },
        )
        .unwrap();
    scene
        .run("bank/checker", approve(&asset, 1, "bank"))
        .unwrap();
    if amount > 10 {
        scene
            .run("court/checker", approve(&asset, 1, "court"))
            .unwrap();
    }
    scene
        .run(
            MAKER,
            M::Activate {
                asset: asset.clone(),
            },
        )
        .unwrap();
    asset
}

#[test]
fn classes_that_cannot_work_are_refused_and_none_ever_changes() {
    let mut scene = scene();
    let changes: [fn(&mut Class); 12] = [
        |class| class.name = "Note".into(),
        |class| class.issue.clear(),
        |class| class.freeze.clear(),
        |class| class.redeem.clear(),
        |class| class.tiers.clear(),
        |class| class.tiers.swap(0, 1),
        |class| class.tiers[0].up_to = None,
        |class| class.tiers[0].approvals.clear(),
        |class| class.tiers[0].approvals = vec![requirement("bank", 0)],
        |class| class.transfer_approvals = vec![requirement("bank", 17)],
        |class| class.kind = Kind::Unique,
        |class| class.schema.push(class.schema[0].clone()),
    ];
    for change in changes {
        let mut class = class();
        class.name = "other".into();
        change(&mut class);
        assert_eq!(scene.code(MAKER, M::Define { class }), "issuance.bad_class");
    }
    let define = M::Define { class: class() };
    assert_eq!(scene.code(MAKER, define.clone()), "issuance.class_exists");
    assert_eq!(
        scene.code("bank/maker", define.clone()),
        "caller.missing_role"
    );
    assert_eq!(
        scene.code("platform/checker", define),
        "caller.missing_function"
    );
    let mut other = class();
    other.name = "other".into();
    scene.run(MAKER, M::Define { class: other }).unwrap();
}

#[test]
fn an_asset_stands_on_a_document_that_backs_no_other() {
    let mut scene = scene();
    let usd = Currency::parse("USD").unwrap();
    let mut foreign = backing(1, 100);
    foreign.currency = usd;
    let mut unclear = backing(1, 100);
    unclear.commitment = "AB".repeat(32);
    for (msg, wanted) in [
        (draft(0, backing(1, 100)), "issuance.zero_amount"),
        (draft(101, backing(1, 100)), "issuance.above_backing"),
        (draft(401, backing(1, 401)), "issuance.above_cap"),
        (
            draft(u128::MAX, backing(1, u128::MAX)),
            "issuance.above_cap",
        ),
        (draft(1, foreign), "issuance.currency_mismatch"),
        (draft(1, unclear), "issuance.bad_digest"),
    ] {
        assert_eq!(scene.code(MAKER, msg), wanted);
    }
    assert_eq!(
        scene.code("bank/maker", draft(1, backing(1, 1))),
        "caller.missing_role"
    );
    scene.run(MAKER, draft(100, backing(1, 100))).unwrap();
    // Another organisation with the same document, and the same one once more.
    for sender in ["rival/maker", MAKER] {
        assert_eq!(
            scene.code(sender, draft(100, backing(1, 100))),
            "issuance.backing_used"
        );
    }
    let asset = active(&mut scene, 100);
    let backed = scene.asset(&asset).unwrap().backing[0].clone();
    scene.run(MAKER, M::Cancel { asset }).unwrap();
    scene.run("rival/maker", draft(100, backed)).unwrap();
    // A document that was paid backs nothing any more.
    let asset = active(&mut scene, 100);
    let backed = scene.asset(&asset).unwrap().backing[0].clone();
    scene.run("bank/maker", M::Redeem { asset }).unwrap();
    assert_eq!(
        scene.code("rival/maker", draft(100, backed)),
        "issuance.backing_used"
    );
    scene.env.transaction = None;
    let refusal = {
        let (deps, env) = (scene.deps.as_mut(), scene.env.clone());
        let info = support::info(MAKER);
        blockworm_asset_issuance::execute(deps, env, info, draft(1, backing(77, 1)))
    };
    assert!(
        refusal
            .unwrap_err()
            .to_string()
            .starts_with("issuance.no_transaction: ")
    );
}

#[test]
fn metadata_follows_the_schema() {
    let mut scene = scene();
    for (pairs, fits) in [
        (vec![("invoice", "R-1")], true),
        (vec![("invoice", "R-1"), ("due", "2026-12-31")], true),
        (vec![], false),
        (vec![("invoice", "")], false),
        (vec![("invoice", "R-1"), ("due", "2026-02-30")], false),
        (vec![("invoice", "R-1"), ("more", "x")], false),
    ] {
        let pairs = pairs
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let metadata: BTreeMap<_, _> = pairs.collect();
        let mut msg = draft(5, backing(scene.transactions + 1, 5));
        if let M::Draft { metadata: said, .. } = &mut msg {
            *said = metadata;
        }
        let outcome = scene.run(MAKER, msg);
        let refused = |text: String| text.starts_with("issuance.bad_metadata: ");
        assert!(outcome.map_or_else(|text| refused(text) && !fits, |_| fits));
    }
}

/// A draft that the issuer's own checkers approve.
fn own_checkers() -> (Scene, AssetId) {
    let mut scene = scene();
    let mut none = class();
    none.name = "self".into();
    none.tiers = vec![Tier {
        up_to: None,
        approvals: vec![requirement("platform", 1)],
        other_organisation: false,
    }];
    scene.run(MAKER, M::Define { class: none }).unwrap();
    let mut msg = draft(5, backing(1, 5));
    if let M::Draft { class, .. } = &mut msg {
        *class = "self".into();
    }
    let data = scene.run(MAKER, msg).unwrap().data.unwrap();
    let asset = AssetId::parse(std::str::from_utf8(&data).unwrap()).unwrap();
    (scene, asset)
}

#[test]
fn makers_do_not_check_and_a_decision_is_on_what_was_read() {
    let (mut scene, asset) = own_checkers();
    let amend = |amount: u128, number| M::Amend {
        asset: asset.clone(),
        amount: Uint128::new(amount),
        backing: backing(number, amount),
        metadata: metadata(),
    };
    scene.run("platform/maker-2", amend(4, 2)).unwrap();
    scene
        .run(
            "platform/maker-2",
            M::Propose {
                asset: asset.clone(),
            },
        )
        .unwrap();
    // The drafter is a checker too, and still had a hand in it.
    assert_eq!(
        scene.code(MAKER, approve(&asset, 1, "platform")),
        "issuance.maker_checks"
    );
    assert_eq!(
        scene.code("platform/checker", approve(&asset, 2, "platform")),
        "issuance.other_version"
    );
    assert_eq!(
        scene.code("platform/checker", approve(&asset, 1, "bank")),
        "issuance.not_needed"
    );
    let (version, role) = (1, "platform".to_owned());
    scene
        .run(
            "platform/checker",
            M::Reject {
                asset: asset.clone(),
                version,
                role,
            },
        )
        .unwrap();
    scene.run(MAKER, amend(3, 3)).unwrap();
    scene
        .run(
            MAKER,
            M::Propose {
                asset: asset.clone(),
            },
        )
        .unwrap();
    // What was signed for the version that was read counts for no other.
    let late = approve(&asset, 1, "platform");
    assert_eq!(
        scene.code("platform/checker", late),
        "issuance.other_version"
    );
    scene
        .run("platform/checker", approve(&asset, 2, "platform"))
        .unwrap();
    assert_eq!(scene.asset(&asset).unwrap().status, Status::Approved);
}

#[test]
fn units_are_added_on_backing_and_approval_until_the_end() {
    let mut scene = scene();
    let asset = active(&mut scene, 100);
    let mint = |amount, backing| M::Mint {
        asset: asset.clone(),
        amount: Uint128::new(amount),
        backing,
    };
    for (msg, wanted) in [
        (mint(0, None), "issuance.zero_amount"),
        (mint(u128::MAX, None), "issuance.overflow"),
        (mint(1, None), "issuance.above_backing"),
        (mint(301, Some(backing(900, 301))), "issuance.above_cap"),
        (mint(50, Some(backing(900, u128::MAX))), "issuance.overflow"),
        (
            mint(50, Some(scene.asset(&asset).unwrap().backing[0].clone())),
            "issuance.backing_used",
        ),
    ] {
        assert_eq!(scene.code(MAKER, msg), wanted);
    }
    scene.run(MAKER, mint(50, Some(backing(900, 60)))).unwrap();
    scene
        .run("bank/checker", approve(&asset, 2, "bank"))
        .unwrap();
    assert_eq!(scene.asset(&asset).unwrap().amount.u128(), 100);
    let last = scene
        .run("court/checker", approve(&asset, 2, "court"))
        .unwrap();
    assert!(matches!(told(&last), Some(IssuanceMsg::Mint { amount, .. }) if amount.u128() == 50));
    assert_eq!(scene.asset(&asset).unwrap().amount.u128(), 150);
    let retire = |amount| M::Retire {
        asset: asset.clone(),
        amount: Uint128::new(amount),
    };
    assert_eq!(scene.code("bank/maker", retire(0)), "issuance.zero_amount");
    assert_eq!(
        scene.code("bank/maker", retire(151)),
        "issuance.above_supply"
    );
    scene
        .run(
            MAKER,
            M::Finalise {
                asset: asset.clone(),
            },
        )
        .unwrap();
    assert_eq!(scene.code(MAKER, mint(1, None)), "issuance.finalised");

    let mut fixed = class();
    fixed.name = "fixed".into();
    fixed.supply = Supply::Fixed;
    scene.run(MAKER, M::Define { class: fixed }).unwrap();
}

fn random_step(scene: &mut Scene, asset: &AssetId, (kind, amount, by): (u8, u128, usize)) {
    let version = scene.asset(asset).unwrap().version;
    let number = 10_000 + scene.transactions;
    let sender = [
        "platform/maker",
        "bank/checker",
        "court/checker",
        "bank/maker",
    ][by];
    let role = ["bank", "bank", "court", "bank"][by].to_owned();
    let asset = asset.clone();
    let msg = match kind {
        0 => M::Propose { asset },
        1 => M::Activate { asset },
        2 | 3 => M::Mint {
            asset,
            amount: Uint128::new(amount),
            backing: Some(backing(number, amount)),
        },
        4 => M::Mint {
            asset,
            amount: Uint128::new(amount),
            backing: None,
        },
        5..9 => M::Approve {
            asset,
            version,
            role,
        },
        9 => M::Reject {
            asset,
            version,
            role,
        },
        10 => M::Retire {
            asset,
            amount: Uint128::new(amount),
        },
        11 if amount < 9 => M::Finalise { asset },
        _ => M::Mint {
            asset,
            amount: Uint128::new(u128::MAX - amount),
            backing: None,
        },
    };
    let _ = scene.run(sender, msg);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_action_issues_above_backing_or_cap(
        steps in proptest::collection::vec((0..13u8, 0..60u128, 0..4usize), 100)
    ) {
        let mut scene = scene();
        let asset = active(&mut scene, 100);
        let mut final_amount = None;
        for step in steps {
            let before = scene.asset(&asset).unwrap();
            random_step(&mut scene, &asset, step);
            let after = scene.asset(&asset).unwrap();
            let backing: u128 = after.backing.iter().map(|b| b.amount.u128()).sum();
            prop_assert!(after.amount.u128() <= backing.min(400));
            if after.amount > before.amount {
                // Its tier's approvals were given to exactly this increase.
                let wanted = if after.amount.u128() <= 10 { 1 } else { 2 };
                let increase = before.increase.unwrap();
                prop_assert_eq!(after.amount, before.amount + increase.amount);
                prop_assert_eq!(after.approvals.len(), wanted);
            }
            if after.finalised {
                let most = *final_amount.get_or_insert(after.amount);
                prop_assert!(after.amount <= most);
            }
        }
    }
}
