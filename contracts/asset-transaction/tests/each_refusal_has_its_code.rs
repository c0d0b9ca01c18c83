//! What the table of states does not reach: exchanges, receivers, parts, limits and where a holding comes from.

#![allow(clippy::unwrap_used)]

mod support;

use blockworm_asset_transaction::{
    ExecuteMsg as M, QueryMsg,
    msg::{
        MAX_TIME_MS, NumberedHolding, OfferMsg, OutgoingMsg, Part, ProvenanceResponse, Target, Want,
    },
    state::StepKind,
};
use blockworm_kit::assets::{AssetId, IssuanceMsg, Kind};
use cosmwasm_std::{Binary, CosmosMsg, Uint128, WasmMsg, from_json};
use support::{HOUR_MS, Scene, asset, code, open};

const OWNER: &str = "platform/owner";
const OTHER: &str = "platform/other";
const BANK: &str = "bank/maker";

fn scene() -> Scene {
    let mut scene = Scene::default();
    scene.issue(open("note", Kind::Divisible, 100, OWNER));
    scene.issue(open("money", Kind::Fungible, 1_000, BANK));
    scene
}

fn units(amount: u128) -> Part {
    Part::Units(Uint128::new(amount))
}

fn offer(give: Part, want: Option<(&str, u128)>, to: Option<&str>) -> M {
    let want = want.map(|(class, amount)| Want {
        asset: asset(class),
        amount: Uint128::new(amount),
    });
    M::Offer(OfferMsg {
        asset: asset("note"),
        give,
        want,
        to: to.map(str::to_owned),
        for_ms: HOUR_MS,
    })
}

fn transfer(class: &str, part: Part, to: &str) -> M {
    M::Transfer {
        asset: asset(class),
        part,
        to: to.into(),
    }
}

fn refused(scene: &mut Scene, sender: &str, msg: M) -> String {
    let before = scene.stored();
    let refusal = scene.run(sender, msg).unwrap_err();
    assert_eq!(scene.stored(), before, "{refusal}");
    code(&refusal).to_owned()
}

#[test]
fn delivery_and_payment_happen_together_or_not_at_all() {
    let mut scene = scene();
    let sell = offer(Part::Holding(0), Some(("money", 600)), None);
    scene.run(OWNER, sell.clone()).unwrap();
    let accept = M::Accept {
        offer: 0,
        holding: None,
    };
    assert_eq!(
        refused(&mut scene, OTHER, accept.clone()),
        "asset.insufficient_units"
    );
    let barter = M::Accept {
        offer: 0,
        holding: Some(9),
    };
    assert_eq!(refused(&mut scene, BANK, barter), "asset.unknown_holding");
    // The buyer's money is frozen, then the seller's note: neither leg moves alone.
    let order = "0f".repeat(32);
    for (class, target) in [
        ("money", Target::Balance(BANK.into())),
        ("note", Target::Holding(0)),
    ] {
        let (asset, order) = (asset(class), order.clone());
        let (freeze, lift) = (
            M::Freeze {
                asset: asset.clone(),
                target: target.clone(),
                order: order.clone(),
            },
            M::Lift {
                asset,
                target,
                order,
            },
        );
        scene.run("court/judge", freeze).unwrap();
        assert_eq!(refused(&mut scene, BANK, accept.clone()), "asset.frozen");
        scene.run("court/judge", lift).unwrap();
    }
    scene.run(BANK, accept.clone()).unwrap();
    assert_eq!(scene.holding(&asset("note"), 0).unwrap().owner, BANK);
    assert_eq!(scene.balance(&asset("money"), OWNER).amount.u128(), 600);
    assert_eq!(scene.balance(&asset("money"), BANK).amount.u128(), 400);
    assert_eq!(refused(&mut scene, BANK, accept), "asset.ended");
}

