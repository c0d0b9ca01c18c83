//! Refusals that no state decides: terms, payments, parts and pages, each by its code.

#![allow(clippy::unwrap_used)]

mod support;

use blockworm_kit::{
    CalendarYear, CivilDate, Currency,
    assets::{AssetId, ReceiveAssetMsg},
};
use blockworm_receivable::{
    ExecuteMsg, Payload, QueryMsg, ReceivableResponse,
    msg::{HistoryEntry, Status, Step},
};
use cosmwasm_std::{Binary, Uint128, to_json_binary};
use proptest::prelude::*;
use support::{
    AMOUNT, BANK, BUYER, LATE, PRICE, SELLER, Scene, arrived, code, finance, settle, terms, voucher,
};

/// The usual terms with one thing changed.
fn changed(change: impl FnOnce(&mut ExecuteMsg)) -> ExecuteMsg {
    let mut message = terms();
    change(&mut message);
    message
}

macro_rules! set {
    ($field:ident = $value:expr) => {
        changed(|message| {
            if let ExecuteMsg::Issue { $field, .. } = message {
                *$field = $value;
            }
        })
    };
}

#[test]
fn terms_that_do_not_fit_have_their_codes() {
    let amount = |units: u128| Some(Uint128::new(units));
    let mut scene = Scene::new(false);
    let cases = [
        ("nobody/x", terms(), "caller.not_a_member"),
        ("bank/gone", terms(), "caller.inactive"),
        (BANK, terms(), "caller.missing_role"),
        (SELLER, set!(id = String::new()), "receivable.bad_id"),
        (SELLER, set!(id = "R 1".into()), "receivable.bad_id"),
        (SELLER, set!(id = "x".repeat(65)), "receivable.bad_id"),
        (
            SELLER,
            set!(invoice_digest = "AB".repeat(32)),
            "receivable.bad_digest",
        ),
        (
            SELLER,
            set!(document_commitment = Some("ab".into())),
            "receivable.bad_digest",
        ),
        (
            SELLER,
            set!(amount = Uint128::zero()),
            "receivable.zero_amount",
        ),
        (SELLER, set!(price = amount(0)), "receivable.bad_price"),
        (
            SELLER,
            set!(price = amount(AMOUNT + 1)),
            "receivable.bad_price",
        ),
        (
            SELLER,
            set!(buyer = SELLER.into()),
            "receivable.buyer_is_seller",
        ),
        (
            SELLER,
            set!(buyer = "bank/gone".into()),
            "receivable.unknown_buyer",
        ),
        (
            SELLER,
            set!(buyer = "who/ever".into()),
            "receivable.unknown_buyer",
        ),
    ];
    for (sender, message, wanted) in cases {
        assert_eq!(scene.code(sender, message), wanted);
    }
    scene.run(SELLER, terms()).unwrap();
    assert_eq!(scene.code(SELLER, terms()), "receivable.already_exists");
    let other = set!(id = "R-2".into());
    assert_eq!(
        scene.code(SELLER, other.clone()),
        "receivable.invoice_already_registered"
    );
    // What the buyer refused, or the seller took back, may be issued on again.
    let id = "R-1".to_owned();
    scene.run(BUYER, ExecuteMsg::Refuse { id }).unwrap();
    scene.run(SELLER, other).unwrap();
}

