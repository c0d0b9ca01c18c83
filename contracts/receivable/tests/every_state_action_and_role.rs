//! Every state × action × member of the receivable contract, against a table that is written here by hand.

#![allow(clippy::unwrap_used)]

mod support;

use blockworm_kit::assets::{ManageMsg, ManagerMsg};
use blockworm_receivable::{ExecuteMsg, Payload, msg::Status};
use cosmwasm_std::{Response, Uint128};
use support::{
    AMOUNT, BANK, BUYER, LATE, OTHER, PRICE, SELLER, Scene, Told, arrived, code, finance, settle,
    terms, told,
};

const MEMBERS: [&str; 10] = [
    SELLER,
    OTHER,
    BUYER,
    BANK,
    "bank/maker-2",
    "bank/checker",
    "other-bank/maker",
    "notary/clerk",
    "bank/gone",
    "nobody/maker",
];

/// Where each action leads if its rightful member takes it, or the refusal. `overdue`: financed,
/// and the day has passed. `noticed`: and the bank has given notice. `demanded`: and has demanded
/// that the seller takes it back, who did in `back`. `half`: one of two parts is paid.
const TABLE: &str = "
          confirm refuse withdraw ask notify demand finance settle repurchase
issued    confirmed refused withdrawn !not_confirmed !not_confirmed !not_confirmed !not_confirmed !not_confirmed !not_confirmed
confirmed !already_confirmed !already_confirmed !already_confirmed confirmed !not_overdue !not_overdue financed settled !not_financed
financed  !already_confirmed !already_confirmed !already_confirmed financed !not_overdue !not_overdue !already_financed settled !not_demanded
overdue   !already_confirmed !already_confirmed !already_confirmed financed financed !no_notice !already_financed settled !not_demanded
noticed   !already_confirmed !already_confirmed !already_confirmed financed financed financed !already_financed settled !not_demanded
demanded  !already_confirmed !already_confirmed !already_confirmed financed financed financed !already_financed settled confirmed
back      !already_confirmed !already_confirmed !already_confirmed confirmed confirmed !not_financed !not_offered settled !not_financed
half      !already_confirmed !already_confirmed !already_confirmed confirmed !not_overdue !not_overdue !not_offered settled !not_financed
settled   !already_settled !already_settled !already_settled !already_settled !already_settled !already_settled !already_settled !already_settled !already_settled
refused   !cancelled !cancelled !cancelled !cancelled !cancelled !cancelled !cancelled !cancelled !cancelled
withdrawn !cancelled !cancelled !cancelled !cancelled !cancelled !cancelled !cancelled !cancelled !cancelled
missing   !not_found !not_found !not_found !not_found !not_found !not_found !not_found !not_found !not_found
";

/// The part that is acted on.
fn part(state: &str) -> u64 {
    if state == "half" { 2 } else { 0 }
}

/// Who owns it; nobody before it exists.
fn owner(state: &str) -> &'static str {
    match state {
        "financed" | "overdue" | "noticed" | "demanded" => BANK,
        _ => SELLER,
    }
}

fn expected(member: &str, action: &str, state: &str, cell: &str) -> String {
    let standing = match member {
        "nobody/maker" => Some("caller.not_a_member"),
        "bank/gone" => Some("caller.inactive"),
        _ => None,
    };
    let bank = ["bank/", "other-bank/"]
        .iter()
        .any(|b| member.starts_with(b));
    let banks = ["demand", "finance"].contains(&action);
    let caller = standing
        .or((banks && !bank).then_some("caller.missing_role"))
        .or((action == "demand" && member == "bank/checker").then_some("caller.missing_function"));
    if let Some(code) = caller {
        return code.to_owned();
    }
    let own = |right: bool, code: &str| (!right && state != "missing").then(|| code.to_owned());
    let first = match action {
        "confirm" | "refuse" | "settle" => own(member == BUYER, "receivable.not_the_buyer"),
        "withdraw" => own(member == SELLER, "receivable.not_the_seller"),
        _ => None,
    };
    if let Some(code) = first {
        return code;
    }
    let refusal = cell.strip_prefix('!');
    // These ask who it is after they looked where it stands.
    let known = refusal.is_none_or(|code| ["not_demanded", "no_notice"].contains(&code));
    let late = match action {
        "ask" | "notify" => own(member == owner(state), "receivable.not_the_owner"),
        "demand" => own(member.starts_with("bank/"), "receivable.not_the_owner"),
        "repurchase" => own(member == SELLER, "receivable.not_the_seller"),
        _ => None,
    };
    match (late, refusal) {
        (Some(code), _) if known => code,
        (_, Some(code)) => format!("receivable.{code}"),
        (_, None) => cell.to_owned(),
    }
}

fn message(action: &str, member: &str, state: &str) -> ExecuteMsg {
    let (id, holding) = ("R-1".to_owned(), part(state));
    let notice = "0f".repeat(32);
    let amount = Uint128::new(PRICE + 10);
    match action {
        "confirm" => ExecuteMsg::Confirm { id },
        "refuse" => ExecuteMsg::Refuse { id },
        "withdraw" => ExecuteMsg::Withdraw { id },
        "ask" => ExecuteMsg::Ask {
            id,
            holding,
            price: Some(Uint128::new(100)),
            recourse: false,
        },
        "notify" => ExecuteMsg::Notify {
            id,
            holding,
            notice,
        },
        "demand" => ExecuteMsg::Demand {
            id,
            holding,
            amount,
        },
        "finance" => arrived(member, PRICE, &finance(holding, None)),
        "settle" if state == "half" => arrived(member, 600, &settle(&[holding])),
        "settle" => arrived(member, AMOUNT, &settle(&[holding])),
        "repurchase" => {
            let payload = Payload::Repurchase { id, holding };
            arrived(member, PRICE + 10, &payload)
        }
        _ => unreachable!("{action}"),
    }
}

