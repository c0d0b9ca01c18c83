//! What only the consortium may change: proposals, votes, thresholds, and that nothing else changes it.

#![allow(clippy::unwrap_used)]

mod support;

use serde_json::{Value, json};
use support::{Chain, SELLER, found, mint, pay, vote};

const DAY: u64 = 86_400_000;

fn propose(action: Value) -> Value {
    json!({ "propose": { "action": action, "for_ms": DAY } })
}

fn roles(organisation: &str, roles: &[&str]) -> Value {
    json!({ "set_roles": { "organisation": organisation, "roles": roles } })
}

fn proposal(chain: &Chain, number: u64) -> Value {
    chain.query("proposals", &json!({ "proposal": { "number": number } }))
}

#[test]
fn a_role_is_granted_by_three_of_four_and_counts_from_the_next_block() {
    let mut chain = Chain::start(found());
    chain.must(
        "bank/admin",
        "proposals",
        &propose(roles("platform", &["bank", "platform"])),
    );
    let open = proposal(&chain, 1);
    assert_eq!(
        (&open["outcome"], &open["approvals"], &open["needed"]),
        (&json!("open"), &json!(1), &json!(3))
    );
    assert_eq!(
        open["differences"],
        json!([{
            "what": "roles of platform",
            "before": "platform",
            "after": "bank platform"
        }])
    );
    chain.must("notary/admin", "proposals", &vote(&chain, 1, true));
    assert_eq!(
        chain.refused(SELLER, "money", &mint(SELLER, 5)).code,
        "caller.missing_role"
    );
    let receipt = chain.must("platform/admin", "proposals", &vote(&chain, 1, true));
    assert_eq!(receipt.events.last().unwrap().kind, "accepted");
    chain.must(SELLER, "money", &mint(SELLER, 5));
    let decided = proposal(&chain, 1);
    assert_eq!(decided["outcome"], "accepted");
    assert_eq!(decided["votes"].as_array().unwrap().len(), 3);
    assert_eq!(
        chain
            .refused("court/admin", "proposals", &vote(&chain, 1, true))
            .code,
        "proposal.decided"
    );
}

#[test]
fn a_suspended_organisation_neither_acts_nor_votes_until_it_is_reinstated() {
    let mut chain = Chain::start(found());
    chain.must("bank/maker", "money", &mint("bank/maker", 10));
    chain.must(
        "notary/admin",
        "proposals",
        &propose(json!({ "suspend": { "organisation": "bank" } })),
    );
    chain.must("court/admin", "proposals", &vote(&chain, 1, true));
    chain.must("platform/admin", "proposals", &vote(&chain, 1, true));
    let pay = pay("bank/maker-2", 1);
    assert_eq!(
        chain.refused("bank/maker", "money", &pay).code,
        "organisation.suspended"
    );
    assert_eq!(
        chain
            .refused("bank/admin", "proposals", &vote(&chain, 1, true))
            .code,
        "organisation.suspended"
    );
    let again = propose(json!({ "suspend": { "organisation": "bank" } }));
    assert_eq!(
        chain.refused("court/admin", "proposals", &again).code,
        "proposal.no_change"
    );
    // Three organisations are left: all three are more than two thirds.
    chain.must(
        "court/admin",
        "proposals",
        &propose(json!({ "reinstate": { "organisation": "bank" } })),
    );
    chain.must("notary/admin", "proposals", &vote(&chain, 2, true));
    assert_eq!(proposal(&chain, 2)["needed"], 3);
    chain.must("platform/admin", "proposals", &vote(&chain, 2, true));
    chain.must("bank/maker", "money", &pay);
}

#[test]
fn votes_of_those_suspended_since_do_not_count() {
    let mut chain = Chain::start(found());
    chain.must(
        "bank/admin",
        "proposals",
        &propose(roles("bank", &["bank", "court"])),
    );
    chain.must(
        "court/admin",
        "proposals",
        &propose(json!({ "suspend": { "organisation": "bank" } })),
    );
    chain.must("notary/admin", "proposals", &vote(&chain, 2, true));
    chain.must("platform/admin", "proposals", &vote(&chain, 2, true));
    chain.must("court/admin", "proposals", &vote(&chain, 1, true));
    chain.must("notary/admin", "proposals", &vote(&chain, 1, true));
    assert_eq!(proposal(&chain, 1)["outcome"], "open");
    assert_eq!(proposal(&chain, 1)["approvals"], 2);
}

