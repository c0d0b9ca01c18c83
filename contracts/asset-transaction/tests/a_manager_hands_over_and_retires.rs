//! Assets that a contract manages: both legs or neither, who is guarded gets nothing around it, and what is kept stays.

#![allow(clippy::unwrap_used)]

mod support;

use blockworm_asset_transaction::{
    ExecuteMsg,
    msg::{OfferMsg, Part, Target, Want},
};
use blockworm_kit::assets::{AssetId, IssuanceMsg, Kind, Manager, ManagerMsg, Payment};
use cosmwasm_std::Uint128;
use support::{HOUR_MS, Scene, asset, code, open};

const OWNER: &str = "platform/owner";
const BANK: &str = "bank/maker";
const MANAGER: &str = "receivable";

fn refused(scene: &mut Scene, sender: &str, msg: ExecuteMsg) -> String {
    code(&scene.run(sender, msg).unwrap_err()).to_owned()
}

/// A debt of 100 units in its owner's hand, and 500 units of money in the manager's balance.
fn scene() -> (Scene, AssetId, AssetId) {
    let mut scene = Scene::default();
    let mut msg = open("debt", Kind::Divisible, 100, OWNER);
    if let IssuanceMsg::Open { manager, .. } = &mut msg {
        *manager = Some(Manager {
            contract: MANAGER.into(),
            guarded: vec!["bank".into()],
        });
    }
    scene.issue(msg);
    scene.issue(open("cash", Kind::Fungible, 500, MANAGER));
    (scene, asset("debt"), asset("cash"))
}

fn hand(debt: &AssetId, cash: &AssetId, to: &str, price: u128, keep: bool) -> ExecuteMsg {
    ExecuteMsg::Manager(ManagerMsg::Hand {
        asset: debt.clone(),
        holding: 0,
        to: to.into(),
        against: pay(cash, price),
        keep,
    })
}

fn pay(cash: &AssetId, amount: u128) -> Payment {
    Payment {
        asset: cash.clone(),
        amount: Uint128::new(amount),
    }
}

fn retire(debt: &AssetId, cash: &AssetId, holding: u64, amount: u128) -> ExecuteMsg {
    ExecuteMsg::Manager(ManagerMsg::Retire {
        asset: debt.clone(),
        holding,
        against: pay(cash, amount),
    })
}

#[test]
fn a_holding_changes_hands_against_payment_and_is_kept() {
    let (mut scene, debt, cash) = scene();
    assert_eq!(
        refused(&mut scene, OWNER, hand(&debt, &cash, BANK, 90, true)),
        "asset.not_manager"
    );
    // The manager of one asset says nothing of another.
    let other = ExecuteMsg::Manager(ManagerMsg::Retire {
        asset: cash.clone(),
        holding: 0,
        against: pay(&cash, 1),
    });
    assert_eq!(refused(&mut scene, MANAGER, other), "asset.not_manager");
    assert_eq!(
        refused(
            &mut scene,
            MANAGER,
            hand(&debt, &cash, "bank/gone", 90, true)
        ),
        "asset.inactive_member"
    );
    assert_eq!(
        refused(&mut scene, MANAGER, hand(&debt, &cash, OWNER, 90, true)),
        "asset.same_member"
    );
    scene
        .run(MANAGER, hand(&debt, &cash, BANK, 90, true))
        .unwrap();
    assert_eq!(scene.holding(&debt, 0).unwrap().owner, BANK);
    assert_eq!(scene.balance(&cash, OWNER).amount.u128(), 90);
    let split = ExecuteMsg::Split {
        asset: debt.clone(),
        holding: 0,
        at: Uint128::new(40),
    };
    assert_eq!(refused(&mut scene, BANK, split), "asset.pledged");
    let release = ExecuteMsg::Release {
        asset: debt.clone(),
        holding: 0,
    };
    assert_eq!(refused(&mut scene, BANK, release), "asset.not_pledgee");
    // Back without being kept: its owner's to split again.
    scene
        .run(MANAGER, hand(&debt, &cash, OWNER, 95, false))
        .unwrap();
    assert_eq!(scene.balance(&cash, BANK).amount.u128(), 95);
    assert_eq!(scene.holding(&debt, 0).unwrap().encumbrance, None);
}

#[test]
fn a_payment_that_is_not_there_moves_nothing() {
    let (mut scene, debt, cash) = scene();
    let code = refused(&mut scene, MANAGER, hand(&debt, &cash, BANK, 501, true));
    assert_eq!(code, "asset.insufficient_units");
    let code = refused(&mut scene, MANAGER, retire(&debt, &cash, 0, 0));
    assert_eq!(code, "asset.zero_amount");
}

