//! Random actions against a plain reference: 10,000 of them, with BLOCKWORM_LONG=1 a million.

#![allow(clippy::unwrap_used)]

#[path = "support/model.rs"]
mod model;
mod support;

use blockworm_asset_transaction::{
    ExecuteMsg as M,
    msg::{OfferMsg, Part, Target, Want},
    state::{ASSETS, Encumbrance, HOLDINGS},
};
use blockworm_kit::{
    assets::{AssetId, IssuanceMsg, Kind},
    time_ms,
};
use cosmwasm_std::Uint128;
use model::{Act, Bit, Model};
use proptest::prelude::*;
use std::cell::Cell;
use support::{Scene, asset, open};

const MEMBERS: [&str; 4] = [
    "platform/owner",
    "platform/other",
    "bank/pledgee",
    "bank/maker",
];
const AMOUNTS: [u128; 2] = [1_000, 32];
const ACTIONS: usize = 100;

/// Small numbers out of which an action is made when its turn comes.
type Seed = (u8, usize, usize, usize, u64, u128);

fn seeds() -> impl Strategy<Value = Vec<Seed>> {
    let seed = (0..40u8, 0..4usize, 0..4usize, 0..2usize, 0..6u64, 0..34u128);
    proptest::collection::vec(seed, ACTIONS)
}

/// Mostly an open holding and whoever may most likely do it, now and then anything.
fn act(model: &Model, (kind, by, other, asset, pick, amount): Seed) -> Act {
    let holds = &model.holds[asset];
    let mut open: Vec<usize> = (0..holds.len()).filter(|n| holds[*n].open).collect();
    open.sort_by_key(|n| holds[*n].from);
    let place = (amount as usize + pick as usize).checked_rem(open.len());
    let place = place.filter(|_| amount % 8 != 0);
    let number = place.map_or(pick, |place| open[place] as u64);
    let before = place.and_then(|place| open.get(place.wrapping_sub(1)));
    let before = before.map_or(pick, |before| *before as u64);
    let hold = holds.get(number as usize);
    let likely = hold.and_then(|hold| match kind {
        19..22 => hold.pledgee,
        24..26 => hold.lock.map(|(keeper, _)| keeper),
        0..3 | 7..9 => (0..4).max_by_key(|member| model.balance[*member]),
        _ => Some(hold.owner),
    });
    let by = likely.filter(|_| amount % 4 != 0).unwrap_or(by);
    let amount = match hold {
        Some(hold) if (9..13).contains(&kind) => hold.from + amount % (hold.to - hold.from).max(1),
        _ => amount,
    };
    let offer = (model.offers.len() as u64).saturating_sub(1 + pick / 2);
    let for_ms = 1_000 * (1 + pick);
    let part = if pick < 2 {
        Bit::Units(0, amount)
    } else {
        Bit::Holding(asset, number)
    };
    match kind {
        0..3 => Act::Move(by, Bit::Units(0, amount), other),
        3..7 => Act::Move(by, Bit::Holding(asset, number), other),
        7..9 => Act::SetAside(by, 0, amount),
        9..13 => Act::Split(by, asset, number, amount),
        13 => Act::Merge(by, asset, vec![before, number]),
        14 => Act::Merge(by, asset, vec![number, before]),
        15 => Act::Merge(by, asset, vec![number]),
        16 => Act::Merge(by, asset, vec![before, number, number]),
        17..19 => Act::Pledge(by, asset, number, other),
        19..22 => Act::Release(by, asset, number),
        22..24 => Act::Lock(by, asset, number, other, for_ms),
        24..26 => Act::Unlock(by, asset, number),
        26 => Act::Order(asset, number, true),
        27..29 => Act::Order(asset, number, false),
        29 => Act::OrderBalance(asset, other, pick == 0),
        30 => Act::Offer(by, part, None, for_ms),
        31 => Act::Offer(by, part, Some((other % 2, 1 + amount / 8)), for_ms),
        32 | 33 => Act::Accept(other, offer, (pick % 2 == 0).then_some(number)),
        34 => Act::Withdraw(by, offer),
        35 => Act::Pass(500 * (1 + pick)),
        36 => Act::Stop(asset, pick == 0 && amount < 9),
        37 if pick == 0 => Act::Mint(asset, u128::MAX - amount),
        37 => Act::Mint(asset, amount),
        38 => Act::Retire(asset, amount),
        _ if pick == 0 && amount < 9 => Act::Close(asset),
        _ => Act::Pass(1),
    }
}

