//! Every refusal of the receivable contract by itself: its code, and that nothing changed.

#![allow(clippy::unwrap_used)]

use blockworm_kit::{
    CivilDate, Currency, ReceiveMsg,
    testing::{Directory, TestDeps},
};
use blockworm_receivable::{
    ExecuteMsg, InstantiateMsg, Payload, QueryMsg, ReceivableResponse, execute, instantiate,
    msg::{HistoryEntry, Status},
    query,
};
use cosmwasm_schema::serde::de::DeserializeOwned;
use cosmwasm_std::{
    Addr, Binary, MessageInfo, Response, Storage, Uint128, from_json, testing::mock_env,
    to_json_binary,
};
use proptest::prelude::*;

const SELLER: &str = "platform/supplier-1";
const BUYER: &str = "platform/buyer-1";

fn deps() -> TestDeps {
    let mut deps = Directory::default()
        .with(SELLER, &["platform"], &["maker"])
        .with(BUYER, &["platform"], &["checker"])
        .with("bank/maker", &["bank"], &["maker"])
        .with("bank/maker-2", &["bank"], &["maker"])
        .with("court/judge", &["court"], &[])
        .with("court/gone", &["court"], &[])
        .revoked("court/gone")
        .deps();
    let address = deps.api.addr_make("money");
    let init = InstantiateMsg {
        money: address.to_string(),
        registry: None,
    };
    instantiate(deps.as_mut(), mock_env(), info("ledger"), init).unwrap();
    deps
}

fn info(sender: &str) -> MessageInfo {
    MessageInfo {
        sender: Addr::unchecked(sender),
        funds: vec![],
    }
}

fn money(deps: &TestDeps) -> String {
    deps.api.addr_make("money").into_string()
}

fn currency(text: &str) -> Currency {
    Currency::parse(text).unwrap()
}

fn run(deps: &mut TestDeps, sender: &str, msg: ExecuteMsg) -> Result<Response, String> {
    execute(deps.as_mut(), mock_env(), info(sender), msg).map_err(|refusal| refusal.to_string())
}

#[derive(Clone)]
struct Terms {
    id: &'static str,
    digest: String,
    commitment: Option<String>,
    buyer: &'static str,
    amount: u128,
    price: Option<u128>,
}

fn terms() -> Terms {
    let digest = "ab".repeat(32);
    Terms {
        id: "R-1",
        digest,
        commitment: None,
        buyer: BUYER,
        amount: 1000,
        price: Some(950),
    }
}

fn issue(terms: Terms) -> ExecuteMsg {
    ExecuteMsg::Issue {
        id: terms.id.into(),
        invoice_digest: terms.digest,
        document_commitment: terms.commitment,
        buyer: terms.buyer.into(),
        amount: Uint128::new(terms.amount),
        currency: currency("CNY"),
        due_date: CivilDate::parse("2027-02-28").unwrap(),
        price: terms.price.map(Uint128::new),
    }
}

fn confirm(id: &str) -> ExecuteMsg {
    ExecuteMsg::Confirm { id: id.into() }
}

fn paid(bank: &str, id: &str, amount: u128, unit: &str) -> ExecuteMsg {
    ExecuteMsg::Receive(ReceiveMsg {
        sender: bank.into(),
        amount: Uint128::new(amount),
        currency: currency(unit),
        payload: to_json_binary(&Payload::Finance {
            id: id.into(),
            reservation: None,
        })
        .unwrap(),
    })
}

fn refused(deps: &mut TestDeps, sender: &str, msg: ExecuteMsg) -> (String, String) {
    let before = everything(deps);
    let text = run(deps, sender, msg).unwrap_err();
    assert_eq!(everything(deps), before, "a refusal changed the state");
    let (code, sentence) = text.split_once(": ").unwrap();
    (code.to_owned(), sentence.to_owned())
}

fn everything(deps: &TestDeps) -> Vec<(Vec<u8>, Vec<u8>)> {
    deps.storage
        .range(None, None, cosmwasm_std::Order::Ascending)
        .collect()
}

fn get(deps: &TestDeps, id: &str) -> Option<ReceivableResponse> {
    let question = QueryMsg::Receivable { id: id.into() };
    from_json(query(deps.as_ref(), mock_env(), question).unwrap()).unwrap()
}

fn with(change: impl FnOnce(&mut Terms)) -> Terms {
    let mut terms = terms();
    change(&mut terms);
    terms
}

