//! Every state × action × member of the transaction contract, against a table that is written here by hand.

#![allow(clippy::unwrap_used)]

mod support;

use blockworm_asset_transaction::{
    ExecuteMsg as M,
    msg::{OfferMsg, Part, Target},
    state::{Encumbrance, OfferEnd, ProposalEnd},
};
use blockworm_kit::{
    assets::{AssetId, IssuanceMsg, Kind},
    time_ms,
};
use cosmwasm_std::{Binary, Uint128};
use support::{HOUR_MS, Scene, asset, code, open, open_guarded};

const OWNER: &str = "platform/owner";

/// The owner, a member of its organisation, the pledgee, its organisation's other maker, its
/// checker, the keeper (a notary's checker), the court's judge, a revoked member, the issuance
/// contract and a contract that holds nothing.
const MEMBERS: [&str; 10] = [
    OWNER,
    "platform/other",
    "bank/pledgee",
    "bank/maker",
    "bank/checker",
    "notary/keeper",
    "court/judge",
    "bank/gone",
    "issuance",
    "receivable",
];

/// Where each action leads if its rightful member takes it, or the refusal. The holding is of 100
/// units of a divisible asset; in `guarded…` others must approve a change of hands; `offered…` has
/// an offer of the holding for nothing, `unique` is a unique asset.
const TABLE: &str = "
state         transfer send split pledge release lock unlock freeze lift offer accept withdraw propose approve retract set_aside stop resume close
free          moved moved split pledged !not_pledged locked !not_locked frozen !not_frozen offered !unknown_offer !unknown_offer !no_approval_needed !unknown_proposal !unknown_proposal !not_fungible stopped free closed
unique        moved moved !not_divisible pledged !not_pledged locked !not_locked frozen !not_frozen offered !unknown_offer !unknown_offer !no_approval_needed !unknown_proposal !unknown_proposal !not_fungible stopped free closed
pledged       !pledged !pledged !pledged !pledged free !pledged !not_locked frozen+pledged !not_frozen !pledged !unknown_offer !unknown_offer !no_approval_needed !unknown_proposal !unknown_proposal !not_fungible stopped pledged !pledged
locked        !locked !locked !locked !locked !not_pledged !locked free frozen+locked !not_frozen !locked !unknown_offer !unknown_offer !no_approval_needed !unknown_proposal !unknown_proposal !not_fungible stopped locked !locked
expired       moved moved split pledged !not_pledged locked !not_locked frozen !not_frozen offered !unknown_offer !unknown_offer !no_approval_needed !unknown_proposal !unknown_proposal !not_fungible stopped free closed
frozen        !frozen !frozen !frozen !frozen !frozen !frozen !frozen !frozen free !frozen !unknown_offer !unknown_offer !no_approval_needed !unknown_proposal !unknown_proposal !not_fungible stopped frozen !frozen
frozen+pledged !frozen !frozen !frozen !frozen !frozen !frozen !frozen !frozen pledged !frozen !unknown_offer !unknown_offer !no_approval_needed !unknown_proposal !unknown_proposal !not_fungible stopped frozen+pledged !frozen
stopped       !asset_frozen !asset_frozen !asset_frozen !asset_frozen !asset_frozen !asset_frozen !asset_frozen stopped !not_frozen !asset_frozen !unknown_offer !unknown_offer !asset_frozen !unknown_proposal !unknown_proposal !asset_frozen stopped free !asset_frozen
split         !holding_closed !holding_closed !holding_closed !holding_closed !holding_closed !holding_closed !holding_closed !holding_closed !holding_closed !holding_closed !unknown_offer !unknown_offer !no_approval_needed !unknown_proposal !unknown_proposal !not_fungible stopped split !held_elsewhere
closed        !closed !closed !closed !closed !closed !closed !closed !closed !closed !closed !unknown_offer !unknown_offer !closed !unknown_proposal !unknown_proposal !closed !closed !closed !closed
missing       !unknown_asset !unknown_asset !unknown_asset !unknown_asset !unknown_asset !unknown_asset !unknown_asset !unknown_asset !unknown_asset !unknown_asset !unknown_offer !unknown_offer !unknown_asset !unknown_proposal !unknown_proposal !unknown_asset !unknown_asset !unknown_asset !unknown_asset
offered       moved moved split pledged !not_pledged locked !not_locked frozen !not_frozen offered moved free !no_approval_needed !unknown_proposal !unknown_proposal !not_fungible stopped offered closed
offered+late  moved moved split pledged !not_pledged locked !not_locked frozen !not_frozen offered !expired free !no_approval_needed !unknown_proposal !unknown_proposal !not_fungible stopped offered closed
offered+pledged !pledged !pledged !pledged !pledged offered !pledged !not_locked frozen+pledged !not_frozen !pledged !pledged pledged !no_approval_needed !unknown_proposal !unknown_proposal !not_fungible stopped pledged !pledged
offered+moved !not_owner !not_owner !not_owner !not_owner !not_pledged !not_owner !not_locked frozen !not_frozen !not_owner !not_owner moved !no_approval_needed !unknown_proposal !unknown_proposal !not_fungible stopped moved !held_elsewhere
accepted      !not_owner !not_owner !not_owner !not_owner !not_pledged !not_owner !not_locked frozen !not_frozen !not_owner !ended !ended !no_approval_needed !unknown_proposal !unknown_proposal !not_fungible stopped moved !held_elsewhere
withdrawn     moved moved split pledged !not_pledged locked !not_locked frozen !not_frozen offered !ended !ended !no_approval_needed !unknown_proposal !unknown_proposal !not_fungible stopped free closed
guarded       !needs_approval !needs_approval split pledged !not_pledged locked !not_locked frozen !not_frozen !needs_approval !unknown_offer !unknown_offer proposed !unknown_proposal !unknown_proposal !not_fungible stopped free closed
guarded+pledged !needs_approval !needs_approval !pledged !pledged free !pledged !not_locked frozen+pledged !not_frozen !needs_approval !unknown_offer !unknown_offer !pledged !unknown_proposal !unknown_proposal !not_fungible stopped pledged !pledged
proposed      !needs_approval !needs_approval split pledged !not_pledged locked !not_locked frozen !not_frozen !needs_approval !unknown_offer !unknown_offer proposed halfway free !not_fungible stopped proposed closed
halfway       !needs_approval !needs_approval split pledged !not_pledged locked !not_locked frozen !not_frozen !needs_approval !unknown_offer !unknown_offer halfway moved free !not_fungible stopped halfway closed
proposed+late !needs_approval !needs_approval split pledged !not_pledged locked !not_locked frozen !not_frozen !needs_approval !unknown_offer !unknown_offer proposed !expired free !not_fungible stopped proposed closed
halfway+frozen !needs_approval !needs_approval !frozen !frozen !frozen !frozen !frozen !frozen halfway !needs_approval !unknown_offer !unknown_offer !frozen !frozen frozen !not_fungible stopped frozen !frozen
retracted     !needs_approval !needs_approval split pledged !not_pledged locked !not_locked frozen !not_frozen !needs_approval !unknown_offer !unknown_offer proposed !ended !ended !not_fungible stopped free closed
";

