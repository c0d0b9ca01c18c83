//! A class that a contract runs: the contract walks the table of states, members do not, courts freeze as always.

#![allow(clippy::unwrap_used)]

mod support;

use blockworm_asset_issuance::{ExecuteMsg, msg::Class, state::Status};
use blockworm_kit::assets::{Approval, AssetId, IssuanceMsg, Kind, ManageMsg, Manager};
use cosmwasm_std::Uint128;
use support::{Scene, backing, class, metadata, told};

fn managed() -> Class {
    Class {
        kind: Kind::Divisible,
        issue: vec![],
        redeem: vec![],
        tiers: vec![],
        supply: blockworm_asset_issuance::msg::Supply::Fixed,
        manager: Some(Manager {
            contract: "receivable".into(),
            guarded: vec!["bank".into()],
        }),
        ..class()
    }
}

fn propose(number: u64, amount: u128) -> ManageMsg {
    ManageMsg::Propose {
        class: "note".into(),
        amount: Uint128::new(amount),
        backing: backing(number, amount),
        metadata: metadata(),
        issuer: "platform/maker".into(),
    }
}

fn begin(asset: &AssetId, member: &str) -> ExecuteMsg {
    ExecuteMsg::Manage(ManageMsg::Begin {
        asset: asset.clone(),
        approval: Approval {
            member: member.into(),
            organisation: "platform".into(),
            role: "buyer".into(),
        },
    })
}

/// The asset that the manager proposes next.
fn proposed(scene: &mut Scene, number: u64) -> AssetId {
    let message = ExecuteMsg::Manage(propose(number, 7_000));
    let response = scene.run("receivable", message).unwrap();
    let subject = response.events[0].attributes.iter();
    let subject = subject.clone().find(|one| one.key == "subject").unwrap();
    AssetId::parse(&subject.value).unwrap()
}

#[test]
fn the_manager_alone_walks_the_table() {
    let mut scene = Scene::new(vec![managed()]);
    let asset = proposed(&mut scene, 1);
    let row = scene.asset(&asset).unwrap();
    assert_eq!((row.status, row.version), (Status::Proposed, 1));
    assert_eq!(row.organisation, "platform");
    let own = begin(&asset, "platform/maker");
    assert_eq!(scene.code("receivable", own), "issuance.maker_checks");
    let other = begin(&asset, "platform/maker-2");
    assert_eq!(scene.code("other", other.clone()), "issuance.not_manager");
    let response = scene.run("receivable", other.clone()).unwrap();
    let Some(IssuanceMsg::Open { manager, owner, .. }) = told(&response) else {
        panic!("{response:?}")
    };
    assert_eq!(manager, managed().manager);
    assert_eq!(owner, "platform/maker");
    assert_eq!(scene.code("receivable", other), "issuance.wrong_state");
    let redeem = ExecuteMsg::Manage(ManageMsg::Redeem {
        asset: asset.clone(),
    });
    let response = scene.run("receivable", redeem.clone()).unwrap();
    assert!(matches!(told(&response), Some(IssuanceMsg::Close { .. })));
    assert_eq!(scene.code("receivable", redeem), "issuance.wrong_state");
    // A paid document backs nothing any more.
    let again = ExecuteMsg::Manage(propose(1, 7_000));
    assert_eq!(scene.code("receivable", again), "issuance.backing_used");
}

#[test]
fn what_never_began_frees_its_document() {
    let mut scene = Scene::new(vec![managed()]);
    let asset = proposed(&mut scene, 1);
    let cancel = ExecuteMsg::Manage(ManageMsg::Cancel {
        asset: asset.clone(),
    });
    let response = scene.run("receivable", cancel).unwrap();
    assert_eq!(told(&response), None);
    assert_eq!(scene.asset(&asset).unwrap().status, Status::Cancelled);
    proposed(&mut scene, 1);
    let above = ManageMsg::Propose {
        class: "note".into(),
        amount: Uint128::new(7_001),
        backing: backing(2, 7_000),
        metadata: metadata(),
        issuer: "platform/maker".into(),
    };
    let above = ExecuteMsg::Manage(above);
    assert_eq!(scene.code("receivable", above), "issuance.above_backing");
}

#[test]
fn members_act_on_it_as_courts_alone() {
    let mut scene = Scene::new(vec![managed()]);
    let asset = proposed(&mut scene, 1);
    let draft = ExecuteMsg::Draft {
        class: "note".into(),
        amount: Uint128::new(5),
        backing: backing(9, 5),
        metadata: metadata(),
    };
    assert_eq!(scene.code("platform/maker", draft), "issuance.managed");
    let (version, role) = (1, "bank".to_owned());
    let own = |asset: &AssetId| asset.clone();
    let approve = ExecuteMsg::Approve {
        asset: own(&asset),
        version,
        role,
    };
    let cancel = ExecuteMsg::Cancel { asset: own(&asset) };
    let redeem = ExecuteMsg::Redeem { asset: own(&asset) };
    for (member, message) in [
        ("bank/checker", approve),
        ("platform/maker", cancel),
        ("bank/maker", redeem),
    ] {
        assert_eq!(scene.code(member, message), "issuance.managed", "{member}");
    }
    scene
        .run("receivable", begin(&asset, "platform/maker-2"))
        .unwrap();
    let order = "0f".repeat(32);
    let freeze = ExecuteMsg::Freeze { asset, order };
    let response = scene.run("court/judge", freeze).unwrap();
    assert!(matches!(told(&response), Some(IssuanceMsg::Freeze { .. })));
}

#[test]
fn a_class_is_run_by_a_contract_or_by_rules_and_not_by_both() {
    let mut scene = Scene::new(vec![]);
    let spoils: [fn(&mut Class); 6] = [
        |class| class.issue = vec!["platform".into()],
        |class| class.tiers = support::class().tiers,
        |class| class.supply = support::class().supply,
        |class| class.kind = Kind::Fungible,
        |class| class.transfer_approvals = vec![support::requirement("bank", 1)],
        |class| class.manager = None,
    ];
    for (place, spoil) in spoils.into_iter().enumerate() {
        let mut class = managed();
        spoil(&mut class);
        let define = ExecuteMsg::Define { class };
        let code = scene.code("platform/maker", define);
        assert_eq!(code, "issuance.bad_class", "case {place}");
    }
    let define = ExecuteMsg::Define { class: managed() };
    scene.run("platform/maker", define).unwrap();
}