#[test]
fn retired_units_are_nobodys_and_the_asset_closes_when_all_are() {
    let (mut scene, debt, cash) = scene();
    let split = ExecuteMsg::Split {
        asset: debt.clone(),
        holding: 0,
        at: Uint128::new(30),
    };
    scene.run(OWNER, split).unwrap();
    scene.run(MANAGER, retire(&debt, &cash, 1, 30)).unwrap();
    assert_eq!(scene.asset(&debt).unwrap().retired.u128(), 30);
    assert_eq!(
        refused(&mut scene, MANAGER, retire(&debt, &cash, 1, 30)),
        "asset.holding_closed"
    );
    let close = || {
        ExecuteMsg::Issuance(IssuanceMsg::Close {
            asset: asset("debt"),
        })
    };
    assert_eq!(
        refused(&mut scene, "issuance", close()),
        "asset.held_elsewhere"
    );
    scene.run(MANAGER, retire(&debt, &cash, 2, 70)).unwrap();
    scene.run("issuance", close()).unwrap();
    assert!(scene.asset(&debt).unwrap().closed);
    assert_eq!(scene.balance(&cash, OWNER).amount.u128(), 100);
    assert_eq!(scene.balance(&cash, MANAGER).amount.u128(), 400);
}

#[test]
fn who_is_guarded_gets_nothing_around_the_manager() {
    let (mut scene, debt, cash) = scene();
    let (asset, part) = (debt.clone(), Part::Holding(0));
    let around = [
        ExecuteMsg::Transfer {
            asset: asset.clone(),
            part,
            to: BANK.into(),
        },
        ExecuteMsg::Pledge {
            asset: asset.clone(),
            holding: 0,
            pledgee: BANK.into(),
        },
        // Another contract could pass it on.
        ExecuteMsg::Send {
            asset: asset.clone(),
            part,
            contract: "elsewhere".into(),
            payload: Default::default(),
        },
    ];
    for message in around {
        assert_eq!(refused(&mut scene, OWNER, message), "asset.guarded");
    }
    let offer = |asset: &AssetId, give, want, amount: u128| {
        let want = Some(Want {
            asset: want,
            amount: Uint128::new(amount),
        });
        ExecuteMsg::Offer(OfferMsg {
            asset: asset.clone(),
            give,
            want,
            to: None,
            for_ms: HOUR_MS,
        })
    };
    scene
        .run(OWNER, offer(&asset, part, cash.clone(), 1))
        .unwrap();
    let accept = |offer| ExecuteMsg::Accept {
        offer,
        holding: None,
    };
    assert_eq!(refused(&mut scene, BANK, accept(0)), "asset.guarded");
    // Nor by offering to pay for it.
    scene.issue(open("coin", Kind::Fungible, 9, BANK));
    let units = Part::Units(Uint128::new(9));
    let coin = support::asset("coin");
    scene
        .run(BANK, offer(&coin, units, debt.clone(), 100))
        .unwrap();
    let give = ExecuteMsg::Accept {
        offer: 1,
        holding: Some(0),
    };
    assert_eq!(refused(&mut scene, OWNER, give), "asset.guarded");
    // Everybody else gives it on freely.
    let on = ExecuteMsg::Transfer {
        asset,
        part,
        to: "platform/other".into(),
    };
    scene.run(OWNER, on).unwrap();
}

#[test]
fn what_is_encumbered_elsewhere_or_frozen_is_not_the_managers() {
    let (mut scene, debt, cash) = scene();
    let order = || "0c".repeat(32);
    let freeze = ExecuteMsg::Freeze {
        asset: debt.clone(),
        target: Target::Holding(0),
        order: order(),
    };
    scene
        .run(MANAGER, hand(&debt, &cash, BANK, 1, true))
        .unwrap();
    scene.run("court/judge", freeze).unwrap();
    let code = refused(&mut scene, MANAGER, retire(&debt, &cash, 0, 1));
    assert_eq!(code, "asset.frozen");
    let lift = ExecuteMsg::Lift {
        asset: debt.clone(),
        target: Target::Holding(0),
        order: order(),
    };
    scene.run("court/judge", lift).unwrap();
    scene
        .run(MANAGER, hand(&debt, &cash, OWNER, 1, false))
        .unwrap();
    let lock = ExecuteMsg::Lock {
        asset: debt.clone(),
        holding: 0,
        keeper: "notary/keeper".into(),
        for_ms: HOUR_MS,
    };
    scene.run(OWNER, lock).unwrap();
    let code = refused(&mut scene, MANAGER, retire(&debt, &cash, 0, 1));
    assert_eq!(code, "asset.locked");
    scene.pass(HOUR_MS);
    scene.run(MANAGER, retire(&debt, &cash, 0, 1)).unwrap();
}