#[test]
fn money_that_is_none_and_payments_that_do_not_fit_have_their_codes() {
    let mut scene = Scene::new(false).confirmed();
    let pay = finance(0, None);
    let payment = |asset: AssetId, holding, payload| {
        ExecuteMsg::ReceiveAsset(ReceiveAssetMsg {
            sender: BANK.into(),
            asset,
            holding,
            amount: Uint128::new(PRICE),
            currency: Currency::parse("CNY").unwrap(),
            payload,
        })
    };
    let good = to_json_binary(&pay).unwrap();
    assert_eq!(
        scene.code(BANK, arrived(BANK, PRICE, &pay)),
        "receivable.not_the_asset_contract"
    );
    let fake = AssetId::of("note", &[1; 32]).unwrap();
    for (asset, holding) in [(fake, None), (voucher(), Some(3))] {
        let message = payment(asset, holding, good.clone());
        assert_eq!(scene.code("assets", message), "receivable.not_money");
    }
    let blank = payment(voucher(), None, Binary::default());
    assert_eq!(scene.code("assets", blank), "receivable.bad_payload");
    for wrong in [PRICE - 1, PRICE + 1] {
        let refused = scene.pay(BANK, wrong, &pay).unwrap_err();
        assert_eq!(code(&refused), "receivable.wrong_amount");
    }
    let mut other = payment(voucher(), None, good);
    if let ExecuteMsg::ReceiveAsset(arrived) = &mut other {
        arrived.currency = Currency::parse("EUR").unwrap();
    }
    assert_eq!(scene.code("assets", other), "receivable.wrong_amount");
    for parts in [&[][..], &[0, 0], &[0; 17]] {
        let refused = scene.pay(BUYER, AMOUNT, &settle(parts)).unwrap_err();
        assert_eq!(code(&refused), "receivable.bad_parts");
    }
    scene.holds_nothing(7);
    let refused = scene.pay(BUYER, AMOUNT, &settle(&[7])).unwrap_err();
    assert_eq!(code(&refused), "receivable.no_part");
}

/// The price was asked by an owner who has given the part away since.
#[test]
fn an_ask_ends_with_the_ownership() {
    let mut scene = Scene::new(false).confirmed();
    scene.holds(0, (0, AMOUNT), "platform/supplier-2", false);
    let refused = scene.pay(BANK, PRICE, &finance(0, None)).unwrap_err();
    assert_eq!(code(&refused), "receivable.not_offered");
    let ask = |price: Option<u128>| ExecuteMsg::Ask {
        id: "R-1".into(),
        holding: 0,
        price: price.map(Uint128::new),
        recourse: false,
    };
    for wrong in [0, AMOUNT + 1] {
        let code = scene.code("platform/supplier-2", ask(Some(wrong)));
        assert_eq!(code, "receivable.bad_price");
    }
    scene.run("platform/supplier-2", ask(Some(PRICE))).unwrap();
    scene.run("platform/supplier-2", ask(None)).unwrap();
    let refused = scene.pay(BANK, PRICE, &finance(0, None)).unwrap_err();
    assert_eq!(code(&refused), "receivable.not_offered");
}

#[test]
fn recourse_needs_to_be_agreed_demanded_and_paid_in_full() {
    let mut scene = Scene::new(false);
    scene.run(SELLER, set!(recourse = false)).unwrap();
    let id = "R-1".to_owned();
    scene.run(BUYER, ExecuteMsg::Confirm { id }).unwrap();
    scene.holds(0, (0, AMOUNT), SELLER, false);
    scene.pay(BANK, PRICE, &finance(0, None)).unwrap();
    scene.holds(0, (0, AMOUNT), BANK, false);
    let mut scene = scene.at(LATE);
    let demand = |amount: u128| ExecuteMsg::Demand {
        id: "R-1".into(),
        holding: 0,
        amount: Uint128::new(amount),
    };
    assert_eq!(scene.code(BANK, demand(PRICE)), "receivable.no_recourse");

    let mut scene = Scene::new(false).financed().at(LATE);
    let notice = |digest: &str| ExecuteMsg::Notify {
        id: "R-1".into(),
        holding: 0,
        notice: digest.into(),
    };
    assert_eq!(scene.code(BANK, notice("no")), "receivable.bad_digest");
    scene.run(BANK, notice(&"0f".repeat(32))).unwrap();
    for wrong in [PRICE - 1, AMOUNT + 1] {
        assert_eq!(scene.code(BANK, demand(wrong)), "receivable.bad_demand");
    }
    scene.run(BANK, demand(PRICE + 1)).unwrap();
    let (id, holding) = ("R-1".to_owned(), 0);
    let back = Payload::Repurchase { id, holding };
    let refused = scene.pay(SELLER, PRICE, &back).unwrap_err();
    assert_eq!(code(&refused), "receivable.wrong_amount");
    scene.pay(SELLER, PRICE + 1, &back).unwrap();
    let steps: Vec<Step> = scene
        .history()
        .into_iter()
        .map(|entry| entry.step)
        .collect();
    use Step as S;
    let expected = [
        S::Issued,
        S::Confirmed,
        S::Financed,
        S::Notified,
        S::Demanded,
        S::Repurchased,
    ];
    assert_eq!(steps, expected);
}

