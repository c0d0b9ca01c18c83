//! Financing under a reservation of the registry, forgoing it, settling: each refusal by its code, and the pledge that is left.

#![allow(clippy::unwrap_used)]

use blockworm_kit::{
    CivilDate, Currency, ForeignValue, ReceiveMsg,
    claims::{Claim, End, KnownAs, PLEDGES, Pledge, PledgeState, WHOLE, claim_key},
    testing::{Directory, TestDeps},
};
use blockworm_receivable::{
    ExecuteMsg, InstantiateMsg, Payload, QueryMsg, ReceivableResponse, Reservation, execute,
    instantiate,
    msg::{RegistryPlace, Status},
    query,
    state::RECEIVABLES,
};
use cosmwasm_std::{
    Addr, Binary, Env, MessageInfo, Response, Timestamp, Uint128, from_json, testing::mock_env,
    to_json_binary, to_json_vec,
};
use std::collections::BTreeMap;

const SELLER: &str = "platform/supplier-1";
const BUYER: &str = "platform/buyer-1";
const BANK: &str = "bank/maker";
const UNTIL: u64 = 2_000_000;

fn info(sender: &str) -> MessageInfo {
    MessageInfo {
        sender: Addr::unchecked(sender),
        funds: vec![],
    }
}

fn invoice() -> String {
    "ab".repeat(32)
}

fn known(version: u32, document: &str, share: u32) -> KnownAs {
    KnownAs {
        version,
        fingerprint: document.repeat(32),
        share,
    }
}

/// At this time of the ledger, milliseconds.
fn at(time_ms: u64) -> Env {
    let mut env = mock_env();
    env.block.time = Timestamp::from_nanos(time_ms * 1_000_000);
    env
}

/// A confirmed receivable on a ledger with a registry, or without.
fn deps(registry: bool) -> TestDeps {
    let mut deps = Directory::default()
        .with(SELLER, &["platform"], &["maker"])
        .with(BUYER, &["platform"], &["checker"])
        .with(BANK, &["bank"], &["maker"])
        .with("bank/checker", &["bank"], &["checker"])
        .with("other-bank/maker", &["bank"], &["maker"])
        .deps();
    let place = RegistryPlace {
        ledger: "shared".into(),
        contract: "registry".into(),
        known_as: "trade-7".into(),
    };
    let init = InstantiateMsg {
        money: deps.api.addr_make("money").into_string(),
        registry: registry.then_some(place),
    };
    instantiate(deps.as_mut(), at(1), info("ledger"), init.clone()).unwrap();
    let told: InstantiateMsg =
        from_json(query(deps.as_ref(), at(1), QueryMsg::Config {}).unwrap()).unwrap();
    assert_eq!(told, init);
    let issue = ExecuteMsg::Issue {
        id: "R-1".into(),
        invoice_digest: invoice(),
        document_commitment: None,
        buyer: BUYER.into(),
        amount: Uint128::new(1000),
        currency: Currency::parse("CNY").unwrap(),
        due_date: CivilDate::parse("2027-02-28").unwrap(),
        price: Some(Uint128::new(950)),
    };
    execute(deps.as_mut(), at(1), info(SELLER), issue).unwrap();
    deps
}

fn confirmed(registry: bool) -> TestDeps {
    let mut deps = deps(registry);
    let confirm = ExecuteMsg::Confirm { id: "R-1".into() };
    execute(deps.as_mut(), at(1), info(BUYER), confirm).unwrap();
    deps
}

fn claim() -> Claim {
    Claim {
        bank: "bank".into(),
        ledger: "trade-7".into(),
        documents: vec![known(1, "cd", WHOLE), known(2, "ef", WHOLE)],
        committed_at: 2,
        reserved_at: 3,
        firm_at: 8,
        reserved_until_ms: UNTIL,
        financed_at: None,
        ended_at: None,
        end: None,
    }
}

/// From now on the registry proves to hold this as claim 4.
fn reserved(deps: &mut TestDeps, row: Option<Vec<u8>>) {
    let value = ForeignValue {
        height: 8,
        time_ms: 5,
        value: row.map(Binary::new),
    };
    let key = claim_key(4);
    deps.querier.prove("shared", "registry", key, value);
}

fn pay(
    deps: &mut TestDeps,
    env: Env,
    who: &str,
    amount: u128,
    payload: &Payload,
) -> Result<Response, String> {
    let money = deps.api.addr_make("money").into_string();
    let message = ExecuteMsg::Receive(ReceiveMsg {
        sender: who.into(),
        amount: Uint128::new(amount),
        currency: Currency::parse("CNY").unwrap(),
        payload: to_json_binary(payload).unwrap(),
    });
    execute(deps.as_mut(), env, info(&money), message).map_err(|refusal| refusal.to_string())
}

