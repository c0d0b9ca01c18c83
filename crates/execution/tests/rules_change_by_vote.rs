//! Policies, thresholds, calendars and the archiving of a ledger, by vote alone.

#![allow(clippy::unwrap_used)]

mod support;

use blockworm_execution::{Act, Action, ActionKind};
use blockworm_ledger::transaction::TransactionView;
use serde_json::{Value, json};
use support::{
    Chain, SELLER, STEP_MS, found,
    joining::{THREE, decide, propose},
    mint, trading, vote,
};

fn policy(act: Act, roles: &[&str]) -> Action {
    Action::SetPolicy {
        act,
        roles: roles.iter().map(ToString::to_string).collect(),
    }
}

fn threshold(kind: ActionKind, more_than: [u16; 2]) -> Action {
    Action::SetThreshold { kind, more_than }
}

#[test]
fn a_vote_changes_who_may_freeze_and_who_may_issue() {
    let mut trade = trading::Trade::start(10_000);
    let order = json!({ "asset": trade.voucher, "order": "ab".repeat(32), "target": { "balance": "bank/maker" } });
    let freeze = json!({ "freeze": order });
    let chain = &mut trade.chain;
    let refused = chain.refused("notary/admin", "assets", &freeze);
    assert_eq!(refused.code, "caller.missing_role");
    decide(chain, &policy(Act::Freeze, &["notary"]), &THREE);
    let refused = chain.refused("court/admin", "assets", &freeze);
    assert_eq!(refused.code, "caller.missing_role");
    chain.must("notary/admin", "assets", &freeze);
    // Receivables are a platform's or a supplier's to issue until a vote says otherwise.
    let issue = trading::issue_receivable("r-1", &"cd".repeat(32), 1_000, 950);
    let issued = chain.refused("bank/maker", "receivable", &issue);
    assert_eq!(issued.code, "caller.missing_role");
    decide(chain, &policy(Act::Issue, &["court"]), &THREE);
    let refused = chain.refused(SELLER, "receivable", &issue);
    assert_eq!(refused.code, "caller.missing_role");
    decide(chain, &policy(Act::Issue, &["bank", "platform"]), &THREE);
    chain.must(SELLER, "receivable", &issue);
    decide(chain, &policy(Act::Attest, &["notary"]), &THREE);
    let policies = chain.query("ledger", &json!({ "policies": {} }));
    assert_eq!(
        policies,
        json!({ "issue": ["bank", "platform"], "attest": ["notary"], "freeze": ["notary"], "upgrade": null })
    );
}

#[test]
fn a_policy_narrows_the_classes_of_assets_and_opens_none() {
    let mut trade = trading::Trade::start(10_000);
    let draft = json!({ "draft": {
        "class": "voucher-cny", "amount": "5", "metadata": {},
        "backing": { "commitment": "5b".repeat(32), "amount": "5", "currency": "CNY" },
    } });
    let chain = &mut trade.chain;
    decide(chain, &policy(Act::Issue, &["platform"]), &THREE);
    for sender in ["bank/maker", SELLER] {
        let refused = chain.refused(sender, "issuance", &draft);
        assert_eq!(refused.code, "caller.missing_role", "{sender}");
    }
}

#[test]
fn a_threshold_is_eased_and_tightened_within_its_bounds() {
    let mut chain = Chain::start(found());
    for (kind, more_than) in [
        (ActionKind::SetRoles, [1, 2]),
        (ActionKind::Membership, [3, 5]),
        (ActionKind::SetThreshold, [1, 2]),
        (ActionKind::SetCalendar, [2, 5]),
        (ActionKind::SetCalendar, [1, 1]),
        (ActionKind::SetCalendar, [0, 0]),
        (ActionKind::SetCalendar, [1_001, 1_002]),
    ] {
        let asked = propose(&threshold(kind, more_than));
        let refused = chain.refused("bank/admin", "proposals", &asked);
        assert_eq!(
            refused.code, "proposal.bad_threshold",
            "{kind:?} {more_than:?}"
        );
    }
    // Three quarters of four are four, and so many are needed to say so.
    let strict = threshold(ActionKind::SetRoles, [3, 4]);
    decide(&mut chain, &strict, &THREE);
    assert_eq!(outcome(&chain, 1), (json!("open"), json!(4)));
    chain.must("platform/admin", "proposals", &vote(&chain, 1, true));
    let roles = Action::SetRoles {
        organisation: "bank".parse().unwrap(),
        roles: vec!["court".into()],
    };
    decide(&mut chain, &roles, &THREE);
    assert_eq!(outcome(&chain, 2), (json!("open"), json!(4)));
    // And as many to ease it again.
    let eased = threshold(ActionKind::SetRoles, [2, 3]);
    decide(&mut chain, &eased, &THREE);
    assert_eq!(outcome(&chain, 3), (json!("open"), json!(4)));
    chain.must("platform/admin", "proposals", &vote(&chain, 3, true));
    assert_eq!(outcome(&chain, 3).0, "accepted");
    // A calendar may be left to a simple majority.
    decide(
        &mut chain,
        &threshold(ActionKind::SetCalendar, [1, 2]),
        &THREE,
    );
    let thresholds = chain.query("proposals", &json!({ "thresholds": {} }));
    assert_eq!(thresholds["set_calendar"], json!([1, 2]));
    assert_eq!(thresholds["set_roles"], json!([2, 3]));
}