#[test]
fn issuing_with_bad_terms() {
    let mut deps = deps();
    let cases = [
        ("nobody/x", terms(), "caller.not_a_member"),
        ("court/gone", terms(), "caller.inactive"),
        ("court/judge", terms(), "caller.missing_role"),
        ("bank/maker", terms(), "caller.missing_role"),
        (SELLER, with(|t| t.id = ""), "receivable.bad_id"),
        (SELLER, with(|t| t.id = "R 1"), "receivable.bad_id"),
        (
            SELLER,
            with(|t| t.digest = "AB".repeat(32)),
            "receivable.bad_digest",
        ),
        (
            SELLER,
            with(|t| t.commitment = Some("x".into())),
            "receivable.bad_digest",
        ),
        (SELLER, with(|t| t.amount = 0), "receivable.zero_amount"),
        (SELLER, with(|t| t.price = Some(0)), "receivable.bad_price"),
        (
            SELLER,
            with(|t| t.price = Some(1001)),
            "receivable.bad_price",
        ),
        (
            SELLER,
            with(|t| t.buyer = SELLER),
            "receivable.buyer_is_seller",
        ),
        (
            SELLER,
            with(|t| t.buyer = "platform/nobody"),
            "receivable.unknown_buyer",
        ),
        (
            SELLER,
            with(|t| t.buyer = "court/gone"),
            "receivable.unknown_buyer",
        ),
    ];
    for (sender, terms, wanted) in cases {
        assert_eq!(refused(&mut deps, sender, issue(terms)).0, wanted);
    }
}

#[test]
fn issuing_twice() {
    let mut deps = deps();
    let commitment = "cd".repeat(32);
    let terms = with(|t| t.commitment = Some(commitment.clone()));
    let response = run(&mut deps, SELLER, issue(terms)).unwrap();
    let attributes = &response.events[0].attributes;
    assert!(
        attributes
            .iter()
            .any(|a| a.key == "document_commitment" && a.value == commitment)
    );
    assert_eq!(
        get(&deps, "R-1").unwrap().document_commitment,
        Some(commitment)
    );
    let again = issue(with(|t| t.digest = "00".repeat(32)));
    assert_eq!(
        refused(&mut deps, SELLER, again).0,
        "receivable.already_exists"
    );
    let same_invoice = issue(with(|t| t.id = "R-2"));
    let (code, sentence) = refused(&mut deps, SELLER, same_invoice);
    assert_eq!(code, "receivable.invoice_already_registered");
    assert!(sentence.contains("R-1"));
}

#[test]
fn confirming() {
    let mut deps = deps();
    run(&mut deps, SELLER, issue(terms())).unwrap();
    assert_eq!(
        refused(&mut deps, BUYER, confirm("R-9")).0,
        "receivable.not_found"
    );
    assert_eq!(
        refused(&mut deps, SELLER, confirm("R-1")).0,
        "receivable.not_the_buyer"
    );
    let money = money(&deps);
    let too_early = paid("bank/maker", "R-1", 950, "CNY");
    assert_eq!(
        refused(&mut deps, &money, too_early).0,
        "receivable.not_confirmed"
    );
    run(&mut deps, BUYER, confirm("R-1")).unwrap();
    assert_eq!(
        refused(&mut deps, BUYER, confirm("R-1")).0,
        "receivable.already_confirmed"
    );
}

#[test]
fn financing() {
    let mut deps = deps();
    run(&mut deps, SELLER, issue(terms())).unwrap();
    run(&mut deps, BUYER, confirm("R-1")).unwrap();
    let money = money(&deps);
    let good = || paid("bank/maker", "R-1", 950, "CNY");
    let mut nonsense = good();
    if let ExecuteMsg::Receive(payment) = &mut nonsense {
        payment.payload = Binary::from(b"{}");
    }
    let cases = [
        (BUYER, good(), "receivable.not_the_money_contract"),
        (&money, nonsense, "receivable.bad_payload"),
        (
            &money,
            paid("court/judge", "R-1", 950, "CNY"),
            "caller.missing_role",
        ),
        (
            &money,
            paid("bank/maker", "R-9", 950, "CNY"),
            "receivable.not_found",
        ),
        (
            &money,
            paid("bank/maker", "R-1", 949, "CNY"),
            "receivable.wrong_price",
        ),
        (
            &money,
            paid("bank/maker", "R-1", 951, "CNY"),
            "receivable.wrong_price",
        ),
        (
            &money,
            paid("bank/maker", "R-1", 950, "EUR"),
            "receivable.wrong_price",
        ),
    ];
    for (sender, msg, wanted) in cases {
        assert_eq!(refused(&mut deps, sender, msg).0, wanted);
    }
    assert_eq!(run(&mut deps, &money, good()).unwrap().messages.len(), 1);
    let second = refused(&mut deps, &money, paid("bank/maker-2", "R-1", 950, "CNY"));
    assert_eq!(second.0, "receivable.already_financed");
    assert!(second.1.contains("bank/maker in block"));
    assert_eq!(
        refused(&mut deps, BUYER, confirm("R-1")).0,
        "receivable.already_financed"
    );
    let receivable = get(&deps, "R-1").unwrap();
    assert_eq!(receivable.status, Status::Financed);
    assert_eq!(receivable.holder, "bank/maker");
}