/// Midnight where debts fall due, not in Greenwich.
#[test]
fn a_debt_is_overdue_from_the_day_after_on() {
    // 2027-02-28 16:00 UTC is midnight in China.
    let midnight = 1_803_830_400_000;
    let at = |time_ms| Scene::new(false).confirmed().at(time_ms);
    assert!(!at(midnight - 1).receivable().unwrap().overdue);
    assert!(at(midnight).receivable().unwrap().overdue);
    let mut paid = at(midnight);
    paid.pay(BUYER, AMOUNT, &settle(&[0])).unwrap();
    let paid = paid.receivable().unwrap();
    assert!(!paid.overdue && paid.status == Status::Settled);
}

#[test]
fn a_due_date_on_a_holiday_moves_to_the_next_business_day() {
    // The due date is a Sunday; the Monday after it is a holiday of the voted calendar.
    let days = CalendarYear {
        holidays: vec![CivilDate::parse("2027-03-01").unwrap()],
        workdays: Vec::new(),
    };
    let at = |time_ms| {
        let mut scene = Scene::new(false).confirmed().at(time_ms);
        let year = ("settlement".to_owned(), 2027);
        scene.deps.querier.calendars.insert(year, days.clone());
        scene
    };
    // 2027-03-02 16:00 UTC is midnight in China.
    let midnight = 1_803_830_400_000 + 2 * 86_400_000;
    let notice = || ExecuteMsg::Notify {
        id: "R-1".to_owned(),
        holding: 0,
        notice: "0f".repeat(32),
    };
    let mut still = at(midnight - 1);
    assert!(!still.receivable().unwrap().overdue);
    assert_eq!(still.code(SELLER, notice()), "receivable.not_overdue");
    let mut over = at(midnight);
    assert!(over.receivable().unwrap().overdue);
    over.holds(0, (0, AMOUNT), SELLER, false);
    over.run(SELLER, notice()).unwrap();
}

#[test]
fn lists_and_histories_come_in_pages() {
    let mut scene = Scene::new(false);
    for number in 0..5 {
        let message = changed(|message| {
            if let ExecuteMsg::Issue {
                id, invoice_digest, ..
            } = message
            {
                *id = format!("R-{number}");
                *invoice_digest = format!("{number:064x}");
            }
        });
        scene.run(SELLER, message).unwrap();
    }
    let page = |after: Option<&str>, limit| {
        let list: Vec<ReceivableResponse> = scene.ask(QueryMsg::List {
            start_after: after.map(str::to_owned),
            limit,
        });
        list.into_iter().map(|one| one.id).collect::<Vec<_>>()
    };
    assert_eq!(page(None, Some(2)), ["R-0", "R-1"]);
    assert_eq!(page(Some("R-1"), None), ["R-2", "R-3", "R-4"]);
    let history: Vec<HistoryEntry> = scene.ask(QueryMsg::History {
        id: "R-0".into(),
        from: Some(1),
        limit: None,
    });
    assert!(history.is_empty());
    let found: Option<ReceivableResponse> = scene.ask(QueryMsg::ByInvoice {
        digest: format!("{:064x}", 3),
    });
    assert_eq!(found.unwrap().id, "R-3");
}

proptest! {
    /// No sum of parts, however large, wraps or pays too little.
    #[test]
    fn no_payment_but_the_sum_settles(first in 1u128..u128::MAX, second in 1u128..u128::MAX, paid: u128) {
        let mut scene = Scene::new(false);
        let whole = first.saturating_add(second);
        scene.run(SELLER, changed(|message| {
            if let ExecuteMsg::Issue { amount, price, .. } = message {
                (*amount, *price) = (Uint128::new(whole), None);
            }
        })).unwrap();
        let id = "R-1".to_owned();
        scene.run(BUYER, ExecuteMsg::Confirm { id }).unwrap();
        scene.holds(1, (0, first), SELLER, false);
        scene.holds(2, (0, second), SELLER, false);
        let outcome = scene.pay(BUYER, paid, &settle(&[1, 2]));
        let exact = first.checked_add(second) == Some(paid);
        prop_assert_eq!(outcome.is_ok(), exact);
    }
}