fn cells() -> (Vec<&'static str>, Vec<Vec<&'static str>>) {
    let mut lines = TABLE.trim_matches('\n').lines();
    let actions = lines.next().unwrap().split_whitespace().skip(1).collect();
    let rows = lines.map(|line| line.split_whitespace().collect());
    (actions, rows.collect())
}

fn id(state: &str) -> AssetId {
    if state == "missing" {
        asset("missing")
    } else {
        asset("note")
    }
}

fn message(action: &str, asset: AssetId, member: &str) -> M {
    let (part, holding, proposal) = (Part::Holding(0), 0, 0);
    let for_ms = HOUR_MS;
    let at = Uint128::new(40);
    match action {
        "transfer" => M::Transfer {
            asset,
            part,
            to: "platform/other".into(),
        },
        "send" => {
            let (contract, payload) = ("receivable".into(), Binary::default());
            M::Send {
                asset,
                part,
                contract,
                payload,
            }
        }
        "split" => M::Split { asset, holding, at },
        "pledge" => M::Pledge {
            asset,
            holding,
            pledgee: "bank/pledgee".into(),
        },
        "release" => M::Release { asset, holding },
        "lock" => M::Lock {
            asset,
            holding,
            keeper: "notary/keeper".into(),
            for_ms,
        },
        "unlock" => M::Unlock { asset, holding },
        "offer" => M::Offer(OfferMsg {
            asset,
            give: part,
            want: None,
            to: None,
            for_ms,
        }),
        "accept" => M::Accept {
            offer: 0,
            holding: None,
        },
        "withdraw" => M::Withdraw { offer: 0 },
        "propose" => M::Propose {
            asset,
            part,
            to: "platform/other".into(),
            for_ms,
        },
        "approve" => {
            let role = if member.starts_with("notary/") {
                "notary"
            } else {
                "bank"
            };
            M::Approve {
                proposal,
                role: role.into(),
            }
        }
        "retract" => M::Retract { proposal },
        "set_aside" => M::SetAside { asset, amount: at },
        _ => order(action, asset),
    }
}