fn outcome(chain: &Chain, number: u64) -> (Value, Value) {
    let proposal = chain.query("proposals", &json!({ "proposal": { "number": number } }));
    (proposal["outcome"].clone(), proposal["needed"].clone())
}

fn calendar(year: u16, holidays: &[&str], workdays: &[&str]) -> Action {
    let days = |list: &[&str]| list.iter().map(ToString::to_string).collect();
    Action::SetCalendar {
        calendar: "settlement".parse().unwrap(),
        year,
        holidays: days(holidays),
        workdays: days(workdays),
    }
}

#[test]
fn a_calendar_is_voted_whole_and_in_order() {
    let mut chain = Chain::start(found());
    for bad in [
        calendar(2027, &["2026-10-01"], &[]),
        calendar(2027, &["2027-02-30"], &[]),
        calendar(2027, &["2027-10-02", "2027-10-01"], &[]),
        calendar(2027, &["2027-10-01", "2027-10-01"], &[]),
        // A Monday is worked anyway.
        calendar(2027, &[], &["2027-10-11"]),
        calendar(1999, &[], &[]),
    ] {
        let refused = chain.refused("bank/admin", "proposals", &propose(&bad));
        assert_eq!(refused.code, "proposal.bad_calendar", "{bad:?}");
    }
    let good = calendar(2027, &["2027-10-01"], &["2027-10-09"]);
    decide(&mut chain, &good, &THREE);
    let question = json!({ "calendar": { "calendar": "settlement", "year": 2027 } });
    assert_eq!(
        chain.query("ledger", &question),
        json!({ "holidays": ["2027-10-01"], "workdays": ["2027-10-09"] })
    );
    assert_eq!(
        chain.query("ledger", &json!({ "calendars": {} })),
        json!(["settlement/2027"])
    );
    let same = chain.refused("bank/admin", "proposals", &propose(&good));
    assert_eq!(same.code, "proposal.no_change");
}

#[test]
fn an_archived_ledger_takes_nothing_but_votes_until_it_is_reopened() {
    let mut chain = Chain::start(found());
    chain.must("bank/maker", "money", &mint("bank/maker", 5));
    decide(&mut chain, &Action::ArchiveLedger {}, &THREE);
    assert!(chain.query("ledger", &json!({ "archived": {} })).is_u64());
    let mint_five = mint("bank/maker", 5);
    let refused = chain.refused("bank/maker", "money", &mint_five);
    assert_eq!(refused.code, "ledger.archived");
    // After a restart, and on arrival as in a block.
    let mut chain = chain.restart();
    let transaction = Chain::sign(chain.body("bank/maker", "money", &mint_five));
    let bytes = transaction.encode();
    let view = TransactionView::parse(&bytes).unwrap();
    let admission = chain.executor.admission();
    let refusal = admission
        .check(&view, chain.time_ms() + STEP_MS)
        .unwrap_err();
    assert_eq!(refusal.code, "ledger.archived");
    let again = chain.refused(
        "bank/admin",
        "proposals",
        &propose(&Action::ArchiveLedger {}),
    );
    assert_eq!(again.code, "proposal.no_change");
    decide(&mut chain, &Action::ReopenLedger {}, &THREE);
    chain.must("bank/maker", "money", &mint_five);
}