fn id(number: usize) -> AssetId {
    asset(["unit", "note"][number])
}

fn part(bit: Bit) -> Part {
    match bit {
        Bit::Units(_, amount) => Part::Units(Uint128::new(amount)),
        Bit::Holding(_, number) => Part::Holding(number),
    }
}

/// The same as a message, and who sends it.
fn message(act: &Act) -> (&'static str, M) {
    let member = |number: &usize| MEMBERS[*number].to_owned();
    match act.clone() {
        Act::Move(by, bit, to) => {
            let (asset, part) = (id(bit.asset()), part(bit));
            (
                MEMBERS[by],
                M::Transfer {
                    asset,
                    part,
                    to: member(&to),
                },
            )
        }
        Act::SetAside(by, asset, amount) => {
            let amount = Uint128::new(amount);
            (
                MEMBERS[by],
                M::SetAside {
                    asset: id(asset),
                    amount,
                },
            )
        }
        Act::Split(by, asset, holding, at) => {
            let at = Uint128::new(at);
            (
                MEMBERS[by],
                M::Split {
                    asset: id(asset),
                    holding,
                    at,
                },
            )
        }
        Act::Merge(by, asset, holdings) => (
            MEMBERS[by],
            M::Merge {
                asset: id(asset),
                holdings,
            },
        ),
        Act::Offer(by, bit, want, for_ms) => {
            let (asset, give) = (id(bit.asset()), part(bit));
            let want = want.map(|(asset, amount)| {
                let amount = Uint128::new(amount);
                Want {
                    asset: id(asset),
                    amount,
                }
            });
            (
                MEMBERS[by],
                M::Offer(OfferMsg {
                    asset,
                    give,
                    want,
                    to: None,
                    for_ms,
                }),
            )
        }
        Act::Accept(by, offer, holding) => (MEMBERS[by], M::Accept { offer, holding }),
        Act::Withdraw(by, offer) => (MEMBERS[by], M::Withdraw { offer }),
        other => encumbrance(&other),
    }
}

/// What owners, pledgees and keepers send.
fn encumbrance(act: &Act) -> (&'static str, M) {
    let member = |number: &usize| MEMBERS[*number].to_owned();
    match act.clone() {
        Act::Pledge(by, asset, holding, pledgee) => {
            let pledgee = member(&pledgee);
            (
                MEMBERS[by],
                M::Pledge {
                    asset: id(asset),
                    holding,
                    pledgee,
                },
            )
        }
        Act::Release(by, asset, holding) => (
            MEMBERS[by],
            M::Release {
                asset: id(asset),
                holding,
            },
        ),
        Act::Lock(by, asset, holding, keeper, for_ms) => {
            let (asset, keeper) = (id(asset), member(&keeper));
            (
                MEMBERS[by],
                M::Lock {
                    asset,
                    holding,
                    keeper,
                    for_ms,
                },
            )
        }
        Act::Unlock(by, asset, holding) => (
            MEMBERS[by],
            M::Unlock {
                asset: id(asset),
                holding,
            },
        ),
        other => order(&other),
    }
}

/// What courts and the issuance contract send.
fn order(act: &Act) -> (&'static str, M) {
    let digest = "0f".repeat(32);
    match act.clone() {
        Act::Order(asset, holding, freezes) => (
            "court/judge",
            court(id(asset), Target::Holding(holding), digest, freezes),
        ),
        Act::OrderBalance(asset, owner, freezes) => {
            let target = Target::Balance(MEMBERS[owner].to_owned());
            ("court/judge", court(id(asset), target, digest, freezes))
        }
        Act::Stop(asset, true) => (
            "issuance",
            M::Issuance(IssuanceMsg::Freeze { asset: id(asset) }),
        ),
        Act::Stop(asset, false) => (
            "issuance",
            M::Issuance(IssuanceMsg::Unfreeze { asset: id(asset) }),
        ),
        Act::Mint(asset, amount) => {
            let (asset, amount) = (id(asset), Uint128::new(amount));
            ("issuance", M::Issuance(IssuanceMsg::Mint { asset, amount }))
        }
        Act::Retire(asset, amount) => {
            let (asset, amount) = (id(asset), Uint128::new(amount));
            (
                "issuance",
                M::Issuance(IssuanceMsg::Retire { asset, amount }),
            )
        }
        Act::Close(asset) => (
            "issuance",
            M::Issuance(IssuanceMsg::Close { asset: id(asset) }),
        ),
        _ => unreachable!("{act:?}"),
    }
}

