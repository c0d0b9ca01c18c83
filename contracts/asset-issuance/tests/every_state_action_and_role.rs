//! Every state × action × member of the issuance contract, against a table that is written here by hand.

#![allow(clippy::unwrap_used)]

mod support;

use blockworm_asset_issuance::{ExecuteMsg, state::Status};
use blockworm_kit::assets::{AssetId, IssuanceMsg};
use cosmwasm_std::{Response, Uint128};
use support::{Scene, backing, class, metadata, told};

/// Who acts: the drafter, another maker of the issuer, its checker (a bank too), a rival issuer,
/// the bank, another of its checkers, the court, its judge without a function, one who was
/// revoked, and nobody.
const MEMBERS: [&str; 11] = [
    "platform/maker",
    "platform/maker-2",
    "platform/checker",
    "rival/maker",
    "bank/maker",
    "bank/checker",
    "bank/checker-2",
    "court/checker",
    "court/judge",
    "bank/gone",
    "nobody/maker",
];

/// Where each action leads if its rightful member takes it, or the refusal. `halfway`: proposed,
/// and the bank has approved. `growing`: active, and more units are proposed. `final`: active, and
/// no units can be added.
const TABLE: &str = "
          amend propose  approve reject activate mint    finalise retire freeze unfreeze redeem   cancel
draft     draft proposed -       -      -        -       -        -      -      -        -        cancelled
proposed  -     -        halfway draft  -        -       -        -      -      -        -        cancelled
halfway   -     -        approved draft -        -       -        -      -      -        -        cancelled
approved  -     -        -       draft  active   -       -        -      -      -        -        cancelled
active    -     -        !nothing_proposed !nothing_proposed - growing final active frozen - redeemed cancelled
growing   -     -        growing active -        !mint_pending !mint_pending !mint_pending frozen - redeemed cancelled
final     -     -        !nothing_proposed !nothing_proposed - !finalised !finalised final frozen - redeemed cancelled
frozen    -     -        -       -      -        -       -        -      -      active   -        -
redeemed  -     -        -       -      -        -       -        -      -      -        -        -
cancelled -     -        -       -      -        -       -        -      -      -        -        -
missing   !     !        !       !      !        !       !        !      !      !        !        !
";

fn cells() -> (Vec<&'static str>, Vec<Vec<&'static str>>) {
    let mut lines = TABLE.trim_matches('\n').lines();
    let actions = lines.next().unwrap().split_whitespace().collect();
    let rows = lines.map(|line| line.split_whitespace().collect());
    (actions, rows.collect())
}

/// Why this member may never take the action, by its standing alone.
fn refusal(member: &str, action: &str) -> Option<&'static str> {
    let role = |holders: &[&str]| !holders.iter().any(|holder| member.starts_with(holder));
    let (platform, bank) = (["platform/", "rival/"], ["bank/", "platform/checker"]);
    match (member, action) {
        ("nobody/maker", _) => Some("caller.not_a_member"),
        ("bank/gone", _) => Some("caller.inactive"),
        (_, "approve" | "reject") => match member {
            "platform/maker" | "platform/maker-2" | "rival/maker" => Some("caller.missing_role"),
            "bank/maker" | "court/judge" => Some("caller.missing_function"),
            _ => None,
        },
        (_, "freeze" | "unfreeze") => {
            role(&["court/", "bank/checker-2"]).then_some("caller.missing_role")
        }
        (_, "retire" | "redeem") if role(&bank) => Some("caller.missing_role"),
        (_, "retire" | "redeem") => (member != "bank/maker").then_some("caller.missing_function"),
        (_, _) if role(&platform) => Some("caller.missing_role"),
        ("platform/checker", _) => Some("caller.missing_function"),
        ("rival/maker", _) => Some("issuance.not_the_issuer"),
        _ => None,
    }
}

fn expected(member: &str, action: &str, state: &str, cell: &str) -> String {
    if state == "missing" {
        let own = refusal(member, "")
            .filter(|code| ["caller.not_a_member", "caller.inactive"].contains(code));
        return own.unwrap_or("issuance.unknown_asset").to_owned();
    }
    if let Some(code) = refusal(member, action) {
        return code.to_owned();
    }
    // The tier wants a bank and a court of other organisations.
    if action == "approve" && ["proposed", "halfway", "growing"].contains(&state) {
        let same =
            member == "platform/checker" || (state == "halfway" && member == "bank/checker-2");
        if state == "halfway" && member == "bank/checker" {
            return "issuance.already_approved".into();
        }
        if same {
            return "issuance.same_organisation".into();
        }
    }
    match cell.strip_prefix('!') {
        Some(code) => format!("issuance.{code}"),
        None if cell == "-" => "issuance.wrong_state".into(),
        None => cell.to_owned(),
    }
}