/// A receivable brought into a state by the members whose business it is.
fn bring(state: &str) -> Scene {
    let mut scene = Scene::new(false);
    let take = |scene: &mut Scene, member: &str, action: &str| {
        let sender = match action {
            "finance" | "settle" | "repurchase" => "assets",
            _ => member,
        };
        scene.run(sender, message(action, member, "")).unwrap();
    };
    match state {
        "missing" => {}
        "issued" => drop(scene.run(SELLER, terms()).unwrap()),
        "refused" | "withdrawn" => {
            scene.run(SELLER, terms()).unwrap();
            match state {
                "refused" => take(&mut scene, BUYER, "refuse"),
                _ => take(&mut scene, SELLER, "withdraw"),
            }
        }
        "confirmed" => scene = scene.confirmed(),
        "half" => {
            scene = scene.confirmed();
            scene.holds(1, (0, 400), OTHER, false);
            scene.pay(BUYER, 400, &settle(&[1])).unwrap();
            scene.holds(1, (0, 400), OTHER, true);
            scene.holds(2, (400, AMOUNT), SELLER, false);
        }
        "settled" => {
            scene = scene.financed();
            take(&mut scene, BUYER, "settle");
        }
        _ => {
            scene = scene.financed();
            if state != "financed" {
                scene = scene.at(LATE);
            }
            let steps: &[(&str, &str)] = match state {
                "financed" | "overdue" => &[],
                "noticed" => &[(BANK, "notify")],
                "demanded" => &[(BANK, "notify"), (BANK, "demand")],
                _ => &[(BANK, "notify"), (BANK, "demand"), (SELLER, "repurchase")],
            };
            for (member, action) in steps {
                take(&mut scene, member, action);
            }
            if state == "back" {
                scene.holds(0, (0, AMOUNT), SELLER, false);
            }
        }
    }
    scene
}

fn seen(scene: &Scene) -> &'static str {
    match scene.receivable().unwrap().status {
        Status::Issued => "issued",
        Status::Confirmed => "confirmed",
        Status::Financed => "financed",
        Status::Settled => "settled",
        Status::Refused => "refused",
        Status::Withdrawn => "withdrawn",
    }
}

/// What the asset contracts must hear of a step; nothing of any other.
fn check_told(response: &Response, action: &str) {
    let told = told(response);
    let fits = match (action, &told[..]) {
        ("confirm", [Told::Issuance(ManageMsg::Begin { approval, .. })]) => {
            approval.member == BUYER
        }
        ("refuse" | "withdraw", [Told::Issuance(ManageMsg::Cancel { .. })]) => true,
        (
            "finance",
            [
                Told::Assets(ManagerMsg::Hand {
                    to, against, keep, ..
                }),
            ],
        ) => *keep && to.contains("bank/") && against.amount.u128() == PRICE,
        (
            "repurchase",
            [
                Told::Assets(ManagerMsg::Hand {
                    to, against, keep, ..
                }),
            ],
        ) => !keep && to == SELLER && against.amount.u128() == PRICE + 10,
        (
            "settle",
            [
                Told::Assets(ManagerMsg::Retire { .. }),
                Told::Issuance(ManageMsg::Redeem { .. }),
            ],
        ) => true,
        ("ask" | "notify" | "demand", []) => true,
        _ => false,
    };
    assert!(fits, "{action}: {told:?}");
}

#[test]
fn every_state_action_and_member_has_the_outcome_of_the_table() {
    let mut lines = TABLE.trim_matches('\n').lines();
    let actions: Vec<&str> = lines.next().unwrap().split_whitespace().collect();
    let rows: Vec<Vec<&str>> = lines.map(|l| l.split_whitespace().collect()).collect();
    let (mut cases, mut taken) = (0, 0);
    for row in &rows {
        let state = row[0];
        assert_eq!(row.len(), actions.len() + 1, "{state}");
        for (action, cell) in actions.iter().zip(&row[1..]) {
            for member in MEMBERS {
                let mut scene = bring(state);
                let msg = message(action, member, state);
                let sender = match msg {
                    ExecuteMsg::ReceiveAsset(_) => "assets",
                    _ => member,
                };
                let outcome = scene.run(sender, msg);
                let got = match &outcome {
                    Ok(response) => {
                        check_told(response, action);
                        taken += 1;
                        seen(&scene)
                    }
                    Err(refusal) => code(refusal),
                };
                let wanted = expected(member, action, state, cell);
                assert_eq!(got, wanted, "{member} {action} on {state}: {outcome:?}");
                cases += 1;
            }
        }
    }
    println!(
        "receivable: {} states x {} actions x {} members = {cases} cases, {taken} taken",
        rows.len(),
        actions.len(),
        MEMBERS.len(),
    );
    assert_eq!(cases, 12 * 9 * 10);
}