fn court(asset: AssetId, target: Target, order: String, freezes: bool) -> M {
    if freezes {
        M::Freeze {
            asset,
            target,
            order,
        }
    } else {
        M::Lift {
            asset,
            target,
            order,
        }
    }
}

/// Everything that the contract keeps is what the reference keeps, and every unit is in one hand.
fn check(scene: &Scene, model: &Model) {
    let storage = &scene.deps.storage;
    for number in 0..2 {
        let id = id(number);
        let row = ASSETS.load(storage, id.as_str()).unwrap();
        assert_eq!(
            (row.frozen, row.closed),
            (model.stopped[number], model.closed[number])
        );
        assert_eq!(row.amount.u128(), model.amount[number]);
        assert_eq!(row.next, model.holds[number].len() as u64);
        let (mut total, mut units) = (0u128, vec![]);
        for (place, hold) in model.holds[number].iter().enumerate() {
            let row = HOLDINGS.load(storage, (id.as_str(), place as u64)).unwrap();
            assert_eq!(row.closed, !hold.open);
            if row.closed {
                continue;
            }
            assert_eq!(
                (row.units.from.u128(), row.units.to.u128()),
                (hold.from, hold.to)
            );
            assert_eq!(
                (row.owner.as_str(), row.order.is_some()),
                (MEMBERS[hold.owner], hold.court)
            );
            let (pledgee, lock) = match row.encumbrance {
                Some(Encumbrance::Pledged { pledgee }) => (Some(pledgee), None),
                Some(Encumbrance::Locked { keeper, until_ms }) => (None, Some((keeper, until_ms))),
                None => (None, None),
            };
            let lock = lock.filter(|(_, until)| model.now < *until);
            let wanted = hold.lock.filter(|(_, until)| model.now < *until);
            assert_eq!(
                pledgee.as_deref(),
                hold.pledgee.map(|member| MEMBERS[member])
            );
            assert_eq!(
                lock,
                wanted.map(|(keeper, until)| (MEMBERS[keeper].to_owned(), until))
            );
            total += row.units.count().u128();
            units.push((row.units.from.u128(), row.units.to.u128()));
        }
        if number == 0 {
            for (member, name) in MEMBERS.iter().enumerate() {
                let balance = scene.balance(&id, name);
                assert_eq!(balance.amount.u128(), model.balance[member]);
                assert_eq!(balance.order.is_some(), model.court[member]);
                total += balance.amount.u128();
            }
        } else if !row.closed {
            units.sort_unstable();
            assert!(
                units.windows(2).all(|pair| pair[0].1 == pair[1].0),
                "{units:?}"
            );
        }
        assert_eq!(total, if row.closed { 0 } else { row.amount.u128() });
    }
}

#[test]
fn no_action_breaks_a_supply_a_pledge_a_lock_or_a_claim() {
    let long = std::env::var_os("BLOCKWORM_LONG").is_some();
    let cases = if long { 10_000 } else { 100 };
    let (tried, done, exchanged) = (Cell::new(0), Cell::new(0), Cell::new(0));
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    runner
        .run(&seeds(), |seeds| {
            let mut scene = Scene::default();
            scene.issue(open("unit", Kind::Fungible, AMOUNTS[0], MEMBERS[0]));
            scene.issue(open("note", Kind::Divisible, AMOUNTS[1], MEMBERS[0]));
            let mut model = Model::new(time_ms(&scene.env), AMOUNTS);
            for seed in seeds {
                let act = act(&model, seed);
                tried.set(tried.get() + 1);
                let allowed = model.act(&act).is_some();
                if let Act::Pass(ms) = act {
                    scene.pass(ms);
                    continue;
                }
                let (sender, message) = message(&act);
                let outcome = scene.run(sender, message);
                prop_assert_eq!(outcome.is_ok(), allowed, "{:?}: {:?}", act, outcome);
                done.set(done.get() + usize::from(allowed));
                let exchange = allowed && matches!(act, Act::Accept(..));
                exchanged.set(exchanged.get() + usize::from(exchange));
                check(&scene, &model);
            }
            Ok(())
        })
        .unwrap();
    println!(
        "{} random actions, {} done, {} exchanges",
        tried.get(),
        done.get(),
        exchanged.get(),
    );
    // A run in which nearly everything is refused would show nothing.
    assert!(
        done.get() * 5 > tried.get(),
        "{} of {}",
        done.get(),
        tried.get()
    );
    assert!(
        exchanged.get() * 1_000 > tried.get(),
        "{} exchanges",
        exchanged.get()
    );
}