#[test]
fn a_holding_is_exchanged_for_one_of_the_width_that_is_asked() {
    let mut scene = scene();
    scene
        .run(OWNER, transfer("note", Part::Holding(0), BANK))
        .unwrap();
    let at = Uint128::new(30);
    scene
        .run(
            BANK,
            M::Split {
                asset: asset("note"),
                holding: 0,
                at,
            },
        )
        .unwrap();
    scene
        .run(BANK, transfer("note", Part::Holding(2), OTHER))
        .unwrap();
    scene
        .run(
            BANK,
            offer(Part::Holding(1), Some(("note", 70)), Some(OTHER)),
        )
        .unwrap();
    let swap = |holding| M::Accept { offer: 0, holding };
    assert_eq!(
        refused(&mut scene, OWNER, swap(Some(2))),
        "asset.not_for_you"
    );
    assert_eq!(refused(&mut scene, OTHER, swap(None)), "asset.not_fungible");
    scene.run(OTHER, swap(Some(2))).unwrap();
    assert_eq!(scene.holding(&asset("note"), 2).unwrap().owner, BANK);
    scene
        .run(OTHER, offer(Part::Holding(1), Some(("note", 69)), None))
        .unwrap();
    let swap = M::Accept {
        offer: 1,
        holding: Some(2),
    };
    assert_eq!(refused(&mut scene, BANK, swap), "asset.wrong_payment");
}

#[test]
fn parts_and_receivers_that_do_not_fit_have_their_codes() {
    let mut scene = scene();
    let cases = [
        (
            OWNER,
            transfer("note", Part::Holding(0), "nobody/x"),
            "asset.unknown_member",
        ),
        (
            OWNER,
            transfer("note", Part::Holding(0), "bank/gone"),
            "asset.inactive_member",
        ),
        (
            OWNER,
            transfer("note", Part::Holding(7), BANK),
            "asset.unknown_holding",
        ),
        (
            OWNER,
            transfer("note", units(1), BANK),
            "asset.not_fungible",
        ),
        (
            BANK,
            transfer("money", units(0), OWNER),
            "asset.zero_amount",
        ),
        (
            BANK,
            transfer("money", units(1_001), OWNER),
            "asset.insufficient_units",
        ),
        (
            OWNER,
            offer(Part::Holding(0), Some(("money", 0)), None),
            "asset.zero_amount",
        ),
        (
            OWNER,
            offer(Part::Holding(0), Some(("none", 1)), None),
            "asset.unknown_asset",
        ),
        (
            OWNER,
            offer(Part::Holding(0), None, Some(OWNER)),
            "asset.same_member",
        ),
        (
            OWNER,
            offer(Part::Holding(0), None, Some("no/x")),
            "asset.unknown_member",
        ),
    ];
    for (sender, msg, wanted) in cases {
        assert_eq!(refused(&mut scene, sender, msg.clone()), wanted, "{msg:?}");
    }
}

#[test]
fn splits_mergers_times_and_orders_that_do_not_fit_have_their_codes() {
    let mut scene = scene();
    for at in [0, 100, 101] {
        let msg = M::Split {
            asset: asset("note"),
            holding: 0,
            at: Uint128::new(at),
        };
        assert_eq!(refused(&mut scene, OWNER, msg), "asset.bad_split");
    }
    for holdings in [vec![], vec![0], vec![0, 0], (0..17).collect()] {
        let msg = M::Merge {
            asset: asset("note"),
            holdings,
        };
        assert_eq!(refused(&mut scene, OWNER, msg), "asset.bad_merge");
    }
    for for_ms in [0, 999, MAX_TIME_MS + 1, u64::MAX] {
        let keeper = BANK.to_owned();
        let msg = M::Lock {
            asset: asset("note"),
            holding: 0,
            keeper,
            for_ms,
        };
        assert_eq!(refused(&mut scene, OWNER, msg), "asset.bad_duration");
    }
    let (target, order) = (Target::Holding(0), "0F".repeat(32));
    let msg = M::Freeze {
        asset: asset("note"),
        target,
        order,
    };
    assert_eq!(refused(&mut scene, "court/judge", msg), "asset.bad_digest");
}

#[test]
fn no_amount_wraps_and_nothing_opens_twice() {
    let mut scene = scene();
    let mint = |amount| IssuanceMsg::Mint {
        asset: asset("money"),
        amount,
    };
    let too_much = M::Issuance(mint(Uint128::MAX));
    assert_eq!(refused(&mut scene, "issuance", too_much), "asset.overflow");
    scene.issue(mint(Uint128::MAX - Uint128::new(1_000)));
    let one = M::Issuance(mint(Uint128::one()));
    assert_eq!(refused(&mut scene, "issuance", one), "asset.overflow");
    let again = M::Issuance(open("note", Kind::Unique, 1, OWNER));
    assert_eq!(refused(&mut scene, "issuance", again), "asset.already_open");
}