fn finance(deps: &mut TestDeps, env: Env, claim: Option<u64>) -> Result<Response, String> {
    let reservation = claim.map(|claim| Reservation {
        claim,
        proof: Binary::default(),
    });
    let id = "R-1".into();
    pay(deps, env, BANK, 950, &Payload::Finance { id, reservation })
}

fn settle(deps: &mut TestDeps, who: &str, amount: u128) -> Result<Response, String> {
    pay(
        deps,
        at(9),
        who,
        amount,
        &Payload::Settle { id: "R-1".into() },
    )
}

fn code<T: std::fmt::Debug>(outcome: Result<T, String>) -> String {
    let refusal = outcome.unwrap_err();
    refusal.split(':').next().unwrap().to_owned()
}

fn pledge(deps: &TestDeps, number: u64, bank: &str) -> Option<Pledge> {
    PLEDGES.may_load(&deps.storage, (number, bank)).unwrap()
}

fn forgo(deps: &mut TestDeps, who: &str, claim: u64) -> Result<Response, String> {
    let message = ExecuteMsg::Forgo { claim };
    execute(deps.as_mut(), at(1), info(who), message).map_err(|refusal| refusal.to_string())
}

#[test]
fn each_thing_that_the_registry_may_show_has_its_answer() {
    let mut deps = confirmed(true);
    assert_eq!(
        code(finance(&mut deps, at(1), None)),
        "receivable.reservation_missing"
    );
    let rows = [
        (None, "receivable.not_reserved"),
        (Some(b"{}".to_vec()), "receivable.unreadable_claim"),
        (
            Some(row(|claim| claim.bank = "other-bank".into())),
            "receivable.other_bank",
        ),
        (
            Some(row(|claim| claim.ledger = "trade-8".into())),
            "receivable.other_ledger",
        ),
        (
            Some(row(|claim| claim.end = Some(End::Expired))),
            "receivable.reservation_ended",
        ),
        (
            Some(row(|claim| claim.firm_at = 9)),
            "receivable.reservation_not_firm",
        ),
        (
            Some(row(|claim| claim.documents[1].share = WHOLE - 1)),
            "receivable.share_too_small",
        ),
        (
            Some(row(|claim| claim.documents.clear())),
            "receivable.share_too_small",
        ),
    ];
    for (row, wanted) in rows {
        reserved(&mut deps, row);
        assert_eq!(code(finance(&mut deps, at(1), Some(4))), wanted);
    }
    reserved(&mut deps, Some(row(|_| ())));
    assert_eq!(
        code(finance(&mut deps, at(UNTIL), Some(4))),
        "receivable.reservation_expired"
    );
    // The host refuses a proof about another claim; no code of the contract's stands before it.
    assert!(!code(finance(&mut deps, at(1), Some(5))).starts_with("receivable."));
    assert_eq!(pledge(&deps, 4, "bank"), None);

    finance(&mut deps, at(UNTIL - 1), Some(4)).unwrap();
    let pledged = pledge(&deps, 4, "bank").unwrap();
    assert_eq!(
        (pledged.state, pledged.ended_at),
        (PledgeState::Pledged, None)
    );
    let row = String::from_utf8(to_json_vec(&pledged).unwrap()).unwrap();
    assert!(!row.contains("R-1"), "rivals read this: {row}");
    let documents = RECEIVABLES.load(&deps.storage, "R-1").unwrap().documents;
    let documents: Vec<(u32, String)> = documents.into_iter().collect();
    assert_eq!(documents, [(1, "cd".repeat(32)), (2, "ef".repeat(32))]);
    assert_eq!(code(forgo(&mut deps, BANK, 4)), "receivable.claim_used");
}

fn row(change: impl FnOnce(&mut Claim)) -> Vec<u8> {
    let mut claim = claim();
    change(&mut claim);
    to_json_vec(&claim).unwrap()
}