#[test]
fn two_refusals_of_four_reject_and_time_ends_a_proposal() {
    let mut chain = Chain::start(found());
    chain.must(
        "bank/admin",
        "proposals",
        &propose(roles("bank", &["court"])),
    );
    chain.must("court/admin", "proposals", &vote(&chain, 1, false));
    assert_eq!(
        chain
            .refused("court/admin", "proposals", &vote(&chain, 1, true))
            .code,
        "proposal.already_voted"
    );
    assert_eq!(
        chain
            .refused("bank/admin", "proposals", &vote(&chain, 1, true))
            .code,
        "proposal.already_voted"
    );
    let receipt = chain.must("notary/admin", "proposals", &vote(&chain, 1, false));
    assert_eq!(receipt.events.last().unwrap().kind, "rejected");
    assert_eq!(
        chain
            .refused("platform/admin", "proposals", &vote(&chain, 1, true))
            .code,
        "proposal.decided"
    );
    chain.must("bank/maker", "money", &mint("bank/maker", 1));

    let short = json!({ "propose": { "action": roles("bank", &[]), "for_ms": 60_000 } });
    chain.must("bank/admin", "proposals", &short);
    for _ in 0..61 {
        chain.commit(&[]);
    }
    assert_eq!(proposal(&chain, 2)["outcome"], "expired");
    assert_eq!(
        chain
            .refused("court/admin", "proposals", &vote(&chain, 2, true))
            .code,
        "proposal.expired"
    );
    let listed = chain.query("proposals", &json!({ "list": { "start_after": 1 } }));
    assert_eq!(listed.as_array().unwrap().len(), 1);
    assert_eq!(listed[0]["number"], 2);
}

#[test]
fn another_ledger_is_pinned_by_vote_alone() {
    let mut chain = Chain::start(found());
    let genesis = "ab".repeat(32);
    let pin = json!({ "pin_ledger": { "name": "registry", "genesis": genesis } });
    chain.must("bank/admin", "proposals", &propose(pin));
    assert_eq!(chain.query("ledger", &json!({ "pins": {} })), json!({}));
    chain.must("court/admin", "proposals", &vote(&chain, 1, true));
    chain.must("notary/admin", "proposals", &vote(&chain, 1, true));
    assert_eq!(
        chain.query("ledger", &json!({ "pins": {} })),
        json!({ "registry": genesis })
    );
}

#[test]
fn each_refusal_has_its_code() {
    let mut chain = Chain::start(found());
    let cases = [
        (
            "bank/maker",
            propose(roles("bank", &[])),
            "member.not_an_admin",
        ),
        (
            "bank/admin",
            json!({ "propose": { "action": roles("bank", &[]), "for_ms": 59_999 } }),
            "proposal.bad_duration",
        ),
        (
            "bank/admin",
            json!({ "propose": { "action": roles("bank", &[]), "for_ms": u64::MAX } }),
            "proposal.bad_duration",
        ),
        (
            "bank/admin",
            propose(roles("nobody", &[])),
            "proposal.unknown_organisation",
        ),
        (
            "bank/admin",
            propose(roles("bank", &["court", "bank"])),
            "proposal.bad_roles",
        ),
        (
            "bank/admin",
            propose(roles("bank", &["bank", "bank"])),
            "proposal.bad_roles",
        ),
        (
            "bank/admin",
            propose(roles("bank", &["Not a slug"])),
            "proposal.bad_roles",
        ),
        (
            "bank/admin",
            propose(json!({ "reinstate": { "organisation": "court" } })),
            "proposal.no_change",
        ),
        (
            "bank/admin",
            propose(json!({ "make_me_rich": {} })),
            "contract.bad_message",
        ),
        ("bank/admin", vote(&chain, 1, true), "proposal.not_found"),
    ];
    for (sender, message, code) in cases {
        assert_eq!(
            chain.refused(sender, "proposals", &message).code,
            code,
            "{message}"
        );
    }
    let direct = json!({ "set_roles": { "organisation": "bank", "roles": ["court"] } });
    assert_eq!(
        chain.refused("bank/admin", "organisations", &direct).code,
        "contract.bad_message"
    );
}