fn ask<T: DeserializeOwned>(deps: &TestDeps, question: QueryMsg) -> T {
    from_json(query(deps.as_ref(), mock_env(), question).unwrap()).unwrap()
}

#[test]
fn reading() {
    let mut deps = deps();
    for (id, byte) in [("R-1", "01"), ("R-2", "02"), ("R-3", "03")] {
        run(
            &mut deps,
            SELLER,
            issue(Terms {
                id,
                digest: byte.repeat(32),
                ..terms()
            }),
        )
        .unwrap();
    }
    run(&mut deps, BUYER, confirm("R-2")).unwrap();
    let all: Vec<ReceivableResponse> = ask(
        &deps,
        QueryMsg::List {
            start_after: None,
            limit: None,
        },
    );
    assert_eq!(
        all.iter().map(|r| r.id.as_str()).collect::<Vec<_>>(),
        ["R-1", "R-2", "R-3"]
    );
    let page = QueryMsg::List {
        start_after: Some("R-1".into()),
        limit: Some(1),
    };
    assert_eq!(ask::<Vec<ReceivableResponse>>(&deps, page)[0].id, "R-2");
    let history: Vec<HistoryEntry> = ask(&deps, QueryMsg::History { id: "R-2".into() });
    assert_eq!(
        history.iter().map(|e| e.status).collect::<Vec<_>>(),
        [Status::Issued, Status::Confirmed]
    );
    let by_invoice = QueryMsg::ByInvoice {
        digest: "03".repeat(32),
    };
    assert_eq!(
        ask::<Option<ReceivableResponse>>(&deps, by_invoice)
            .unwrap()
            .id,
        "R-3"
    );
    let none = QueryMsg::ByInvoice {
        digest: "04".repeat(32),
    };
    assert!(ask::<Option<ReceivableResponse>>(&deps, none).is_none());
}

#[test]
fn stored_garbage_is_not_a_refusal_of_our_own() {
    let mut deps = deps();
    run(&mut deps, SELLER, issue(terms())).unwrap();
    let rows = everything(&deps);
    let (key, _) = rows.iter().find(|(key, _)| key.ends_with(b"R-1")).unwrap();
    deps.storage.set(key, b"garbage");
    let text = run(&mut deps, BUYER, confirm("R-1")).unwrap_err();
    assert!(text.starts_with("kind:"), "{text}");
}

proptest! {
    #[test]
    fn no_bytes_make_the_decoders_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = from_json::<ExecuteMsg>(&bytes);
        let _ = from_json::<Payload>(&bytes);
        let _ = from_json::<QueryMsg>(&bytes);
        let _ = from_json::<InstantiateMsg>(&bytes);
    }

    #[test]
    fn a_receivable_is_financed_at_most_once(steps in proptest::collection::vec(0..6usize, 0..30)) {
        let mut deps = deps();
        let money = money(&deps);
        let mut payments = 0;
        for step in steps {
            let outcome = match step {
                0 => run(&mut deps, SELLER, issue(terms())),
                1 => run(&mut deps, BUYER, confirm("R-1")),
                2 => run(&mut deps, &money, paid("bank/maker", "R-1", 950, "CNY")),
                3 => run(&mut deps, &money, paid("bank/maker-2", "R-1", 950, "CNY")),
                4 => run(&mut deps, SELLER, confirm("R-1")),
                _ => run(&mut deps, SELLER, issue(Terms { id: "R-2", ..terms() })),
            };
            payments += outcome.map_or(0, |response| response.messages.len());
            prop_assert!(payments <= 1);
        }
    }
}