/// Whatever the first financing was made under holds for the later ones; versions that it was not made
/// under are added.
#[test]
fn another_document_is_refused_under_any_version_known_before() {
    let mut deps = confirmed(true);
    let mut receivable = RECEIVABLES.load(&deps.storage, "R-1").unwrap();
    receivable.documents = BTreeMap::from([(2, "ef".repeat(32)), (10, "10".repeat(32))]);
    let known_before = receivable.documents.clone();
    RECEIVABLES
        .save(&mut deps.storage, "R-1", &receivable)
        .unwrap();
    reserved(
        &mut deps,
        Some(row(|claim| claim.documents[1] = known(2, "ee", WHOLE))),
    );
    let refused = finance(&mut deps, at(1), Some(4));
    assert_eq!(code(refused), "receivable.other_document");
    let receivable = RECEIVABLES.load(&deps.storage, "R-1").unwrap();
    assert_eq!(receivable.documents, known_before);
    reserved(&mut deps, Some(row(|_| ())));
    finance(&mut deps, at(1), Some(4)).unwrap();
    let receivable = RECEIVABLES.load(&deps.storage, "R-1").unwrap();
    let versions: Vec<u32> = receivable.documents.into_keys().collect();
    assert_eq!(versions, [1, 2, 10]);
}

#[test]
fn a_forgone_claim_is_never_pledged() {
    let mut deps = confirmed(true);
    reserved(&mut deps, Some(row(|_| ())));
    for (who, wanted) in [
        ("nobody/x", "caller.not_a_member"),
        (SELLER, "caller.missing_role"),
        ("bank/checker", "caller.missing_function"),
    ] {
        assert_eq!(code(forgo(&mut deps, who, 4)), wanted);
    }
    // Another bank's tombstone under the same number keeps nobody from anything.
    forgo(&mut deps, "other-bank/maker", 4).unwrap();
    forgo(&mut deps, BANK, 4).unwrap();
    let tombstone = pledge(&deps, 4, "bank").unwrap();
    assert_eq!(tombstone.state, PledgeState::Forgone);
    assert_eq!(
        code(finance(&mut deps, at(1), Some(4))),
        "receivable.claim_used"
    );
    assert_eq!(code(forgo(&mut deps, BANK, 4)), "receivable.claim_used");
}

#[test]
fn another_banks_tombstone_stops_nobody() {
    let mut deps = confirmed(true);
    reserved(&mut deps, Some(row(|_| ())));
    forgo(&mut deps, "other-bank/maker", 4).unwrap();
    finance(&mut deps, at(1), Some(4)).unwrap();
}

#[test]
fn the_buyer_settles_with_the_holder_and_the_pledge_ends() {
    let mut issued = deps(true);
    assert_eq!(
        code(settle(&mut issued, BUYER, 1000)),
        "receivable.not_confirmed"
    );
    let mut deps = confirmed(true);
    reserved(&mut deps, Some(row(|_| ())));
    finance(&mut deps, at(1), Some(4)).unwrap();
    for (who, amount, wanted) in [
        ("nobody/x", 1000, "caller.not_a_member"),
        (BANK, 1000, "receivable.not_the_buyer"),
        (BUYER, 950, "receivable.wrong_amount"),
    ] {
        assert_eq!(code(settle(&mut deps, who, amount)), wanted);
    }
    let paid = settle(&mut deps, BUYER, 1000).unwrap();
    let holder = paid.events[0].attributes.iter().find(|a| a.key == "holder");
    assert_eq!(holder.unwrap().value, BANK);
    assert_eq!(paid.messages.len(), 1);
    let ended = pledge(&deps, 4, "bank").unwrap();
    assert_eq!(ended.state, PledgeState::Ended);
    assert!(ended.ended_at.is_some());
    assert_eq!(
        code(settle(&mut deps, BUYER, 1000)),
        "receivable.already_settled"
    );
    assert_eq!(
        code(finance(&mut deps, at(1), Some(4))),
        "receivable.already_settled"
    );
    let question = QueryMsg::Receivable { id: "R-1".into() };
    let shown: Option<ReceivableResponse> =
        from_json(query(deps.as_ref(), at(1), question).unwrap()).unwrap();
    assert_eq!(shown.unwrap().status, Status::Settled);
}

#[test]
fn without_a_registry_nothing_is_asked_and_nothing_pledged() {
    let mut deps = confirmed(false);
    assert_eq!(code(forgo(&mut deps, BANK, 4)), "receivable.no_registry");
    finance(&mut deps, at(1), None).unwrap();
    assert_eq!(pledge(&deps, 4, "bank"), None);
    settle(&mut deps, BUYER, 1000).unwrap();
    let mut unfinanced = confirmed(false);
    let paid = settle(&mut unfinanced, BUYER, 1000).unwrap();
    let holder = paid.events[0].attributes.iter().find(|a| a.key == "holder");
    assert_eq!(holder.unwrap().value, SELLER);
}