#[test]
fn a_contract_is_told_what_it_was_sent() {
    let mut scene = scene();
    for (sender, class, part, amount, holding) in [
        (BANK, "money", units(40), 40, None),
        (OWNER, "note", Part::Holding(0), 100, Some(0)),
    ] {
        let payload = Binary::from(b"{}");
        let contract = "receivable".to_owned();
        let msg = M::Send {
            asset: asset(class),
            part,
            contract,
            payload,
        };
        let response = scene.run(sender, msg).unwrap();
        let CosmosMsg::Wasm(WasmMsg::Execute {
            contract_addr, msg, ..
        }) = &response.messages[0].msg
        else {
            panic!("{response:?}")
        };
        assert_eq!(contract_addr, "receivable");
        let OutgoingMsg::ReceiveAsset(told) = from_json(msg).unwrap();
        assert_eq!((told.sender.as_str(), told.asset), (sender, asset(class)));
        assert_eq!((told.amount.u128(), told.holding), (amount, holding));
    }
    assert_eq!(
        scene.balance(&asset("money"), "receivable").amount.u128(),
        40
    );
    // What it holds, it may give back.
    scene
        .run("receivable", transfer("money", units(40), BANK))
        .unwrap();
}

#[test]
fn a_revoked_pledgee_is_followed_by_its_organisation() {
    let mut scene = scene();
    let pledgee = "bank/pledgee".to_owned();
    let (asset, holding) = (asset("note"), 0);
    scene
        .run(
            OWNER,
            M::Pledge {
                asset: asset.clone(),
                holding,
                pledgee,
            },
        )
        .unwrap();
    let release = M::Release { asset, holding };
    assert_eq!(
        refused(&mut scene, BANK, release.clone()),
        "asset.not_pledgee"
    );
    let members = &mut scene.deps.querier.members;
    members.get_mut("bank/pledgee").unwrap().active = false;
    for sender in [OWNER, OTHER, "bank/checker", "court/judge"] {
        assert_eq!(
            refused(&mut scene, sender, release.clone()),
            "asset.not_pledgee"
        );
    }
    scene.run(BANK, release).unwrap();
}

fn provenance(scene: &Scene, holding: u64, pages: usize) -> Vec<(u64, StepKind)> {
    let (mut found, mut cursor) = (vec![], None);
    for _ in 0..pages {
        let page: ProvenanceResponse = scene.ask(QueryMsg::Provenance {
            asset: asset("note"),
            holding,
            cursor,
            limit: None,
        });
        found.extend(page.steps.iter().map(|row| (row.at.holding, row.step.kind)));
        if page.next.is_empty() {
            return found;
        }
        cursor = Some(page.next);
    }
    panic!("more than {pages} pages")
}

#[test]
fn a_holding_tells_where_it_comes_from_through_splits_and_mergers() {
    use StepKind::{Closed, Merged, Opened, Split, Transferred};
    let mut scene = scene();
    let note = || asset("note");
    let at = Uint128::new(30);
    scene
        .run(
            OWNER,
            M::Split {
                asset: note(),
                holding: 0,
                at,
            },
        )
        .unwrap();
    scene
        .run(OWNER, transfer("note", Part::Holding(1), OTHER))
        .unwrap();
    scene
        .run(OWNER, transfer("note", Part::Holding(2), OTHER))
        .unwrap();
    scene
        .run(
            OTHER,
            M::Merge {
                asset: note(),
                holdings: vec![1, 2],
            },
        )
        .unwrap();
    let wanted = [
        (3, Merged),
        (2, Closed),
        (2, Transferred),
        (2, Split),
        (1, Closed),
        (1, Transferred),
        (1, Split),
        (0, Closed),
        (0, Opened),
    ];
    assert_eq!(provenance(&scene, 3, 1), wanted);
    let holdings: Vec<NumberedHolding> = scene.ask(QueryMsg::Holdings {
        asset: note(),
        from: Some(1),
        limit: Some(2),
    });
    assert_eq!(
        holdings.iter().map(|row| row.number).collect::<Vec<_>>(),
        [1, 2]
    );
    // Ten thousand steps more: a page costs its own steps, however many there are.
    for n in 0..10_000 {
        let (from, to) = if n % 2 == 0 {
            (OTHER, OWNER)
        } else {
            (OWNER, OTHER)
        };
        scene
            .run(from, transfer("note", Part::Holding(3), to))
            .unwrap();
    }
    let steps = provenance(&scene, 3, 101);
    assert_eq!(steps.len(), 10_009);
    assert_eq!(steps[10_000..], wanted);
    let unknown = AssetId::parse("note/0000000000000000").unwrap();
    assert!(scene.asset(&unknown).is_none());
}