/// Messages of courts and of the issuance contract.
fn order(action: &str, asset: AssetId) -> M {
    let order = "0f".repeat(32);
    match action {
        "freeze" => M::Freeze {
            asset,
            target: Target::Holding(0),
            order,
        },
        "lift" => M::Lift {
            asset,
            target: Target::Holding(0),
            order,
        },
        "stop" => M::Issuance(IssuanceMsg::Freeze { asset }),
        "resume" => M::Issuance(IssuanceMsg::Unfreeze { asset }),
        "close" => M::Issuance(IssuanceMsg::Close { asset }),
        _ => unreachable!("{action}"),
    }
}

/// Brings the holding into a state by the members whose business it is.
fn bring(state: &str) -> Scene {
    let mut scene = Scene::default();
    let guarded = ["guarded", "proposed", "halfway", "retracted"]
        .iter()
        .any(|word| state.starts_with(word));
    scene.issue(match (state, guarded) {
        ("unique", _) => open("note", Kind::Unique, 100, OWNER),
        (_, true) => open_guarded("note", Kind::Divisible, 100, OWNER),
        (_, false) => open("note", Kind::Divisible, 100, OWNER),
    });
    let steps: &[(&str, &str)] = match state {
        "pledged" | "guarded+pledged" => &[(OWNER, "pledge")],
        "locked" | "expired" => &[(OWNER, "lock")],
        "frozen" => &[("court/judge", "freeze")],
        "frozen+pledged" => &[(OWNER, "pledge"), ("court/judge", "freeze")],
        "stopped" => &[("issuance", "stop")],
        "split" => &[(OWNER, "split")],
        "closed" => &[("issuance", "close")],
        "offered" | "offered+late" => &[(OWNER, "offer")],
        "offered+pledged" => &[(OWNER, "offer"), (OWNER, "pledge")],
        "offered+moved" => &[(OWNER, "offer"), (OWNER, "transfer")],
        "accepted" => &[(OWNER, "offer"), ("platform/other", "accept")],
        "withdrawn" => &[(OWNER, "offer"), (OWNER, "withdraw")],
        "proposed" | "proposed+late" => &[(OWNER, "propose")],
        "halfway" => &[(OWNER, "propose"), ("notary/keeper", "approve")],
        "halfway+frozen" => &[
            (OWNER, "propose"),
            ("notary/keeper", "approve"),
            ("court/judge", "freeze"),
        ],
        "retracted" => &[(OWNER, "propose"), (OWNER, "retract")],
        _ => &[],
    };
    for (member, action) in steps {
        scene
            .run(member, message(action, asset("note"), member))
            .unwrap();
    }
    if state == "expired" || state.ends_with("late") {
        scene.pass(HOUR_MS);
    }
    scene
}

/// The holding's state, by what is most telling of it.
fn seen(scene: &Scene) -> String {
    let asset = scene.asset(&asset("note")).unwrap();
    if asset.closed || asset.frozen {
        return if asset.closed { "closed" } else { "stopped" }.into();
    }
    let holding = scene.holding(&support::asset("note"), 0).unwrap();
    let now = time_ms(&scene.env);
    let mut words = Vec::new();
    if holding.order.is_some() {
        words.push("frozen");
    }
    match holding.encumbrance {
        Some(Encumbrance::Pledged { .. }) => words.push("pledged"),
        Some(Encumbrance::Locked { until_ms, .. }) if now < until_ms => words.push("locked"),
        _ => {}
    }
    if holding.closed {
        words.push("split");
    }
    if words.is_empty() && holding.owner != OWNER {
        words.push("moved");
    }
    let last = |count: fn(&Scene, u64) -> bool| (0..8).rev().find(|n| count(scene, *n));
    if words.is_empty()
        && let Some(number) = last(|scene, n| scene.offer(n).is_some())
    {
        let end = scene.offer(number).unwrap().end;
        assert!(end != Some(OfferEnd::Accepted(OWNER.into())));
        words.extend(end.is_none().then_some("offered"));
    }
    if words.is_empty()
        && let Some(proposal) = scene.proposal(0)
    {
        let newer = scene
            .proposal(1)
            .is_some_and(|proposal| proposal.end.is_none());
        match (proposal.end, proposal.approvals.len()) {
            (Some(ProposalEnd::Done), _) => panic!("carried out, and not moved"),
            (Some(ProposalEnd::Withdrawn), _) if newer => words.push("proposed"),
            (Some(ProposalEnd::Withdrawn), _) => {}
            (None, 0) => words.push("proposed"),
            (None, _) => words.push("halfway"),
        }
    }
    if words.is_empty() {
        "free".into()
    } else {
        words.join("+")
    }
}