fn message(action: &str, asset: AssetId, version: u32, member: &str) -> ExecuteMsg {
    let amount = Uint128::new(20);
    let order = "0f".repeat(32);
    let role = if member.starts_with("court/") {
        "court"
    } else {
        "bank"
    }
    .to_owned();
    match action {
        "amend" => {
            let (backing, metadata) = (backing(999, 20), metadata());
            ExecuteMsg::Amend {
                asset,
                amount,
                backing,
                metadata,
            }
        }
        "propose" => ExecuteMsg::Propose { asset },
        "approve" => ExecuteMsg::Approve {
            asset,
            version,
            role,
        },
        "reject" => ExecuteMsg::Reject {
            asset,
            version,
            role,
        },
        "activate" => ExecuteMsg::Activate { asset },
        "mint" => {
            let backing = Some(backing(998, 20));
            ExecuteMsg::Mint {
                asset,
                amount,
                backing,
            }
        }
        "finalise" => ExecuteMsg::Finalise { asset },
        "retire" => ExecuteMsg::Retire {
            asset,
            amount: Uint128::one(),
        },
        "freeze" => ExecuteMsg::Freeze { asset, order },
        "unfreeze" => ExecuteMsg::Unfreeze { asset, order },
        "redeem" => ExecuteMsg::Redeem { asset },
        "cancel" => ExecuteMsg::Cancel { asset },
        _ => unreachable!("{action}"),
    }
}

/// An asset of 100 units, brought into a state by the members whose business it is.
fn bring(scene: &mut Scene, state: &str) -> AssetId {
    if state == "missing" {
        return AssetId::parse("note/ffffffffffffffff").unwrap();
    }
    let asset = scene.draft(100);
    let steps: &[(&str, &str)] = match state {
        "draft" => &[],
        "proposed" => &[("platform/maker", "propose")],
        "halfway" => &[("platform/maker", "propose"), ("bank/checker", "approve")],
        "cancelled" => &[("platform/maker", "cancel")],
        _ => &[
            ("platform/maker", "propose"),
            ("bank/checker", "approve"),
            ("court/checker", "approve"),
        ],
    };
    let more: &[(&str, &str)] = match state {
        "active" => &[("platform/maker", "activate")],
        "growing" => &[("platform/maker", "activate"), ("platform/maker", "mint")],
        "final" => &[
            ("platform/maker", "activate"),
            ("platform/maker", "finalise"),
        ],
        "frozen" => &[("platform/maker", "activate"), ("court/judge", "freeze")],
        "redeemed" => &[("platform/maker", "activate"), ("bank/maker", "redeem")],
        _ => &[],
    };
    for (member, action) in steps.iter().chain(more) {
        let version = scene.asset(&asset).unwrap().version;
        let msg = message(action, asset.clone(), version, member);
        scene.run(member, msg).unwrap();
    }
    asset
}

fn seen(scene: &Scene, asset: &AssetId) -> &'static str {
    let asset = scene.asset(asset).unwrap();
    match asset.status {
        Status::Draft => "draft",
        Status::Proposed if asset.approvals.is_empty() => "proposed",
        Status::Proposed => "halfway",
        Status::Approved => "approved",
        Status::Active if asset.increase.is_some() => "growing",
        Status::Active if asset.finalised => "final",
        Status::Active => "active",
        Status::Frozen => "frozen",
        Status::Redeemed => "redeemed",
        Status::Cancelled => "cancelled",
    }
}

/// What the holdings' contract must hear of a step; nothing of any other.
fn check_told(response: &Response, action: &str, from: &str) {
    let asset_opened = ["active", "growing", "final", "frozen"].contains(&from);
    let fits = match (action, told(response)) {
        ("activate", Some(IssuanceMsg::Open { amount, owner, .. })) => {
            amount.u128() == 100 && owner == "platform/maker"
        }
        ("retire", Some(IssuanceMsg::Retire { amount, .. })) => amount.u128() == 1,
        ("freeze", Some(IssuanceMsg::Freeze { .. })) => true,
        ("unfreeze", Some(IssuanceMsg::Unfreeze { .. })) => true,
        ("redeem", Some(IssuanceMsg::Close { .. })) => true,
        ("cancel", Some(IssuanceMsg::Close { .. })) => asset_opened,
        ("cancel", None) => !asset_opened,
        ("activate" | "retire" | "freeze" | "unfreeze" | "redeem", None) => false,
        (_, told) => told.is_none(),
    };
    assert!(fits, "{action} from {from}: {response:?}");
}

#[test]
fn every_state_action_and_member_has_the_outcome_of_the_table() {
    let (actions, rows) = cells();
    let (mut cases, mut taken) = (0, 0);
    for row in &rows {
        let state = row[0];
        assert_eq!(row.len(), actions.len() + 1, "{state}");
        for (action, cell) in actions.iter().zip(&row[1..]) {
            for member in MEMBERS {
                let mut scene = Scene::new(vec![class()]);
                let asset = bring(&mut scene, state);
                let version = scene.asset(&asset).map_or(1, |asset| asset.version);
                let msg = message(action, asset.clone(), version, member);
                let outcome = scene.run(member, msg);
                let got = match &outcome {
                    Ok(response) => {
                        check_told(response, action, state);
                        taken += 1;
                        seen(&scene, &asset)
                    }
                    Err(refusal) => refusal.split(": ").next().unwrap(),
                };
                let wanted = expected(member, action, state, cell);
                assert_eq!(got, wanted, "{member} {action} on {state}: {outcome:?}");
                cases += 1;
            }
        }
    }
    println!(
        "issuance: {} states x {} actions x {} members = {cases} cases, {taken} taken",
        rows.len(),
        actions.len(),
        MEMBERS.len(),
    );
    assert_eq!(cases, 11 * 12 * 11);
}