/// What a member hears whose business the action is not, if the state lets it come so far.
fn expected(member: &str, action: &str, state: &str, cell: &str) -> String {
    let at_asset = ["!asset_frozen", "!closed", "!unknown_asset"].contains(&cell);
    let wrong: Option<String> = match action {
        "transfer" | "send" | "split" | "pledge" | "lock" | "offer" | "propose" => {
            let same = matches!(
                (action, member),
                ("pledge", "bank/pledgee") | ("lock", "notary/keeper")
            );
            let new_owner = match state {
                "accepted" | "offered+moved" => "platform/other",
                _ => OWNER,
            };
            let before_owner = at_asset
                || [
                    "!not_divisible",
                    "!holding_closed",
                    "!needs_approval",
                    "!no_approval_needed",
                ]
                .contains(&cell);
            if same {
                Some("asset.same_member".into())
            } else if before_owner || member == OWNER {
                None
            } else if member == new_owner {
                return taken_over(action);
            } else {
                Some("asset.not_owner".into())
            }
        }
        "release" if !cell.starts_with('!') => match member {
            "bank/pledgee" => None,
            _ => Some("asset.not_pledgee".into()),
        },
        "unlock" if !cell.starts_with('!') => match member {
            "notary/keeper" => None,
            _ => Some("asset.not_keeper".into()),
        },
        "freeze" | "lift" => match member {
            "court/judge" => None,
            "bank/gone" => Some("caller.inactive".into()),
            "issuance" | "receivable" => Some("caller.not_a_member".into()),
            _ => Some("caller.missing_role".into()),
        },
        "accept" if !["!unknown_offer", "!expired", "!ended"].contains(&cell) => {
            (member == OWNER).then(|| "asset.own_offer".into())
        }
        "withdraw" if !cell.starts_with('!') => (member != OWNER).then(|| "asset.not_yours".into()),
        "retract" if !cell.starts_with('!') => (member != OWNER).then(|| "asset.not_yours".into()),
        "approve" => match member {
            "bank/gone" => Some("caller.inactive".into()),
            "issuance" | "receivable" => Some("caller.not_a_member".into()),
            "bank/maker" | "bank/pledgee" => Some("caller.missing_function".into()),
            "bank/checker" => None,
            "notary/keeper" if state.starts_with("halfway") => {
                Some("asset.same_organisation".into())
            }
            "notary/keeper" => None,
            _ => Some("caller.missing_role".into()),
        },
        "stop" | "resume" | "close" => (member != "issuance").then(|| "asset.not_issuance".into()),
        _ => None,
    };
    match (wrong, cell.strip_prefix('!')) {
        (Some(code), _) => code,
        (None, Some(code)) => format!("asset.{code}"),
        (None, None) => cell.to_owned(),
    }
}

/// What the new owner may do with a holding that changed hands.
fn taken_over(action: &str) -> String {
    match action {
        "pledge" => "pledged",
        "lock" => "locked",
        "split" => "split",
        _ => "moved",
    }
    .to_owned()
}

#[test]
fn every_state_action_and_member_has_the_outcome_of_the_table() {
    let (actions, rows) = cells();
    let (mut cases, mut taken) = (0, 0);
    let mut wrong = Vec::new();
    for row in &rows {
        let state = row[0];
        assert_eq!(row.len(), actions.len() + 1, "{state}");
        for (action, cell) in actions.iter().zip(&row[1..]) {
            for member in MEMBERS {
                let mut scene = bring(state);
                let before = scene.stored();
                let outcome = scene.run(member, message(action, id(state), member));
                let got = match &outcome {
                    Ok(_) => seen(&scene),
                    Err(refusal) => code(refusal).to_owned(),
                };
                if outcome.is_err() {
                    assert_eq!(scene.stored(), before, "{member} {action} on {state} wrote");
                } else {
                    taken += 1;
                }
                let wanted = expected(member, action, state, cell);
                if got != wanted {
                    wrong.push(format!("{member} {action} on {state}: {got}, not {wanted}"));
                }
                cases += 1;
            }
        }
    }
    println!(
        "transaction: {} states x {} actions x {} members = {cases} cases, {taken} taken",
        rows.len(),
        actions.len(),
        MEMBERS.len(),
    );
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert_eq!(cases, 24 * 19 * 10);
}
